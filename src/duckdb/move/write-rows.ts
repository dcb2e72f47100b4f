import { Effect, Exit, Scope } from "effect"
import { openParquetFile, type ParquetFile } from "../../parquet/file.ts"
import type { Column } from "../../record/column.ts"
import type { StoreError, Upload } from "../../store/store.ts"
import type { LakeError } from "../errors.ts"
import { holdingSql, partitionsSql } from "./chosen-sql.ts"
import type { Move, PartitionCount, StoredFile } from "./move.ts"
import { SliceMover } from "./slice-mover.ts"
import type { SliceThreads } from "./slice-threads.ts"
import { mostRows, piecesOf, rowsAtOnce } from "./slices.ts"

export type MoveFailure = LakeError | StoreError

/** Rows to write, and how the files that get them begin and end. */
export interface RowsToWrite {
  /** A table of DuckDB, see `chosen-sql.ts`. */
  readonly table: string
  readonly columns: ReadonlyArray<Column>
  /** Bytes at which a partition goes on in another file. */
  readonly targetFileBytes: number
  /** Do slices end with partitions, where they can? Row groups that go over nearly as they are must not be cut; who reads by ranges of places wants slices that are these. */
  readonly keepsPartitions: boolean
  /** Begins a file of a partition, which lasts as long as the scope. */
  readonly upload: (partition: string) => Effect.Effect<{ readonly path: string; readonly upload: Upload }, MoveFailure, Scope.Scope>
  /** A file is whole. */
  readonly onFile: (file: WrittenFile) => void
  /** Must not fail or block. @param rows how many are written */
  readonly onRows: (rows: number) => void
}

export interface WrittenFile {
  readonly path: string
  readonly partition: string
  readonly size: number
  readonly rows: number
  /** As a Delta log says them. */
  readonly stats: string
}

/** Files that hold rows, and what comes of them. */
export interface Sizes {
  readonly rows: number
  /** That are taken at a time, at the most. */
  readonly most: number
  /** The files that hold any. */
  readonly holding: ReadonlyArray<StoredFile>
}

/** Files that are read at a time, about, if all have rows that are taken: of each some bytes are read ahead, and it is noted which rows are wanted. */
const mostFiles = 512

/** Of the rows of `chosen`. @param files that it numbers */
export const sizesOf = (run: Move, files: ReadonlyArray<StoredFile>): Effect.Effect<Sizes, LakeError> =>
  Effect.gen(function* () {
    const atATime = (2 * run.sliceBytes) / (1 + run.threads)
    const holding: Array<StoredFile> = []
    let [rows, bytes] = [0, 0]
    for (const row of yield* run.db.rows(holdingSql)) {
      rows += Number(row["rows"])
      const file = files[Number(row["f"])]
      if (file === undefined) continue
      holding.push(file)
      bytes += Math.min(file.size, Math.max(file.size * Number(row["share"]), (2 * atATime) / mostFiles))
    }
    return { rows, most: mostRows(bytes, rows, atATime), holding }
  })

/** A file that gets the rows of a partition. */
interface OpenFile {
  readonly path: string
  readonly partition: string
  readonly file: ParquetFile
  readonly scope: Scope.Closeable
  bytes: number
}

/**
 * Files that are finished together, so that small ones do not wait for the store one by one: so many, of so many bytes, and of these so many at a time. The store may have
 * them in memory until then.
 */
const mostWhole = 64
const mostWholeBytes = 4 * 1024 * 1024
const finishedAtATime = 16

/**
 * Writes rows to files by partition, in the order of their places.
 *
 * Rows move in slices of that order, and within a slice leaf by leaf, by several threads: each is read from wherever it stands, put in order, and encoded. A slice of
 * which one leaf alone is too much is halved; a row by itself always goes, for the ingest has held it in the same form. What stays of a slice until its end is
 * compressed. A partition of more than one slice becomes one file all the same, up to the target size: their row groups follow each other.
 *
 * @param most rows to take at a time
 */
export const writeRows = (
  { table, columns, targetFileBytes, keepsPartitions, upload, onFile, onRows }: RowsToWrite,
  run: Move,
  files: ReadonlyArray<StoredFile>,
  most: number,
  threads: SliceThreads
): Effect.Effect<void, MoveFailure> =>
  Effect.gen(function* () {
    const partitions: ReadonlyArray<PartitionCount> = (yield* run.db.rows(partitionsSql(table))).map((row) => ({
      partition: String(row["partition"]),
      rows: Number(row["rows"])
    }))
    const total = partitions.reduce((sum, { rows }) => sum + rows, 0)
    const mover = new SliceMover(table, columns, run, files, threads)
    let open: OpenFile | null = null
    let whole: Array<OpenFile> = []

    const fileFor = Effect.fnUntraced(function* (partition: string) {
      const scope = yield* Scope.make()
      const begun = yield* Effect.onError(Scope.provide(upload(partition), scope), () => Scope.close(scope, Exit.void))
      return { path: begun.path, partition, file: openParquetFile(columns, begun.upload), scope, bytes: 0 }
    }, Effect.uninterruptible)

    /** Tells of them in their order, however they were finished. */
    const finishAll = Effect.fnUntraced(function* () {
      const finished = yield* Effect.forEach(whole, ({ file }) => file.finish, { concurrency: finishedAtATime })
      for (const [i, { path, partition, scope }] of whole.entries()) {
        const file = finished[i]
        if (file !== undefined) onFile({ path, partition, ...file })
        yield* Scope.close(scope, Exit.void)
      }
      whole = []
    })

    const work = Effect.gen(function* () {
      let rows = most
      let fitted = 0
      for (let from = 0; from < total; ) {
        const length = rowsAtOnce(piecesOf(partitions, from, Math.min(rows, total - from)), mover.leaves, keepsPartitions)
        const pieces = piecesOf(partitions, from, length)
        const groups = yield* mover.move(from, length, pieces)
        if (groups === null) {
          rows = Math.max(1, length >> 1)
          continue
        }
        for (const [i, { partition, isLast }] of pieces.entries()) {
          open ??= yield* fileFor(partition)
          for (const group of groups[i] ?? []) {
            yield* open.file.append(group)
            open.bytes += group.bytes.length
          }
          if (!isLast && open.bytes < targetFileBytes) continue
          whole.push(open)
          open = null
          if (whole.length === mostWhole || whole.reduce((total, { bytes }) => total + bytes, 0) >= mostWholeBytes) yield* finishAll()
        }
        from += length
        onRows(from)
        // What made a slice too large may be behind; to find that it is not costs the reading of a slice.
        if (++fitted % 4 === 0) rows = Math.min(most, rows * 2)
      }
      yield* finishAll()
    })
    const close = Effect.suspend(() =>
      Effect.forEach(open === null ? whole : [...whole, open], ({ scope }) => Scope.close(scope, Exit.void), { discard: true })
    )
    yield* Effect.onError(work, () => close)
  })
