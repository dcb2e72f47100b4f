import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sluice, sluiceJson, start } from "../cli/sluice.ts"
import { eventually } from "../passing-time.ts"
import { startProxy } from "./faulty-proxy.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"

/** The real command on a lake in a bucket: it must hold what the lake in a folder holds, row for row, whatever happens to the process. */
let moto: Moto
let folder = ""
let raw = ""
let calm = ""
let env: Readonly<Record<string, string>> = {}
/** Where the commands put their copies: nothing may stay there. */
let scratch = ""

beforeAll(async () => {
  moto = await startMoto()
  folder = mkdtempSync(join(tmpdir(), "sluice-s3-lake-"))
  scratch = mkdtempSync(join(folder, "scratch-"))
  env = { ...motoEnvironment, SLUICE_S3_ENDPOINT: moto.endpoint, SLUICE_HASH_KEY: "swordfish swordfish", TMPDIR: scratch }
  raw = join(folder, "raw")
  calm = join(folder, "calm")
  const generated = join(folder, "generated")
  await sluiceJson(["generate", "--orders", "600", "--seed", "3", "--dirt", "0.1", "--out", generated])
  // All in one hour that is over, so that there is something to compact.
  mkdirSync(raw)
  for (const [i, path] of readdirSync(generated, { recursive: true, encoding: "utf8" }).sort().entries())
    if (path.endsWith(".ndjson")) copyFileSync(join(generated, path), join(raw, `${i}.ndjson`))
  await sluiceJson([...ingest(calm), "--threads", "1"], env)
  await sluiceJson(["repartition", "--lake", calm], env)
})
afterAll(async () => {
  await moto.stop()
  rmSync(folder, { recursive: true, force: true })
})

const ingest = (lake: string, batch = "2MB") => [
  "ingest",
  "--input",
  raw,
  "--lake",
  lake,
  "--batch-bytes",
  batch,
  "--arrived-at",
  "2026-11-01T07:00:00Z"
]
const rows = (lake: string, table: string, columns: string): Promise<ReadonlyArray<unknown>> =>
  sluiceJson(["query", "--lake", lake, `SELECT ${columns} FROM ${table} ORDER BY ALL`], env)
const stageColumns = "ingest_date, ingest_hour, _shard, _sequence_number, _sub_sequence_number, _rescued, hash(stage_checkout) AS content"
const consumableColumns = "change_date, order_id, last_change, _shard, _sequence_number, hash(consumable_checkout) AS content"
const deadLetterColumns = "reason, path, _shard, _sequence_number, hash(raw) AS content"

const expectSameLake = async (lake: string): Promise<void> => {
  const { code, stdout, stderr } = await sluice(["verify", "--lake", lake], env)
  expect(code, stdout + stderr).toBe(0)
  const stage = await rows(lake, "stage_checkout", stageColumns)
  expect(stage.length).toBeGreaterThan(1000)
  expect(stage).toEqual(await rows(calm, "stage_checkout", stageColumns))
  expect(await rows(lake, "dead_letters", deadLetterColumns)).toEqual(await rows(calm, "dead_letters", deadLetterColumns))
  expect(await rows(lake, "consumable_checkout", consumableColumns)).toEqual(await rows(calm, "consumable_checkout", consumableColumns))
}

