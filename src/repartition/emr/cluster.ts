import type { Cluster, ClusterState, ClusterSummary, StepSummary } from "@aws-sdk/client-emr"
import { Clock, Effect, Schedule, type Scope } from "effect"
import { allPages, type Caller, type CallFailed, openCaller, type Page } from "../../record/aws-call.ts"
import { Store, type StoreError, type StoreShape } from "../../store/store.ts"
import { EngineError } from "../engine.ts"
import type { JobPlace, JobState, SparkJob } from "../job-place.ts"
import { asEngineError } from "./call-errors.ts"
import { announced, type Claim, claim, patienceMinutes } from "./claim.ts"
import { type ClusterSettings, clusterOf, startOf, stepOf } from "./cluster-request.ts"
import type { EMR } from "./cluster-sdk.ts"
import { endedStates, isUnderWay, livingStates, type Run, stateOf, stateOfAnnounced } from "./cluster-state.ts"
import { isOf, refuseLocal, refuseOld } from "./job.ts"

const engine = "emr"
const asCallError = asEngineError(engine, {
  Invalid: "Look at --emr-cluster (running or waiting), --emr-release, --emr-machines, --emr-subnets, --emr-role and --emr-service-role."
})
type Failure = CallFailed | StoreError | EngineError
const asError = (error: Failure): EngineError => {
  if (error instanceof EngineError) return error
  return error._tag === "CallFailed"
    ? asCallError(error)
    : new EngineError({ engine, problem: error.problem, hint: error.hint, cause: error })
}

/** Clusters that have ended are looked through as far back as this, in milliseconds: a job of before is run again. */
const lookBack = 14 * 86_400_000
/** How a start whose answer got lost is looked for: after 2, 4, 8 and 16 s. EMR tells of a new cluster within seconds. */
const lookAgain = Schedule.exponential("2 seconds").pipe(Schedule.jittered, Schedule.upTo({ times: 4 }))

interface Place {
  readonly emr: Caller<EMR>
  readonly store: StoreShape
  readonly settings: ClusterSettings
  /** Clusters of runs that were under way when they were last looked at, by job: looking at one is much cheaper than looking for it. */
  readonly watched: Map<string, { readonly cluster: string; readonly start: number }>
}

/**
 * EMR on EC2. The service starts as many as it is asked for: so a start is announced in the lake first (`claim.ts`), and its number is part of the name by which
 * it is found.
 */
export const emrCluster = (settings: ClusterSettings): JobPlace => {
  const watched: Place["watched"] = new Map()
  // A client for each: they are far between.
  const use = <A>(f: (place: Place) => Effect.Effect<A, Failure>): Effect.Effect<A, EngineError, Store> =>
    Effect.gen(function* () {
      return yield* f({ emr: yield* openEmr(settings), store: yield* Store, settings, watched })
    }).pipe(Effect.scoped, Effect.mapError(asError))
  return { name: engine, find: (job) => use((place) => find(place, job)), submit: (job) => use((place) => submit(place, job)) }
}

const openEmr = (settings: ClusterSettings): Effect.Effect<Caller<EMR>, EngineError, Scope.Scope> =>
  Effect.mapError(
    openCaller(settings, async (config) => (await import("./cluster-sdk.ts")).openEmrSdk(config)),
    asError
  )

/** Whether there is the cluster, or clusters may be looked for: what jobs would run on, for people. */
export const probeCluster = (settings: ClusterSettings): Effect.Effect<string, EngineError, Scope.Scope> =>
  Effect.gen(function* () {
    const emr = yield* openEmr(settings)
    const { cluster, release, machines, executors } = settings
    if (cluster === null) {
      yield* refuseOld(engine, release)
      yield* clusterPage(emr, { ClusterStates: livingStates })(undefined)
      return `each job gets a cluster of ${release}, of up to ${executors + 1} × ${machines.join(" or ")}`
    }
    const found = yield* describe(emr, cluster)
    yield* refuseOld(engine, found.ReleaseLabel ?? "")
    const state = found.Status?.State ?? "?"
    if (state !== "RUNNING" && state !== "WAITING")
      return yield* new EngineError({
        engine,
        problem: `cluster ${cluster} is ${state}, and takes no jobs`,
        hint: "Name one that is running or waiting (--emr-cluster), or leave it out, so that each job gets one of its own."
      })
    return `cluster ${found.Name ?? cluster} of release ${found.ReleaseLabel ?? "?"} is ${state}`
  }).pipe(Effect.mapError(asError))

