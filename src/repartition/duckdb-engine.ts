import { Effect } from "effect"
import { type DuckDBSettings, defaultMemoryLimit } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import { localCopies } from "../duckdb/local-copies.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { Store, StoreError } from "../store/store.ts"
import { deltaSchema } from "../table/schema.ts"
import { EngineError, type EnginePlan, type EngineResult, keyless, type RepartitionEngine } from "./engine.ts"
import type { EngineRun } from "./engine-run.ts"
import * as sql from "./fold-sql.ts"
import { writeChosen } from "./write-chosen.ts"

export interface DuckDBEngineSettings extends DuckDBSettings {
  /**
   * Bytes of rows' leaves that are put in order together; default a twelfth of `memoryLimit`. Small values read the stage more often.
   */
  readonly sliceBytes?: number | undefined
}

/**
 * Repartitions in this process. Memory is bounded whatever the size of the stage: what decides who wins is small and spills to disk; the rows
 * themselves move in slices that fit in memory, see `write-chosen.ts`.
 */
export const duckdbEngine = (settings: DuckDBEngineSettings = {}): RepartitionEngine => ({
  name: "duckdb",
  survey: (plan) =>
    scoped(settings, (run) =>
      Effect.gen(function* () {
        const rows = plan.inputs.length === 0 ? [] : yield* run.db.rows(sql.surveySql(plan, run.schema, yield* run.paths(plan.inputs)))
        return rows.map((row) => ({ partition: String(row["partition"]), rows: Number(row["rows"]) }))
      })
    )(plan),
  run: (plan, onProgress) => scoped(settings, (run) => fold(plan, run), onProgress)(plan)
})

const scoped =
  <A>(
    settings: DuckDBEngineSettings,
    use: (run: EngineRun) => Effect.Effect<A, LakeError | StoreError | EngineError>,
    onProgress: EngineRun["onProgress"] = () => {}
  ) =>
  (plan: EnginePlan): Effect.Effect<A, EngineError, Store> =>
    Effect.scoped(
      Effect.gen(function* () {
        const store = yield* Store
        const db = yield* openDuckDB(settings)
        return yield* use({
          db,
          store,
          onProgress,
          schema: deltaSchema(plan.columns),
          sliceBytes: settings.sliceBytes ?? (settings.memoryLimit ?? defaultMemoryLimit) / 12,
          paths: (files) => {
            const keys = files.map(({ key }) => key)
            return Effect.map(localCopies(store, db.folder, keys), (pathOf) => keys.map(pathOf))
          }
        })
      })
    ).pipe(Effect.mapError(asEngineError))

const asEngineError = (error: unknown): EngineError => {
  if (error instanceof EngineError) return error
  const isKnown = error instanceof LakeError || error instanceof StoreError
  const { problem, hint } = isKnown ? error : { problem: String(error), hint: "Run again." }
  return new EngineError({ engine: "duckdb", problem, hint, cause: error })
}

const fold = (plan: EnginePlan, run: EngineRun): Effect.Effect<EngineResult, LakeError | StoreError | EngineError> =>
  Effect.gen(function* () {
    const { db, schema, paths } = run
    if (plan.inputs.length === 0) return { rowsRead: 0, rowsAdded: 0, files: [], replaced: [], tombstones: plan.tombstones, partitions: [] }
    yield* db.run(`CREATE TABLE copy AS ${sql.copiesSql(plan, schema, yield* paths(plan.inputs), 0, false)}`)
    const { key, decidesPartition } = plan.identity
    const [none = {}] = yield* db.rows(sql.keylessSql(plan.identity))
    for (const [i, column] of key.entries()) {
      const rows = Number(none[`k${i}`])
      if (rows > 0) return yield* keyless("duckdb", plan, column, rows)
    }
    const touched = (yield* db.rows("SELECT DISTINCT p FROM copy ORDER BY p")).map((row) => String(row["p"]))

    const existing = decidesPartition ? plan.existing.filter(({ partition }) => touched.includes(partition)) : plan.existing
    const files = [...plan.inputs, ...existing]
    if (existing.length > 0) {
      yield* db.run(`INSERT INTO copy ${sql.copiesSql(plan, schema, yield* paths(existing), plan.inputs.length, true)}`)
    }
    yield* db.run(sql.winnerSql(plan))
    const replaced = (yield* db.rows(sql.replacedSql)).map((row) => Number(row["f"]))
    const [counts = {}] = yield* db.rows(sql.countsSql(plan.bounds))
    yield* db.run("DROP TABLE copy")
    yield* db.run(sql.chosenSql(plan, replaced))
    yield* db.run("DROP TABLE winner")

    return {
      rowsRead: Number(counts["read"]),
      rowsAdded: Number(counts["added"]) - Number(counts["lost"]),
      files: yield* writeChosen(plan, run, files),
      tombstones: plan.tombstones,
      replaced: replaced.flatMap((f) => existing[f - plan.inputs.length]?.path ?? []),
      partitions: decidesPartition ? touched : [...new Set([...touched, ...existing.map(({ partition }) => partition)])]
    }
  })
