import type { StreamRecord } from "../../../src/stream/kinesis/api.ts"
import type { HashRange } from "./hash-keys.ts"
import { limits, RateLimit } from "./limits.ts"
import type { SequenceNumbers } from "./sequence-numbers.ts"

/** A record as the service keeps it, with what only the owner of the simulation may know. Times in milliseconds since 1970. */
export interface SimulatedRecord extends StreamRecord {
  readonly shardId: string
  readonly explicitHashKey: string | undefined
  /** When it was stored, by the service's own clock; `arrivedAt` is what it says about that. */
  readonly storedAt: number
  /** When it leaves the stream, read or unread. Changes with the stream's retention. */
  expiresAt: number
  /** Of data and partition key. */
  readonly bytes: number
  /** Whether the producer was told. One whose answer was lost is in the stream all the same. */
  acknowledged: boolean
}

/** One shard: its records in order, and what it still permits. Knows no faults and no iterators. */
export class SimulatedShard {
  readonly shardId: string
  readonly range: HashRange
  readonly parents: ReadonlyArray<SimulatedShard>
  readonly children: Array<SimulatedShard> = []
  readonly openedAt: number
  readonly startingSequenceNumber: string
  /** All that were ever stored; the first `trimmed` of them have left the stream. */
  readonly records: Array<SimulatedRecord> = []
  trimmed = 0
  /** Those of `records`, as the integers that they are. */
  private readonly sequences: Array<bigint> = []
  closedAt: number | null = null
  endingSequenceNumber: string | null = null
  /** When the service forgets it: closed for longer than records are kept. Null while it is open. */
  private expiresAt: number | null = null

  readonly calls = new RateLimit(limits.getRecords.callsPerSecond)
  readonly reads = new RateLimit(limits.getRecords.bytesPerSecond)
  readonly iterators = new RateLimit(limits.getShardIterator.callsPerSecond)
  readonly writes = new RateLimit(limits.write.recordsPerSecond)
  readonly writtenBytes = new RateLimit(limits.write.bytesPerSecond)

  /** Pages that reached a consumer, calls refused for their rate, and how many of these came without a page in between. */
  readonly seen = { pages: 0, throttled: 0, throttledInARow: 0, end: false }

  readonly numbers: SequenceNumbers
  retentionMillis: number

  constructor(
    shardId: string,
    range: HashRange,
    parents: ReadonlyArray<SimulatedShard>,
    openedAt: number,
    numbers: SequenceNumbers,
    retentionMillis: number
  ) {
    this.shardId = shardId
    this.range = range
    this.parents = parents
    this.openedAt = openedAt
    this.numbers = numbers
    this.retentionMillis = retentionMillis
    this.startingSequenceNumber = numbers.last.toString()
    for (const parent of parents) parent.children.push(this)
  }

  /** Whether the shard takes a record now, by what others wrote before. */
  writable(now: number): boolean {
    return this.writes.open(now) && this.writtenBytes.open(now)
  }

  store(
    now: number,
    record: { readonly partitionKey: string; readonly explicitHashKey?: string | undefined; readonly data: Uint8Array },
    bytes: number,
    arrivedAt: number
  ): SimulatedRecord {
    const sequence = this.numbers.next()
    const stored: SimulatedRecord = {
      sequenceNumber: sequence.toString(),
      partitionKey: record.partitionKey,
      data: record.data,
      arrivedAt,
      shardId: this.shardId,
      explicitHashKey: record.explicitHashKey,
      storedAt: now,
      expiresAt: now + this.retentionMillis,
      bytes,
      acknowledged: false
    }
    this.writes.use(now, 1)
    this.writtenBytes.use(now, bytes)
    this.records.push(stored)
    this.sequences.push(sequence)
    return stored
  }

  close(now: number): void {
    this.closedAt = now
    this.expiresAt = now + this.retentionMillis
    this.endingSequenceNumber = this.numbers.next().toString()
  }

  /** Closed for longer than records are kept: the service has forgotten it. */
  expired(now: number): boolean {
    return this.expiresAt !== null && this.expiresAt <= now
  }

  /** Keeps records for so long from now on: for longer does not bring back what has gone, for a shorter time lets go at once. */
  retain(retentionMillis: number, now: number): void {
    this.trim(now)
    this.retentionMillis = retentionMillis
    for (const record of this.records.slice(this.trimmed)) record.expiresAt = Math.max(now, record.storedAt + retentionMillis)
    if (this.closedAt !== null && !this.expired(now)) this.expiresAt = Math.max(now, this.closedAt + retentionMillis)
  }

  /** Lets go of what is too old. */
  trim(now: number): void {
    while ((this.records[this.trimmed]?.expiresAt ?? Number.POSITIVE_INFINITY) <= now) this.trimmed++
  }

  /** Index of the first record that is not before: by sequence number, or by the time it was stored. */
  firstAt(sequence: bigint): number {
    return lowerBound(this.sequences, (other) => other < sequence)
  }

  firstSince(time: number): number {
    return lowerBound(this.records, (record) => record.storedAt < time)
  }

  /** Whether a position lies in what was trimmed, be it only the last record of it: then nobody knows any more what it means. */
  stale(sequence: bigint): boolean {
    const last = this.sequences[this.trimmed - 1]
    return last !== undefined && sequence <= last
  }

  /** Index after the last record of a page that begins at `from`. No record is larger than a page: PutRecords would not have taken it. */
  pageEnd(from: number, limit: number): number {
    const most = Math.min(this.records.length, from + limit)
    let bytes = 0
    let end = from
    for (; end < most; end++) {
      bytes += this.records[end]?.bytes ?? 0
      if (bytes > limits.getRecords.bytes) break
    }
    return end
  }

  /** How long the first record from here has been waiting, at least 1 while there is one, 0 at the tip. */
  millisBehindLatest(from: number, now: number): number {
    const next = this.records[from]
    return next === undefined ? 0 : Math.max(1, now - next.storedAt)
  }
}

/** Index of the first that is not before. */
const lowerBound = <A>(sorted: ReadonlyArray<A>, before: (one: A) => boolean): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const one = sorted[middle]
    if (one !== undefined && before(one)) low = middle + 1
    else high = middle
  }
  return low
}
