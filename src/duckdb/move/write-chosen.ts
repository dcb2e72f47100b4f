import { Effect, Exit, Scope } from "effect"
import { openParquetFile, type ParquetFile } from "../../parquet/file.ts"
import { randomUuid } from "../../record/random.ts"
import type { StoreError } from "../../store/store.ts"
import { addPath } from "../../table/table.ts"
import type { LakeError } from "../errors.ts"
import { chosenPartitionsSql, holdingSql } from "./chosen-sql.ts"
import type { Move, NewFile, PartitionCount, StoredFile, Target } from "./move.ts"
import { SliceMover } from "./slice-mover.ts"
import type { SliceThreads } from "./slice-threads.ts"
import { mostRows, piecesOf, rowsAtOnce } from "./slices.ts"

type Failure = LakeError | StoreError

/** A file that gets the rows of a partition. */
interface OpenFile {
  readonly path: string
  readonly partition: string
  readonly file: ParquetFile
  readonly scope: Scope.Closeable
  bytes: number
}

/**
 * Moves the rows of `chosen` from the files that hold them to files by partition, in the order of their places.
 *
 * Rows move in slices of that order, and within a slice leaf by leaf, by several threads: each is read from wherever it stands, put in order, and encoded. A slice of
 * which one leaf alone is too much is halved; a row by itself always goes, for the ingest has held it in the same form. What stays of a slice until its end is
 * compressed. A partition of more than one slice becomes one file all the same, up to the target size: their row groups follow each other.
 */
export const writeChosen = (
  target: Target,
  run: Move,
  files: ReadonlyArray<StoredFile>,
  threads: SliceThreads
): Effect.Effect<ReadonlyArray<NewFile>, Failure> =>
  Effect.gen(function* () {
    const { db, store } = run
    const partitions: ReadonlyArray<PartitionCount> = (yield* db.rows(chosenPartitionsSql)).map((row) => ({
      partition: String(row["partition"]),
      rows: Number(row["rows"])
    }))
    const total = partitions.reduce((sum, { rows }) => sum + rows, 0)
    const holding = new Set((yield* db.rows(holdingSql)).map((row) => Number(row["f"])))
    const mover = new SliceMover(target.columns, run, files, threads)
    const most = mostRows(
      files.reduce((sum, { size }, f) => sum + (holding.has(f) ? size : 0), 0),
      total,
      (2 * run.sliceBytes) / (1 + run.threads)
    )
    const written: Array<NewFile> = []
    let open: OpenFile | null = null

    const fileFor = Effect.fnUntraced(function* (partition: string) {
      const path = addPath(target.valuesOf(partition), `part-${yield* randomUuid}.zstd.parquet`)
      const scope = yield* Scope.make()
      const upload = yield* Scope.provide(store.upload(`${target.tablePath}/${path}`), scope)
      return { path, partition, file: openParquetFile(target.columns, upload), scope, bytes: 0 }
    }, Effect.uninterruptible)

    const finish = Effect.fnUntraced(function* ({ path, partition, file, scope }: OpenFile) {
      const { size, rows, stats } = yield* file.finish
      written.push({ add: { path, partitionValues: target.valuesOf(partition), size, stats }, rows })
      yield* Scope.close(scope, Exit.void)
    })

    const work = Effect.gen(function* () {
      let rows = most
      let fitted = 0
      for (let from = 0; from < total; ) {
        const length = rowsAtOnce(piecesOf(partitions, from, Math.min(rows, total - from)), mover.leaves)
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
          if (!isLast && open.bytes < target.targetFileBytes) continue
          yield* finish(open)
          open = null
        }
        from += length
        run.onProgress({ rows: from, rowsTotal: total })
        // What made a slice too large may be behind; to find that it is not costs the reading of a slice.
        if (++fitted % 4 === 0) rows = Math.min(most, rows * 2)
      }
    })
    // What was put before a failure was never named by a commit, so nobody misses it.
    const discard = Effect.suspend(() =>
      Effect.andThen(
        open === null ? Effect.void : Scope.close(open.scope, Exit.void),
        Effect.ignore(store.delete(written.map(({ add }) => `${target.tablePath}/${add.path}`)))
      )
    )
    yield* Effect.onError(work, () => discard)
    return written
  })
