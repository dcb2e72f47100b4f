import type { RecordsPage, StreamRecord } from "./api.ts"
import { MemoryPool } from "./memory-pool.ts"

/** The body of an answer to GetRecords in `application/x-amz-json-1.1`. */
interface Body {
  readonly Records?: ReadonlyArray<{
    readonly SequenceNumber?: string
    readonly PartitionKey?: string
    readonly Data?: string
    /** Seconds since 1970, with a fraction. */
    readonly ApproximateArrivalTimestamp?: number
  }> | null
  readonly NextShardIterator?: string | null
  readonly MillisBehindLatest?: number | null
  readonly ChildShards?: ReadonlyArray<{ readonly ShardId?: string; readonly ParentShards?: ReadonlyArray<string> | null }> | null
}

/** What a reader of several shards has in memory, and a little more. */
const pool = new MemoryPool(4)

const dataKey = '"Data":"'
const quote = 0x22

/**
 * Reads the answer. Nearly all of it is data in base64, which goes from bytes to bytes; only what is left is parsed as JSON. (The SDK's own way,
 * which makes a text of everything and walks it by its schema, takes several times as long, more than decoding the records does.)
 *
 * The key and its quotes cannot stand inside a text, where quotes are escaped; and base64 has nothing to escape but slashes, whose backslashes
 * decoding passes over. An answer that is written in another way is parsed as a whole. Throws for what is no JSON, without quoting it.
 */
export const readRecordsBody = (body: Buffer): RecordsPage => {
  // All data stands in one piece of memory, so that pages can be made of it without copying it.
  const { memory, release } = pool.take(Math.ceil(body.length / 4) * 3)
  const data: Array<Uint8Array> = []
  const rest: Array<string> = []
  let used = 0
  let from = 0
  for (let at = body.indexOf(dataKey); at >= 0; at = body.indexOf(dataKey, from)) {
    const start = at + dataKey.length
    const end = body.indexOf(quote, start)
    if (end < 0) break
    rest.push(body.toString("utf8", from, start))
    const length = memory.write(body.toString("latin1", start, end), used, "base64")
    data.push(memory.subarray(used, used + length))
    used += length
    from = end
  }
  rest.push(body.toString("utf8", from))
  const parsed = parse(rest.join(""))
  if ((parsed.Records?.length ?? 0) === data.length) return { ...pageOf(parsed, data), release }
  const whole = parse(body.toString())
  return pageOf(whole, whole.Records?.map((record) => Buffer.from(record.Data ?? "", "base64")) ?? [])
}

const parse = (text: string): Body => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error("The answer is not JSON")
  }
}

const nothing = new Uint8Array(0)

const pageOf = (body: Body, data: ReadonlyArray<Uint8Array>): RecordsPage => ({
  records: (body.Records ?? []).map(
    (record, i): StreamRecord => ({
      sequenceNumber: record.SequenceNumber ?? "",
      partitionKey: record.PartitionKey ?? "",
      data: data[i] ?? nothing,
      arrivedAt: Math.round((record.ApproximateArrivalTimestamp ?? 0) * 1000)
    })
  ),
  nextIterator: body.NextShardIterator ?? null,
  millisBehindLatest: body.MillisBehindLatest ?? 0,
  childShards: (body.ChildShards ?? []).map((child) => ({ shardId: child.ShardId ?? "", parentShardIds: child.ParentShards ?? [] }))
})
