import { Effect, Exit } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { count } from "../record/count.ts"
import { failTogether } from "../record/fail-together.ts"
import type { OnRunEvent } from "../record/report.ts"
import type { JobEngine, JobPlace } from "../repartition/job-place.ts"
import type { RepartitionError, RepartitionOutcome } from "../repartition/options.ts"
import { repartition } from "../repartition/repartition.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { withStage } from "./lake.ts"

/**
 * The repartition of a project's datasets where nobody waits for it: one call submits the jobs, another one, when a job has ended, commits what it made. Both may be
 * called any number of times, and at once: a dataset has one job at a time, and what it made is committed once.
 */
export interface JobOptions {
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly place: JobPlace
  /** Told before the work, and after the commit that it speaks of. Must not fail or block. */
  readonly onEvent: OnRunEvent
}

/** What became of the jobs of a dataset. */
export interface DatasetJobs {
  readonly dataset: string
  /** `submitted`: a job was started, and what one before it had made is committed. `under-way`: one is at work, and stays the only one. `committed`: what one made. `nothing`: there is nothing to do. */
  readonly became: "submitted" | "under-way" | "committed" | "nothing"
  /** The job as its place names it, or why nothing was begun; null where there is nothing to say. */
  readonly says: string | null
}

type Failure = RepartitionError | TableError | StoreError

/** Submits a job for each dataset that has something new in its stage, and none under way. Fails where one failed, when all were tried. */
export const submitJobs = (options: JobOptions): Effect.Effect<ReadonlyArray<DatasetJobs>, Failure, Store> => forEachDataset(options, false)

/**
 * Commits what jobs have made that have ended, and begins none. Fails where a job failed, or its commit did, when all were tried: such a job is given up, and the
 * next call of {@link submitJobs} makes another.
 */
export const commitJobs = (options: JobOptions): Effect.Effect<ReadonlyArray<DatasetJobs>, Failure, Store> => forEachDataset(options, true)

const forEachDataset = (
  { contracts, place, onEvent }: JobOptions,
  collectOnly: boolean
): Effect.Effect<ReadonlyArray<DatasetJobs>, Failure, Store> =>
  Effect.gen(function* () {
    const engine: JobEngine = { name: place.name, place, wait: false }
    const exits = yield* Effect.forEach(yield* withStage(contracts), (contract) =>
      Effect.exit(
        repartition({ contract, engine, collectOnly, onEvent }).pipe(
          Effect.map(becameOf),
          Effect.catchIf(
            (error) => error.reason === "UnderWay",
            ({ dataset, problem }) => Effect.succeed<DatasetJobs>({ dataset, became: "under-way", says: problem })
          ),
          Effect.tap(({ dataset, became, says }) => Effect.logInfo(says ?? "no job", { dataset, became }))
        )
      )
    )
    yield* failTogether(exits)
    const all = exits.flatMap((exit) => (Exit.isSuccess(exit) ? [exit.value] : []))
    const underWay = all.filter(({ became }) => became === "under-way").length
    const { root } = yield* Store
    const says =
      all.length === 0 ? `no dataset has a stage at ${root} yet` : `the jobs of ${count(all.length, "dataset")} were looked after`
    // An alarm counts the calls that found no job of an earlier one at work: with several datasets, the lines of each say too little.
    yield* Effect.logInfo(says, { datasets: all.length, underWay })
    return all
  })

const becameOf = (outcome: RepartitionOutcome): DatasetJobs => {
  const { dataset } = outcome
  switch (outcome.kind) {
    case "submitted":
      return { dataset, became: "submitted", says: `${outcome.run} (${outcome.says}) folds stage up to version ${outcome.toVersion}` }
    case "repartition":
      return { dataset, became: "committed", says: `stage is folded up to version ${outcome.toVersion}` }
    default:
      return { dataset, became: "nothing", says: null }
  }
}
