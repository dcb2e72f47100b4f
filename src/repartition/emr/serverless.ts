import { createHash } from "node:crypto"
import type { Application, JobRun, JobRunState, JobRunSummary } from "@aws-sdk/client-emr-serverless"
import { Clock, Effect, type Scope } from "effect"
import { allPages, type Caller, type CallFailed, openCaller, type Page } from "../../record/aws-call.ts"
import { scrub } from "../../record/scrub.ts"
import type { EngineError } from "../engine.ts"
import type { JobPlace, JobState, SparkJob } from "../job-place.ts"
import { asEngineError } from "./call-errors.ts"
import { below, type EmrSettings, isOf, nameOf, refuseLocal, refuseOld, retriesRuns, sparkConf, tagsOf } from "./job.ts"
import type { EMRServerless } from "./serverless-sdk.ts"

/** How jobs run on EMR Serverless. */
export interface ServerlessSettings extends EmrSettings {
  /** Id of an application for Spark, which there is. */
  readonly application: string
  /** ARN of the role that jobs run as. */
  readonly role: string
  /** After this time a run is cancelled, in milliseconds. */
  readonly timeout: number
}

const engine = "emr-serverless"
const asError = asEngineError(engine, {
  NotFound: "Look at --emr-application, --region and the account: `aws emr-serverless list-applications` shows which there are.",
  Invalid: "Look at --emr-application (for Spark, not terminated), --emr-role, --emr-size and --emr-logs."
})

/** Runs of one try of EMR Serverless: it begins again by itself where a zone or a machine is lost. More would repeat what cannot succeed. */
const runsOfTry = 2

/** By what the service says. What it may say one day is taken as under way, since a second job costs money. */
const phases: { readonly [state: string]: JobState["phase"] } = {
  SUBMITTED: "waiting",
  PENDING: "waiting",
  SCHEDULED: "waiting",
  QUEUED: "waiting",
  RUNNING: "running",
  CANCELLING: "running",
  SUCCESS: "done",
  FAILED: "failed",
  CANCELLED: "failed"
} satisfies Record<JobRunState, JobState["phase"]>
const phaseOf = (state: string | undefined): JobState["phase"] => phases[state ?? ""] ?? "running"
const hasEnded = ({ state }: Partial<JobRun>): boolean => phaseOf(state) === "done" || phaseOf(state) === "failed"

/** A run is found as far back as this, in milliseconds; none is under way for longer. */
const lookBack = 30 * 86_400_000

interface Place {
  readonly emr: Caller<EMRServerless>
  readonly settings: ServerlessSettings
  /** Runs that were under way when they were last looked at, by job: looking at one is much cheaper than looking for it. */
  readonly watched: Map<string, string>
}

/**
 * An application of EMR Serverless. Starting is idempotent there: who asks twice with one token gets one run. The token is made of the job and of how often it
 * has been run and has ended, so that two triggers ask for one run, and one that failed is followed by another.
 */
export const emrServerless = (settings: ServerlessSettings): JobPlace => {
  const watched = new Map<string, string>()
  // A client for each: they are far between.
  const use = <A>(f: (place: Place) => Effect.Effect<A, EngineError>): Effect.Effect<A, EngineError> =>
    Effect.scoped(Effect.flatMap(openServerless(settings), (emr) => f({ emr, settings, watched })))
  return {
    name: engine,
    find: (job) => use((place) => Effect.mapError(find(place, job), asError)),
    submit: (job) => use((place) => submit(place, job))
  }
}

const openServerless = (settings: ServerlessSettings): Effect.Effect<Caller<EMRServerless>, EngineError, Scope.Scope> =>
  Effect.mapError(
    openCaller(settings, async (config) => (await import("./serverless-sdk.ts")).openServerlessSdk(config)),
    asError
  )

/** Whether the application is there, and runs may be looked for: its name and state, for people. */
export const probeServerless = (settings: ServerlessSettings): Effect.Effect<string, EngineError, Scope.Scope> =>
  Effect.gen(function* () {
    const emr = yield* openServerless(settings)
    const application = yield* applicationOf(emr, settings)
    yield* Effect.mapError(runPage(emr, settings, new Date(yield* Clock.currentTimeMillis))(undefined), asError)
    return `application ${application.name ?? settings.application} of release ${application.releaseLabel ?? "?"} is ${application.state ?? "?"}`
  })

const applicationOf = (
  emr: Caller<EMRServerless>,
  { application: applicationId }: ServerlessSettings
): Effect.Effect<Partial<Application>, EngineError> =>
  emr
    .call("GetApplication", (client, abort) => client.getApplication({ applicationId }, abort))
    .pipe(
      Effect.mapError(asError),
      Effect.map(({ application }) => application ?? {}),
      Effect.tap(({ releaseLabel }) => refuseOld(engine, releaseLabel ?? ""))
    )

const runPage =
  (emr: Caller<EMRServerless>, { application: applicationId }: ServerlessSettings, since: Date | null) =>
  (nextToken: string | undefined): Effect.Effect<Page<JobRunSummary>, CallFailed> =>
    emr
      .call("ListJobRuns", (client, abort) =>
        client.listJobRuns(
          {
            applicationId,
            maxResults: 50,
            ...(since === null ? {} : { createdAtAfter: since }),
            ...(nextToken === undefined ? {} : { nextToken })
          },
          abort
        )
      )
      .pipe(Effect.map(({ jobRuns = [], nextToken: next }) => ({ items: jobRuns, next })))

