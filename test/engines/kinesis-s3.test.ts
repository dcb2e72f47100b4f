import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { sluice, sluiceJson, start } from "../cli/sluice.ts"
import { eventually } from "../passing-time.ts"
import { type Emulator, emulatorEnvironment, startKinesisLocal } from "../wire/kinesis-local.ts"
import { type FaultyProxy, startProxy } from "./faulty-proxy.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"

/** From a stream into a bucket, with nothing of AWS but its words: the real command, real HTTP, two workers who are killed. */
let moto: Moto
/** In front of it: what is asked for tells how far the workers are. */
let proxy: FaultyProxy
let kinesis: Emulator
let folder = ""
let env: Readonly<Record<string, string>> = {}

beforeAll(async () => {
  ;[moto, kinesis] = await Promise.all([startMoto(), startKinesisLocal()])
  proxy = await startProxy(moto.endpoint)
  folder = mkdtempSync(join(tmpdir(), "sluice-kinesis-s3-"))
  const scratch = mkdtempSync(join(folder, "scratch-"))
  env = {
    ...motoEnvironment,
    ...emulatorEnvironment,
    SLUICE_S3_ENDPOINT: proxy.endpoint,
    SLUICE_ENDPOINT: kinesis.endpoint,
    TMPDIR: scratch
  }
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all([moto.stop(), kinesis.stop()])
  rmSync(folder, { recursive: true, force: true })
})

/** What orders say, whichever way they came. */
const content = "order_id, last_change, status, value, hostname, hash(items) AS items"
const query = (lake: string, sql: string): Promise<ReadonlyArray<unknown>> => sluiceJson(["query", "--lake", lake, sql], env)

it("orders from a stream lie in the bucket once each, whoever is killed", async () => {
  const parts = [join(folder, "first"), join(folder, "second")]
  const calm = join(folder, "calm")
  for (const [i, part] of parts.entries()) {
    await sluiceJson(["generate", "--orders", "400", "--seed", String(i + 1), "--out", part])
    await sluiceJson(["ingest", "--input", part, "--lake", calm], env)
  }
  const lake = `s3://${await moto.bucket()}/lake`
  await kinesis.createStream("orders", 4)

  const worker = (n: number) => {
    const { child, done } = start(
      ["run", "--source", "kinesis", "--stream", "orders", "--workers", "2", "--worker", String(n), "--lake", lake].concat([
        "--batch-age",
        "1s",
        "--poll-interval",
        "200ms",
        "--threads",
        "1"
      ]),
      env
    )
    let said = ""
    const follows = new Promise<void>((resolve) =>
      child.stderr?.on("data", (text: Buffer) => {
        said += String(text)
        if (said.includes("stop with")) resolve()
      })
    )
    return { child, done, follows }
  }
  const kept = () => proxy.seen.filter((request) => request.startsWith("PUT ")).length
  const workers = [worker(0), worker(1)]
  let [put, retries] = [0, 0]
  for (const part of parts) {
    let isPut = false
    const putting = sluiceJson(["put", "--stream", "orders", "--input", part], env).finally(() => {
      isPut = true
    })
    for (let kill = 0; kill < 4; kill++) {
      // While there is something to read, in the middle of what a worker keeps of it.
      const enough = kept() + 3 + kill
      await eventually(() => isPut || kept() >= enough)
      const victim = kill % 2
      workers[victim]?.child.kill("SIGKILL")
      await workers[victim]?.done
      workers[victim] = worker(victim)
    }
    const counts = await putting
    put += counts.records
    retries += counts.retries
  }
  // Who has only just been started would not know the signal yet.
  for (const { follows, done } of workers) await Promise.race([follows, done])
  // The workers have read everything when a reader that ends at the tips of the shards finds the rest, if any.
  for (const { child } of workers) child.kill("SIGTERM")
  for (const { done } of workers) {
    const { code, stderr } = await done
    expect(code, stderr).toBe(0)
  }
  const rest = await sluiceJson(["ingest", "--source", "kinesis", "--stream", "orders", "--lake", lake], env)
  console.log(`${put} records put, ${retries} of them again, ${rest.counts.records} of them read by the last reader`)
  await sluiceJson(["repartition", "--lake", lake], env)

  const { code, stdout, stderr } = await sluice(["verify", "--lake", lake], env)
  expect(code, stdout + stderr).toBe(0)
  const { datasets } = await sluiceJson(["status", "--lake", lake], env)
  // What was put again, as on a busy machine, may be in the stream twice.
  expect(datasets[0].records).toBeGreaterThanOrEqual(put)
  expect(datasets[0].records).toBeLessThanOrEqual(put + retries)
  expect(datasets[0].streams).toHaveLength(4)
  const rows = retries === 0 ? content : `DISTINCT ${content}`
  expect(await query(lake, `SELECT ${rows} FROM stage_checkout ORDER BY ALL`)).toEqual(
    await query(calm, `SELECT ${rows} FROM stage_checkout ORDER BY ALL`)
  )
  await sluiceJson(["repartition", "--lake", calm], env)
  expect(await query(lake, `SELECT ${content} FROM consumable_checkout ORDER BY ALL`)).toEqual(
    await query(calm, `SELECT ${content} FROM consumable_checkout ORDER BY ALL`)
  )
  // What the killed ones left behind is theirs; nobody else leaves anything.
  expect(readdirSync(env["TMPDIR"] ?? "").length).toBeLessThanOrEqual(8)
})
