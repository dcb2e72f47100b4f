import { hash } from "node:crypto"
import type { RecordPage } from "../../record/record.ts"
import { aggregate, aggregatedSize, aggregateOverhead, hashKeyOf } from "./aggregation.ts"
import type { PutRecord, Shard } from "./api.ts"
import type { HashRange } from "./hash-range.ts"

/** What one PutRecords takes, keys included. */
export const callLimits = { records: 500, bytes: 10 * 1024 * 1024 } as const

/** A record to put. */
export interface Keyed extends PutRecord {
  /** Does its partition key come from the record itself? Then it stays in order with others of that key. */
  readonly isOrdered: boolean
}

/** What becomes one record of the stream. */
export interface Entry {
  readonly record: PutRecord
  /** Partition keys whose order it takes part in: one, or those of what is in an aggregated record. */
  readonly keys: ReadonlyArray<string>
  /** How many records are in it, and their bytes without keys. */
  readonly records: number
  readonly bytes: number
  /** Shard that it was aggregated for. */
  readonly shardId?: string | undefined
  /** How often it was tried. */
  attempts: number
}

/** Bytes of an entry as Kinesis counts them. */
export const sizeOf = ({ partitionKey, data }: PutRecord): number => data.length + Buffer.byteLength(partitionKey)

export const plainEntry = (record: Keyed): Entry => ({
  record,
  keys: record.isOrdered ? [record.partitionKey] : [],
  records: 1,
  bytes: record.data.length,
  attempts: 0
})

/** Records of a page with their partition keys (without one: the hash of their bytes), up to the first that is larger than the stream takes. */
export const recordsOf = (
  page: RecordPage,
  keyOf: (record: Uint8Array) => string | null,
  limit: number
): { readonly records: ReadonlyArray<Keyed>; readonly tooLarge: number | null } => {
  const records: Array<Keyed> = []
  for (let i = 0; i < page.count; i++) {
    const data = page.bytes.subarray(page.starts[i], page.ends[i])
    if (page.cut?.has(i) === true || data.length > limit) return { records, tooLarge: i }
    const key = keyOf(data)
    const record = { partitionKey: key ?? hash("md5", data), isOrdered: key !== null, data }
    if (sizeOf(record) > limit) return { records, tooLarge: i }
    records.push(record)
  }
  return { records, tooLarge: null }
}

/**
 * Packs records into aggregated ones, as the Kinesis Producer Library does: together comes what lands in the same shard, in the order of the
 * records, up to so many bytes. What stays alone stays plain.
 */
export const pack = (records: ReadonlyArray<Keyed>, bytes: number, shards: ReadonlyArray<OpenShard>): ReadonlyArray<Entry> => {
  const out: Array<Entry> = []
  const open = new Map<string, { readonly records: Array<Keyed>; size: number }>()
  const close = (shardId: string, packed: ReadonlyArray<Keyed>): void => {
    const [first] = packed
    if (first === undefined) return
    out.push(
      packed.length === 1
        ? plainEntry(first)
        : {
            // The first key leads to the shard of all.
            record: { partitionKey: first.partitionKey, explicitHashKey: first.explicitHashKey, data: aggregate(packed) },
            keys: [...new Set(packed.filter(({ isOrdered }) => isOrdered).map(({ partitionKey }) => partitionKey))],
            records: packed.length,
            bytes: packed.reduce((sum, { data }) => sum + data.length, 0),
            shardId,
            attempts: 0
          }
    )
  }
  for (const record of records) {
    const shardId = shardFor(shards, hashKeyOf(record.partitionKey, record.explicitHashKey))
    const size = aggregatedSize(record)
    // The key of the first record stands beside the aggregated one as well.
    const fresh = () => ({ records: [] as Array<Keyed>, size: aggregateOverhead + Buffer.byteLength(record.partitionKey) })
    let current = open.get(shardId) ?? fresh()
    if (current.size + size > bytes) {
      close(shardId, current.records)
      current = fresh()
    }
    current.records.push(record)
    current.size += size
    open.set(shardId, current)
  }
  for (const [shardId, { records }] of open) close(shardId, records)
  return out
}

/** An open shard with the hash keys that land in it. */
export interface OpenShard extends HashRange {
  readonly shardId: string
}

export const openShards = (shards: ReadonlyArray<Shard>): ReadonlyArray<OpenShard> =>
  shards
    .filter(({ endingSequenceNumber }) => endingSequenceNumber === null)
    .map(({ shardId, startingHashKey, endingHashKey }) => ({ shardId, from: BigInt(startingHashKey), to: BigInt(endingHashKey) }))

/** Where no shard is known the hash key speaks for itself: nothing else is packed with it. */
const shardFor = (shards: ReadonlyArray<OpenShard>, hashKey: bigint): string =>
  shards.find(({ from, to }) => from <= hashKey && hashKey <= to)?.shardId ?? hashKey.toString()

/**
 * Chooses what to put next: calls that may run at the same time, and what has to wait for them.
 *
 * Kinesis gives no order to the records of one call, and refuses some while it takes others. So of each partition key only the first one that
 * waits is taken, and nothing of a key that waits is overtaken: records of one key arrive in their order. Who puts many of one key packs them.
 *
 * @param bytes of all calls together; the first entry is taken whatever its size
 */
export const takeCalls = (
  waiting: ReadonlyArray<Entry>,
  calls: number,
  bytes: number
): { readonly calls: ReadonlyArray<ReadonlyArray<Entry>>; readonly rest: ReadonlyArray<Entry> } => {
  const taken: Array<Array<Entry>> = []
  const rest: Array<Entry> = []
  const keys = new Set<string>()
  // Few records go in fewer calls, not in calls of a few.
  const perCall = Math.min(callLimits.records, Math.max(100, Math.ceil(waiting.length / calls)))
  // Looking further would cost more than it finds.
  const horizon = 4 * calls * callLimits.records
  let current: Array<Entry> = []
  let left = bytes
  let size = 0
  for (const entry of waiting.slice(0, horizon)) {
    const isFirst = !entry.keys.some((key) => keys.has(key))
    for (const key of entry.keys) keys.add(key)
    const own = sizeOf(entry.record)
    const begins = current.length === 0 || current.length >= perCall || size + own > callLimits.bytes
    if (!isFirst || (begins && taken.length >= calls) || (own > left && taken.length > 0)) {
      rest.push(entry)
      continue
    }
    if (begins) {
      current = []
      taken.push(current)
      size = 0
    }
    current.push(entry)
    size += own
    left -= own
  }
  return { calls: taken, rest: rest.concat(waiting.slice(horizon)) }
}