describe("a lake in a bucket", () => {
  it("holds what a lake in a folder holds, through every command", async () => {
    const bucket = await moto.bucket()
    const lake = `s3://${bucket}/some prefix/lake`
    const before = await sluice(["status", "--lake", lake], env)
    expect([before.code, before.stderr]).toEqual([1, expect.stringContaining("there is no lake at s3://")])
    const { checks } = await sluiceJson(["doctor", "--lake", lake], env)
    expect(checks.find(({ check }: { check: string }) => check === "lake")).toMatchObject({ ok: true })

    await sluiceJson([...ingest(lake), "--threads", "2"], env)
    const plan = await sluiceJson(["repartition", "--lake", lake, "--dry-run"], env)
    expect(plan.kind).toBe("plan")
    await sluiceJson(["repartition", "--lake", lake], env)
    await expectSameLake(lake)

    // Again is nothing; a fold from the start gives the same; so does what maintain compacts.
    expect((await sluiceJson([...ingest(lake), "--threads", "1"], env)).counts.records).toBe(0)
    await sluiceJson(["repartition", "--lake", lake, "--rebuild"], env)
    const { tables } = await sluiceJson(["maintain", "--lake", lake], env)
    const stage = tables.find(({ table }: { table: string }) => table === "stage/checkout")
    expect(stage.compacted.filesBefore).toBeGreaterThan(stage.compacted.filesAfter)
    expect(stage.compacted.bytesAfter).toBeGreaterThan(0)
    await sluiceJson(["replay", "--lake", lake], env)
    await expectSameLake(lake)

    const status = await sluiceJson(["status", "--lake", lake], env)
    expect(status.root).toBe(lake)
    expect(status.datasets[0].stage.rows).toBe((await rows(calm, "stage_checkout", "1")).length)
    // Statements that name no table, or make the name of the one they read, answer rightly.
    expect(await sluiceJson(["query", "--lake", lake, "SELECT table_name FROM information_schema.tables ORDER BY ALL"], env)).toHaveLength(
      4
    )
    expect(await sluiceJson(["query", "--lake", lake, "SELECT count(*) AS n FROM main.DEAD_LETTERS"], env)).toEqual([
      { n: (await rows(calm, "dead_letters", "1")).length }
    ])
    expect(await sluiceJson(["query", "--lake", lake, "SELECT count(*) AS n FROM query_table('dead_' || 'letters')"], env)).toEqual([
      { n: (await rows(calm, "dead_letters", "1")).length }
    ])
    const listed = await fetch(`${moto.endpoint}/${bucket}?list-type=2&prefix=${encodeURIComponent("some prefix/lake/lineage/")}`).then(
      (answer) => answer.text()
    )
    expect(listed.match(/<Key>[^<]*\.json<\/Key>/g)?.length).toBeGreaterThan(4)
    expect(readdirSync(scratch)).toEqual([])
  })

  it("is shown by the console, which copies what dashboards name", async () => {
    const lake = `s3://${await moto.bucket()}/lake`
    await sluiceJson([...ingest(lake), "--threads", "1"], env)
    await sluiceJson(["repartition", "--lake", lake], env)
    const { child, done } = start(["console", "--lake", lake, "--port", "0"], env)
    let said = ""
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString()
    })
    const address = /http:\/\/127\.0\.0\.1:\d+/
    await eventually(() => address.test(said) || child.exitCode !== null)
    const at = address.exec(said)?.[0] ?? ""
    const json = async (path: string): Promise<unknown> => (await fetch(`${at}${path}`)).json()
    const counted = "SELECT count(DISTINCT order_id)::INT AS orders FROM consumable_checkout"
    const [{ orders }] = await sluiceJson(["query", "--lake", calm, counted], env)
    expect(await json("/api/q/bf_orders?preset=all")).toMatchObject({ rows: [[orders]] })
    expect(await json("/api/status")).toMatchObject({ lake, datasets: [{ dataset: "checkout", ledger: { closes: true } }] })
    child.kill("SIGTERM")
    expect((await done).code, said).toBe(0)
    expect(readdirSync(scratch)).toEqual([])
  })

  it("is the same after kills", async () => {
    const lake = `s3://${await moto.bucket()}/lake`
    // What a process has done is told by what it has asked S3 to keep: it is killed at one of its first requests to, or one of those behind.
    const proxy = await startProxy(moto.endpoint)
    const kept = () => proxy.seen.filter((request) => request.startsWith("PUT ")).length
    let killed = 0
    for (const [args, wanted] of [
      [[...ingest(lake, "300kB"), "--threads", "1"], 8],
      [["repartition", "--lake", lake], 12]
    ] as const) {
      for (;;) {
        const { child, done } = start(args, { ...env, SLUICE_S3_ENDPOINT: proxy.endpoint })
        const enough = killed < wanted ? kept() + 1 + ((killed * 5) % 13) : Number.POSITIVE_INFINITY
        const isOver = () => child.exitCode !== null || child.signalCode !== null
        await eventually(() => isOver() || kept() >= enough)
        if (!isOver()) child.kill("SIGKILL")
        const { code, stderr } = await done
        if (code === 0) break
        if (code !== null) throw new Error(`ended with ${code}: ${stderr}`)
        killed++
      }
    }
    console.log(`killed ${killed} times`)
    expect(killed).toBeGreaterThanOrEqual(8)
    await proxy.stop()
    await expectSameLake(lake)
  })

  it("refuses what it cannot be", async () => {
    const none = await sluice(["ingest", "--input", raw, "--lake", "s3://no-such-bucket/lake"], env)
    expect(none.code).toBe(1)
    expect(none.stderr).toContain("There is no bucket s3://no-such-bucket: check its name")
    const other = await sluice(["status", "--lake", "gs://bucket/lake"], env)
    expect(other.code).toBe(2)
    expect(other.stderr).toContain("s3://bucket/prefix")
  })
})
