import { Effect } from "effect"
import { membersOf } from "../../record/members.ts"
import { compareSequenceNumbers } from "../../record/position.ts"
import { SourceError } from "../../record/source-error.ts"
import type { StreamRecord } from "../../stream/kinesis/api.ts"
import { sourceName } from "../../stream/kinesis/failures.ts"

/** Records of a stream, as an event source mapping of Lambda hands them to a function. */
export interface StreamEvent {
  readonly stream: string
  /** Of the stream. */
  readonly arn: string
  /** By the id of the shard, in order, each record once. A mapping gives those of one shard. */
  readonly shards: ReadonlyMap<string, ReadonlyArray<StreamRecord>>
}

/** A record of an event, with what it says of its place. */
interface Placed {
  readonly arn: string
  readonly stream: string
  readonly shardId: string
  /** Its data in base64. */
  readonly text: string
  readonly record: Omit<StreamRecord, "data">
}

/**
 * What a function of Lambda was handed by an event source mapping over a stream. Fails with `Invalid` for anything else, one record of it included: what is
 * refused as a whole comes again, and nothing of it is passed over.
 */
export const streamEvent = (event: unknown): Effect.Effect<StreamEvent, SourceError> =>
  Effect.suspend(() => {
    const { Records: records, window } = membersOf(event)
    if (!Array.isArray(records) || records.length === 0) return refused("The event has no records of a stream", notMapped)
    const placed: Array<Placed> = []
    for (const each of records) {
      const one = placedIn(each)
      if (typeof one === "string") return refused(one, notMapped)
      placed.push(one)
    }
    if (window !== undefined)
      return refused("The event is of a tumbling window, whose answer would have to carry a state", "Set TumblingWindowInSeconds to 0.")
    const [first] = placed
    if (first === undefined || placed.some(({ arn }) => arn !== first.arn))
      return refused("The event has records of several streams", "Give each stream a mapping of its own.")
    return Effect.succeed({ stream: first.stream, arn: first.arn, shards: byShard(placed) })
  })

const notMapped = "Let an event source mapping over a Kinesis stream call this function, and nothing else."

const refused = (detail: string, hint: string): Effect.Effect<never, SourceError> =>
  Effect.fail(new SourceError({ source: sourceName, reason: "Invalid", location: "the event of the function", detail, hint }))

const sequenceNumber = /^(0|[1-9]\d{0,128})$/
/** Of the stream, or of a consumer of its own that reads it. */
const streamArn = /^(arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/([a-zA-Z0-9_.-]+))(\/consumer\/.+)?$/

/** One record; text where it is none of a stream: what is wrong with it, never what is in it. */
const placedIn = (event: unknown): Placed | string => {
  const { eventSource, eventID, eventSourceARN, kinesis } = membersOf(event)
  if (eventSource !== "aws:kinesis") return "The event has a record that is not of a Kinesis stream"
  const { sequenceNumber: number, partitionKey, data, approximateArrivalTimestamp: arrived } = membersOf(kinesis)
  if (typeof number !== "string" || !sequenceNumber.test(number)) return "The event has a record without a sequence number"
  const [, arn, stream] = typeof eventSourceARN === "string" ? (streamArn.exec(eventSourceARN) ?? []) : []
  if (arn === undefined || stream === undefined) return "The event has a record that does not name its stream"
  const shardId = typeof eventID === "string" && eventID.endsWith(`:${number}`) ? eventID.slice(0, -number.length - 1) : ""
  if (!/^[a-zA-Z0-9_.-]+$/.test(shardId)) return "The event has a record that does not name its shard"
  if (typeof data !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) return "The event has a record whose data is not base64"
  if (typeof arrived !== "number" || Number.isNaN(new Date(arrived * 1000).getTime()))
    return "The event has a record that does not tell when it arrived"
  const record = {
    sequenceNumber: number,
    partitionKey: typeof partitionKey === "string" ? partitionKey : "",
    arrivedAt: Math.round(arrived * 1000)
  }
  return { arn, stream, shardId, text: data, record }
}

/** The data of all in one piece of memory, so that pages can be made of it without copying it. */
const byShard = (placed: ReadonlyArray<Placed>): StreamEvent["shards"] => {
  const memory = Buffer.allocUnsafeSlow(placed.reduce((size, { text }) => size + Math.ceil(text.length / 4) * 3, 0))
  const shards = new Map<string, Array<StreamRecord>>()
  let used = 0
  for (const { shardId, text, record } of placed) {
    const length = memory.write(text, used, "base64")
    const records = shards.get(shardId) ?? []
    shards.set(shardId, records)
    records.push({ ...record, data: memory.subarray(used, used + length) })
    used += length
  }
  return new Map([...shards].map(([shardId, records]) => [shardId, inOrder(records)]))
}

const inOrder = (records: ReadonlyArray<StreamRecord>): ReadonlyArray<StreamRecord> => {
  const sorted = records.toSorted((a, b) => compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber))
  return sorted.filter(({ sequenceNumber }, i) => sequenceNumber !== sorted[i - 1]?.sequenceNumber)
}
