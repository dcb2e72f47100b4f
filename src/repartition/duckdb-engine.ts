import { rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { type DuckDB, type DuckDBSettings, defaultMemoryLimit, openDuckDB } from "../lake/duckdb.ts"
import { LakeError } from "../lake/errors.ts"
import { fileStatistics } from "../lake/file-statistics.ts"
import { localPath } from "../lake/views.ts"
import { randomUuid } from "../record/random.ts"
import { Store, type StoreError, type StoreShape } from "../store/store.ts"
import { addPath } from "../table/paths.ts"
import { deltaSchema, type StructType } from "../table/schema.ts"
import { type Bucket, cutBuckets, type Piece, rowGroupRows } from "./buckets.ts"
import { EngineError, type EnginePlan, type EngineResult, type NewFile, noDay, type RepartitionEngine } from "./engine.ts"
import * as sql from "./fold-sql.ts"

export interface DuckDBEngineSettings extends DuckDBSettings {
  /**
   * Bytes of rows that are held in memory together; default a tenth of `memoryLimit`, since a bucket is held as rows, as sorted rows and as
   * pages of a file at once. Small buckets read files that hold many days more often.
   */
  readonly bucketBytes?: number | undefined
}

/**
 * Repartitions in this process. Memory is bounded whatever the size of the stage: what decides who wins is small and spills to disk; rows are read in
 * buckets of a day's order that fit in memory, from the files that hold them. A file that holds rows of many buckets is read once for each, which is
 * rare for a stage that fills as orders change, and the price of a backfill.
 */
export const duckdbEngine = (settings: DuckDBEngineSettings = {}): RepartitionEngine => ({
  name: "duckdb",
  survey: (plan) =>
    scoped(settings, (run) =>
      Effect.gen(function* () {
        const rows = plan.inputs.length === 0 ? [] : yield* run.db.rows(sql.surveySql(plan, run.schema, run.paths(plan.inputs)))
        return rows.map((row) => ({ day: String(row["day"]), rows: Number(row["rows"]) }))
      })
    )(plan),
  run: (plan) => scoped(settings, (run) => fold(plan, run))(plan)
})

interface Run {
  readonly db: DuckDB
  readonly store: StoreShape
  readonly schema: StructType
  /** Bytes of rows held in memory together. */
  readonly bucketBytes: number
  readonly paths: (files: ReadonlyArray<{ readonly key: string }>) => ReadonlyArray<string>
}

const scoped =
  <A>(settings: DuckDBEngineSettings, use: (run: Run) => Effect.Effect<A, LakeError | StoreError | EngineError>) =>
  (plan: EnginePlan): Effect.Effect<A, EngineError, Store> =>
    Effect.scoped(
      Effect.gen(function* () {
        const store = yield* Store
        const away = [...plan.inputs, ...plan.existing].find(({ key }) => store.localPath(key) === null)
        if (away !== undefined) yield* Effect.try({ try: () => localPath(store, away.key), catch: asEngineError })
        const db = yield* openDuckDB(settings)
        return yield* use({
          db,
          store,
          schema: deltaSchema(plan.columns),
          bucketBytes: settings.bucketBytes ?? (settings.memoryLimit ?? defaultMemoryLimit) / 10,
          paths: (files) => files.map(({ key }) => localPath(store, key))
        })
      })
    ).pipe(Effect.mapError(asEngineError))

const asEngineError = (error: unknown): EngineError => {
  if (error instanceof EngineError) return error
  const { message, hint } =
    error instanceof LakeError ? { message: error.problem, hint: error.hint } : { message: String(error), hint: "Run again." }
  return new EngineError({ engine: "duckdb", problem: message, hint, cause: error })
}

const fold = (plan: EnginePlan, run: Run): Effect.Effect<EngineResult, LakeError | StoreError | EngineError> =>
  Effect.gen(function* () {
    const { db, schema, paths } = run
    if (plan.inputs.length === 0) return { rowsRead: 0, rowsAdded: 0, files: [], replaced: [], days: [] }
    yield* db.run(`CREATE TABLE copy AS ${sql.copiesSql(plan, schema, paths(plan.inputs), 0, false)}`)
    const days = (yield* db.rows("SELECT DISTINCT d FROM copy ORDER BY d")).map((row) => String(row["d"]))

    const existing = plan.versionDecidesDay ? plan.existing.filter(({ day }) => days.includes(day)) : plan.existing
    const files = [...plan.inputs, ...existing]
    if (existing.length > 0) {
      yield* db.run(`INSERT INTO copy ${sql.copiesSql(plan, schema, paths(existing), plan.inputs.length, true)}`)
    }
    yield* db.run(sql.winnerSql(plan.bounds))
    const replaced = (yield* db.rows(sql.replacedSql)).map((row) => Number(row["f"]))
    const [counts = {}] = yield* db.rows(sql.countsSql(plan.bounds))
    yield* db.run("DROP TABLE copy")
    yield* db.run(sql.chosenSql(replaced))
    yield* db.run("DROP TABLE winner")

    return {
      rowsRead: Number(counts["read"]),
      rowsAdded: Number(counts["added"]) - Number(counts["lost"]),
      files: yield* writeChosen(plan, run, files),
      replaced: replaced.flatMap((f) => existing[f - plan.inputs.length]?.path ?? []),
      days: plan.versionDecidesDay ? days : [...new Set([...days, ...existing.map(({ day }) => day)])]
    }
  })

/** Writes the rows of `chosen`, bucket by bucket, and puts a file into the store whenever a day is complete or large enough. */
const writeChosen = (
  plan: EnginePlan,
  run: Run,
  files: ReadonlyArray<{ readonly key: string }>
): Effect.Effect<ReadonlyArray<NewFile>, LakeError | StoreError> =>
  Effect.gen(function* () {
    const { db, schema } = run
    const days = (yield* db.rows("SELECT d AS day, count(*) AS rows FROM chosen GROUP BY d ORDER BY d")).map((row) => ({
      day: String(row["day"]),
      rows: Number(row["rows"])
    }))
    if (days.length === 0) return []
    const rowBytes = yield* estimateRowBytes(run, files)
    const groupRows = rowGroupRows(rowBytes, run.bucketBytes)
    const written: Array<NewFile> = []
    const local: Array<LocalPiece> = []
    const flush = Effect.suspend(() => {
      const pieces = local.splice(0)
      return pieces.length === 0 ? Effect.void : Effect.map(putDay(plan, run, pieces, groupRows), (file) => void written.push(file))
    })

    const bucket = Effect.fn("repartition.bucket")(function* ({ from, to, pieces }: Bucket) {
      const holding = yield* db.rows(`SELECT DISTINCT f FROM chosen WHERE place >= ${from} AND place < ${to} ORDER BY f`)
      const sources = holding.flatMap((row) => {
        const file = files[Number(row["f"])]
        return file === undefined ? [] : [{ number: Number(row["f"]), path: localPath(run.store, file.key) }]
      })
      yield* db.run(sql.bucketSql(schema, sources, from, to))
      for (const piece of pieces) {
        const before = local.at(-1)
        if (before !== undefined && (before.day !== piece.day || bytesOf(local) >= plan.targetFileBytes)) yield* flush
        local.push(yield* writePiece(run, piece, groupRows))
      }
      yield* db.run("DROP TABLE bucket")
    })

    // What was put before a failure was never named by a commit, so nobody misses it.
    const discard = Effect.suspend(() => Effect.ignore(run.store.delete(written.map(({ add }) => `${plan.tablePath}/${add.path}`))))
    return yield* Effect.forEach(cutBuckets(days, Math.max(1, Math.floor(run.bucketBytes / rowBytes))), bucket, { discard: true }).pipe(
      Effect.andThen(flush),
      Effect.as(written),
      Effect.onError(() => discard)
    )
  })

interface LocalPiece {
  readonly day: string
  readonly path: string
  readonly size: number
}

const bytesOf = (pieces: ReadonlyArray<LocalPiece>): number => pieces.reduce((total, { size }) => total + size, 0)

/** About how many bytes a row takes in memory, from a few rows of some files. */
const estimateRowBytes = (run: Run, files: ReadonlyArray<{ readonly key: string }>): Effect.Effect<number, LakeError> => {
  const step = Math.max(1, Math.ceil(files.length / 8))
  const some = files.filter((_, i) => i % step === 0)
  return Effect.map(run.db.rows(sql.rowBytesSql(run.schema, run.paths(some))), ([row]) => Math.max(64, Number(row?.["bytes"] ?? 0)))
}

const sizeOf = (path: string): Effect.Effect<number, LakeError> =>
  Effect.tryPromise({
    try: () => stat(path),
    catch: (cause) =>
      new LakeError({ reason: "Unavailable", problem: `${path} was written and cannot be found`, hint: "Run again.", cause })
  }).pipe(Effect.map(({ size }) => size))

const writePiece = (run: Run, { day, from, to }: Piece, groupRows: number): Effect.Effect<LocalPiece, LakeError> =>
  Effect.gen(function* () {
    const path = join(run.db.folder, `piece-${from}.parquet`)
    yield* run.db.run(sql.copyBucketSql(run.schema, from, to, path, groupRows))
    return { day, path, size: yield* sizeOf(path) }
  })

/** Makes one file of a day's pieces, which follow each other, and puts it into the store. */
const putDay = (
  plan: EnginePlan,
  run: Run,
  pieces: ReadonlyArray<LocalPiece>,
  groupRows: number
): Effect.Effect<NewFile, LakeError | StoreError> =>
  Effect.gen(function* () {
    const [first] = pieces
    const whole = pieces.length === 1 && first !== undefined ? first.path : join(run.db.folder, "whole.parquet")
    if (pieces.length > 1) {
      const parts = pieces.map(({ path }) => path)
      yield* run.db.run(sql.concatenateSql(parts, whole, groupRows))
      yield* Effect.ignore(Effect.tryPromise(() => Promise.all(parts.map((path) => rm(path)))))
    }
    const { rows, text } = yield* fileStatistics(run.db, whole, plan.columns)
    const partitionValues = { change_date: first === undefined || first.day === noDay ? null : first.day }
    const path = addPath(partitionValues, `part-${yield* randomUuid}.zstd.parquet`)
    const { size } = yield* run.store.putFile(`${plan.tablePath}/${path}`, whole)
    return { add: { path, partitionValues, size, stats: text }, rows }
  })
