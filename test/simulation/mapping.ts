import type { Random } from "../../src/record/seeded.ts"
import type { StreamRecord } from "../../src/stream/kinesis/api.ts"
import { eventOf } from "./kinesis/event-of.ts"
import type { SimulatedRecord, SimulatedShard } from "./kinesis/shard.ts"
import type { VirtualTime } from "./virtual-time.ts"

/** How an event source mapping is set, and what goes wrong with it: probabilities, from 0 to 1. Times in milliseconds. */
export interface MappingSettings {
  /** Records of an event, at most, and bytes of their data in base64. */
  readonly batchSize: number
  readonly payload: number
  /** How often it looks for records. */
  readonly every: number
  /** Halves a batch that failed. */
  readonly bisects: boolean
  /** The function succeeds, and nobody is told. */
  readonly answerLost: number
  /** A second process gets the same event, and nobody waits for its answer. */
  readonly twice: number
  /** What was answered for comes again. */
  readonly again: number
}

/** What becomes of an event that a function was given. */
export type Told = { readonly kind: "answer"; readonly answer: unknown } | { readonly kind: "failed"; readonly why: string }

/** Hands an event to a function. @param tell called once with what became of it; absent: nobody waits */
export type Invoke = (event: unknown, tell: ((told: Told) => void) | null) => void

/** How far a shard was answered for. */
interface Cursor {
  /** Index of the next record. */
  next: number
  isBusy: boolean
  failures: number
  /** Records of the next event, at most; null: as many as there may be. */
  most: number | null
  notBefore: number
}

const firstPause = 1_000
const longestPause = 60_000

/**
 * The event source mapping of Lambda over a stream: it gives the records of a shard to a function, in order, one event at a time, those of a shard behind those of
 * its parents; and again whatever is not answered for, for ever.
 */
export class Mapping {
  isEnabled = false
  /** Nothing is lost or doubled on its way any more. */
  isQuiet = false
  readonly counts = { events: 0, failures: 0, partial: 0, again: 0 }
  readonly #stream: string
  readonly #shards: () => ReadonlyArray<SimulatedShard>
  readonly #settings: MappingSettings
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #invoke: Invoke
  #cursors = new Map<string, Cursor>()

  constructor(
    stream: string,
    shards: () => ReadonlyArray<SimulatedShard>,
    settings: MappingSettings,
    time: VirtualTime,
    random: Random,
    invoke: Invoke
  ) {
    this.#stream = stream
    this.#shards = shards
    this.#settings = settings
    this.#time = time
    this.#random = random
    this.#invoke = invoke
  }

  /** Is it waiting for an answer? */
  get isBusy(): boolean {
    return [...this.#cursors.values()].some(({ isBusy }) => isBusy)
  }

  /** Begins to give records, where it was, or from the oldest on as one that is new. */
  enable(isNew: boolean): void {
    if (isNew) this.#cursors = new Map()
    this.isEnabled = true
    this.#look()
  }

  #look(): void {
    if (!this.isEnabled) return
    for (const shard of this.#shards()) {
      const cursor = this.#cursorOf(shard)
      if (cursor.isBusy || cursor.notBefore > this.#time.now || !shard.parents.every((parent) => this.#isDone(parent))) continue
      const batch = this.#batchOf(shard, cursor)
      if (batch.length > 0) this.#give(shard, cursor, batch)
    }
    this.#time.at(this.#time.now + this.#settings.every, () => this.#look())
  }

  #cursorOf({ shardId }: SimulatedShard): Cursor {
    const known = this.#cursors.get(shardId)
    if (known !== undefined) return known
    const cursor: Cursor = { next: 0, isBusy: false, failures: 0, most: null, notBefore: 0 }
    this.#cursors.set(shardId, cursor)
    return cursor
  }

  #isDone(shard: SimulatedShard): boolean {
    const { next, isBusy } = this.#cursorOf(shard)
    const isRead = shard.closedAt !== null && !isBusy && next >= shard.records.length
    const isDone = isRead && shard.parents.every((parent) => this.#isDone(parent))
    // Who calls need not look for the end of what was handed over to it.
    if (isDone) shard.seen.end = true
    return isDone
  }

  #batchOf({ records }: SimulatedShard, { next, most }: Cursor): ReadonlyArray<SimulatedRecord> {
    const { batchSize, payload } = this.#settings
    const batch: Array<SimulatedRecord> = []
    let bytes = 0
    for (const record of records.slice(next, next + Math.min(batchSize, most ?? batchSize))) {
      bytes += Math.ceil(record.data.length / 3) * 4
      if (batch.length > 0 && bytes > payload) break
      batch.push(record)
    }
    return batch
  }

  #give(shard: SimulatedShard, cursor: Cursor, batch: ReadonlyArray<SimulatedRecord>): void {
    const { again, answerLost, bisects, twice } = this.#settings
    const cursors = this.#cursors
    const event = eventOf(this.#stream, shard.shardId, batch)
    this.counts.events++
    cursor.isBusy = true
    this.#invoke(event, (told) => {
      cursor.isBusy = false
      // A mapping that is new knows nothing of what the one before was answered.
      if (cursors !== this.#cursors) return
      const isLost = this.#strikes(answerLost)
      const kept = told.kind === "failed" || isLost ? 0 : keptOf(told.answer, batch)
      cursor.next += kept
      if (kept === batch.length) {
        cursor.failures = 0
        cursor.most = null
        if (!this.#strikes(again)) return
        this.counts.again++
        cursor.next = Math.max(0, cursor.next - this.#random.between(1, 2 * batch.length))
        return
      }
      this.counts[kept > 0 ? "partial" : "failures"]++
      cursor.failures++
      cursor.most = bisects && kept === 0 && batch.length > 1 ? Math.ceil(batch.length / 2) : null
      cursor.notBefore = this.#time.now + Math.min(firstPause * 2 ** cursor.failures, longestPause)
    })
    if (this.#strikes(twice)) this.#invoke(event, null)
  }

  #strikes(rate: number): boolean {
    return !this.isQuiet && this.#random.chance(rate)
  }
}

/** How many records of a batch an answer takes for processed, as Lambda reads it. */
const keptOf = (answer: unknown, batch: ReadonlyArray<StreamRecord>): number => {
  if (answer === null || answer === undefined) return batch.length
  const { batchItemFailures: failures } = Object(answer) as { readonly batchItemFailures?: unknown }
  if (failures === null || failures === undefined) return batch.length
  if (!Array.isArray(failures)) return 0
  const places = failures.map((failure: unknown) => {
    const { itemIdentifier } = Object(failure) as { readonly itemIdentifier?: unknown }
    return batch.findIndex(({ sequenceNumber }) => sequenceNumber === itemIdentifier)
  })
  return places.length === 0 ? batch.length : Math.max(0, Math.min(...places))
}
