import { Clock, Effect, Random, Stream } from "effect"
import { jobsFolder } from "../lake/layout.ts"
import { repartitionApp } from "../lake/log-keys.ts"
import { Store, type StoreError, type StoreShape } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { logFolder } from "../table/paths.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import { carryOut } from "./carry-out.ts"
import { EngineError, type EngineResult } from "./engine.ts"
import type { JobEngine, JobState, SparkJob } from "./job-place.ts"
import type { RepartitionError, RepartitionOptions, RepartitionOutcome, Submitted } from "./options.ts"
import { type DriverResult, jobFolder, putJob, resultKey } from "./spark/job-plan.ts"
import { findResult, readResult } from "./spark/job-result.ts"
import { fail, type Work } from "./work.ts"

/**
 * A repartition whose files a job makes. What has to be known to commit them stands in one object below the table, which also says that a job is outstanding: of several runs of
 * Sluice, one puts it. It goes when what the job made is committed, or when nothing will come of the job.
 */
export interface OutstandingJob {
  readonly job: SparkJob
  readonly engine: JobEngine["name"]
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** Version of the consumable that the work was found for. */
  readonly readVersion: number
  /** Without the files to read, which stand in the job's own objects. */
  readonly work: Work
}

/** Which objects mean what here: one that another version of Sluice wrote is not understood. */
const format = 1

const outstandingKey = (tablePath: string): string => `${tablePath}/${jobsFolder}/outstanding.json`

type Failure = RepartitionError | EngineError | TableError | StoreError

/** The job that is outstanding for a table; null: none is. */
export const findOutstanding = (tablePath: string): Effect.Effect<OutstandingJob | null, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const bytes = yield* store.get(outstandingKey(tablePath)).pipe(
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => Effect.succeed(null)
      )
    )
    if (bytes === null) return null
    const outstanding = parseOutstanding(new TextDecoder().decode(bytes))
    // Nobody could commit what that job makes.
    if (outstanding === null) yield* store.delete([outstandingKey(tablePath)])
    return outstanding
  })

/** Null: it is damaged, or another version of Sluice wrote it. */
const parseOutstanding = (text: string): OutstandingJob | null => {
  try {
    const { format: written, ...outstanding } = JSON.parse(text)
    // `submit` wrote it, by JSON.stringify of this type.
    return written === format ? (outstanding as OutstandingJob) : null
  } catch {
    return null
  }
}

/** Is what a job does what is asked for now? */
export const isSameRequest = ({ work }: OutstandingJob, rebuild: boolean, bounds: Work["bounds"]): boolean =>
  work.rebuild === rebuild && JSON.stringify(work.bounds) === JSON.stringify(bounds)

/** Makes a job of work, and sees it through as far as the engine is to wait. */
export const submit = (
  options: RepartitionOptions,
  engine: JobEngine,
  work: Work,
  consumable: Table,
  readVersion: number
): Effect.Effect<RepartitionOutcome, Failure, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const { tablePath } = work.plan
    const about = JSON.stringify([{ ...work, plan: null }, readVersion])
    const job = yield* putJob(store, engine.name, work.plan, work.stage.snapshot.version, about)
    const outstanding: OutstandingJob = {
      job,
      engine: engine.name,
      startedAt: yield* Clock.currentTimeMillis,
      readVersion,
      work: { ...work, plan: { ...work.plan, inputs: [] } }
    }
    const text = JSON.stringify({ format, ...outstanding })
    // Of several runs at once, one goes on from here.
    const put = yield* store.putIfAbsent(outstandingKey(tablePath), new TextEncoder().encode(text))
    const other = put === "exists" ? yield* findOutstanding(tablePath) : null
    if (other !== null) return yield* attend(options, engine, other, consumable)
    yield* removeOthers(store, tablePath, job.id)
    return yield* attend(options, engine, outstanding, consumable, true)
  })

