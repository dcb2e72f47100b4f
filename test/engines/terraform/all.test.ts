import { afterEach, it } from "vitest"
import { Random } from "../../../src/record/seeded.ts"
import { writeRawObjects } from "../managed/raw-objects.ts"
import { mapStream } from "./stream-mapping.ts"
import { closeAll, expectOutcome, open, options, secretArn } from "./ways.ts"

afterEach(closeAll)

it("raw objects by functions and Firehose, and a stream beside them, into one lake that a cluster of each hour folds", async () => {
  const variables = { stream_reader: "lambda", repartition: { engine: "emr" }, hash_key_secret_arn: secretArn }
  const { deployed, stand } = await open("all", variables, undefined, false)
  const { functions, play, rawBucket, s3 } = stand
  const [mapping] = deployed.mappings.filter(({ source }) => deployed.streams.has(source))
  if (rawBucket === null || mapping === undefined) throw new Error("no bucket tells of raw objects, or no function reads the stream")
  const raw = await writeRawObjects(s3, rawBucket.name, options.orders, options.seed, options.dirt)
  // Versions of one order go either way.
  const half = raw.objects.length / 2
  await play.tell(rawBucket, raw.objects.slice(0, half))
  await play.settle()
  const { invoke } = await functions.become(mapping.target)
  const now = Date.now()
  const records = raw.objects.slice(half).filter(({ key }) => key.includes("/id/"))
  await mapStream(
    records.map((record, i) => ({ ...record, writtenAt: now - records.length + i })),
    invoke,
    mapping,
    new Random(options.seed, 6)
  )
  await expectOutcome(stand, raw.expected)
})
