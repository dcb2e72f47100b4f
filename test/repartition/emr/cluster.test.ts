import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { emrCluster, probeCluster } from "../../../src/repartition/emr/cluster.ts"
import type { ClusterSettings } from "../../../src/repartition/emr/cluster-request.ts"
import { Bucket, simulatedStore } from "../../simulation/simulated-store.ts"
import { type FaultyStore, makeFaultyStore } from "../../store/faulty-store.ts"
import { anyCredentials } from "../../store/s3-endpoint.ts"
import { aBreakdown, aThrottle, type EmrStandIn, emrStandIn, lost, type StandInCluster, serviceError } from "./emr-stand-in.ts"
import { aJob, commonSettings, over, patiently } from "./jobs.ts"

Object.assign(process.env, anyCredentials)

interface World {
  readonly emr: EmrStandIn
  readonly bucket: Bucket
  readonly faults: FaultyStore
  readonly settings: ClusterSettings
  /** A place where jobs run, as one process sees it. */
  readonly place: (more?: Partial<ClusterSettings>) => Effect.Effect<ReturnType<typeof over>>
}

const withEmr = (body: (world: World) => Effect.Effect<void, unknown, Scope.Scope>) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 28))
      const emr = yield* emrStandIn()
      const clock = yield* Clock.Clock
      const bucket = new Bucket(() => clock.currentTimeMillisUnsafe())
      const faults = makeFaultyStore(simulatedStore(bucket))
      const settings: ClusterSettings = {
        ...commonSettings(emr.endpoint),
        cluster: null,
        release: "emr-7.13.0",
        machines: ["r5.xlarge", "r5a.xlarge"],
        subnets: ["subnet-1", "subnet-2"],
        role: null,
        serviceRole: "EMR_DefaultRole"
      }
      const place = (more: Partial<ClusterSettings> = {}) => Effect.sync(() => over(faults.store, emrCluster({ ...settings, ...more })))
      yield* body({ emr, bucket, faults, settings, place })
    })
  )

const startsOf = ({ asked }: EmrStandIn): number =>
  asked.filter((operation) => operation === "RunJobFlow" || operation === "AddJobFlowSteps").length
/** Keys of the announcements of a job's starts. */
const announcedIn = (faults: FaultyStore) => faults.calls.filter((call) => call.startsWith("putIfAbsent "))
const lastOf = ({ clusters }: EmrStandIn): StandInCluster => {
  const last = clusters.at(-1)
  if (last === undefined) throw new Error("there is no cluster")
  return last
}