/**
 * Sees an outstanding job through: commits what it made, or waits for it, starting it again where it has failed before. Without waiting, one that is under way is
 * refused, and one that has failed is told, and given up: the next run makes another.
 *
 * @param isNew it was made by this run
 */
export const attend = (
  options: RepartitionOptions,
  engine: JobEngine,
  outstanding: OutstandingJob,
  consumable: Table,
  isNew = false
): Effect.Effect<RepartitionOutcome, Failure, Store> =>
  Effect.gen(function* () {
    const { job, work } = outstanding
    const { wait } = engine
    const isMade = (yield* findResult(work.plan.tablePath, job.id)) !== null
    if (!isMade) {
      if (outstanding.engine !== engine.name) return yield* elsewhere(outstanding)
      const found = wait ? null : yield* look(engine, outstanding, isNew)
      if (found !== null && isUnderWay(found)) return isNew ? submitted(outstanding, found) : yield* underWay(outstanding, found)
      if (!wait && (found === null || isNew)) return submitted(outstanding, yield* begin(engine, outstanding))
    }
    const there = isMade ? yield* made(engine, outstanding, consumable) : null
    const { files } = yield* consumable.snapshot
    if (isMade && (there === null || there.files.some(({ add }) => files.has(add.path)))) {
      // Committed by another run, or by one that ended before it could say so.
      yield* forget(outstanding)
      return { kind: "up-to-date", dataset: job.dataset, version: job.stageVersion } as const
    }
    const result = Effect.gen(function* () {
      if (isMade) return there
      if (wait) yield* awaitEnd(engine, outstanding, isNew)
      return yield* made(engine, outstanding, consumable)
    })
    const read = yield* Effect.tapError(readVersion(consumable, outstanding), () => forget(outstanding))
    const making = { name: outstanding.engine, startedAt: outstanding.startedAt, result }
    const outcome = yield* carryOut(options, making, work, { table: consumable, before: read }).pipe(
      // What it rests on is no longer so, and will not be again.
      Effect.tapError((error) => (error._tag === "TableError" && error.reason !== "Store" ? forget(outstanding) : Effect.void))
    )
    yield* forget(outstanding)
    return outcome
  })

const isUnderWay = ({ phase }: JobState): boolean => phase === "waiting" || phase === "running"

const submitted = ({ job, work, engine }: OutstandingJob, { run, says, logs }: JobState): Submitted => ({
  kind: "submitted",
  dataset: job.dataset,
  engine,
  run,
  says,
  logs: logs ?? null,
  toVersion: job.stageVersion,
  stageFiles: work.input.files,
  stageBytes: work.input.bytes,
  committed: null
})

const underWay = ({ job, startedAt }: OutstandingJob, { run, says }: JobState): Effect.Effect<never, RepartitionError> =>
  fail(
    job.dataset,
    "UnderWay",
    `${run} is under way (${says}), begun at ${new Date(startedAt).toISOString()}`,
    "Run again when it has ended, or with --wait."
  )

const elsewhere = ({ job, engine, startedAt, work }: OutstandingJob): Effect.Effect<never, RepartitionError> =>
  fail(
    job.dataset,
    "UnderWay",
    `a job of engine ${engine} was begun at ${new Date(startedAt).toISOString()}, and what became of it is not known here`,
    `Run again with --engine ${engine}, which finds out. Where that cannot be had any more, delete ${outstandingKey(work.plan.tablePath)} in the lake: what the job makes is then never committed.`
  )

/** Where a job is. What this run itself has put, nobody has started yet: where it cannot even be looked for, nothing is outstanding. */
const look = ({ place }: JobEngine, outstanding: OutstandingJob, isNew: boolean): Effect.Effect<JobState | null, EngineError, Store> =>
  Effect.tapError(place.find(outstanding.job), () => (isNew ? forget(outstanding) : Effect.void))

