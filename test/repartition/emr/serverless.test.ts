import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { emrServerless, probeServerless, type ServerlessSettings } from "../../../src/repartition/emr/serverless.ts"
import { Bucket, simulatedStore } from "../../simulation/simulated-store.ts"
import { anyCredentials } from "../../store/s3-endpoint.ts"
import { aBreakdown, aThrottle, type EmrStandIn, emrStandIn, lost, serviceError } from "./emr-stand-in.ts"
import { aJob, commonSettings, over, patiently } from "./jobs.ts"

Object.assign(process.env, anyCredentials)

const role = "arn:aws:iam::123456789012:role/job"
const settingsOf = ({ endpoint }: EmrStandIn, more: Partial<ServerlessSettings> = {}): ServerlessSettings => ({
  ...commonSettings(endpoint),
  application: "app1",
  role,
  timeout: 3_600_000,
  ...more
})

/** A place where jobs run, as one process sees it. */
const placeAt = (emr: EmrStandIn, more: Partial<ServerlessSettings> = {}) =>
  Effect.sync(() => over(simulatedStore(new Bucket(() => 0)), emrServerless(settingsOf(emr, more))))

const withEmr = (body: (emr: EmrStandIn) => Effect.Effect<void, unknown, Scope.Scope>) =>
  Effect.scoped(Effect.flatMap(Effect.andThen(TestClock.setTime(Date.UTC(2026, 10, 28)), emrStandIn()), body))

const startsOf = ({ asked }: EmrStandIn): number => asked.filter((operation) => operation === "StartJobRun").length

