import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { sluice, sluiceJson } from "../cli/sluice.ts"
import { type EmrStandIn, emrStandIn } from "../repartition/emr/emr-stand-in.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"

/** The command itself: its lake in a bucket, its jobs where a stand-in of EMR says how they fare. */
let moto: Moto
let emr: EmrStandIn
const scope = Scope.makeUnsafe()
let folder = ""
let env: Readonly<Record<string, string>> = {}

beforeAll(async () => {
  moto = await startMoto()
  emr = await Effect.runPromise(Scope.provide(emrStandIn(), scope))
  folder = mkdtempSync(join(tmpdir(), "sluice-emr-"))
  env = {
    ...motoEnvironment,
    SLUICE_S3_ENDPOINT: moto.endpoint,
    SLUICE_EMR_ENDPOINT: emr.endpoint,
    SLUICE_EMR_APPLICATION: "app1",
    SLUICE_EMR_ROLE: "arn:aws:iam::123456789012:role/job",
    SLUICE_EMR_LOGS: "s3://logs/sluice"
  }
  await sluice(["generate", "--orders", "20", "--out", folder])
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await moto.stop()
  rmSync(folder, { recursive: true, force: true })
})

it("starts one job, refuses a second while it is under way, tells why it failed, and starts it anew", async () => {
  const lake = `s3://${await moto.bucket()}/lake`
  await sluiceJson(["ingest", "--input", folder, "--lake", lake], env)
  const repartition = () => sluice(["repartition", "--lake", lake, "--engine", "emr-serverless"], env)
  const first = await repartition()
  expect([first.code, first.stdout]).toEqual([0, expect.stringContaining("run0 (SUBMITTED)")])
  const [run] = emr.runs
  if (run === undefined) throw new Error("nothing was started")
  run.state = "RUNNING"
  const second = await repartition()
  expect([second.code, second.stderr]).toEqual([1, expect.stringContaining("run0 is under way (RUNNING)")])
  expect(emr.runs.length).toBe(1)
  Object.assign(run, { state: "FAILED", stateDetails: "Job failed. ExitCode: 137" })
  const third = await repartition()
  expect([third.code, third.stderr]).toEqual([1, expect.stringContaining("run0 failed without a result: Job failed. ExitCode: 137")])
  expect(third.stderr).toContain("s3://logs/sluice/applications/app1/jobs/run0/")
  const fourth = await repartition()
  expect([fourth.code, fourth.stdout]).toEqual([0, expect.stringContaining("run1 (SUBMITTED)")])
})

it("says what is missing before it starts anything, and doctor says what there is", async () => {
  const lake = `s3://${await moto.bucket()}/lake`
  const started = emr.runs.length
  const onFolder = await sluice(["repartition", "--lake", folder, "--engine", "emr"], env)
  expect([onFolder.code, onFolder.stderr]).toEqual([expect.any(Number), expect.stringMatching(/cannot reach the folder|there is no lake/)])
  const noRole = await sluice(["doctor", "--lake", lake, "--engine", "emr-serverless", "--json"], { ...env, SLUICE_EMR_ROLE: "" })
  const checkOf = ({ stdout }: { readonly stdout: string }) =>
    JSON.parse(stdout).checks.find(({ check }: { readonly check: string }) => check === "engine")
  expect(checkOf(noRole)).toMatchObject({ ok: false, detail: expect.stringContaining("--emr-role is missing") })
  const local = await sluice(["doctor", "--lake", folder, "--engine", "emr", "--json"], env)
  expect(checkOf(local)).toMatchObject({ ok: false, detail: expect.stringContaining("--engine emr cannot reach the folder") })
  const there = await sluice(["doctor", "--lake", lake, "--engine", "emr-serverless", "--json"], env)
  expect(checkOf(there)).toMatchObject({ ok: true, detail: "application shop of release emr-7.13.0 is STARTED" })
  expect(emr.runs.length).toBe(started)
})
