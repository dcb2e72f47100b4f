import { readFileSync } from "node:fs"
import { Effect } from "effect"
import { checkout } from "../../schemas/vtex/checkout.ts"
import { hashKeyOf } from "../../src/stream/kinesis/aggregation.ts"
import type { KinesisApi, PutRecord, RecordsPage, Shard, StreamRecord } from "../../src/stream/kinesis/api.ts"
import { MemoryPool } from "../../src/stream/kinesis/memory-pool.ts"
import { partitionKeyOf } from "../../src/stream/kinesis/put.ts"
import { openShards, pack } from "../../src/stream/kinesis/put-calls.ts"

const shards = 4
const day = 86_400_000
const hour = 3_600_000
const hashKeys = 2n ** 128n
/** What one GetRecords gives at most. */
const callRecords = 10_000
const callBytes = 10 * 1024 * 1024

/**
 * A stream in memory that holds the lines of a file and answers at once, without limits of calls or bytes a second; answers are as large as those
 * of the service, and their data comes in fresh memory, in one piece, as it does from the client. Records are placed by their order's key.
 *
 * @param aggregate pack records, up to so many bytes, as the Kinesis Producer Library does; null: as they are
 */
export const preparedStream = (input: string, aggregate: number | null): KinesisApi => {
  const described = Array.from({ length: shards }, (_, i): Shard => {
    const bound = (n: number) => (hashKeys * BigInt(n)) / BigInt(shards)
    return {
      shardId: `shardId-${String(i).padStart(12, "0")}`,
      parentShardId: null,
      adjacentParentShardId: null,
      startingHashKey: bound(i).toString(),
      endingHashKey: (bound(i + 1) - 1n).toString(),
      startingSequenceNumber: sequenceNumber(i, 0),
      endingSequenceNumber: null
    }
  })
  const ranges = openShards(described)
  const shardOf = ({ partitionKey }: PutRecord): number => {
    const key = hashKeyOf(partitionKey)
    return ranges.findIndex(({ from, to }) => from <= key && key <= to)
  }
  const keyed = linesOf(readFileSync(input)).map((data) => ({ partitionKey: keyOf(data) ?? "", isOrdered: true, data }))
  const put = aggregate === null ? keyed : pack(keyed, aggregate, ranges).map(({ record }) => record)
  // The beginning of an hour, so that all rows are of one, as those of the file.
  const arrivedAt = Math.floor(Date.now() / hour) * hour
  const records = described.map((): Array<StreamRecord> => [])
  for (const record of put) {
    const shard = shardOf(record)
    const own = records[shard]
    const { partitionKey, data } = record
    own?.push({ sequenceNumber: sequenceNumber(shard, own.length + 1), partitionKey, data, arrivedAt })
  }
  return {
    describeStream: (stream) => Effect.succeed({ arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`, retentionMillis: day }),
    listShards: () => Effect.succeed({ shards: described, nextToken: null }),
    getShardIterator: (_, shardId) => Effect.succeed(`${described.findIndex((shard) => shard.shardId === shardId)} 0`),
    getRecords: (iterator, limit) => Effect.sync(() => page(records, iterator, Math.min(limit, callRecords))),
    putRecords: () => Effect.succeed([])
  }
}

const keyOf = partitionKeyOf(checkout)

const pool = new MemoryPool(6)

/** As long as the service's. */
const sequenceNumber = (shard: number, n: number): string => `4966${String(shard).padStart(4, "0")}${String(n).padStart(48, "0")}`

const page = (shards: ReadonlyArray<ReadonlyArray<StreamRecord>>, iterator: string, limit: number): RecordsPage => {
  const [shard = -1, from = 0] = iterator.split(" ").map(Number)
  const records = shards[shard] ?? []
  let end = from
  let bytes = 0
  for (; end < records.length && end - from < limit; end++) {
    bytes += records[end]?.data.length ?? 0
    if (bytes > callBytes && end > from) break
  }
  const answer = records.slice(from, end)
  const { memory, release } = pool.take(answer.reduce((size, { data }) => size + data.length, 0))
  let at = 0
  return {
    records: answer.map(({ sequenceNumber, partitionKey, data, arrivedAt }) => {
      memory.set(data, at)
      at += data.length
      return { sequenceNumber, partitionKey, data: memory.subarray(at - data.length, at), arrivedAt }
    }),
    nextIterator: `${shard} ${end}`,
    millisBehindLatest: end < records.length ? 1000 : 0,
    childShards: [],
    release
  }
}

const linesOf = (bytes: Buffer): ReadonlyArray<Buffer> => {
  const lines: Array<Buffer> = []
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start)
    lines.push(bytes.subarray(start, end < 0 ? bytes.length : end))
    start = (end < 0 ? bytes.length : end) + 1
  }
  return lines
}