describe("a job on a cluster of its own", () => {
  it.effect("is a cluster that ends with its only step", () =>
    withEmr(({ emr, place }) =>
      Effect.gen(function* () {
        const state = yield* (yield* place()).submit(aJob())
        assert.deepStrictEqual(state, {
          phase: "waiting",
          run: "j-0/s-0",
          says: "STARTING",
          startedAt: null,
          logs: "s3://logs/sluice/j-0/steps/s-0/"
        })
        const name = "sluice repartition checkout checkout-1234 start 0"
        const types = [{ InstanceType: "r5.xlarge" }, { InstanceType: "r5a.xlarge" }]
        const { Steps, ...request } = lastOf(emr).request
        assert.deepStrictEqual<unknown>(request, {
          Name: name,
          ReleaseLabel: "emr-7.13.0",
          Applications: [{ Name: "Spark" }],
          Configurations: [{ Classification: "delta-defaults", Properties: { "delta.enabled": "true" } }],
          Instances: {
            InstanceFleets: [
              { Name: "first", InstanceFleetType: "MASTER", TargetOnDemandCapacity: 1, InstanceTypeConfigs: types },
              { Name: "executors", InstanceFleetType: "CORE", TargetOnDemandCapacity: 1, InstanceTypeConfigs: types }
            ],
            Ec2SubnetIds: ["subnet-1", "subnet-2"],
            KeepJobFlowAliveWhenNoSteps: false,
            TerminationProtected: false
          },
          ManagedScalingPolicy: {
            ComputeLimits: { UnitType: "InstanceFleetUnits", MinimumCapacityUnits: 1, MaximumCapacityUnits: 20 }
          },
          JobFlowRole: "EMR_EC2_DefaultRole",
          ServiceRole: "EMR_DefaultRole",
          LogUri: "s3://logs/sluice/",
          Tags: [
            { Key: "team", Value: "shop" },
            { Key: "sluice:job", Value: "checkout-1234" },
            { Key: "sluice:dataset", Value: "checkout" },
            { Key: "sluice:stage-version", Value: "7" }
          ]
        })
        const [step] = Steps as ReadonlyArray<{
          readonly Name: string
          readonly ActionOnFailure: string
          readonly HadoopJarStep: { readonly Args: ReadonlyArray<string> }
        }>
        assert.deepInclude(step, { Name: name, ActionOnFailure: "TERMINATE_CLUSTER" })
        const { Args = [] } = step?.HadoopJarStep ?? {}
        assert.deepStrictEqual(Args.slice(0, 3), ["spark-submit", "--deploy-mode", "client"])
        assert.deepStrictEqual(Args.slice(-2), ["s3://lake/driver.py", ...aJob().args])
      })
    )
  )

  it.effect("is started once by two that ask at once, by those that ask while it is under way, and by no restart of theirs", () =>
    withEmr(({ emr, place, faults }) =>
      Effect.gen(function* () {
        const both = [yield* place(), yield* place()]
        const states = yield* Effect.all(
          both.map((each) => each.submit(aJob())),
          { concurrency: 2 }
        )
        assert.deepStrictEqual(
          states.map(({ phase }) => phase),
          ["waiting", "waiting"]
        )
        assert.strictEqual(emr.clusters.length, 1)
        for (const state of ["BOOTSTRAPPING", "RUNNING"]) {
          lastOf(emr).state = state
          assert.strictEqual((yield* (yield* place()).submit(aJob())).run, "j-0/s-0")
        }
        for (const step of lastOf(emr).steps) step.state = "RUNNING"
        const running = yield* (yield* place()).submit(aJob())
        assert.deepInclude(running, { phase: "running", says: "RUNNING", startedAt: new Date(1_800_000_000_000).toISOString() })
        assert.deepStrictEqual([startsOf(emr), announcedIn(faults).length <= 2], [1, true])
      })
    )
  )

  it.effect("that has ended is followed by another, whose number is the next", () =>
    withEmr(({ emr, place }) =>
      Effect.gen(function* () {
        const one = yield* place()
        yield* one.submit(aJob())
        Object.assign(lastOf(emr), { state: "TERMINATED_WITH_ERRORS" })
        for (const step of lastOf(emr).steps)
          Object.assign(step, { state: "FAILED", details: { Reason: "Unknown Error.", Message: "exit 1", LogFile: "s3://logs/e.gz" } })
        assert.deepInclude(yield* one.find(aJob()), {
          phase: "failed",
          run: "j-0/s-0",
          says: "FAILED",
          reason: "Unknown Error. exit 1",
          logs: "s3://logs/e.gz"
        })
        assert.strictEqual((yield* one.submit(aJob())).run, "j-1/s-0")
        assert.strictEqual(lastOf(emr).request["Name"], "sluice repartition checkout checkout-1234 start 1")
        Object.assign(lastOf(emr), { state: "TERMINATING" })
        for (const step of lastOf(emr).steps) step.state = "COMPLETED"
        assert.deepInclude(yield* one.find(aJob()), { phase: "done", run: "j-1/s-0" })
      })
    )
  )

  it.effect("whose machines never came tells what the cluster says", () =>
    withEmr(({ emr, place }) =>
      Effect.gen(function* () {
        const one = yield* place({ logs: null })
        yield* one.submit(aJob())
        const reason = { Code: "VALIDATION_ERROR", Message: "The subnet has no route." }
        Object.assign(lastOf(emr), { state: "TERMINATED_WITH_ERRORS", reason })
        const failed = { phase: "failed", says: "TERMINATED_WITH_ERRORS", reason: "VALIDATION_ERROR: The subnet has no route." } as const
        assert.deepInclude(yield* one.find(aJob()), failed)
        for (const step of lastOf(emr).steps) step.state = "CANCELLED"
        assert.deepInclude(yield* one.find(aJob()), { ...failed, says: "CANCELLED" })
      })
    )
  )

  it.effect("is found among many, by its tags and not by its name alone", () =>
    withEmr(({ emr, place }) =>
      Effect.gen(function* () {
        const one = yield* place()
        assert.isNull(yield* one.find(aJob()))
        for (let i = 0; i < 5; i++) yield* one.submit(aJob(`job${i}`))
        emr.clusters.push({ ...lastOf(emr), id: "j-9", request: { Name: "sluice repartition checkout job1 start 7" }, steps: [] })
        emr.clusters.push({ ...lastOf(emr), id: "j-8", request: { Name: "sluice repartition checkout job1 start", Tags: [] }, steps: [] })
        for (const id of ["job1", "job4"]) assert.strictEqual((yield* (yield* place()).find(aJob(id)))?.run, `j-${id.at(-1)}/s-0`)
        emr.asked.length = 0
        yield* one.find(aJob("job2"))
        assert.deepStrictEqual(emr.asked, ["DescribeCluster", "ListSteps"])
      })
    )
  )
})

