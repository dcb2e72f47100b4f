import { Effect } from "effect"
import type { NewestLoad } from "../../lake/newest-load.ts"
import { Store, type StoreError } from "../../store/store.ts"
import type { TableError } from "../../table/errors.ts"
import { openTable } from "../../table/table.ts"
import { EngineError, type EnginePlan, type EngineResult, keyless, type NewFile, type TombstoneFile, tombstoneColumns } from "../engine.ts"
import { decidedColumns, origins } from "./fold-sql.ts"
import { type DriverResult, resultKey } from "./job-plan.ts"
import { partitionMark } from "./scratch.ts"
import { asOurs } from "./statistics.ts"

/** The result object of a job; null where it left none. */
export const findResult = (tablePath: string, id: string): Effect.Effect<DriverResult | null, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const bytes = yield* store.get(resultKey(tablePath, id)).pipe(
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => Effect.succeed(null)
      )
    )
    if (bytes === null) return null
    try {
      // The driver of this version wrote it, from the plan that names it.
      return JSON.parse(new TextDecoder().decode(bytes)) as DriverResult
    } catch {
      // What is damaged is no result: the job is run again.
      return null
    }
  })

/**
 * Reads what a job made: its files, from the log beside them, with their statistics as this writer says them.
 *
 * @param plan of which `inputs` are not needed
 */
export const readResult = (
  engine: string,
  plan: EnginePlan,
  { found, folders }: DriverResult
): Effect.Effect<EngineResult, EngineError | TableError, Store> =>
  Effect.gen(function* () {
    const { key, decidesPartition } = plan.identity
    const touched = found["touched"] ?? []
    for (const [i, column] of key.entries()) {
      const rows = touched.reduce((total, counts) => total + Number(counts[i + 1]), 0)
      if (rows > 0) return yield* Effect.fail(keyless(engine, plan, column, rows))
    }
    const total = (from: keyof typeof origins, counted: (typeof decidedColumns)[number]): number =>
      (found["decided"] ?? []).reduce(
        (sum, counts) => sum + (counts[0] === origins[from] ? Number(counts[decidedColumns.indexOf(counted)]) : 0),
        0
      )
    const partitions = touched.map(([text]) => String(text).slice(partitionMark.length))
    const deleted = total("existing", "deleted")
    const rowsReplaced = total("existing", "lost") - deleted
    return {
      rowsRead: total("inputs", "copies"),
      rowsAdded: total("inputs", "added") - rowsReplaced,
      rowsReplaced,
      rowsDeleted: deleted,
      files: yield* madeIn(engine, plan, folders["rows"]),
      replaced: numbersOf(found["replaced"]).flatMap((f) => plan.existing[f]?.path ?? []),
      tombstones: yield* tombstonesOf(engine, plan, found, folders["tombstones"]),
      load: loadOf(found["loaded"]),
      partitions: decidesPartition ? partitions : [...new Set([...partitions, ...plan.existing.map(({ partition }) => partition)])]
    }
  })

/** Null: none has come, or the table never comes whole. */
const loadOf = ([loaded]: DriverResult["found"][string] = []): NewestLoad | null =>
  loaded === undefined ? null : { shard: String(loaded[1]), arrivedAt: String(loaded[2]), at: String(loaded[3]) }

const numbersOf = (rows: DriverResult["found"][string] = []): ReadonlyArray<number> => rows.map(([f]) => Number(f))

/** Files of deleted keys that there are now. */
const tombstonesOf = (
  engine: string,
  plan: EnginePlan,
  found: DriverResult["found"],
  folder: string | undefined
): Effect.Effect<ReadonlyArray<TombstoneFile>, EngineError | TableError, Store> =>
  Effect.gen(function* () {
    if (numbersOf(found["remembered"]).length === 0) return plan.tombstones
    const merged = numbersOf(found["merged"])
    const made = yield* madeIn(engine, { ...plan, columns: tombstoneColumns(plan) }, folder)
    return [
      ...plan.tombstones.filter((_, f) => !merged.includes(f)),
      ...made.map(({ add: { path, size }, rows }) => ({ key: `${plan.tablePath}/${path}`, path, size, rows }))
    ]
  })

/** The files of a folder below the table, as its own log names them; those without rows are none. */
const madeIn = (
  engine: string,
  { tablePath, columns }: Pick<EnginePlan, "tablePath" | "columns">,
  folder: string | undefined
): Effect.Effect<ReadonlyArray<NewFile>, EngineError | TableError, Store> =>
  Effect.gen(function* () {
    if (folder === undefined) return []
    const { files } = yield* Effect.flatMap(openTable(`${tablePath}/${folder}`), ({ snapshot }) => snapshot)
    const made: Array<NewFile> = []
    for (const { path, partitionValues, size, stats } of files.values()) {
      const told = asOurs(columns, stats)
      if (told === null)
        return yield* new EngineError({
          engine,
          problem: `the log of what Spark wrote does not say how many rows ${folder}/${path} has`,
          hint: "Leave spark.databricks.delta.stats.collect as it is, and run again."
        })
      if (told.rows > 0) made.push({ add: { path: `${folder}/${path}`, partitionValues, size, stats: told.stats }, rows: told.rows })
    }
    return made
  })