describe("a job on EMR Serverless", () => {
  it.effect("is told what to run, as whom, how large, how long, and what it is found by", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        const place = yield* placeAt(emr)
        assert.deepStrictEqual(yield* place.submit(aJob()), {
          phase: "waiting",
          run: "run0",
          says: "SUBMITTED",
          startedAt: null,
          logs: "s3://logs/sluice/applications/app1/jobs/run0/"
        })
        const { clientToken, jobDriver, ...request } = emr.runs[0]?.request ?? {}
        assert.deepStrictEqual<unknown>(request, {
          name: "sluice repartition checkout checkout-1234",
          executionRoleArn: role,
          executionTimeoutMinutes: 60,
          tags: { team: "shop", "sluice:job": "checkout-1234", "sluice:dataset": "checkout", "sluice:stage-version": "7" },
          configurationOverrides: { monitoringConfiguration: { s3MonitoringConfiguration: { logUri: "s3://logs/sluice/" } } },
          retryPolicy: { maxAttempts: 2 }
        })
        const { sparkSubmit } = jobDriver as { readonly sparkSubmit: Readonly<Record<string, unknown>> }
        assert.deepInclude(sparkSubmit, { entryPoint: "s3://lake/driver.py", entryPointArguments: [...aJob().args] })
        const parameters = String(sparkSubmit["sparkSubmitParameters"])
        for (const each of [
          "spark.jars=/usr/share/aws/delta/lib/delta-spark.jar,/usr/share/aws/delta/lib/delta-storage.jar",
          "spark.driver.memory=14336m",
          "spark.executor.cores=4",
          "spark.dynamicAllocation.maxExecutors=20"
        ])
          assert.include(parameters, `--conf ${each}`)
      })
    )
  )

  it.effect("is started once by two that ask at once, and by those that ask while it is under way", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        const [one, other] = [yield* placeAt(emr), yield* placeAt(emr)]
        yield* Effect.all([one.submit(aJob()), other.submit(aJob())], { concurrency: 2 })
        for (const state of ["PENDING", "SCHEDULED", "QUEUED", "RUNNING", "CANCELLING", "SOMETHING_NEW"]) {
          for (const run of emr.runs) run.state = state
          const seen = yield* other.submit(aJob())
          assert.deepStrictEqual([seen.run, seen.says], ["run0", state])
          assert.include(["waiting", "running"], seen.phase)
        }
        assert.strictEqual(emr.runs.length, 1)
        assert.isAtMost(startsOf(emr), 2)
        yield* one.submit(aJob("another"))
        assert.strictEqual(emr.runs.length, 2)
      })
    )
  )

  it.effect("that has failed says why and where its logs are, and is followed by another run", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        const place = yield* placeAt(emr)
        for (const state of ["FAILED", "CANCELLED"]) {
          yield* place.submit(aJob())
          const run = emr.runs.at(-1)
          if (run !== undefined) Object.assign(run, { state, stateDetails: "Job failed. ExitCode: 1\nof ana@shop.example" })
          assert.deepInclude(yield* place.find(aJob()), {
            phase: "failed",
            run: run?.id ?? "",
            reason: "Job failed. ExitCode: 1",
            logs: `s3://logs/sluice/applications/app1/jobs/${run?.id}/`
          })
          yield* TestClock.adjust("1 minute")
        }
        assert.strictEqual((yield* place.submit(aJob())).run, "run2")
        assert.strictEqual(new Set(emr.runs.map(({ request }) => request["clientToken"])).size, 3)
        for (const run of emr.runs) if (run.id === "run2") run.state = "SUCCESS"
        assert.deepInclude(yield* place.find(aJob()), { phase: "done", run: "run2" })
      })
    )
  )

  it.effect("whose start was never heard of is not started again, and is found", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        emr.answerNext("StartJobRun", lost, 2)
        const state = yield* patiently(Effect.flatMap(placeAt(emr), (place) => place.submit(aJob())))
        assert.deepStrictEqual([state.run, startsOf(emr), emr.runs.length], ["run0", 3, 1])
        assert.strictEqual((yield* (yield* placeAt(emr)).find(aJob()))?.run, "run0")
      })
    )
  )

  it.effect("is found among many, by its tags and not by its name alone", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        const place = yield* placeAt(emr)
        assert.isNull(yield* place.find(aJob()))
        for (let i = 0; i < 5; i++) yield* place.submit(aJob(`job${i}`))
        const name = "sluice repartition checkout job1"
        emr.runs.push({ ...emrRun(emr), id: "doubled", request: { name, tags: { "sluice:job": "other" } } })
        emr.runs.push({ ...emrRun(emr), id: "bare", request: { name } })
        assert.strictEqual((yield* (yield* placeAt(emr)).find(aJob("job1")))?.run, "run1")
        assert.strictEqual((yield* (yield* placeAt(emr)).find(aJob("job4")))?.run, "run4")
        assert.isNull(yield* place.find(aJob("job9")))
      })
    )
  )

  it.effect("that is watched is not looked for each time", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        const place = yield* placeAt(emr)
        yield* place.submit(aJob())
        emr.asked.length = 0
        for (let i = 0; i < 5; i++) yield* place.find(aJob())
        assert.deepStrictEqual(
          emr.asked,
          Array.from({ length: 5 }, () => "GetJobRun")
        )
      })
    )
  )

  it.effect("is followed by another run, however long ago it has failed", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        yield* (yield* placeAt(emr)).submit(aJob())
        for (const run of emr.runs) run.state = "FAILED"
        yield* TestClock.adjust("40 days")
        assert.isNull(yield* (yield* placeAt(emr)).find(aJob()))
        assert.deepInclude(yield* (yield* placeAt(emr)).submit(aJob()), { run: "run1", phase: "waiting" })
      })
    )
  )

  it.effect("is the one that another trigger started with other settings a moment before", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        yield* (yield* placeAt(emr)).submit(aJob())
        const [run] = emr.runs
        if (run === undefined) return
        run.isForgotten = true
        emr.answerNext("StartJobRun", serviceError(409, "ConflictException", "The token was used with other parameters."))
        const submitted = Effect.flatMap(placeAt(emr, { executors: 2 }), (place) => place.submit(aJob()))
        assert.include((yield* Effect.flip(submitted)).message, "StartJobRun failed (The token was used with other parameters)")
        run.isForgotten = false
        assert.strictEqual((yield* submitted).run, "run0")
      })
    )
  )
})

