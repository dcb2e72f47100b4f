import { afterEach, it } from "vitest"
import { generateOrders } from "../../../src/generate/generate.ts"
import { Random } from "../../../src/record/seeded.ts"
import { mapStream } from "./stream-mapping.ts"
import { closeAll, expected, expectOutcome, open, options, secretArn } from "./ways.ts"

afterEach(closeAll)

it("the function of the stream, and a task of the hour", async () => {
  const { deployed, stand } = await open("lambda", { repartition: { engine: "embedded" }, hash_key_secret_arn: secretArn })
  const [mapping] = deployed.mappings
  if (mapping === undefined) throw new Error("there is no mapping")
  // As they would be put now: what is older than a stream keeps may have been lost.
  const now = Date.now()
  const records = [...generateOrders(options)].map(({ bytes }, i, { length }) => ({
    key: "",
    content: bytes,
    etag: "",
    versionId: null,
    sequencer: "",
    writtenAt: now - length + i
  }))
  const { invoke } = await stand.functions.become(mapping.target)
  await mapStream(records, invoke, mapping, new Random(options.seed, 6))
  await expectOutcome(stand, expected())
})
