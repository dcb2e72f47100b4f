import { Effect, type Scope } from "effect"
import { maxDriftPaths, namedPaths, otherPaths } from "../decode/drift.ts"
import { addCounts } from "../lake/history.ts"
import type { Column, Value } from "../record/column.ts"
import { type DeadLetter, deadLetterColumns } from "../record/dead-letter.ts"
import {
  coordinatesOf,
  noCounts,
  type Position,
  type Positions,
  plusCounts,
  type ReadPosition,
  type ShardCounts,
  type ShardPosition
} from "../record/position.ts"
import { arrivedAt, microsOf, type RecordPage, recordsAfter } from "../record/record.ts"
import { type DecodeCounts, emptyCounts, sumOf } from "../record/report.ts"
import { stageColumns } from "../record/system-columns.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import type { BatchDecoder, BeginBatch, Work } from "./batch-decoder.ts"
import type { WorkerError } from "./decode-workers.ts"
import { type LettersAhead, withoutLetters } from "./letters-ahead.ts"
import { OpenFiles } from "./open-files.ts"
import { byDate, byHour, type PartitionedRows } from "./partitioned-rows.ts"
import type { DecodedPage } from "./stage-decoder.ts"

/** How far the batch has come in one shard. */
interface ShardProgress {
  /** Where it began. */
  readonly from: Position | undefined
  /** What the tables said of the shard then; null where the batch before had some of it, too. */
  readonly stand: string | null
  /** Behind the last page that was added. */
  read: ReadPosition
  /** What became of the batch's records of this shard that are decoded. */
  counts: ShardCounts
}

/** What a closed batch did to one shard. */
export interface ShardRange {
  readonly from: Position | undefined
  /** What the tables must still say of the shard; null where the commit of the batch before answers for it. */
  readonly stand: string | null
  readonly to: ShardPosition
  readonly records: number
  readonly deadLetters: number
}

/** The files and positions of a closed batch: one value, so that nothing can commit the one without the other. */
export interface ClosedBatch {
  readonly counts: DecodeCounts
  readonly stageFiles: ReadonlyArray<AddFile>
  readonly deadLetterFiles: ReadonlyArray<AddFile>
  readonly deadLetters: number
  readonly shards: ReadonlyMap<string, ShardRange>
}

export interface BatchContext {
  readonly dataset: string
  readonly columns: ReadonlyArray<Column>
  readonly stagePath: string
  readonly deadLettersPath: string
  readonly decoder: BeginBatch
  /** Rows of dead letters that are not in a file yet; empty, and the batch's own. */
  readonly letters: PartitionedRows
  /** Unique per batch: part of its files' names. */
  readonly fileTag: string
  /** Where a shard stands before the batch, if it was ever read. */
  readonly begin: (shard: string) => ReadPosition | undefined
  /** What the tables say of a shard; null where the batch before, which is being committed, has some of it. */
  readonly stand: (shard: string) => string | null
  readonly lettersAhead: { readonly get: LettersAhead["get"] }
  /** Told when a page has been decoded. */
  readonly onPage: () => void
}

export const deadLetterCount = (counts: DecodeCounts): number => sumOf(counts.deadLetters)

/**
 * The batch being filled. What it holds and when it is full follows from the pages that it was given, and not from when they are decoded, so
 * that any number of threads makes the same batches. Memory is bounded by the decoder, whatever the batch's size.
 */
export class OpenBatch {
  /** What the pages that are decoded came to. */
  readonly counts: DecodeCounts = emptyCounts()
  /** Raw bytes of all records. */
  bytes = 0
  /** Bytes of columns that this thread held when it had done a page: not what it holds in the middle of one. */
  held = 0
  readonly #hours = new Set<number>()
  readonly #shards = new Map<string, ShardProgress>()
  readonly #context: BatchContext
  readonly #stage: OpenFiles
  readonly #deadLetters: OpenFiles
  readonly #decoder: BatchDecoder
  #lettersWritten = 0

  constructor(context: BatchContext) {
    this.#context = context
    this.#stage = new OpenFiles(context.stagePath, stageColumns(context.columns), byHour, context.fileTag)
    this.#deadLetters = new OpenFiles(context.deadLettersPath, deadLetterColumns, byDate, context.fileTag)
    this.#decoder = context.decoder((group) => this.#stage.append(group))
  }

  get isEmpty(): boolean {
    return this.#shards.size === 0
  }

  /** Ingestion hours of the records. */
  get hours(): number {
    return this.#hours.size
  }

