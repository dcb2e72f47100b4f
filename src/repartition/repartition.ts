import { Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { partitionWords } from "../contract/identity.ts"
import { isOtherIdentity, withRetired } from "../lake/contract-change.ts"
import { consumablePath, stagePath } from "../lake/layout.ts"
import { identityProperty, repartitionApp } from "../lake/log-keys.ts"
import { bytesOf } from "../lake/rows.ts"
import { findTable, hasToldApart, openConsumable, openStage, refuseConsumable, refuseStage } from "../lake/tables.ts"
import type { RepartitionReport } from "../record/report.ts"
import { stageColumns } from "../record/system-columns.ts"
import { type Store, StoreError } from "../store/store.ts"
import { fromThrown, TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import { carryOut, type Making } from "./carry-out.ts"
import type { EngineError, PartitionCount, RepartitionEngine } from "./engine.ts"
import { attend, findOutstanding, isSameRequest, submit } from "./jobs.ts"
import { RepartitionError, type RepartitionOptions, type RepartitionOutcome, type RepartitionPlan } from "./options.ts"
import { dayOf, daysOf } from "./partitions.ts"
import { dayBounds } from "./plan.ts"
import { fail, findWork, type Work } from "./work.ts"

/**
 * Brings the consumable of a dataset up to its stage, in one commit: the rows that stage commits added since the version recorded in the
 * consumable, each row once as the contract says: the latest arrival wins, or the newest of each key. A run that has nothing to do commits nothing, a run that was cut
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
    const engine = options.engine ?? (yield* embedded(options))
    const bounds = yield* Effect.try({ try: () => dayBounds(options.from, options.to), catch: asInvalid(dataset) })
    if (bounds !== null) yield* refuseDays(options.contract)
    const stage = yield* findTable(stagePath(dataset))
    if (Option.isNone(stage)) return yield* fail(dataset, "NoStage", "there is no stage yet", "Ingest something first.")
    const app = repartitionApp(dataset)
    const consumable = yield* findTable(consumablePath(dataset))
    const found = Option.isNone(consumable) ? null : yield* consumable.value.snapshot
    const isOther = yield* admitStage(options.contract, stage.value, found)
    const { consumableColumns } = options.contract
    const columns = stageColumns(found === null ? consumableColumns : withRetired(options.contract, consumableColumns, found.schema))

    const isRebuild = options.rebuild === true && bounds === null
    // All of stage is folded by the new key: from here on it is what the dataset is.
    const settled = (outcome: RepartitionOutcome) =>
      isOther && outcome.kind !== "submitted"
        ? Effect.as(openStage(options.contract, { identity: "new" }), outcome)
        : Effect.succeed(outcome)

    const upToDate = (snapshot: Snapshot | null) =>
      ({ kind: "up-to-date", dataset, version: snapshot?.transactions.get(app) ?? -1 }) as const

    if (options.dryRun === true) {
      if (found !== null) {
        const refuse = () => refuseConsumable(options.contract, columns, isRebuild, found)
        yield* Effect.try({ try: refuse, catch: fromThrown(consumablePath(dataset), "its contract") })
      }
      const work = yield* findWork(options, columns, stage.value, found, bounds)
      if (work === null) return upToDate(found)
      return planOf(dataset, engine.name, work, "place" in engine ? null : yield* engine.survey(work.plan))
    }
    let committed: RepartitionReport | null = null
    if ("place" in engine && Option.isSome(consumable)) {
      const outstanding = yield* findOutstanding(consumable.value.path)
      if (outstanding !== null) {
        const outcome = yield* attend(options, engine, outstanding, consumable.value)
        if (options.collectOnly === true) return yield* settled(outcome)
        const isAll = options.rebuild === true || bounds !== null || outcome.kind === "submitted"
        if (isAll && isSameRequest(outstanding, options.rebuild === true, bounds)) return yield* settled(outcome)
        if (outcome.kind === "repartition") committed = outcome
      }
    }
    if (options.collectOnly === true) return upToDate(found)
    const { table } = yield* openConsumable(options.contract, columns, isRebuild)
    const before = yield* table.snapshot
    const work = yield* findWork(options, columns, stage.value, before, bounds)
    const { onPlan = () => Effect.void } = options
    if (work !== null && "place" in engine) yield* onPlan(planOf(dataset, engine.name, work, null))
    const outcome: RepartitionOutcome =
      work === null
        ? (committed ?? upToDate(before))
        : "place" in engine
          ? yield* submit(options, engine, work, table, before.version)
          : yield* carryOut(options, inProcess(options, engine, work), work, { table, before })
    return yield* settled(outcome.kind === "submitted" ? { ...outcome, committed } : outcome)
  })

/** Loaded here, so that who has another engine needs nothing of DuckDB. */
const embedded = ({ memoryLimit, threads }: RepartitionOptions): Effect.Effect<RepartitionEngine> =>
  Effect.map(
    Effect.promise(() => import("./duckdb-engine.ts")),
    ({ duckdbEngine }) => duckdbEngine({ memoryLimit, threads })
  )

const inProcess = ({ contract, onPlan, onProgress = () => {} }: RepartitionOptions, engine: RepartitionEngine, work: Work): Making => ({
  name: engine.name,
  startedAt: null,
  result: engine.run(
    work.plan,
    onProgress,
    onPlan === undefined ? undefined : (found) => onPlan(planOf(contract.contract.name, engine.name, work, found))
  )
})

/** Refuses days where rows do not lie by time. */
export const refuseDays = ({ contract, identity: { partition } }: CompiledContract): Effect.Effect<void, RepartitionError> =>
  partition.by === "day" || partition.by === "hour"
    ? Effect.void
    : fail(
        contract.name,
        "Invalid",
        `its table is ${partitionWords(partition)}, and has no days to fold anew`,
        "Leave --from and --to out, and fold all of stage anew with --rebuild; or name with --dataset one that lies by time"
      )

/**
 * May stage be folded by this contract? Says whether it was made with another key, version or event time: the consumable is where records are
 * told apart, and where it is not there, or was begun anew, the contract decides.
 */
const admitStage = (contract: CompiledContract, stage: Table, consumable: Snapshot | null): Effect.Effect<boolean, TableError> =>
  Effect.flatMap(stage.snapshot, (snapshot) =>
    Effect.try({
      try: () => {
        const isTold = consumable === null || !hasToldApart(consumable) || identityProperty in consumable.metaData.configuration
        refuseStage(contract, snapshot, isTold ? "new" : "same")
        return isOtherIdentity(contract, snapshot)
      },
      catch: fromThrown(stage.path, "its contract")
    })
  )

/** @param survey rows by partition; null: only a job could count them, and the log says how many there are */
const planOf = (dataset: string, engine: string, work: Work, survey: ReadonlyArray<PartitionCount> | null): RepartitionPlan => {
  const found = survey ?? []
  const { partition, decidesPartition } = work.plan.identity
  const touched = new Set(found.map(({ partition }) => partition))
  const existing = work.plan.existing.filter(({ partition }) => touched.has(partition) || !decidesPartition || survey === null)
  const rowsOf = (counts: ReadonlyArray<PartitionCount>) => counts.reduce((total, { rows }) => total + rows, 0)
  return {
    kind: "plan",
    dataset,
    engine,
    fromVersion: work.whole || work.bounds !== null ? -1 : work.taken,
    toVersion: work.stage.snapshot.version,
    rebuild: work.rebuild,
    stageFiles: work.input.files,
    stageBytes: work.input.bytes,
    rows: survey === null ? work.input.rows : rowsOf(found),
    days: daysOf(partition, touched).map((day) => ({ day, rows: rowsOf(found.filter(({ partition }) => dayOf(partition) === day)) })),
    existingFiles: existing.length + work.cleared.length,
    existingBytes: bytesOf(existing) + work.clearedBytes,
    replacedFiles: work.cleared.length
  }
}

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