const find = (place: Place, job: SparkJob): Effect.Effect<JobState | null, CallFailed | StoreError> =>
  Effect.gen(function* () {
    const known = place.watched.get(job.id)
    const seen = known === undefined ? null : yield* lookAt(place, job, known.cluster, known.start)
    if (seen !== null && isUnderWay(seen)) return seen
    const runs = yield* runsOf(place, job)
    const other = yield* announced(place.store, job, startsOf(runs))
    if (other !== null) return stateOfAnnounced(other.start)
    const [newest] = runs
    return newest === undefined ? null : watch(place, job, newest)
  })

const submit = (place: Place, job: SparkJob): Effect.Effect<JobState, Failure> =>
  Effect.gen(function* () {
    const { emr, store, settings } = place
    yield* refuseLocal(engine, job)
    yield* refuseOld(engine, settings.cluster === null ? settings.release : ((yield* describe(emr, settings.cluster)).ReleaseLabel ?? ""))
    const runs = yield* runsOf(place, job)
    const underWay = runs.find((run) => isUnderWay(stateOf(run)))
    if (underWay !== undefined) return watch(place, job, underWay)
    // Not interruptible: what was announced is started, or taken back.
    return yield* Effect.uninterruptible(
      Effect.flatMap(claim(store, job, startsOf(runs)), (it) =>
        it.kind === "mine" ? start(place, job, it) : Effect.succeed(stateOfAnnounced(it.start))
      )
    )
  })

/** Starts what was announced. Where EMR's answer got lost, the run is looked for: another try could be a second one. */
const start = (place: Place, job: SparkJob, mine: Extract<Claim, { readonly kind: "mine" }>): Effect.Effect<JobState, Failure> =>
  ask(place, job, mine.start).pipe(
    Effect.catchIf(
      ({ certain }) => !certain,
      () => Effect.succeed(null)
    ),
    Effect.tapError(() => mine.release),
    Effect.flatMap((cluster) =>
      cluster === null
        ? Effect.flatMap(runsOf(place, job), (runs) => {
            const run = runs.find((each) => each.start === mine.start)
            return run === undefined ? Effect.fail(unknownStart(job)) : Effect.succeed(watch(place, job, run))
          }).pipe(Effect.retry({ while: (error) => error instanceof EngineError, schedule: lookAgain }))
        : lookAt(place, job, cluster, mine.start)
    )
  )

/** The cluster that runs the job now. */
const ask = ({ emr, settings }: Place, job: SparkJob, start: number): Effect.Effect<string, CallFailed> => {
  const { cluster, role } = settings
  const step = stepOf(settings, job, start)
  return cluster === null
    ? emr
        .callOnce("RunJobFlow", (client, abort) => client.runJobFlow(clusterOf(settings, job, start, step), abort))
        .pipe(Effect.map(({ JobFlowId }) => JobFlowId ?? ""))
    : emr
        .callOnce("AddJobFlowSteps", (client, abort) =>
          client.addJobFlowSteps({ JobFlowId: cluster, Steps: [step], ...(role === null ? {} : { ExecutionRoleArn: role }) }, abort)
        )
        .pipe(Effect.as(cluster))
}

const unknownStart = ({ id }: SparkJob): EngineError =>
  new EngineError({
    engine,
    problem: `EMR did not say whether it has started job ${id}, and there is none yet`,
    hint: `Run it again: if it was started it is found, and if there is none after ${patienceMinutes} minutes it is started anew.`
  })

const startsOf = (runs: ReadonlyArray<Run>): ReadonlySet<number> => new Set(runs.map(({ start }) => start))