  /** Takes one page into the batch. Records at or before the shard's position have been taken already. */
  add(given: RecordPage): Work {
    return Effect.suspend(() => {
      const { begin, letters, lettersAhead } = this.#context
      const after = this.readTo(given.shard) ?? begin(given.shard)
      const page = recordsAfter(given, after)
      const shard = this.#progress(page)
      // A page without records, of a shard that never had one, says nothing that a commit could hold.
      if (shard === null) {
        given.release?.()
        return Effect.void
      }
      this.bytes += sizeOf(page)
      const ahead = lettersAhead.get(page.shard)
      const known = emptyCounts()
      const rest = ahead === undefined ? page : withoutLetters(page, ahead, after, known)
      if (known.records > 0) this.#settle(shard, { counts: known, letters: [] })
      addHours(this.#hours, rest)
      return Effect.andThen(
        rest.count === 0 ? Effect.sync(() => given.release?.()) : this.#decoder.decode(rest, (decoded) => this.#settle(shard, decoded)),
        // All at once: letters of other pages may come while these are written.
        Effect.suspend(() => this.#deadLetters.appendAll([...letters.full()]))
      )
    })
  }

  /** Where a shard stands behind the pages of this batch; undefined where it has none. */
  readTo(shard: string): ReadPosition | undefined {
    return this.#shards.get(shard)?.read
  }

  get shards(): ReadonlyMap<string, unknown> {
    return this.#shards
  }

  /** No more pages come. The next batch may take some, while other threads are still at this one's. */
  get close(): Work {
    return Effect.andThen(
      this.#decoder.close,
      Effect.sync(() => {
        this.held = 0
      })
    )
  }

  /**
   * Behind `close`: waits for all pages, and finishes all files. They lie in the store, but nothing refers to them before the commit.
   * @param stored positions in the stage table, behind the commit of the batch before
   * @param modificationTime milliseconds since 1970
   */
  finish(stored: Positions, modificationTime: number): Effect.Effect<ClosedBatch, StoreError | WorkerError, Store | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      yield* this.#decoder.rest
      yield* this.#deadLetters.appendAll(this.#context.letters.rest())
      const deadLetterFiles = yield* this.#deadLetters.finish(modificationTime)
      const stageFiles = yield* this.#stage.finish(modificationTime)
      const shards = new Map([...this.#shards].map(([shard, progress]) => [shard, rangeOf(progress, stored.get(shard))]))
      return { counts: this.counts, stageFiles, deadLetterFiles, deadLetters: this.#lettersWritten, shards }
    })
  }

  /** Moves the position of a page's shard behind the page; null where there is none. */
  #progress(page: RecordPage): ShardProgress | null {
    const { shard, count, sequenceNumbers, subSequenceNumbers } = page
    const before = this.readTo(shard) ?? this.#context.begin(shard)
    const last = count - 1
    const sequenceNumber = sequenceNumbers[last] ?? before?.sequenceNumber ?? page.position?.sequenceNumber
    if (sequenceNumber === undefined) return null
    const resume = page.resume ?? before?.source
    const read: ReadPosition = {
      sequenceNumber,
      subSequenceNumber:
        last < 0 ? (before?.subSequenceNumber ?? page.position?.subSequenceNumber ?? 0) : (subSequenceNumbers?.[last] ?? 0),
      arrivedAt: last < 0 ? (before?.arrivedAt ?? "") : new Date(arrivedAt(page, last)).toISOString(),
      ...(resume === undefined ? {} : { source: resume })
    }
    const progress = this.#shards.get(shard)
    if (progress !== undefined) {
      progress.read = read
      return progress
    }
    const begun: ShardProgress = { from: before && coordinatesOf(before), stand: this.#context.stand(shard), read, counts: noCounts }
    this.#shards.set(shard, begun)
    return begun
  }

  /** Counts what became of records of a shard, and keeps the dead letters among them. */
  #settle(shard: ShardProgress, { counts, letters }: DecodedPage): void {
    const { records, rows, empty } = counts
    shard.counts = plusCounts(shard.counts, { records, rows, deadLetters: deadLetterCount(counts), empty })
    addPage(this.counts, counts)
    for (const letter of letters) {
      this.#context.letters.columnsFor(letter.arrivedAt).append(deadLetterRow(this.#context.dataset, letter))
      this.#lettersWritten++
    }
    this.held = this.#decoder.held()
    this.#context.onPage()
  }
}

const rangeOf = ({ from, stand, read, counts }: ShardProgress, stored: ShardPosition | undefined): ShardRange => ({
  from,
  stand,
  to: {
    ...(from === undefined ? {} : { from }),
    ...read,
    ...plusCounts(stored ?? noCounts, counts),
    ...(stored?.retired === undefined ? {} : { retired: stored.retired })
  },
  records: counts.records,
  deadLetters: counts.deadLetters
})

/** Raw bytes of the records of a page, those included that its source cut off. */
const sizeOf = ({ count, starts, ends, cut }: RecordPage): number => {
  let size = 0
  for (let i = 0; i < count; i++) size += cut?.get(i) ?? (ends[i] ?? 0) - (starts[i] ?? 0)
  return size
}

const addHours = (hours: Set<number>, page: RecordPage): void => {
  const { millis } = byHour
  if (typeof page.arrivedAt === "number" && page.count > 0) hours.add(Math.floor(page.arrivedAt / millis))
  else for (let i = 0; i < page.count; i++) hours.add(Math.floor(arrivedAt(page, i) / millis))
}

/** Adds the counts of a page to those of a batch, which names no more unknown paths than a page may. */
const addPage = (counts: DecodeCounts, page: DecodeCounts): void => {
  const room = maxDriftPaths - namedPaths(counts.drift)
  const fresh = Object.keys(page.drift).filter((path) => path !== otherPaths && !Object.hasOwn(counts.drift, path))
  const drift = { ...page.drift }
  for (const path of fresh.slice(room)) {
    drift[otherPaths] = (drift[otherPaths] ?? 0) + (drift[path] ?? 0)
    delete drift[path]
  }
  addCounts(counts, { ...page, drift })
}

/** The row of `dead_letters`, in the order of `deadLetterColumns`. */
const deadLetterRow = (dataset: string, letter: DeadLetter): ReadonlyArray<Value> => [
  dataset,
  letter.reason,
  letter.path,
  letter.offset === null ? null : BigInt(letter.offset),
  letter.detail,
  letter.raw,
  BigInt(letter.size),
  letter.source,
  letter.shard,
  letter.sequenceNumber,
  BigInt(letter.subSequenceNumber),
  BigInt(microsOf(letter.arrivedAt)),
  letter.header
]