describe("a start that EMR's answer was not heard of", () => {
  it.effect("is found, and not made again", () =>
    withEmr(({ emr, place }) =>
      Effect.gen(function* () {
        emr.answerNext("RunJobFlow", lost)
        emr.answerNext("ListClusters", aBreakdown)
        const state = yield* patiently(Effect.flatMap(place(), (one) => one.submit(aJob())))
        assert.deepStrictEqual([state.run, startsOf(emr)], ["j-0/s-0", 1])
      })
    )
  )

  it.effect("holds others back for a while where it never came, and not for ever", () =>
    withEmr(({ emr, place }) =>
      Effect.gen(function* () {
        emr.answerNext("RunJobFlow", aBreakdown)
        const error = yield* patiently(Effect.flip(Effect.flatMap(place(), (one) => one.submit(aJob()))))
        assert.include(error.message, "EMR did not say whether it has started job checkout-1234, and there is none yet. Run it again")
        const other = yield* place()
        const announced = { phase: "waiting", run: "start 0", says: "ANNOUNCED", startedAt: null } as const
        assert.deepStrictEqual(yield* other.submit(aJob()), announced)
        assert.deepStrictEqual(yield* other.find(aJob()), announced)
        assert.strictEqual(startsOf(emr), 1)
        yield* TestClock.adjust("11 minutes")
        assert.isNull(yield* other.find(aJob()))
        assert.strictEqual((yield* other.submit(aJob())).run, "j-0/s-0")
        assert.strictEqual(lastOf(emr).request["Name"], "sluice repartition checkout checkout-1234 start 1")
      })
    )
  )

  it.effect("that was refused is taken back, so that the next trigger starts at once", () =>
    withEmr(({ emr, place, bucket }) =>
      Effect.gen(function* () {
        const denied = "User: x is not authorized to perform: elasticmapreduce:RunJobFlow on resource: y"
        emr.answerNext("RunJobFlow", serviceError(400, "AccessDeniedException", denied))
        const one = yield* place()
        assert.include((yield* Effect.flip(one.submit(aJob()))).message, "Grant elasticmapreduce:RunJobFlow to who runs Sluice")
        assert.isUndefined(bucket.get("consumable/checkout/_repartition/checkout-1234/start-000000.json"))
        assert.strictEqual((yield* one.submit(aJob())).run, "j-0/s-0")
        assert.isDefined(bucket.get("consumable/checkout/_repartition/checkout-1234/start-000000.json"))
      })
    )
  )

  it.effect("is made again where EMR was too busy to begin with it", () =>
    withEmr(({ emr, place }) =>
      Effect.gen(function* () {
        emr.answerNext("RunJobFlow", aThrottle, 3)
        const state = yield* patiently(Effect.flatMap(place(), (one) => one.submit(aJob())))
        assert.deepStrictEqual([state.run, startsOf(emr), emr.clusters.length], ["j-0/s-0", 4, 1])
      })
    )
  )

  it.effect("is mine where the store did not say that it took the announcement", () =>
    withEmr(({ emr, place, faults }) =>
      Effect.gen(function* () {
        faults.ambiguousNext("putIfAbsent", "start-")
        assert.strictEqual((yield* (yield* place()).submit(aJob())).run, "j-0/s-0")
        faults.failNext("putIfAbsent", "start-", "Denied")
        assert.include((yield* Effect.flip((yield* place()).submit(aJob("b")))).message, "permission denied")
        assert.strictEqual(startsOf(emr), 1)
      })
    )
  )
})