/** The state of a run, which is looked at first the next time while it is under way. */
const watch = ({ watched }: Place, job: SparkJob, run: Run): JobState => {
  const state = stateOf(run)
  if (isUnderWay(state)) watched.set(job.id, { cluster: run.cluster.Id ?? "", start: run.start })
  else watched.delete(job.id)
  return state
}

const lookAt = (place: Place, job: SparkJob, id: string, start: number): Effect.Effect<JobState, CallFailed> =>
  Effect.gen(function* () {
    const cluster = yield* describe(place.emr, id)
    const step = (yield* stepsOf(place.emr, id)).find(({ Name }) => startOf(job, Name) === start)
    return watch(place, job, { start, cluster, step })
  })

/** Runs of a job, newest first. Names need not be of one job: a cluster's tags, or a step's arguments, decide. */
const runsOf = (place: Place, job: SparkJob): Effect.Effect<ReadonlyArray<Run>, CallFailed> =>
  Effect.map(place.settings.cluster === null ? runsOnOwn(place, job) : runsOn(place, place.settings.cluster, job), (runs) =>
    [...runs].sort((a, b) => b.start - a.start)
  )

const runsOnOwn = ({ emr }: Place, job: SparkJob): Effect.Effect<ReadonlyArray<Run>, CallFailed> =>
  Effect.gen(function* () {
    const since = new Date((yield* Clock.currentTimeMillis) - lookBack)
    const living = yield* allPages(clusterPage(emr, { ClusterStates: livingStates }))
    const ended = yield* allPages(clusterPage(emr, { ClusterStates: endedStates, CreatedAfter: since }))
    // One that ends between the two lists is in both.
    const named = new Map([...living, ...ended].map(({ Id = "", Name }) => [Id, startOf(job, Name)]))
    const runs = yield* Effect.forEach(named, ([id, start]) =>
      start === null
        ? Effect.succeed(null)
        : Effect.gen(function* () {
            const cluster = yield* describe(emr, id)
            const tags = Object.fromEntries((cluster.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]))
            if (!isOf(job, tags)) return null
            return { start, cluster, step: (yield* stepsOf(emr, id)).find(({ Name }) => startOf(job, Name) === start) }
          })
    )
    return runs.filter((run) => run !== null)
  })

const runsOn = ({ emr }: Place, id: string, job: SparkJob): Effect.Effect<ReadonlyArray<Run>, CallFailed> =>
  Effect.gen(function* () {
    const cluster = yield* describe(emr, id)
    return (yield* stepsOf(emr, id)).flatMap((step) => {
      const start = startOf(job, step.Name)
      return start === null || !job.args.every((arg) => step.Config?.Args?.includes(arg) === true) ? [] : [{ start, cluster, step }]
    })
  })

const clusterPage =
  (emr: Caller<EMR>, which: { readonly ClusterStates: Array<ClusterState>; readonly CreatedAfter?: Date }) =>
  (Marker: string | undefined): Effect.Effect<Page<ClusterSummary>, CallFailed> =>
    emr
      .call("ListClusters", (client, abort) => client.listClusters({ ...which, ...(Marker === undefined ? {} : { Marker }) }, abort))
      .pipe(Effect.map(({ Clusters = [], Marker: next }) => ({ items: Clusters, next })))

const stepsOf = (emr: Caller<EMR>, ClusterId: string): Effect.Effect<ReadonlyArray<StepSummary>, CallFailed> =>
  allPages((Marker) =>
    emr
      .call("ListSteps", (client, abort) => client.listSteps({ ClusterId, ...(Marker === undefined ? {} : { Marker }) }, abort))
      .pipe(Effect.map(({ Steps = [], Marker: next }): Page<StepSummary> => ({ items: Steps, next })))
  )

const describe = (emr: Caller<EMR>, ClusterId: string): Effect.Effect<Cluster, CallFailed> =>
  Effect.map(
    emr.call("DescribeCluster", (client, abort) => client.describeCluster({ ClusterId }, abort)),
    ({ Cluster }) => Cluster ?? {}
  )
