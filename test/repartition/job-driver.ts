import { Effect } from "effect"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import { EngineError } from "../../src/repartition/engine.ts"
import type { JobEngine, JobPlace, JobState, SparkJob } from "../../src/repartition/job-place.ts"
import type { OutstandingJob } from "../../src/repartition/jobs.ts"
import { jobFolder, resultKey } from "../../src/repartition/spark/job-plan.ts"
import { Store, type StoreShape } from "../../src/store/store.ts"
import { createTable } from "../../src/table/table.ts"

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/**
 * Does what a driver does, with the engine of this process in Spark's place: reads the job's objects, and leaves files with a log of their own, and a result.
 *
 * @param attempt tells its folder from that of another attempt
 * @param consumable path of the table that it folds into
 */
export const drive = (
  store: StoreShape,
  { id }: Pick<SparkJob, "id">,
  attempt: string,
  consumable = "consumable/order"
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { work }: OutstandingJob = JSON.parse(text(yield* store.get(`${consumable}/_repartition/outstanding.json`)))
    const { plan } = work
    const list = text(yield* store.get(`${jobFolder(plan.tablePath, id)}/inputs/_delta_log/${"0".repeat(20)}.json`))
    const inputs = list.split("\n").flatMap((line) => {
      const { add } = line === "" ? {} : JSON.parse(line)
      return add === undefined ? [] : [{ key: decodeURI(add.path).replace(`${store.root}/`, ""), size: add.size }]
    })
    const folder = `fold-${attempt}`
    const tablePath = `${plan.tablePath}/${folder}`
    const made = yield* duckdbEngine({ threads: 1 }).run({ ...plan, inputs, tablePath }, () => {})
    const { table } = yield* createTable(tablePath, {
      name: folder,
      description: "",
      columns: plan.columns,
      partitions: plan.identity.partition.columns
    })
    yield* table.commit({
      read: yield* table.snapshot,
      operation: "WRITE",
      parameters: {},
      metrics: {},
      actions: made.files.map(({ add }) => ({ add: { ...add, modificationTime: 1, dataChange: true } })),
      isBlindAppend: true
    })
    const found = {
      touched: made.partitions.map((partition) => [`=${partition}`, 0]),
      decided: [[0, 0, made.rowsRead, made.rowsAdded, 0, 0, 0]],
      replaced: made.replaced.map((path) => [plan.existing.findIndex((file) => file.path === path)])
    }
    yield* store.put(resultKey(plan.tablePath, id), new TextEncoder().encode(JSON.stringify({ found, folders: { rows: folder } })))
  }).pipe(Effect.provideService(Store, store), Effect.orDie)

/** A place whose jobs do what a test says. */
export interface TestPlace {
  readonly place: JobPlace
  readonly engine: (wait: boolean) => JobEngine
  /** Jobs that were started, one entry a run. */
  readonly runs: Array<{ readonly job: SparkJob; state: JobState }>
  /** What happens to a job when it is started. Default: it runs on. */
  onStart: (job: SparkJob) => Effect.Effect<JobState["phase"]>
  /** The next question is not answered. */
  failNext: boolean
  /** Nothing is started. */
  isClosed: boolean
}

export const testPlace = (): TestPlace => {
  const runs: TestPlace["runs"] = []
  const answer = <A>(found: () => A): Effect.Effect<A, EngineError> =>
    Effect.suspend(() => {
      if (!it.failNext) return Effect.succeed(found())
      it.failNext = false
      return Effect.fail(new EngineError({ engine: "spark", problem: "no answer", hint: "Ask again." }))
    })
  const newest = ({ id }: SparkJob) => runs.findLast(({ job }) => job.id === id)?.state ?? null
  const it: TestPlace = {
    place: {
      name: "spark",
      find: (job) => answer(() => newest(job)),
      submit: (job) =>
        Effect.gen(function* () {
          const before = yield* answer(() => newest(job))
          if (before?.phase === "running") return before
          if (it.isClosed) return yield* new EngineError({ engine: "spark", problem: "closed", hint: "Ask another.", isRefused: true })
          const run = { job, state: stateOf(runs.length + 1, "running") }
          runs.push(run)
          const phase = yield* it.onStart(job)
          run.state = stateOf(runs.length, phase)
          return run.state
        })
    },
    engine: (wait) => ({ name: "spark", place: it.place, wait }),
    runs,
    onStart: () => Effect.succeed("running"),
    failNext: false,
    isClosed: false
  }
  return it
}

const stateOf = (run: number, phase: JobState["phase"]): JobState => ({
  phase,
  run: `run ${run}`,
  says: phase.toUpperCase(),
  startedAt: null,
  ...(phase === "failed" ? { reason: "out of memory", logs: `/logs/${run}` } : {})
})