describe("a job on a cluster that there is", () => {
  const withCluster = (body: (world: World, cluster: StandInCluster) => Effect.Effect<void, unknown, Scope.Scope>) =>
    withEmr((world) => {
      const cluster: StandInCluster = {
        id: "j-own",
        request: { Name: "ours", ReleaseLabel: "emr-7.5.0", LogUri: "s3n://logs/ours/" },
        createdAt: 0,
        state: "WAITING",
        reason: {},
        steps: []
      }
      world.emr.clusters.push(cluster)
      return body(world, cluster)
    })

  it.effect("is a step, started once, found by what it runs", () =>
    withCluster(({ emr, place }, cluster) =>
      Effect.gen(function* () {
        const own = { cluster: "j-own", role: "arn:aws:iam::123456789012:role/step" }
        const doubled = { Name: "sluice repartition checkout checkout-1234 start 9", HadoopJarStep: { Jar: "x", Args: ["other"] } }
        cluster.steps.push({ id: "s-other", request: doubled, state: "RUNNING", details: undefined })
        yield* Effect.all(
          [Effect.flatMap(place(own), (one) => one.submit(aJob())), Effect.flatMap(place(own), (one) => one.submit(aJob()))],
          {
            concurrency: 2
          }
        )
        assert.strictEqual(startsOf(emr), 1)
        assert.deepStrictEqual(cluster.steps[1]?.request["ActionOnFailure"], "CONTINUE")
        const state = yield* (yield* place(own)).find(aJob())
        assert.deepInclude(state, { phase: "waiting", run: "j-own/s-1", says: "PENDING", logs: "s3://logs/ours/j-own/steps/s-1/" })
        for (const step of cluster.steps) step.state = "INTERRUPTED"
        assert.strictEqual((yield* (yield* place(own)).submit(aJob())).run, "j-own/s-2")
      })
    )
  )

  it.effect("is refused with what to do where the cluster is not there, or too old", () =>
    withCluster(({ place, settings }, cluster) =>
      Effect.gen(function* () {
        const absent = yield* Effect.flip(Effect.flatMap(place({ cluster: "j-x" }), (one) => one.submit(aJob())))
        assert.include(absent.message, "DescribeCluster failed (Cluster id 'j-x' is not valid). Look at --emr-cluster")
        const ours = { ...settings, cluster: "j-own" }
        assert.strictEqual(yield* probeCluster(ours), "cluster ours of release emr-7.5.0 is WAITING")
        cluster.state = "TERMINATED"
        assert.include((yield* Effect.flip(probeCluster(ours))).message, "cluster j-own is TERMINATED, and takes no jobs")
        assert.include(yield* probeCluster(settings), "each job gets a cluster of emr-7.13.0, of up to 21 × r5.xlarge or r5a.xlarge")
        assert.include((yield* Effect.flip(probeCluster({ ...settings, release: "emr-6.9.0" }))).message, "its release is emr-6.9.0")
      })
    )
  )
})
