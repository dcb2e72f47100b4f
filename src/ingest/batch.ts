import { Effect, type Scope } from "effect"
import type { Decoder, DecodeSink } from "../decode/decoder.ts"
import type { Column, Value } from "../record/column.ts"
import { type DeadLetter, deadLetterColumns } from "../record/dead-letter.ts"
import type { Position, Positions, ShardPosition } from "../record/position.ts"
import { arrivedAt, type RecordPage, recordsAfter } from "../record/record.ts"
import { type DecodeCounts, emptyCounts, sumOf } from "../record/report.ts"
import { stageColumns } from "../record/system-columns.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import { type LettersAhead, withoutLetters } from "./letters-ahead.ts"
import { columnsOfDate, columnsOfHour, OpenFiles, relieve } from "./open-files.ts"

/** How far the batch has come in one shard. `from` is where it began; the counts are cumulative over the shard's life. */
interface ShardProgress {
  readonly from: Position | undefined
  readonly recordsBefore: number
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
  readonly source: string
  readonly columns: ReadonlyArray<Column>
  readonly stagePath: string
  readonly deadLettersPath: string
  readonly decoder: Decoder
  readonly bufferBytes: number
  /** Unique per batch: part of its files' names. */
  readonly fileTag: string
  /** Position of each shard in the stage table. */
  readonly positions: Positions
  readonly lettersAhead: LettersAhead
}

export const deadLetterCount = (counts: DecodeCounts): number => sumOf(counts.deadLetters)

/**
 * The batch being filled. Decoding is synchronous and pure; only writing row groups touches the store. Memory is bounded by `bufferBytes`
 * plus one page, whatever the batch's size.
 */
export class OpenBatch {
  readonly counts: DecodeCounts = emptyCounts()
  readonly shards = new Map<string, ShardProgress>()
  private readonly context: BatchContext
  private readonly stage: OpenFiles
  private readonly deadLetters: OpenFiles
  private readonly sink: DecodeSink
  private deadLettersWritten = 0

  constructor(context: BatchContext) {
    this.context = context
    this.stage = new OpenFiles(context.stagePath, stageColumns(context.columns), context.fileTag)
    this.deadLetters = new OpenFiles(context.deadLettersPath, deadLetterColumns, context.fileTag)
    this.sink = {
      columnsFor: (millis) => columnsOfHour(this.stage, millis),
      deadLetter: (letter) => this.deadLetter(letter),
      counts: this.counts
    }
  }

  get isEmpty(): boolean {
    return this.shards.size === 0
  }

  get hours(): number {
    return this.stage.size
  }

  /** Decodes one page into the batch. Records at or before the shard's position have been taken already. */
  add(given: RecordPage): void {
    const { counts, context } = this
    const before = { records: counts.records, rows: counts.rows, deadLetters: deadLetterCount(counts), empty: counts.empty }
    const progress = this.shards.get(given.shard)
    const stored = progress?.position ?? context.positions.get(given.shard)
    const page = recordsAfter(given, stored)
    const ahead = context.lettersAhead.get(page.shard)
    context.decoder.decodePage(context.source, ahead === undefined ? page : withoutLetters(page, ahead, counts), this.sink)

    const last = page.count - 1
    const sequenceNumber = page.sequenceNumbers[last] ?? stored?.sequenceNumber
    // A page without records, of a shard that never had one, says nothing that a commit could hold.
    if (sequenceNumber === undefined) return
    const resume = page.resume ?? stored?.source
    const position: ShardPosition = {
      sequenceNumber,
      subSequenceNumber: last < 0 ? (stored?.subSequenceNumber ?? 0) : (page.subSequenceNumbers?.[last] ?? 0),
      arrivedAt: last < 0 ? (stored?.arrivedAt ?? "") : new Date(arrivedAt(page, last)).toISOString(),
      records: (stored?.records ?? 0) + counts.records - before.records,
      rows: (stored?.rows ?? 0) + counts.rows - before.rows,
      deadLetters: (stored?.deadLetters ?? 0) + deadLetterCount(counts) - before.deadLetters,
      empty: (stored?.empty ?? 0) + counts.empty - before.empty,
      ...(resume === undefined ? {} : { source: resume })
    }
    if (progress !== undefined) progress.position = position
    else {
      const from = stored === undefined ? undefined : { sequenceNumber: stored.sequenceNumber, subSequenceNumber: stored.subSequenceNumber }
      this.shards.set(page.shard, { from, recordsBefore: stored?.records ?? 0, position })
    }
  }

  /** Writes row groups until the columns in memory fit the buffer again. */
  relieve(): Effect.Effect<void, StoreError, Store | Scope.Scope> {
    return relieve([this.stage, this.deadLetters], this.context.bufferBytes)
  }

  /** Finishes all files. They lie in the store, but nothing refers to them before the commit. */
  close(modificationTime: number): Effect.Effect<ClosedBatch, StoreError, Store | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const deadLetterFiles = yield* this.deadLetters.finish(modificationTime)
      const stageFiles = yield* this.stage.finish(modificationTime)
      return { counts: this.counts, stageFiles, deadLetterFiles, deadLetters: this.deadLettersWritten, shards: this.shards }
    })
  }

  private deadLetter(letter: DeadLetter): void {
    columnsOfDate(this.deadLetters, letter.arrivedAt).append(deadLetterRow(this.context.dataset, letter))
    this.deadLettersWritten++
  }
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
  BigInt(letter.arrivedAt) * 1000n
]
