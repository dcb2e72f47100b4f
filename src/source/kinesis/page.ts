import { compareSequenceNumbers, type Position } from "../../record/position.ts"
import { noRecords, type RecordPage } from "../../record/record.ts"
import { type Aggregate, deaggregateAll } from "../../stream/kinesis/aggregation.ts"
import type { StreamRecord } from "../../stream/kinesis/api.ts"
import { countOutOfRange, type HashRange } from "../../stream/kinesis/hash-range.ts"

/** Records in a page, more or less: what an answer holds unless its records are tiny ones inside of aggregated ones. */
export const pageRecords = 100_000

export interface BuildOptions {
  /** Name of the shard, as in positions. */
  readonly shard: string
  /** Records at or before it are left out. */
  readonly after: Position | undefined
  /** Hash keys of the shard; null: all. */
  readonly range: HashRange | null
  /** Leave out a whole aggregated record of which a sub-record belongs to another shard, as the Kinesis Client Library does. */
  readonly kclCompatible: boolean
  /** A page with this many records takes no further one of the stream. An answer of small aggregated records may hold millions. */
  readonly maxRecords: number
  /** Gives the memory of the records' data back. */
  readonly release?: (() => void) | undefined
}

export interface Built {
  readonly pages: ReadonlyArray<RecordPage>
  /** Sub-records outside of `range`. */
  readonly outOfRange: number
}

/** A record of the stream with what of it is new: sub-records from `first`. */
interface Fresh {
  readonly record: StreamRecord
  readonly aggregate: Aggregate | null
  readonly first: number
}

/** Makes pages of an answer, in its order. Aggregated records are taken apart. */
export const buildPages = (records: ReadonlyArray<StreamRecord>, options: BuildOptions): Built => {
  const { after, range, kclCompatible, maxRecords, shard } = options
  const pages: Array<RecordPage> = []
  let fresh: Array<Fresh> = []
  let count = 0
  let outOfRange = 0
  const flush = () => {
    if (count > 0) pages.push(pageOf(shard, fresh, count))
    fresh = []
    count = 0
  }
  const aggregates = deaggregateAll(records.map(({ data }) => data))
  for (const [i, record] of records.entries()) {
    const compared = after === undefined ? 1 : compareSequenceNumbers(record.sequenceNumber, after.sequenceNumber)
    if (compared < 0) continue
    const first = compared > 0 || after === undefined ? 0 : after.subSequenceNumber + 1
    const aggregate = aggregates[i] ?? null
    if (first >= (aggregate?.count ?? 1)) continue
    // What was counted with the first sub-records is not counted again.
    const outside = aggregate === null || range === null ? 0 : countOutOfRange(aggregate, range)
    if (first === 0) outOfRange += outside
    if (kclCompatible && outside > 0) continue
    fresh.push({ record, aggregate, first })
    count += (aggregate?.count ?? 1) - first
    if (count >= maxRecords) flush()
  }
  flush()
  return { pages: withRelease(pages, options.release), outOfRange }
}

/** The memory of an answer is free when all pages are that were made of it. */
const withRelease = (pages: ReadonlyArray<RecordPage>, release: (() => void) | undefined): ReadonlyArray<RecordPage> => {
  if (release === undefined) return pages
  const open = new Set(pages.keys())
  if (open.size === 0) release()
  return pages.map((page, i) => ({
    ...page,
    release: () => {
      if (open.delete(i) && open.size === 0) release()
    }
  }))
}

const pageOf = (shard: string, fresh: ReadonlyArray<Fresh>, count: number): RecordPage => {
  const { bytes, offsets } = memoryOf(fresh.map(({ record }) => record.data))
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  const arrivedAt = new Float64Array(count)
  const sequenceNumbers: Array<string> = []
  const subSequenceNumbers = fresh.some(({ aggregate }) => aggregate !== null) ? new Uint32Array(count) : undefined
  let n = 0
  for (const [r, { record, aggregate, first }] of fresh.entries()) {
    const at = offsets[r] ?? 0
    const parts = aggregate?.count ?? 1
    for (let i = first; i < parts; i++, n++) {
      starts[n] = at + (aggregate?.starts[i] ?? 0)
      ends[n] = at + (aggregate?.ends[i] ?? record.data.length)
      arrivedAt[n] = record.arrivedAt
      sequenceNumbers.push(record.sequenceNumber)
      if (subSequenceNumbers !== undefined) subSequenceNumbers[n] = i
    }
  }
  return { shard, count, bytes, starts, ends, sequenceNumbers, subSequenceNumbers, arrivedAt }
}

/** The data of all records in one buffer: as it lies in memory where it lies close together, else copied. */
const memoryOf = (data: ReadonlyArray<Uint8Array>): { readonly bytes: Uint8Array; readonly offsets: ReadonlyArray<number> } => {
  const buffer = data[0]?.buffer
  let size = 0
  let from = Number.POSITIVE_INFINITY
  let to = 0
  let isOne = buffer !== undefined
  for (const one of data) {
    size += one.length
    from = Math.min(from, one.byteOffset)
    to = Math.max(to, one.byteOffset + one.length)
    isOne &&= one.buffer === buffer
  }
  if (isOne && buffer !== undefined && to - from <= 2 * size) {
    return { bytes: new Uint8Array(buffer, from, to - from), offsets: data.map((one) => one.byteOffset - from) }
  }
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  const offsets = data.map((one) => {
    bytes.set(one, at)
    at += one.length
    return at - one.length
  })
  return { bytes, offsets }
}

/** A page that only says something about its shard. */
export const emptyPage = (
  shard: string,
  position: Position,
  resume: NonNullable<RecordPage["resume"]>,
  commitNow: boolean
): RecordPage => ({ ...noRecords, shard, resume, position, commitNow })
