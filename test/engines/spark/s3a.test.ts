import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { sluice, sluiceJson } from "../../cli/sluice.ts"
import { eventually } from "../../passing-time.ts"
import { type EmrStandIn, emrStandIn, type StandInRun } from "../../repartition/emr/emr-stand-in.ts"
import { type FaultyProxy, startProxy } from "../faulty-proxy.ts"
import { type Moto, motoEnvironment, startMoto } from "../moto.ts"
import { setUpS3a } from "../setup.ts"
import { livingDrivers, sparkEnvironment } from "./command.ts"

/**
 * The real command and real Spark on a lake in a bucket, which Spark reads and writes by Hadoop's client of S3, and who commits at the same time meets the other one at
 * the commit point.
 */
const folder = mkdtempSync(join(tmpdir(), "sluice-s3a-"))
const scope = Scope.makeUnsafe()
let moto: Moto
let proxy: FaultyProxy
let emr: EmrStandIn
let env: Readonly<Record<string, string>> = {}
let lake = ""
const calm = join(folder, "calm")

beforeAll(async () => {
  moto = await startMoto()
  proxy = await startProxy(moto.endpoint)
  emr = await Effect.runPromise(Scope.provide(emrStandIn(), scope))
  env = {
    ...motoEnvironment,
    ...sparkEnvironment(folder, setUpS3a()),
    SLUICE_S3_ENDPOINT: proxy.endpoint,
    SLUICE_EMR_ENDPOINT: emr.endpoint,
    SLUICE_EMR_APPLICATION: "app1",
    SLUICE_EMR_ROLE: "arn:aws:iam::123456789012:role/job"
  }
  lake = `s3://${await moto.bucket()}/some prefix/lake`
})
afterAll(async () => {
  for (const leader of livingDrivers(env)) process.kill(-leader, "SIGKILL")
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await proxy.stop()
  await moto.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Brings more orders, to this lake and to one that nobody disturbs. */
const bring = async (seed: number): Promise<void> => {
  const input = join(folder, "input", String(seed))
  await sluiceJson(["generate", "--orders", "3", "--seed", String(seed), "--out", input])
  await Promise.all([lake, calm].map((each) => sluiceJson(["ingest", "--lake", each, "--input", input], env)))
}
const repartition = (engine: string) => sluice(["repartition", "--lake", lake, "--engine", engine, "--json"], env)
const isCommit = (method: string, url: string) => method === "PUT" && /\/consumable\/checkout\/_delta_log\/\d+\.json/.test(url)
const hasResult = async (): Promise<boolean> => {
  const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]*)\/(.*)$/.exec(lake) ?? []
  const below = encodeURIComponent(`${prefix}/consumable/checkout/_repartition/`)
  const listed = await fetch(`${moto.endpoint}/${bucket}?list-type=2&prefix=${below}`)
  return /\/result\.json</.test(await listed.text())
}

/** Starts a job on this machine, and waits until it has left what it made. */
const made = async (): Promise<void> => {
  expect(await sluiceJson(["repartition", "--lake", lake, "--engine", "spark"], env)).toMatchObject({ kind: "submitted" })
  await eventually(async () => (await hasResult()) || livingDrivers(env).length === 0)
}

/** What runs of the command said that were all started before one of them was to commit. */
const atOnce = async (...engines: readonly [string, string]) => {
  const met = proxy.meet(isCommit)
  const ran = await Promise.all(engines.map(repartition))
  expect(met(), ran.map(({ stderr }) => stderr).join()).toBe(2)
  return ran.map(({ code, stdout, stderr }) => ({ code, kind: code === 0 ? JSON.parse(stdout).kind : null, stderr }))
}

/** The lake has what the undisturbed one has, and all that was committed is there. */
const expectCalm = async (): Promise<void> => {
  const [verified] = await Promise.all([
    sluice(["verify", "--lake", lake], env),
    sluiceJson(["repartition", "--lake", calm, "--engine", "duckdb"], env)
  ])
  expect(verified.code, verified.stdout + verified.stderr).toBe(0)
  const content = "SELECT change_date, hash(consumable_checkout) AS content FROM consumable_checkout ORDER BY ALL"
  const rows = (path: string) => sluiceJson(["query", "--lake", path, content], env)
  const [found, expected] = await Promise.all([rows(lake), rows(calm)])
  expect(expected.length).toBeGreaterThan(4)
  expect(found).toEqual(expected)
}

it("commits what a job made once, of two runs that collect it at once", async () => {
  await bring(1)
  await made()
  const ran = await atOnce("spark", "spark")
  expect(ran.map(({ kind }) => kind).sort(), ran.map(({ stderr }) => stderr).join()).toEqual(["repartition", "up-to-date"])
  await expectCalm()
})

/** Does what EMR Serverless does with a run that was asked for, with the Spark of this machine in the place of its own. */
const runThere = async (run: StandInRun): Promise<void> => {
  const { entryPoint, entryPointArguments, sparkSubmitParameters } = sparkSubmitOf(run)
  run.state = "RUNNING"
  const { jars } = setUpS3a()
  const own = [
    // Where its release has them, and its file system for s3:.
    `spark.jars=${jars.join()}`,
    `spark.driver.extraClassPath=${jars.join(":")}`,
    "spark.hadoop.fs.s3.impl=org.apache.hadoop.fs.s3a.S3AFileSystem",
    `spark.hadoop.fs.s3a.endpoint=${proxy.endpoint}`,
    "spark.hadoop.fs.s3a.path.style.access=true",
    "spark.ui.enabled=false",
    "spark.driver.host=127.0.0.1",
    "spark.driver.bindAddress=127.0.0.1"
  ].flatMap((each) => ["--conf", each])
  const args = ["--master", "local[2]", ...sparkSubmitParameters.split(" "), ...own, entryPoint, ...entryPointArguments]
  const child = spawn(env["SLUICE_SPARK_SUBMIT"] ?? "", args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] })
  let said = ""
  for (const output of [child.stdout, child.stderr])
    output.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000)
    })
  const [code] = await once(child, "close")
  run.state = code === 0 ? "SUCCESS" : "FAILED"
  run.stateDetails = said
}

interface SparkSubmit {
  readonly entryPoint: string
  readonly entryPointArguments: ReadonlyArray<string>
  readonly sparkSubmitParameters: string
}

const sparkSubmitOf = ({ request }: StandInRun): SparkSubmit => {
  const { jobDriver }: { readonly jobDriver?: { readonly sparkSubmit: SparkSubmit } } = request
  if (jobDriver === undefined) throw new Error("no Spark was asked for")
  return jobDriver.sparkSubmit
}

it("commits either what a job on EMR Serverless made, of what that was told, or what this process makes, where both come at once", async () => {
  await bring(2)
  expect(await sluiceJson(["repartition", "--lake", lake, "--engine", "emr-serverless"], env)).toMatchObject({
    kind: "submitted",
    run: "run0"
  })
  const [run] = emr.runs
  if (run === undefined) throw new Error("nothing was started")
  await runThere(run)
  expect(run.state, run.stateDetails).toBe("SUCCESS")
  const ran = await atOnce("emr-serverless", "duckdb")
  expect(ran.map(({ kind }) => kind).sort(), ran.map(({ stderr }) => stderr).join()).toEqual(["repartition", "up-to-date"])
  expect(emr.runs.length).toBe(1)
  await expectCalm()
})
