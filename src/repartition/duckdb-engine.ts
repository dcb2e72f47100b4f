import { Effect, type Scope } from "effect"
import { LakeError } from "../duckdb/errors.ts"
import { loadsSql } from "../duckdb/identity-sql.ts"
import { type MoveSettings, memoryShares, moveWith } from "../duckdb/move/move.ts"
import { fewBytes, openSliceThreads } from "../duckdb/move/slice-threads.ts"
import { writeChosen } from "../duckdb/move/write-chosen.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { type NewestLoad, newestLoad } from "../lake/newest-load.ts"
import { Store, StoreError } from "../store/store.ts"
import { deltaSchema, type StructType } from "../table/schema.ts"
import {
  EngineError,
  type EnginePlan,
  type EngineResult,
  keyless,
  nothingMade,
  type PartitionCount,
  type RepartitionEngine,
  tombstoneColumns
} from "./engine.ts"
import { type EngineRun, numbered, numberedOf } from "./engine-run.ts"
import type { NumberedFiles } from "./fold-sql.ts"
import * as sql from "./fold-sql.ts"
import * as inPlace from "./in-place-sql.ts"
import { partitionValues } from "./partitions.ts"
import { writeTombstones } from "./write-tombstones.ts"

/**
 * Repartitions in this process. Memory is bounded whatever the size of the stage: what decides who wins is small and spills to disk; the rows
 * themselves move in slices that fit in memory, see `duckdb/move/`.
 */
export const duckdbEngine = (settings: MoveSettings = {}): RepartitionEngine => ({
  name: "duckdb",
  survey: (plan) =>
    scoped(settings, (run) =>
      Effect.gen(function* () {
        return plan.inputs.length === 0 ? [] : yield* partitionCounts(run, sql.surveySql(plan, run.schema, yield* run.paths(plan.inputs)))
      })
    )(plan),
  run: (plan, onProgress, onFound) => scoped(settings, (run) => fold(plan, run, onFound), onProgress)(plan)
})

const partitionCounts = ({ db }: EngineRun, sql: string): Effect.Effect<ReadonlyArray<PartitionCount>, LakeError> =>
  Effect.map(db.rows(sql), (rows) => rows.map((row) => ({ partition: String(row["partition"]), rows: Number(row["rows"]) })))

const scoped =
  <A>(
    settings: MoveSettings,
    use: (run: EngineRun) => Effect.Effect<A, LakeError | StoreError | EngineError, Scope.Scope>,
    onProgress: EngineRun["onProgress"] = () => {}
  ) =>
  (plan: EnginePlan): Effect.Effect<A, EngineError, Store> =>
    Effect.scoped(
      Effect.gen(function* () {
        const store = yield* Store
        const db = yield* openDuckDB(settings)
        yield* db.useMemory(memoryShares.deciding)
        return yield* use({ ...moveWith(settings, db, store, onProgress), schema: deltaSchema(plan.columns) })
      })
    ).pipe(Effect.mapError(asEngineError))

const asEngineError = (error: unknown): EngineError => {
  if (error instanceof EngineError) return error
  const isKnown = error instanceof LakeError || error instanceof StoreError
  const { problem, hint } = isKnown ? error : { problem: String(error), hint: "Run again." }
  return new EngineError({ engine: "duckdb", problem, hint, cause: error })
}

