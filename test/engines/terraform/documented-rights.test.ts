import { expect, it } from "vitest"
import { bundledCalls } from "./bundled-calls.ts"
import { documentedCatalogRights, documentedRights } from "./documented-rights.ts"

/** Rights of the documentation that `run` may need, in whichever setting. */
const ofRun = [
  "read a stream",
  "read a queue, `--source sqs`",
  "and [the objects](announced.md) that it announces",
  "read a lake",
  "write a lake"
]

/** What `run` imports and calls in no setting in which it is deployed: it puts no records, and deletes of a lake by one call or the other. */
const never = ["kinesis:PutRecords", "sqs:GetQueueAttributes", "s3:ListBucketMultipartUploads"]

it("the documentation tells of each action that the code of the commands calls that are deployed as tasks, and of no other", async () => {
  const told = new Set([...ofRun.flatMap((right) => [...(documentedRights().get(right) ?? [])]), ...documentedCatalogRights()])
  // A parameter of a call asks for it.
  told.delete("s3:GetObjectVersion")
  const isDeployed = (action: string) => /^(s3|kinesis|sqs|glue):/.test(action) && !never.includes(action)
  const called = new Set((await bundledCalls("src/cli/run.ts")).filter(isDeployed))
  expect([...called].sort()).toEqual([...told].sort())
})
