import { afterEach, it } from "vitest"
import { writeRawObjects } from "../managed/raw-objects.ts"
import { closeAll, expectOutcome, open, options, serve } from "./ways.ts"

afterEach(closeAll)

it("a consumer of announced objects, whose task is replaced", async () => {
  const { deployed, stand } = await open("consumer", { consumer: { source: "sqs" } })
  const { play, queues, rawBucket, s3 } = stand
  if (rawBucket === null) throw new Error("no bucket tells of raw objects")
  const raw = await writeRawObjects(s3, rawBucket.name, options.orders, options.seed, options.dirt)
  await play.tell(rawBucket, raw.objects)
  const [, waiting] = [...queues].find(([arn]) => deployed.queues.get(arn)?.redrive !== null) ?? []
  // What one that is killed holds would be hidden for minutes.
  await serve(deployed, stand, "SIGTERM", () => waiting?.messages.length === 0)
  await expectOutcome(stand, raw.expected)
})