/** Starts a job that is not under way. Where the place certainly starts none, nothing is outstanding, and the next run may ask another one. */
const begin = ({ place }: JobEngine, outstanding: OutstandingJob): Effect.Effect<JobState, EngineError, Store> =>
  Effect.tapError(place.submit(outstanding.job), ({ isRefused }) => (isRefused === true ? forget(outstanding) : Effect.void))

/**
 * Starts a job, unless it is under way, and waits for its end. One that its place knows nothing of is asked for again, which starts no second one where it was
 * only late to show it.
 */
const awaitEnd = (engine: JobEngine, outstanding: OutstandingJob, isNew: boolean): Effect.Effect<void, EngineError | StoreError, Store> =>
  Effect.gen(function* () {
    const { place, onState = () => {} } = engine
    const { job, work } = outstanding
    const found = yield* look(engine, outstanding, isNew)
    let state = found !== null && isUnderWay(found) ? found : yield* begin(engine, outstanding)
    for (let losses = 0; isUnderWay(state); ) {
      onState(state)
      // So that those who wait for the same service do not all ask at once.
      yield* Effect.sleep(pauses[engine.name] * (0.75 + (yield* Random.next) / 2))
      const seen = yield* place.find(job)
      if (seen === null) {
        if ((yield* findResult(work.plan.tablePath, job.id)) !== null) return
        losses += 1
        if (losses > mostLosses) return yield* lost(engine, job)
      }
      state = seen ?? (yield* begin(engine, outstanding))
    }
  }).pipe(Effect.onInterrupt(() => abandon(engine, outstanding)))

/** Milliseconds between two looks: services count how often they are asked. */
const pauses: { readonly [name in JobEngine["name"]]: number } = { spark: 500, emr: 20_000, "emr-serverless": 10_000 }

/** A job that was lost from sight so often will be so again. */
const mostLosses = 20

const lost = ({ name }: JobEngine, { id }: SparkJob): EngineError =>
  new EngineError({
    engine: name,
    problem: `job ${id} is not to be found any more`,
    hint: "Run again: it is looked for, and started anew."
  })

/** Who stops waiting ends what runs here, and then nothing is outstanding. */
const abandon = ({ place }: JobEngine, outstanding: OutstandingJob): Effect.Effect<void, never, Store> =>
  place.abandon === undefined ? Effect.void : Effect.andThen(place.abandon(outstanding.job), forget(outstanding))

/**
 * What a job made. One that has ended without making anything is given up. Null: another run has committed it meanwhile, and has removed what belonged
 * to the job.
 */
const made = (
  engine: JobEngine,
  outstanding: OutstandingJob,
  consumable: Table
): Effect.Effect<EngineResult | null, RepartitionError | EngineError | TableError | StoreError, Store> =>
  leftBy(engine, outstanding).pipe(
    Effect.catchIf(
      ({ _tag }) => _tag !== "StoreError",
      (error) =>
        Effect.gen(function* () {
          const { job, work } = outstanding
          const now = yield* findOutstanding(work.plan.tablePath)
          if (now?.job.id !== job.id) return yield* seenTo(outstanding, consumable)
          yield* forget(outstanding)
          return yield* Effect.fail(error)
        })
    )
  )

const leftBy = (
  engine: JobEngine,
  outstanding: OutstandingJob
): Effect.Effect<EngineResult, RepartitionError | EngineError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const { job, work } = outstanding
    const left = yield* findResult(work.plan.tablePath, job.id)
    if (left === null) return yield* failed(engine, job, yield* engine.place.find(job))
    const result = yield* readResult(outstanding.engine, work.plan, left)
    yield* stillThere(outstanding, left, result)
    return result
  })

/** Another run has made an end of the job: null, where the table has what it was to take. */
const seenTo = ({ job, work }: OutstandingJob, consumable: Table): Effect.Effect<null, RepartitionError | TableError> =>
  Effect.gen(function* () {
    const { transactions } = yield* consumable.snapshot
    const taken = transactions.get(repartitionApp(job.dataset)) ?? -1
    // Days that are folded anew leave no such note, nor does all of stage where it had been taken before.
    if (taken > work.taken && taken >= job.stageVersion) return null
    return yield* fail(job.dataset, "Conflict", `another run has committed job ${job.id}, or has given it up`, "Run again.")
  })

