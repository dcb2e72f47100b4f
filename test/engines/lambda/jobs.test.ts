import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { buildFunction } from "../../../src/build/functions.ts"
import { root, sluice, sluiceJson } from "../../cli/sluice.ts"
import { ownClient, type Running, runFunction } from "../../lambda/runtime-api.ts"
import { unpack } from "../../lambda/unzip.ts"
import { type EmrStandIn, emrStandIn } from "../../repartition/emr/emr-stand-in.ts"
import { type Moto, motoEnvironment, startMoto } from "../moto.ts"

/** The bundles themselves: their lake in a bucket, their jobs where a stand-in of EMR says how they fare. */
let moto: Moto
let emr: EmrStandIn
const scope = Scope.makeUnsafe()
const folder = mkdtempSync(join(tmpdir(), "sluice-functions-"))
const running: Array<Running> = []

beforeAll(async () => {
  moto = await startMoto()
  emr = await Effect.runPromise(Scope.provide(emrStandIn(), scope))
  await sluice(["generate", "--orders", "20", "--out", join(folder, "orders")])
})
afterAll(async () => {
  for (const each of running) await each.stop()
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await moto.stop()
  rmSync(folder, { recursive: true, force: true })
})

const start = async (name: string, env: Readonly<Record<string, string>>): Promise<Running> => {
  unpack((await buildFunction(root, name, join(root, "schemas/vtex/project.ts"))).zip, join(folder, name))
  const started = await runFunction(join(folder, name), env, ownClient)
  running.push(started)
  return started
}

const hour = { "detail-type": "Scheduled Event", source: "aws.events", detail: {} }
const change = (jobRunId: string, state: string) => ({
  "detail-type": "EMR Serverless Job Run State Change",
  source: "aws.emr-serverless",
  detail: { jobRunId, applicationId: "app1", state }
})

it("a rule that fires twice starts one job, whose end is committed once, or told", async () => {
  const lake = `s3://${await moto.bucket()}/lake`
  const env = {
    ...motoEnvironment,
    SLUICE_LAKE: lake,
    SLUICE_S3_ENDPOINT: moto.endpoint,
    SLUICE_ENGINE: "emr-serverless",
    SLUICE_EMR_ENDPOINT: emr.endpoint,
    SLUICE_EMR_APPLICATION: "app1",
    SLUICE_EMR_ROLE: "arn:aws:iam::123456789012:role/job"
  }
  const submit = await start("submitPartitionRoutineCluster", env)
  const commit = await start("commitPartitionRoutine", env)
  // Before the first record there is no lake: the hours until then have nothing to do, and make none.
  expect(await submit.invoke(hour)).toEqual({ kind: "answer", answer: { datasets: [] } })
  expect((await sluice(["status"], env)).stderr).toContain("there is no lake")
  await sluiceJson(["ingest", "--input", join(folder, "orders")], env)

  const became = (what: string, says: unknown) => ({ kind: "answer", answer: { datasets: [{ dataset: "checkout", became: what, says }] } })
  expect(await submit.invoke(hour)).toEqual(became("submitted", expect.stringContaining("run0 (SUBMITTED)")))
  expect(await submit.invoke(hour)).toEqual(became("under-way", expect.stringContaining("run0 is under way")))
  expect(emr.runs.length).toBe(1)
  expect(await commit.invoke(change("run0", "RUNNING"))).toEqual({ kind: "answer", answer: { datasets: [] } })

  const [run] = emr.runs
  Object.assign(run ?? {}, { state: "FAILED", stateDetails: "Job failed. ExitCode: 137" })
  expect(await commit.invoke(change("run0", "FAILED"))).toMatchObject({
    kind: "error",
    type: "RepartitionError",
    message: expect.stringContaining("run0 failed without a result: Job failed. ExitCode: 137")
  })
  // As Lambda does with an event that failed.
  expect(await commit.invoke(change("run0", "FAILED"))).toEqual(became("nothing", null))
  expect(await submit.invoke(hour)).toEqual(became("submitted", expect.stringContaining("run1 (SUBMITTED)")))
  expect([submit.starts(), commit.starts()]).toEqual([1, 1])
})

it("dead letters of Firehose and of a queue become rows, once", async () => {
  const bucket = await moto.bucket()
  const env = { ...motoEnvironment, SLUICE_LAKE: `s3://${bucket}/lake`, SLUICE_S3_ENDPOINT: moto.endpoint }
  const collect = await start("collectDeadLetters", env)
  const key = "errors/processing-failed/checkout/2026/11/20/07/S-1-2026-11-20-07-30-00-0f5ee4b2-9e3e-4c0c-9d3c-5a1b6a0f0001"
  const line = {
    attemptsMade: 4,
    arrivalTimestamp: Date.UTC(2026, 10, 20, 7),
    errorCode: "Lambda.FunctionError",
    errorMessage: "",
    rawData: "eA=="
  }
  const put = await fetch(`${moto.endpoint}/${bucket}/${key}`, { method: "PUT", body: `${JSON.stringify(line)}\n` })
  const notice = {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    eventName: "ObjectCreated:Put",
    eventTime: "2026-11-20T07:31:00Z",
    s3: { bucket: { name: bucket }, object: { key, eTag: put.headers.get("etag")?.replaceAll('"', "") } }
  }
  const message = {
    messageId: "m-1",
    body: "hello",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:x:1:dead",
    attributes: { SentTimestamp: "1795000000000" }
  }
  for (let time = 0; time < 2; time++) {
    expect(await collect.invoke({ Records: [notice] })).toEqual({ kind: "answer", answer: { batchItemFailures: [] } })
    expect(await collect.invoke({ Records: [message] })).toEqual({ kind: "answer", answer: { batchItemFailures: [] } })
  }
  expect(collect.starts()).toBe(1)
  const { stdout } = await sluice(["query", "SELECT reason, decode(raw) AS raw FROM dead_letters ORDER BY reason", "--format", "csv"], env)
  expect(stdout.trim().split(/\r?\n/)).toEqual(["reason,raw", "firehose_transformation,x", "undelivered,hello"])
  expect(await sluiceJson(["verify"], env)).toMatchObject({ ok: true })
})
