import { Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { consumablePath, stagePath } from "../lake/layout.ts"
import { repartitionApp } from "../lake/status.ts"
import { findTable } from "../lake/tables.ts"
import { consumablePartitions, stageColumns } from "../record/system-columns.ts"
import { type Store, StoreError } from "../store/store.ts"
import { TableError } from "../table/errors.ts"
import { evolveSchema } from "../table/evolve.ts"
import { deltaSchema } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { createTable } from "../table/table.ts"
import { carryOut } from "./carry-out.ts"
import { duckdbEngine } from "./duckdb-engine.ts"
import type { EngineError } from "./engine.ts"
import { RepartitionError, type RepartitionOptions, type RepartitionOutcome, type RepartitionPlan } from "./options.ts"
import { dayBounds } from "./plan.ts"
import { fail, findWork, type Work } from "./work.ts"

/**
 * Brings the consumable of a dataset up to its stage, in one commit: the rows that stage commits added since the version recorded in the
 * consumable, one row per (key, version), the latest arrival wins. A run that has nothing to do commits nothing, a run that was cut
 * off is simply run again: what it had written is in no log, and vacuum removes it.
 *
 * Errors: {@link RepartitionError}, whose reason says what to do.
 */
export const repartition = (options: RepartitionOptions): Effect.Effect<RepartitionOutcome, RepartitionError, Store> => {
  const dataset = options.contract.contract.name
  return attempt(options).pipe(Effect.mapError(asRepartitionError(dataset)))
}

type Failure = RepartitionError | EngineError | TableError | StoreError

const attempt = (options: RepartitionOptions): Effect.Effect<RepartitionOutcome, Failure, Store> =>
  Effect.gen(function* () {
    const dataset = options.contract.contract.name
    const engine = options.engine ?? duckdbEngine({ memoryLimit: options.memoryLimit, threads: options.threads })
    const bounds = yield* Effect.try({ try: () => dayBounds(options.from, options.to), catch: asInvalid(dataset) })
    const stage = yield* findTable(stagePath(dataset))
    if (Option.isNone(stage)) return yield* fail(dataset, "NoStage", "there is no stage yet", "Ingest something first.")
    const app = repartitionApp(dataset)

    if (options.dryRun === true) {
      const consumable = yield* findTable(consumablePath(dataset))
      const before = Option.isNone(consumable) ? null : yield* consumable.value.snapshot
      const work = yield* findWork(options, stage.value, before, bounds)
      if (work === null) return { kind: "up-to-date", dataset, version: before?.transactions.get(app) ?? -1 } as const
      return planOf(dataset, engine.name, work, yield* engine.survey(work.plan))
    }
    const { table } = yield* openConsumable(options.contract)
    const before = yield* table.snapshot
    const work = yield* findWork(options, stage.value, before, bounds)
    if (work === null) return { kind: "up-to-date", dataset, version: before.transactions.get(app) ?? -1 } as const
    yield* warnOfUnknown(options.contract, before)
    return yield* carryOut(options, engine, work, { table, before })
  })

/** Opens the consumable of a contract, creating it or adding the columns that it lacks. Any engine may write it: it needs no feature. */
export const openConsumable = (compiled: CompiledContract) =>
  createTable(consumablePath(compiled.contract.name), {
    name: `consumable_${compiled.contract.name}`,
    description: `${compiled.contract.title}: one row per version, by the UTC day on which it last changed.`,
    columns: stageColumns(compiled.consumableColumns),
    partitions: consumablePartitions
  })

/** Columns that only the table has, of a newer contract or an older one, are null in every file that is written with this one. */
const warnOfUnknown = ({ contract, consumableColumns }: CompiledContract, { files, schema }: Snapshot): Effect.Effect<void> => {
  const known = deltaSchema([...stageColumns(consumableColumns), ...consumablePartitions])
  const { added } = evolveSchema(known, schema)
  if (added.length === 0 || files.size === 0) return Effect.void
  return Effect.logWarning(
    `the consumable of ${contract.name} has columns that this contract does not know: ${added.join(", ")}. ` +
      "They become null in the files that are rewritten. If a newer contract has them, repartition with that one, once with --rebuild."
  )
}

const planOf = (dataset: string, engine: string, work: Work, days: RepartitionPlan["days"]): RepartitionPlan => {
  const touched = new Set(days.map(({ day }) => day))
  const existing = work.plan.existing.filter(({ day }) => touched.has(day) || !work.plan.versionDecidesDay)
  return {
    kind: "plan",
    dataset,
    engine,
    fromVersion: work.whole || work.bounds !== null ? -1 : work.taken,
    toVersion: work.stage.snapshot.version,
    rebuild: work.rebuild,
    stageFiles: work.inputs.length,
    stageBytes: bytesOf(work.inputs),
    rows: days.reduce((total, { rows }) => total + rows, 0),
    days,
    existingFiles: existing.length + work.cleared.length,
    existingBytes: existing.reduce((total, { size }) => total + size, 0)
  }
}

const bytesOf = (files: ReadonlyArray<{ readonly size: number }>): number => files.reduce((total, { size }) => total + size, 0)

const asInvalid =
  (dataset: string) =>
  (cause: unknown): RepartitionError =>
    new RepartitionError({
      dataset,
      reason: "Invalid",
      problem: cause instanceof Error ? cause.message : String(cause),
      hint: "Give days as YYYY-MM-DD, the first before the last.",
      cause
    })

const asRepartitionError =
  (dataset: string) =>
  (cause: Failure): RepartitionError => {
    if (cause instanceof RepartitionError) return cause
    if (cause instanceof TableError) {
      const lost = cause.reason === "Conflict" || cause.reason === "AlreadyCommitted"
      return new RepartitionError({
        dataset,
        reason: lost ? "Conflict" : "Table",
        problem: lost ? "another process changed the table meanwhile" : `table ${cause.table}: ${cause.problem}`,
        hint: lost ? "Nothing was committed; run again." : cause.hint,
        cause
      })
    }
    if (cause instanceof StoreError)
      return new RepartitionError({ dataset, reason: "Store", problem: cause.problem, hint: cause.hint, cause })
    return new RepartitionError({ dataset, reason: "Engine", problem: `${cause.engine}: ${cause.problem}`, hint: cause.hint, cause })
  }
