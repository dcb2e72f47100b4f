import { rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { type Chunk, cutChunks } from "../lake/chunks.ts"
import type { DuckDB } from "../lake/duckdb.ts"
import { LakeError } from "../lake/errors.ts"
import { fileStatistics } from "../lake/file-statistics.ts"
import { joinParquet } from "../lake/join-parquet.ts"
import { estimateRowBytes, rowGroupRows } from "../lake/row-size.ts"
import { statisticsColumns } from "../parquet/statistics.ts"
import { randomUuid } from "../record/random.ts"
import type { StoreError, StoreShape } from "../store/store.ts"
import { addPath } from "../table/paths.ts"
import type { StructType } from "../table/schema.ts"
import { type Bucket, cutBuckets } from "./buckets.ts"
import { type EngineFile, type EnginePlan, type NewFile, noDay } from "./engine.ts"
import * as sql from "./fold-sql.ts"

/** What the steps of one run share. */
export interface EngineRun {
  readonly db: DuckDB
  readonly store: StoreShape
  readonly schema: StructType
  /** Bytes of rows held in memory together. */
  readonly bucketBytes: number
  readonly paths: (files: ReadonlyArray<{ readonly key: string }>) => ReadonlyArray<string>
}

type Failure = LakeError | StoreError

/** A temporary file on its way to a bucket. */
interface Spilled {
  readonly path: string
  readonly size: number
}

/**
 * Moves the rows of `chosen` from the files that hold them to files by day, sorted by key and version. Each file is read once, in chunks that fit in
 * memory. One chunk is enough for an hour's work: its days are written at once. Otherwise a chunk is sorted and divided among buckets of
 * neighbouring days, on the local disk; then each bucket is sorted in memory and its days are written. A day that does not fit in memory becomes a file of
 * sorted runs, which follow each other as they arrived.
 */
export const writeChosen = (
  plan: EnginePlan,
  run: EngineRun,
  files: ReadonlyArray<EngineFile>
): Effect.Effect<ReadonlyArray<NewFile>, Failure> =>
  Effect.gen(function* () {
    const { db } = run
    const days = (yield* db.rows("SELECT d AS day, count(*) AS rows FROM chosen GROUP BY d ORDER BY d")).map((row) => ({
      day: String(row["day"]),
      rows: Number(row["rows"])
    }))
    if (days.length === 0) return []
    const holdings = (yield* db.rows("SELECT f, count(*) AS n, max(r) AS last FROM chosen GROUP BY f ORDER BY f")).map((row) => ({
      file: Number(row["f"]),
      rows: Number(row["n"]),
      lastRow: Number(row["last"])
    }))
    // Rows are wide from here on: each thread would hold vectors of them.
    yield* db.setThreads(1)
    const rowBytes = yield* estimateRowBytes(db, run.schema, run.paths(files))
    const rowsAtATime = Math.max(1, Math.floor(run.bucketBytes / rowBytes))
    const groupRows = rowGroupRows(rowBytes, run.bucketBytes)
    const chunks = cutChunks(holdings, rowsAtATime)
    const buckets = cutBuckets(days, rowsAtATime)
    const written: Array<NewFile> = []
    const put = (day: string, parts: ReadonlyArray<string>) => Effect.map(putFile(plan, run, day, parts), (file) => void written.push(file))
    const local = join(db.folder, "day.parquet")
    const putDays = Effect.fnUntraced(function* (table: "chunk" | "bucket", bucket: Bucket) {
      for (const piece of bucket.days) {
        yield* db.run(sql.copyDaySql(run.schema, table, piece, local, groupRows))
        yield* put(piece.day, [local])
      }
    })

    const work = Effect.gen(function* () {
      const [only] = chunks
      if (chunks.length === 1 && only !== undefined) {
        yield* readChunk(run, files, only)
        for (const bucket of buckets) yield* putDays("chunk", bucket)
        return
      }
      const fits = (bucket: Bucket) => bucket.to - bucket.from <= rowsAtATime
      const spilled = yield* spill(run, files, chunks, buckets, (bucket, path) =>
        fits(bucket) ? sql.spillSql(bucket.from, bucket.to, path) : sql.copyDaySql(run.schema, "chunk", bucket, path, groupRows)
      )
      for (const [i, bucket] of buckets.entries()) {
        const parts = spilled[i] ?? []
        if (fits(bucket)) {
          yield* db.run(sql.bucketSql(parts.map(({ path }) => path)))
          yield* putDays("bucket", bucket)
          yield* db.run("DROP TABLE bucket")
        } else {
          for (const group of bySize(parts, plan.targetFileBytes)) {
            yield* put(
              bucket.days[0]?.day ?? noDay,
              group.map(({ path }) => path)
            )
          }
        }
        yield* remove(parts)
      }
    })
    // What was put before a failure was never named by a commit, so nobody misses it.
    const discard = Effect.suspend(() => Effect.ignore(run.store.delete(written.map(({ add }) => `${plan.tablePath}/${add.path}`))))
    yield* Effect.onError(work, () => discard)
    return written
  })

const readChunk = (run: EngineRun, files: ReadonlyArray<EngineFile>, chunk: Chunk): Effect.Effect<void, LakeError> =>
  run.db.run(sql.chunkSql(run.schema, run.paths(chunk.files.flatMap((number) => files[number] ?? [])), chunk))

/** Divides the rows of all chunks among the buckets. Gives the temporary files of each. */
const spill = (
  run: EngineRun,
  files: ReadonlyArray<EngineFile>,
  chunks: ReadonlyArray<Chunk>,
  buckets: ReadonlyArray<Bucket>,
  copy: (bucket: Bucket, path: string) => string
): Effect.Effect<ReadonlyArray<ReadonlyArray<Spilled>>, LakeError> =>
  Effect.gen(function* () {
    const spilled: ReadonlyArray<Array<Spilled>> = buckets.map(() => [])
    for (const [i, chunk] of chunks.entries()) {
      yield* readChunk(run, files, chunk)
      for (const row of yield* run.db.rows(sql.bucketsOfChunkSql(buckets))) {
        const number = Number(row["b"])
        const bucket = buckets[number]
        if (bucket === undefined) continue
        const path = join(run.db.folder, `bucket-${number}-${i}.parquet`)
        yield* run.db.run(copy(bucket, path))
        spilled[number]?.push({ path, size: yield* sizeOf(path) })
      }
      yield* run.db.run("DROP TABLE chunk")
    }
    return spilled
  })

const bySize = (parts: ReadonlyArray<Spilled>, bytes: number): ReadonlyArray<ReadonlyArray<Spilled>> => {
  const groups: Array<Array<Spilled>> = []
  let size = 0
  for (const part of parts) {
    const group = groups.at(-1)
    if (group === undefined || size + part.size > bytes) {
      groups.push([part])
      size = part.size
    } else {
      group.push(part)
      size += part.size
    }
  }
  return groups
}

const sizeOf = (path: string): Effect.Effect<number, LakeError> =>
  Effect.tryPromise({
    try: () => stat(path),
    catch: (cause) =>
      new LakeError({ reason: "Unavailable", problem: `${path} was written and cannot be found`, hint: "Run again.", cause })
  }).pipe(Effect.map(({ size }) => size))

/** Early, to save disk: all of the folder goes in the end. */
const remove = (parts: ReadonlyArray<Spilled>): Effect.Effect<void> =>
  Effect.ignore(Effect.tryPromise(() => Promise.all(parts.map(({ path }) => rm(path)))))

/** Makes one file of parts that follow each other, and puts it into the store. */
const putFile = (plan: EnginePlan, run: EngineRun, day: string, parts: ReadonlyArray<string>): Effect.Effect<NewFile, Failure> =>
  Effect.gen(function* () {
    const local = join(run.db.folder, "whole.parquet")
    const told = new Set(statisticsColumns(plan.columns).flatMap(({ path, leaf }) => (leaf === null ? [] : [path.join(".")])))
    yield* joinParquet(parts, local, (path) => told.has(path.join(".")))
    const { rows, text } = yield* fileStatistics(run.db, local, plan.columns)
    const partitionValues = { change_date: day === noDay ? null : day }
    const path = addPath(partitionValues, `part-${yield* randomUuid}.zstd.parquet`)
    const { size } = yield* run.store.putFile(`${plan.tablePath}/${path}`, local)
    return { add: { path, partitionValues, size, stats: text }, rows }
  })