const failed = ({ name }: JobEngine, { id }: SparkJob, state: JobState | null): EngineError =>
  new EngineError({
    engine: name,
    problem: `${state?.run ?? `job ${id}`} ${state?.phase === "failed" ? "failed" : "ended"} without a result${state?.reason === undefined ? "" : `: ${state.reason}`}`,
    hint: `${state?.logs === undefined ? "" : `Its log: ${state.logs}. `}Nothing was committed; run again for another attempt.`
  })

/** Is all there that a job made? A vacuum, of whatever engine, may have taken it for what is left of a commit that never came. */
const stillThere = (
  { job, work }: OutstandingJob,
  { folders }: DriverResult,
  { files, tombstones }: EngineResult
): Effect.Effect<void, RepartitionError | StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const { tablePath } = work.plan
    const prefixes = Object.values(folders).map((folder) => `${folder}/`)
    const sizes = new Map<string, number>()
    for (const prefix of prefixes) {
      const root = `${tablePath}/`
      yield* Stream.runForEach(store.list(`${root}${prefix}`), ({ key, size }) =>
        Effect.sync(() => sizes.set(key.slice(root.length), size))
      )
    }
    const made = [...files.map(({ add }) => add), ...tombstones].filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix)))
    if (made.some(({ path, size }) => sizes.get(path) !== size))
      yield* fail(job.dataset, "Vacuumed", "what a job made was removed before it was committed", "Nothing was committed; run again.")
  })

/** The consumable as the work found it. */
const readVersion = (consumable: Table, outstanding: OutstandingJob): Effect.Effect<Snapshot, RepartitionError | TableError> =>
  Effect.flatMap(consumable.snapshot, (now) =>
    now.version === outstanding.readVersion
      ? Effect.succeed(now)
      : consumable.at(outstanding.readVersion).pipe(
          Effect.catchIf(
            (error) => error.reason === "Corrupt",
            () =>
              fail(
                outstanding.job.dataset,
                "Conflict",
                `version ${outstanding.readVersion} of the table, on which a job rests, has expired from its log`,
                "Nothing was committed; run again."
              )
          )
        )
  )

/**
 * Nothing is outstanding any more. What is left behind where this fails is found by the next run, which sees that it is committed, and by `maintain`: so it
 * fails nothing.
 */
const forget = ({ job, work }: OutstandingJob): Effect.Effect<void, never, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const { tablePath } = work.plan
    const left = yield* findResult(tablePath, job.id)
    const now = yield* findOutstanding(tablePath)
    // Another run may have made an end of it before, and have begun what has come since.
    if (now === null || now.job.id === job.id) yield* store.delete([outstandingKey(tablePath)])
    const logs = Object.values(left?.folders ?? {}).map((folder) => `${tablePath}/${folder}/${logFolder}`)
    for (const prefix of [`${jobFolder(tablePath, job.id)}/`, ...logs]) {
      const objects = yield* Stream.runCollect(store.list(prefix))
      yield* store.delete(objects.map(({ key }) => key))
    }
  }).pipe(Effect.ignore)

/**
 * Removes what other jobs have left: one is outstanding at a time. So does a result of this one go that is from before it was: nobody has seen to it that its files are
 * still there.
 */
const removeOthers = (store: StoreShape, tablePath: string, id: string): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const own = `${jobFolder(tablePath, id)}/`
    const isNeeded = (key: string) => key === outstandingKey(tablePath) || (key.startsWith(own) && key !== resultKey(tablePath, id))
    const objects = yield* Stream.runCollect(store.list(`${tablePath}/${jobsFolder}/`))
    yield* store.delete(objects.flatMap(({ key }) => (isNeeded(key) ? [] : [key])))
  })