const emrRun = ({ runs }: EmrStandIn) => ({
  createdAt: (runs.at(-1)?.createdAt ?? 0) + 1000,
  state: "RUNNING",
  stateDetails: "",
  isForgotten: false
})

describe("what EMR Serverless refuses", () => {
  it.effect("is asked for again where that may help", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        emr.answerNext("GetApplication", aThrottle, 3)
        emr.answerNext("ListJobRuns", aBreakdown, 2)
        emr.answerNext("StartJobRun", aThrottle)
        assert.strictEqual((yield* patiently(Effect.flatMap(placeAt(emr), (place) => place.submit(aJob())))).run, "run0")
        emr.answerNext("ListJobRuns", aThrottle, 100)
        const error = yield* patiently(Effect.flip(Effect.flatMap(placeAt(emr), (place) => place.find(aJob("b")))))
        assert.strictEqual(
          error.message,
          "engine emr-serverless: ListJobRuns failed (Rate exceeded). The service asks for fewer calls of this account and region; run it again a little later."
        )
      })
    )
  )

  it.effect("is told with what to do", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        const refused = (answer: ReturnType<typeof serviceError>) => {
          emr.answerNext("StartJobRun", answer)
          return Effect.map(Effect.flip(Effect.flatMap(placeAt(emr), (place) => place.submit(aJob()))), ({ message, isRefused }) => {
            assert.isTrue(isRefused)
            return message
          })
        }
        const denied = "User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to perform: iam:PassRole on resource: z"
        assert.include(yield* refused(serviceError(403, "AccessDeniedException", denied)), "Grant iam:PassRole to who runs Sluice")
        assert.include(
          yield* refused(serviceError(400, "ValidationException", "Role is wrong.")),
          "StartJobRun failed (Role is wrong). Look at"
        )
        assert.include(yield* refused(serviceError(402, "ServiceQuotaExceededException", "Too many vCPU.")), "give fewer --emr-executors")
        assert.strictEqual(emr.runs.length, 0)
        const absent = Effect.flatMap(placeAt(emr, { application: "app2" }), (place) => place.submit(aJob()))
        const error = yield* Effect.flip(absent)
        assert.include(error.message, "Application app2 does not exist). Look at --emr-application")
        assert.isTrue(error.isRefused)
        // This one may have been started.
        emr.answerNext("GetJobRun", serviceError(403, "AccessDeniedException", denied))
        assert.isUndefined((yield* Effect.flip(Effect.flatMap(placeAt(emr), (place) => place.submit(aJob())))).isRefused)
        assert.strictEqual(emr.runs.length, 1)
      })
    )
  )

  it.effect("is a lake on this machine, and a release that is too old, before anything is started", () =>
    withEmr((emr) =>
      Effect.gen(function* () {
        const place = yield* placeAt(emr)
        const local = yield* Effect.flip(place.submit(aJob("x", { args: ["file:///lake/plan.json"] })))
        assert.include(local.message, "it cannot reach file:///lake/plan.json. Keep the lake in S3")
        emr.applications.set("app1", { releaseLabel: "emr-6.15.0", state: "STARTED" })
        assert.include((yield* Effect.flip(place.submit(aJob()))).message, "its release is emr-6.15.0")
        assert.include((yield* Effect.flip(probeServerless(settingsOf(emr)))).message, "its release is emr-6.15.0")
        assert.strictEqual(startsOf(emr), 0)
        emr.applications.set("app1", { releaseLabel: "emr-spark-8.0.0", state: "STOPPED" })
        assert.strictEqual(yield* probeServerless(settingsOf(emr)), "application shop of release emr-spark-8.0.0 is STOPPED")
        emr.applications.set("app1", { releaseLabel: "emr-7.0.0", state: "STARTED" })
        yield* place.submit(aJob())
        assert.notProperty(emr.runs[0]?.request, "retryPolicy")
      })
    )
  )
})