/** Runs of a job, newest first. Names need not be of one job: the tags, which a list does not tell, decide. */
const runsOf = ({ emr, settings }: Place, job: SparkJob, since: Date | null): Effect.Effect<ReadonlyArray<Partial<JobRun>>, CallFailed> =>
  Effect.gen(function* () {
    const listed = yield* allPages(runPage(emr, settings, since))
    const named = listed.filter(({ name }) => name === nameOf(job)).sort((a, b) => timeOf(b.createdAt) - timeOf(a.createdAt))
    const runs = yield* Effect.forEach(named, ({ id }) => runOf(emr, settings, id ?? ""))
    return runs.filter(({ tags }) => isOf(job, tags))
  })

const timeOf = (date: Date | undefined): number => date?.getTime() ?? 0

const runOf = (
  emr: Caller<EMRServerless>,
  { application: applicationId }: ServerlessSettings,
  jobRunId: string
): Effect.Effect<Partial<JobRun>, CallFailed> =>
  Effect.map(
    emr.call("GetJobRun", (client, abort) => client.getJobRun({ applicationId, jobRunId }, abort)),
    ({ jobRun }) => jobRun ?? {}
  )

const find = (place: Place, job: SparkJob): Effect.Effect<JobState | null, CallFailed> =>
  Effect.gen(function* () {
    const known = place.watched.get(job.id)
    const seen = known === undefined ? null : yield* runOf(place.emr, place.settings, known)
    const since = new Date((yield* Clock.currentTimeMillis) - lookBack)
    const newest = seen !== null && !hasEnded(seen) ? seen : (yield* runsOf(place, job, since))[0]
    return newest === undefined ? null : watch(place, job, newest)
  })

const submit = (place: Place, job: SparkJob): Effect.Effect<JobState, EngineError> =>
  Effect.gen(function* () {
    yield* refuseLocal(engine, job)
    const { releaseLabel = "" } = yield* applicationOf(place.emr, place.settings)
    const run = yield* Effect.mapError(
      // All of them, however old: how many have ended makes the token, and the service may remember those of old ones.
      Effect.flatMap(runsOf(place, job, null), (runs) => {
        const underWay = runs.find((each) => !hasEnded(each))
        return underWay === undefined ? start(place, job, releaseLabel, runs.length) : Effect.succeed(underWay)
      }),
      asError
    )
    return watch(place, job, run)
  })

/** @param ended runs of the job that have ended */
const start = (place: Place, job: SparkJob, release: string, ended: number): Effect.Effect<Partial<JobRun>, CallFailed> => {
  const { emr, settings } = place
  const request = requestOf(settings, job, release, tokenOf(job, ended))
  return emr
    .call("StartJobRun", (client, abort) => client.startJobRun(request, abort))
    .pipe(
      Effect.flatMap(({ jobRunId }) => runOf(emr, settings, jobRunId ?? "")),
      // Another trigger with other settings was a moment faster with this token.
      Effect.catchIf(
        ({ operation, name }) => operation === "StartJobRun" && name === "ConflictException",
        (error) =>
          Effect.flatMap(runsOf(place, job, null), (runs) => {
            const other = runs.find((each) => !hasEnded(each))
            return other === undefined ? Effect.fail(error) : Effect.succeed(other)
          })
      )
    )
}

/** The state of a run, which is looked at first the next time while it is under way. */
const watch = ({ watched }: Place, job: SparkJob, run: Partial<JobRun>): JobState => {
  if (run.jobRunId !== undefined && !hasEnded(run)) watched.set(job.id, run.jobRunId)
  else watched.delete(job.id)
  return stateOf(run)
}

/** At most 64 letters, digits, `.`, `_` and `-`. @param ended runs of the job that have ended */
const tokenOf = ({ id }: SparkJob, ended: number): string => createHash("sha256").update(`${id}/${ended}`).digest("hex")

/** What a run is asked for with. */
const requestOf = (settings: ServerlessSettings, job: SparkJob, release: string, clientToken: string) => ({
  applicationId: settings.application,
  clientToken,
  name: nameOf(job),
  executionRoleArn: settings.role,
  executionTimeoutMinutes: Math.max(5, Math.ceil(settings.timeout / 60_000)),
  tags: { ...tagsOf(job, settings.tags) },
  jobDriver: {
    sparkSubmit: {
      entryPoint: job.driver,
      entryPointArguments: [...job.args],
      sparkSubmitParameters: sparkConf(settings, [
        `spark.dynamicAllocation.maxExecutors=${settings.executors}`,
        // Its own default of 3 may be more than the most.
        `spark.dynamicAllocation.initialExecutors=${Math.min(3, settings.executors)}`,
        `spark.executor.instances=${Math.min(3, settings.executors)}`
      ])
        .map((each) => `--conf ${each}`)
        .join(" ")
    }
  },
  ...(settings.logs === null
    ? {}
    : { configurationOverrides: { monitoringConfiguration: { s3MonitoringConfiguration: { logUri: below(settings.logs) } } } }),
  ...(retriesRuns(release) ? { retryPolicy: { maxAttempts: runsOfTry } } : {})
})

const stateOf = (run: Partial<JobRun>): JobState => {
  const phase = phaseOf(run.state)
  const logUri = run.configurationOverrides?.monitoringConfiguration?.s3MonitoringConfiguration?.logUri
  const application = run.applicationId ?? ""
  const id = run.jobRunId ?? ""
  return {
    phase,
    run: id,
    says: run.state ?? "?",
    startedAt: run.startedAt?.toISOString() ?? null,
    ...(phase === "failed" ? { reason: scrub(run.stateDetails ?? "") || (run.state ?? "?") } : {}),
    logs:
      logUri === undefined
        ? `aws emr-serverless get-dashboard-for-job-run --application-id ${application} --job-run-id ${id}`
        : below(logUri, "applications", application, "jobs", id)
  }
}
