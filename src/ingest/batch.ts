import { Effect } from "effect"
import { maxDriftPaths, namedPaths, otherPaths } from "../decode/drift.ts"
import { addCounts } from "../lake/history.ts"
import type { Column, Value } from "../record/column.ts"
import { type DeadLetter, deadLetterColumns } from "../record/dead-letter.ts"
import type { Position, Positions, ShardPosition } from "../record/position.ts"
import { arrivedAt, type RecordPage, recordsAfter } from "../record/record.ts"
import { type DecodeCounts, emptyCounts, sumOf } from "../record/report.ts"
import { stageColumns } from "../record/system-columns.ts"
import type { StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import type { Append, BatchDecoder, Work } from "./batch-decoder.ts"
import { type LettersAhead, withoutLetters } from "./letters-ahead.ts"
import { OpenFiles } from "./open-files.ts"
import { byDate, byHour, type PartitionedRows } from "./partitioned-rows.ts"
import type { DecodedPage } from "./stage-decoder.ts"

/** How far the batch has come in one shard. `from` is where it began; the counts are cumulative over the shard's life. */
export interface ShardProgress {
  readonly from: Position | undefined
  readonly recordsBefore: number
  /** Its counts hold the pages that are decoded: all, when the batch is closed. */
  position: ShardPosition
}

/** The files and positions of a closed batch: one value, so that nothing can commit the one without the other. */
export interface ClosedBatch {
  readonly counts: DecodeCounts
  readonly stageFiles: ReadonlyArray<AddFile>
  readonly deadLetterFiles: ReadonlyArray<AddFile>
  readonly deadLetters: number
  readonly shards: ReadonlyMap<string, ShardProgress>
}

export interface BatchContext {
  readonly dataset: string
  readonly columns: ReadonlyArray<Column>
  readonly stagePath: string
  readonly deadLettersPath: string
  readonly decoder: BatchDecoder
  /** Rows of dead letters that are not in a file yet; empty. */
  readonly letters: PartitionedRows
  /** Unique per batch: part of its files' names. */
  readonly fileTag: string
  /** Position of each shard in the stage table. */
  readonly positions: Positions
  readonly lettersAhead: { readonly get: LettersAhead["get"] }
  /** Told when a page has been decoded. */
  readonly onPage: (counts: DecodeCounts) => void
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
  readonly #hours = new Set<number>()
  readonly #shards = new Map<string, ShardProgress>()
  readonly #context: BatchContext
  readonly #stage: OpenFiles
  readonly #deadLetters: OpenFiles
  readonly #append: Append
  #lettersWritten = 0

  constructor(context: BatchContext) {
    this.#context = context
    this.#stage = new OpenFiles(context.stagePath, stageColumns(context.columns), byHour, context.fileTag)
    this.#deadLetters = new OpenFiles(context.deadLettersPath, deadLetterColumns, byDate, context.fileTag)
    this.#append = (group) => this.#stage.append(group)
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
      const { decoder, letters, lettersAhead, positions } = this.#context
      const page = recordsAfter(given, this.#shards.get(given.shard)?.position ?? positions.get(given.shard))
      const shard = this.#progress(page)
      // A page without records, of a shard that never had one, says nothing that a commit could hold.
      if (shard === null) {
        given.release?.()
        return Effect.void
      }
      this.bytes += sizeOf(page)
      const ahead = lettersAhead.get(page.shard)
      const known = emptyCounts()
      const rest = ahead === undefined ? page : withoutLetters(page, ahead, known)
      if (rest !== page) this.#settle(shard, { counts: known, letters: [] })
      addHours(this.#hours, rest)
      return Effect.andThen(
        rest.count === 0
          ? Effect.sync(() => given.release?.())
          : decoder.decode(rest, (decoded) => this.#settle(shard, decoded), this.#append),
        // All at once: letters of other pages may come while these are written.
        Effect.suspend(() => this.#deadLetters.appendAll([...letters.full()]))
      )
    })
  }

  /** How far the batch has come, by shard. */
  get shards(): ReadonlyMap<string, ShardProgress> {
    return this.#shards
  }

  /** Waits for all pages. Counts and positions are final then, and the decoder is free for another batch. */
  get flush(): Work {
    return Effect.suspend(() => {
      const { decoder, letters } = this.#context
      return Effect.andThen(
        decoder.flush(this.#append),
        Effect.suspend(() => this.#deadLetters.appendAll(letters.rest()))
      )
    })
  }

  /** Finishes all files, behind `flush`. They lie in the store, but nothing refers to them before the commit. */
  finish(modificationTime: number): Effect.Effect<ClosedBatch, StoreError> {
    return Effect.gen({ self: this }, function* () {
      const deadLetterFiles = yield* this.#deadLetters.finish(modificationTime)
      const stageFiles = yield* this.#stage.finish(modificationTime)
      return { counts: this.counts, stageFiles, deadLetterFiles, deadLetters: this.#lettersWritten, shards: this.#shards }
    })
  }

  /** Moves the position of a page's shard behind the page; null where there is none. */
  #progress(page: RecordPage): ShardProgress | null {
    const progress = this.#shards.get(page.shard)
    const stored = progress?.position ?? this.#context.positions.get(page.shard)
    const last = page.count - 1
    const sequenceNumber = page.sequenceNumbers[last] ?? stored?.sequenceNumber ?? page.position?.sequenceNumber
    if (sequenceNumber === undefined) return null
    const resume = page.resume ?? stored?.source
    const position: ShardPosition = {
      sequenceNumber,
      subSequenceNumber:
        last < 0 ? (stored?.subSequenceNumber ?? page.position?.subSequenceNumber ?? 0) : (page.subSequenceNumbers?.[last] ?? 0),
      arrivedAt: last < 0 ? (stored?.arrivedAt ?? "") : new Date(arrivedAt(page, last)).toISOString(),
      records: stored?.records ?? 0,
      rows: stored?.rows ?? 0,
      deadLetters: stored?.deadLetters ?? 0,
      empty: stored?.empty ?? 0,
      ...(resume === undefined ? {} : { source: resume })
    }
    if (progress !== undefined) {
      progress.position = position
      return progress
    }
    const from = stored === undefined ? undefined : { sequenceNumber: stored.sequenceNumber, subSequenceNumber: stored.subSequenceNumber }
    const begun: ShardProgress = { from, recordsBefore: stored?.records ?? 0, position }
    this.#shards.set(page.shard, begun)
    return begun
  }

  /** Counts what became of records of a shard, and keeps the dead letters among them. */
  #settle(shard: ShardProgress, { counts, letters }: DecodedPage): void {
    const { position } = shard
    shard.position = {
      ...position,
      records: position.records + counts.records,
      rows: position.rows + counts.rows,
      deadLetters: position.deadLetters + deadLetterCount(counts),
      empty: position.empty + counts.empty
    }
    addPage(this.counts, counts)
    for (const letter of letters) {
      this.#context.letters.columnsFor(letter.arrivedAt).append(deadLetterRow(this.#context.dataset, letter))
      this.#lettersWritten++
    }
    this.#context.onPage(this.counts)
  }
}

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
  BigInt(Math.trunc(letter.arrivedAt)) * 1000n
]
