import { Effect } from "effect"
import { Store, type StoreError } from "../../store/store.ts"
import { TableError } from "../../table/errors.ts"
import { openTable } from "../../table/table.ts"
import { EngineError, type EnginePlan, type EngineResult, keyless, type NewFile } from "../engine.ts"
import { type DriverResult, resultKey } from "./job-plan.ts"
import { asOurs } from "./statistics.ts"

/** What a job made, and the folders below the table that have a log of their own until it is committed. */
export interface JobResult {
  readonly result: EngineResult
  readonly folders: ReadonlyArray<string>
}

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
    // The driver of this version wrote it, from the plan that names it.
    return bytes === null ? null : (JSON.parse(new TextDecoder().decode(bytes)) as DriverResult)
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
): Effect.Effect<JobResult, EngineError | TableError, Store> =>
  Effect.gen(function* () {
    const { key, decidesPartition } = plan.identity
    const rowsOf = (step: string) => found[step] ?? []
    for (const [i, column] of key.entries()) {
      const rows = Number(rowsOf("keyless")[0]?.[i] ?? 0)
      if (rows > 0) return yield* Effect.fail(keyless(engine, plan, column, rows))
    }
    const counts = { copies: 0, won: 0, lost: 0 }
    for (const [isOld, , copies, won, lost] of rowsOf("decided")) {
      if (isOld === true) counts.lost += Number(lost)
      else {
        counts.copies += Number(copies)
        counts.won += Number(won)
      }
    }
    const folder = folders["rows"] ?? ""
    const { files } = yield* Effect.flatMap(openTable(`${plan.tablePath}/${folder}`), ({ snapshot }) => snapshot)
    const made = yield* Effect.forEach(files.values(), ({ path, partitionValues, size, stats }) => {
      const told = asOurs(plan.columns, stats)
      return told === null
        ? Effect.fail(
            new EngineError({
              engine,
              problem: `its log does not say how many rows ${folder}/${path} has`,
              hint: "Leave spark.databricks.delta.stats.collect as it is, and run again."
            })
          )
        : Effect.succeed<NewFile>({ add: { path: `${folder}/${path}`, partitionValues, size, stats: told.stats }, rows: told.rows })
    })
    const touched = rowsOf("touched").map(([text]) => String(text).slice(1))
    const result: EngineResult = {
      rowsRead: counts.copies,
      rowsAdded: counts.won - counts.lost,
      files: made,
      replaced: rowsOf("replaced").flatMap(([f]) => plan.existing[Number(f)]?.path ?? []),
      tombstones: plan.tombstones,
      partitions: decidesPartition ? touched : [...new Set([...touched, ...plan.existing.map(({ partition }) => partition)])]
    }
    return { result, folders: Object.values(folders) }
  })
