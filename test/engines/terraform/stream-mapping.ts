/** An event source mapping over a stream, as it is set. */
import type { Random } from "../../../src/record/seeded.ts"
import type { ObjectVersion } from "../../simulation/input-bucket.ts"
import type { SourceMapping } from "./model.ts"
import { failedOf } from "./queues.ts"

/** Bytes of an event that Lambda hands over at once, as text. */
const mostEvent = 6 * 1024 * 1024

/** Of a mapping of which nothing else is said: how the function of streams must be called. */
export const usualMapping = {
  source: "arn:aws:kinesis:eu-west-1:123456789012:stream/checkout-events",
  batchSize: 500,
  bisects: false,
  reportsItems: true,
  retries: -1
}

/** Whatever fails so often in a test fails for ever. */
const mostFailures = 10

/**
 * Hands objects to the function of streams as records of one shard, as an event source mapping does: in order, and again from where it failed; where it is told to give up, it
 * goes on behind what failed.
 */
export const mapStream = async (
  objects: ReadonlyArray<ObjectVersion>,
  invoke: (event: unknown) => Promise<unknown>,
  {
    batchSize,
    bisects,
    reportsItems,
    retries,
    source
  }: Pick<SourceMapping, "batchSize" | "bisects" | "reportsItems" | "retries" | "source">,
  random: Random
): Promise<void> => {
  const recordOf = (i: number) => {
    const object = objects[i]
    return object === undefined
      ? null
      : {
          eventSource: "aws:kinesis",
          eventSourceARN: source,
          eventID: `shardId-000000000000:${i + 1}`,
          kinesis: {
            sequenceNumber: String(i + 1),
            partitionKey: String(i),
            data: Buffer.from(object.content).toString("base64"),
            approximateArrivalTimestamp: object.writtenAt / 1000
          }
        }
  }
  let most = batchSize
  let failures = 0
  for (let from = 0; from < objects.length; ) {
    const records: Array<NonNullable<ReturnType<typeof recordOf>>> = []
    for (let bytes = 0; records.length < most; ) {
      const record = recordOf(from + records.length)
      bytes += record?.kinesis.data.length ?? 0
      if (record === null || (bytes > mostEvent && records.length > 0)) break
      records.push(record)
    }
    try {
      const answer = await invoke({ Records: records })
      // The answer gets lost now and then.
      if (random.chance(0.1)) continue
      const failed = reportsItems ? failedOf(answer) : []
      if (failed === null) throw new Error("the answer cannot be read")
      from = failed.length === 0 ? from + records.length : Math.min(...failed.map(Number)) - 1
      ;[most, failures] = [batchSize, 0]
    } catch (error) {
      failures++
      if (retries >= 0 && failures > retries) from += records.length
      else if (failures > mostFailures) throw error
      else if (bisects) most = Math.max(1, Math.ceil(records.length / 2))
    }
  }
}