const fold = (
  plan: EnginePlan,
  run: EngineRun,
  onFound?: Parameters<RepartitionEngine["run"]>[2]
): Effect.Effect<EngineResult, LakeError | StoreError | EngineError, Scope.Scope> =>
  Effect.gen(function* () {
    const { db, schema } = run
    const { inputs, tombstones } = plan
    if (inputs.length === 0 && onFound !== undefined) yield* onFound([])
    if (inputs.length === 0) return { ...nothingMade, tombstones, load: plan.load }
    const openThreads = (bytes: number) => openSliceThreads(plan.columns, run.threads, bytes)
    // Where what is new is enough for them, they start while it is decided which rows are written.
    const early = bytesOf(inputs) > fewBytes ? yield* openThreads(bytesOf(inputs)) : null
    yield* db.run(sql.copySql(plan, schema, yield* numbered(run, inputs, 0)))
    const { key, decidesPartition } = plan.identity
    const [none = {}] = yield* db.rows(sql.keylessSql(plan.identity))
    for (const [i, column] of key.entries()) {
      const rows = Number(none[`k${i}`])
      if (rows > 0) return yield* keyless("duckdb", plan, column, rows)
    }
    const [read = {}] = yield* db.rows(sql.readSql)
    const load = yield* takeLoad(plan, run)
    // All that is older than a load which has come now is gone, wherever it lies.
    const isNewLoad = load !== null && load.at !== plan.load?.at
    const found = yield* partitionCounts(run, sql.foundSql)
    const touched = found.map(({ partition }) => partition)
    if (onFound !== undefined) yield* onFound(found)

    const isTouched = new Set(touched)
    const existing = decidesPartition ? plan.existing.filter(({ partition }) => isTouched.has(partition)) : plan.existing
    const files = [...inputs, ...existing, ...tombstones]
    const rowFiles = inputs.length + existing.length
    const takeOld = (schema: StructType, files: NumberedFiles) =>
      Effect.gen(function* () {
        yield* db.run(sql.oldCopiesSql(plan, schema, files, load))
        if (isNewLoad) yield* db.run(sql.outdatedSql(plan, schema, files, load))
      })
    if (existing.length > 0) yield* takeOld(schema, yield* numbered(run, existing, inputs.length))
    if (tombstones.length > 0) {
      const ofTombstones = deltaSchema(tombstoneColumns(plan))
      yield* takeOld(ofTombstones, yield* numbered(run, tombstones, rowFiles))
    }
    yield* db.run(sql.winnerSql(plan, load))
    yield* db.run(sql.lostSql(plan))
    const [counts = {}] = yield* db.rows(sql.countsSql(rowFiles))
    yield* db.run("DROP TABLE copy")
    const replaced = (yield* db.rows(sql.replacedSql)).map((row) => Number(row["f"]))
    const ofRows = replaced.filter((f) => f < rowFiles)
    const moved = ofRows.flatMap((f) => existing[f - inputs.length] ?? [])
    const partitions = moved.map(({ partition }) => partition)
    const remembered = yield* writeTombstones(plan, run, files, replaced)
    const staysInOrder = yield* chooseInPlace(run, moved.length === 0 ? null : yield* numberedOf(run, files, ofRows), partitions)
    const sorted = ofRows.filter((f) => !staysInOrder.has(f))
    yield* db.run(
      sql.chosenSql(
        plan,
        schema,
        sorted.length === 0 ? null : yield* numberedOf(run, files, sorted),
        partitions.filter((_, i) => !staysInOrder.has(ofRows[i] ?? -1))
      )
    )
    yield* db.run("DROP TABLE winner")
    const deleted = Number(counts["deleted"])
    const rowsReplaced = Number(counts["lost"]) - deleted
    const bytes =
      bytesOf([...inputs, ...sorted.flatMap((f) => files[f] ?? [])]) +
      bytesOf([...staysInOrder].flatMap((f) => files[f] ?? [])) / inOrderCostsLess
    const threads = early ?? (yield* openThreads(bytes))
    const target = { ...plan, valuesOf: (partition: string) => partitionValues(plan.identity.partition, partition) }
    return {
      rowsRead: Number(read["rows"]),
      rowsAdded: Number(counts["added"]) - rowsReplaced,
      rowsReplaced,
      rowsDeleted: deleted,
      files: yield* writeChosen(target, run, files, threads),
      tombstones: remembered,
      load,
      replaced: moved.map(({ path }) => path),
      partitions: decidesPartition ? touched : [...new Set([...touched, ...existing.map(({ partition }) => partition)])]
    }
  })

/** Lets new copies go that are older than the newest load, and says which that is. */
const takeLoad = ({ identity, load }: EnginePlan, { db }: EngineRun): Effect.Effect<NewestLoad | null, LakeError> =>
  Effect.gen(function* () {
    if (identity.loads === null) return null
    const came = (yield* db.rows(loadsSql("copy"))).map((row) => ({
      shard: String(row["shard"]),
      arrivedAt: String(row["arrived_at"]),
      at: String(row["begun_at"])
    }))
    const newest = newestLoad(load, came)
    if (newest !== null) yield* db.run(sql.staleSql(newest))
    return newest
  })

/** So many times less than others it costs to move rows that stay in order. */
const inOrderCostsLess = 16

const bytesOf = (files: EnginePlan["inputs"]): number => files.reduce((total, { size }) => total + size, 0)

/** Orders the rows of partitions that stay in the order of their file. @param replaced files of the table; null: there are none. @returns those files */
const chooseInPlace = (
  { db, schema }: EngineRun,
  replaced: NumberedFiles | null,
  partitions: ReadonlyArray<string>
): Effect.Effect<ReadonlySet<number>, LakeError> =>
  Effect.gen(function* () {
    if (replaced === null) {
      for (const statement of inPlace.noneInPlaceSql) yield* db.run(statement)
      return new Set<number>()
    }
    yield* db.run(inPlace.replacingSql(schema, replaced, partitions))
    yield* db.run(inPlace.inPlaceSql)
    yield* db.run(inPlace.chosenInPlaceSql)
    return new Set((yield* db.rows(inPlace.inPlaceFilesSql)).map((row) => Number(row["f"])))
  })
