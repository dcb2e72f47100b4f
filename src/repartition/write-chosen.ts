import { Effect, Exit, Scope } from "effect"
import type { LakeError } from "../duckdb/errors.ts"
import { openParquetFile, type ParquetFile } from "../parquet/file.ts"
import { randomUuid } from "../record/random.ts"
import type { StoreError } from "../store/store.ts"
import { addPath } from "../table/table.ts"
import type { EngineFile, EnginePlan, NewFile, PartitionCount } from "./engine.ts"
import type { EngineRun } from "./engine-run.ts"
import * as sql from "./fold-sql.ts"
import { partitionValues } from "./partitions.ts"
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
 * Moves the rows of `chosen` from the files that hold them to files by partition, sorted by key and version.
 *
 * Rows move in slices of that order, and within a slice leaf by leaf, by several threads: each is read from wherever it stands, put in order, and encoded. A slice of
 * which one leaf alone is too much is halved; a row by itself always goes, for the ingest has held it in the same form. What stays of a slice until its end is
 * compressed. A partition of more than one slice becomes one file all the same, up to the target size: their row groups follow each other.
 */
export const writeChosen = (
  plan: EnginePlan,
  run: EngineRun,
  files: ReadonlyArray<EngineFile>,
  threads: SliceThreads
): Effect.Effect<ReadonlyArray<NewFile>, Failure> =>
  Effect.gen(function* () {
    const { db, store } = run
    const partitions: ReadonlyArray<PartitionCount> = (yield* db.rows(sql.chosenPartitionsSql)).map((row) => ({
      partition: String(row["partition"]),
      rows: Number(row["rows"])
    }))
    const total = partitions.reduce((sum, { rows }) => sum + rows, 0)
    const holding = new Set((yield* db.rows(sql.holdingSql)).map((row) => Number(row["f"])))
    const mover = new SliceMover(plan, run, files, threads)
    const most = mostRows(
      files.reduce((sum, { size }, f) => sum + (holding.has(f) ? size : 0), 0),
      total,
      (2 * run.sliceBytes) / (1 + run.threads)
    )
    const written: Array<NewFile> = []
    let open: OpenFile | null = null

    const valuesOf = (partition: string) => partitionValues(plan.identity.partition, partition)
    const fileFor = Effect.fnUntraced(function* (partition: string) {
      const path = addPath(valuesOf(partition), `part-${yield* randomUuid}.zstd.parquet`)
      const scope = yield* Scope.make()
      const upload = yield* Scope.provide(store.upload(`${plan.tablePath}/${path}`), scope)
      return { path, partition, file: openParquetFile(plan.columns, upload), scope, bytes: 0 }
    }, Effect.uninterruptible)

    const finish = Effect.fnUntraced(function* ({ path, partition, file, scope }: OpenFile) {
      const { size, rows, stats } = yield* file.finish
      written.push({ add: { path, partitionValues: valuesOf(partition), size, stats }, rows })
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
          if (!isLast && open.bytes < plan.targetFileBytes) continue
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
        Effect.ignore(store.delete(written.map(({ add }) => `${plan.tablePath}/${add.path}`)))
      )
    )
    yield* Effect.onError(work, () => discard)
    return written
  })
