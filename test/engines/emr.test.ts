import { EMR } from "@aws-sdk/client-emr"
import { EMRServerless } from "@aws-sdk/client-emr-serverless"
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { emrCluster } from "../../src/repartition/emr/cluster.ts"
import { emrServerless, probeServerless } from "../../src/repartition/emr/serverless.ts"
import { aJob, commonSettings, over } from "../repartition/emr/jobs.ts"
import { Bucket, simulatedStore } from "../simulation/simulated-store.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"

/**
 * What is asked for is taken by somebody else's idea of both services. It knows no tokens, and its runs have ended at once: what depends on these is
 * shown with our own stand-in, `test/repartition/emr`.
 */
let moto: Moto
const store = simulatedStore(new Bucket(Date.now))

beforeAll(async () => {
  Object.assign(process.env, motoEnvironment)
  moto = await startMoto()
})
afterAll(() => moto.stop())

it("EMR Serverless takes a job, tells of its run, and finds it by its tags", async () => {
  const client = new EMRServerless({ endpoint: moto.endpoint })
  const { applicationId = "" } = await client.createApplication({ name: "shop", releaseLabel: "emr-7.13.0", type: "SPARK" })
  const settings = {
    ...commonSettings(moto.endpoint),
    application: applicationId,
    role: "arn:aws:iam::123456789012:role/job",
    timeout: 3_600_000
  }
  // An application that has never run anything is none to this server.
  await client.startJobRun({ applicationId, executionRoleArn: settings.role, name: "another" })
  const [submitted, found, other, probed] = await Effect.gen(function* () {
    const place = over(store, emrServerless(settings))
    return [yield* place.submit(aJob()), yield* place.find(aJob()), yield* place.find(aJob("b")), yield* probeServerless(settings)] as const
  }).pipe(Effect.scoped, Effect.runPromise)
  expect(submitted).toEqual(found)
  expect(found).toMatchObject({
    phase: "done",
    says: "SUCCESS",
    logs: `s3://logs/sluice/applications/${applicationId}/jobs/${found?.run}/`
  })
  expect(other).toBeNull()
  expect(probed).toContain(`application shop of release emr-7.13.0 is `)
  const { jobRun } = await client.getJobRun({ applicationId, jobRunId: found?.run })
  expect(jobRun?.jobDriver).toMatchObject({ sparkSubmit: { entryPoint: "s3://lake/driver.py", entryPointArguments: aJob().args } })
  client.destroy()
})

it("EMR takes a cluster with its step, and a step on a cluster that there is", async () => {
  const client = new EMR({ endpoint: moto.endpoint })
  const settings = {
    ...commonSettings(moto.endpoint),
    cluster: null,
    release: "emr-7.13.0",
    machines: ["r5.xlarge"],
    subnets: [],
    role: null,
    serviceRole: "EMR_DefaultRole"
  }
  const [own, step] = await Effect.gen(function* () {
    const place = over(store, emrCluster(settings))
    const own = yield* place.submit(aJob())
    expect((yield* place.submit(aJob())).run).toBe(own.run)
    const [cluster = ""] = own.run.split("/")
    const there = over(store, emrCluster({ ...settings, cluster }))
    const step = yield* there.submit(aJob("b"))
    expect((yield* there.find(aJob("b")))?.run).toBe(step.run)
    return [own, step] as const
  }).pipe(Effect.scoped, Effect.runPromise)
  expect(["waiting", "running"]).toContain(own.phase)
  const [ClusterId, first] = own.run.split("/")
  expect(step.run).toMatch(new RegExp(`^${ClusterId}/`))
  const { Steps = [] } = await client.listSteps({ ClusterId })
  expect(Steps.map(({ Id }) => Id).sort()).toEqual([first, step.run.split("/")[1]].sort())
  expect(Steps.find(({ Id }) => Id === first)?.Config?.Args?.slice(-2)).toEqual(["s3://lake/driver.py", ...aJob().args])
  const { Cluster } = await client.describeCluster({ ClusterId })
  expect(Cluster).toMatchObject({ ReleaseLabel: "emr-7.13.0", ServiceRole: "EMR_DefaultRole", AutoTerminate: true })
  expect(Cluster?.Tags).toContainEqual({ Key: "sluice:job", Value: "checkout-1234" })
  client.destroy()
})
