import { existsSync } from "node:fs"
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually } from "../passing-time.ts"
import { sluice, sluiceJson, start } from "./sluice.ts"

let folder = ""
let raw = ""
let lake = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-cli-"))
  raw = join(folder, "raw")
  lake = join(folder, "lake")
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const order = (id: string, minute: number) =>
  JSON.stringify({
    OrderId: id,
    Status: "handling",
    Value: "1160",
    LastChange: `2026-11-20T07:${String(minute).padStart(2, "0")}:00.0000000+00:00`
  })

describe("exit codes", () => {
  it("0 for help, which names every subcommand", async () => {
    const { code, stdout } = await sluice(["--help"])
    expect(code).toBe(0)
    for (const name of [
      "run",
      "ingest",
      "repartition",
      "verify",
      "replay",
      "query",
      "status",
      "maintain",
      "contracts",
      "generate",
      "doctor"
    ])
      expect(stdout).toContain(`\n  ${name} `)
  })

  it.each([
    ["an unknown command", ["ingset"]],
    ["an unknown flag", ["status", "--lak", "x"]],
    ["a value that cannot be used", ["ingest", "--input", ".", "--batch-bytes", "many"]],
    ["a dataset that does not exist", ["ingest", "--dataset", "carts", "--input", "."]],
    ["a place for lineage that is none", ["ingest", "--input", ".", "--lineage", "flie"]],
    ["a bucket with a slash too few", ["ingest", "--input", ".", "--lake", "s3:/lake"]],
    ["an endpoint that is no URL", ["put", "--input", ".", "--stream", "x", "--endpoint", "127.0.0.1:4568"]],
    ["a worker that is none, whatever the source", ["ingest", "--input", ".", "--workers", "2", "--worker", "2"]],
    ["a form of no contract", ["contracts", "--form", "glue"]],
    ["a missing input", ["ingest"]],
    ["an impossible share", ["generate", "--out", "x", "--dirt", "2"]],
    ["a day that is none", ["repartition", "--from", "2026-02-30"]],
    ["a first day after the last", ["repartition", "--from", "2026-11-21", "--to", "2026-11-20"]]
  ])("2 for %s, said on standard error", async (_, args) => {
    const { code, stderr, stdout } = await sluice(args)
    expect([code, stdout]).toEqual([2, ""])
    expect(stderr).not.toBe("")
  })

  it("says that a stream needs its source", async () => {
    expect((await sluice(["run", "--stream", "orders"])).stderr).toContain("--source kinesis")
  })

  it("prints the table of the whiteboard", async () => {
    const { stdout } = await sluice(["contracts", "--project", "schemas/bright-light"])
    const [head = "", ...rows] = stdout.trim().split("\n")
    expect(head).toMatch(/dataset .*system .*its owner .*owner .*format .*comes every .*new within .*sensitivity .*sensitive columns/)
    expect(rows).toHaveLength(12)
    expect(rows.find((row) => row.includes(" customers "))).toMatch(
      /SQL Server.* database-team .*sales-team .*csv .*1 day .*1 day .*personal .*4 hash, 1 drop/
    )
  })

  it("78 for a bad variable, which it names", async () => {
    // A command does not ask for what it does not use.
    const { code, stderr } = await sluice(["contracts", "--check"], { SLUICE_THREADS: "none", SLUICE_LAKE: folder })
    expect([code, stderr]).toEqual([0, ""])
    const bad = await sluice(["verify"], { SLUICE_THREADS: "none", SLUICE_LAKE: folder })
    expect([bad.code, bad.stderr]).toEqual([78, expect.stringContaining("SLUICE_THREADS")])
    const lineage = await sluice(["repartition"], { SLUICE_LINEAGE: "ftp://me:swordfish@host", SLUICE_LAKE: folder })
    expect([lineage.code, lineage.stderr]).toEqual([78, expect.stringContaining("SLUICE_LINEAGE")])
    expect(lineage.stderr).not.toContain("swordfish")
  })

  it("141 for a reader that has enough, and nothing said", async () => {
    const small = join(folder, "small")
    await sluice(["ingest", "--input", "-", "--lake", small], {}, `${order("a-1", 1)}\n`)
    const { child, done } = start(["query", "--json", "--lake", small, "SELECT range AS n FROM range(100000000)"])
    child.stdout?.once("data", () => child.stdout?.destroy())
    const { code, stderr } = await done
    expect([code, stderr]).toEqual([141, ""])
  })

  it("1 for an input that is not there, and says where", async () => {
    const { code, stderr } = await sluice(["ingest", "--input", join(folder, "nowhere"), "--lake", lake])
    expect([code, stderr]).toEqual([1, expect.stringContaining("nowhere")])
  })

  it("1 and the same words from every command for a lake that is not there, and nothing is left behind", async () => {
    const nothing = join(folder, "nothing")
    const words = (lake: string, pasted = lake) =>
      `there is no lake at ${lake}. Check --lake, or fill one with: sluice ingest --input FOLDER --lake ${pasted}`
    const commands = [
      ["verify"],
      ["repartition"],
      ["repartition", "--dry-run"],
      ["replay"],
      ["status"],
      ["maintain"],
      ["query", "SHOW TABLES"]
    ]
    const ran = await Promise.all(commands.map((command) => sluice([...command, "--lake", nothing])))
    expect(ran).toMatchObject(commands.map(() => ({ code: 1, stdout: "", stderr: `sluice: ${words(nothing)}\n` })))
    expect(existsSync(nothing)).toBe(false)
    // A folder without a table is none either.
    const empty = await mkdtemp(join(folder, "empty "))
    await writeFile(join(empty, "notes.txt"), "mine")
    const { code, stdout, stderr } = await sluice(["repartition", "--lake", empty, "--json"])
    expect([code, stdout, JSON.parse(stderr).error]).toEqual([1, "", { kind: "LakeError", message: words(empty, `'${empty}'`), code: 1 }])
    expect(await readdir(empty)).toEqual(["notes.txt"])
  })

  it("does not speak of nothing new where an input could not be read", async () => {
    const damaged = join(folder, "damaged")
    await mkdir(damaged)
    await writeFile(join(damaged, "a.ndjson.gz"), "this is no gzip")
    const { code, stdout, stderr } = await sluice(["ingest", "--input", damaged, "--lake", lake])
    expect([code, stderr]).toEqual([1, expect.stringContaining("a.ndjson.gz")])
    expect(stdout).not.toContain("Nothing new")
  })

  it("143 and 130 for a put that was stopped before the end of its input", async () => {
    for (const [signal, code] of [
      ["SIGTERM", 143],
      ["SIGINT", 130]
    ] as const) {
      const { child, done } = start(["put", "--stream", "orders", "--region", "eu-west-1", "--input", "-", "--json"])
      // More than a pipe holds, so that it is reading when this is written; without an end of line nothing is put.
      await new Promise((written) => child.stdin?.write("x".repeat(300_000), written))
      child.kill(signal)
      const ran = await done
      expect([ran.code, JSON.parse(ran.stdout)]).toEqual([code, expect.objectContaining({ records: 0, stopped: "drain" })])
    }
  })

  it("says errors as JSON where JSON is wanted", async () => {
    const { code, stdout, stderr } = await sluice(["ingest", "--input", join(folder, "nowhere"), "--lake", lake, "--json"])
    expect([code, stdout]).toEqual([1, ""])
    expect(JSON.parse(stderr).error).toMatchObject({ kind: "SourceError", code: 1 })
  })
})

describe("the main job", () => {
  it("ingests, repartitions, verifies, answers, and does nothing twice", async () => {
    const manifest = await sluiceJson(["generate", "--orders", "60", "--seed", "3", "--dirt", "0.2", "--out", raw])
    const ingested = await sluiceJson(["ingest", "--input", raw, "--lake", lake])
    expect(ingested.counts.deadLetters).toEqual(manifest.expected.deadLetters)
    expect([ingested.counts.records, ingested.counts.rows, ingested.counts.empty]).toEqual([
      manifest.records,
      manifest.expected.stage.rows,
      manifest.expected.empty
    ])
    await sluiceJson(["repartition", "--lake", lake])
    const [{ versions, orders, value }] = await sluiceJson([
      "query",
      "--lake",
      lake,
      "SELECT count(*) AS versions, count(DISTINCT order_id) AS orders, sum(value) AS value FROM consumable_checkout"
    ])
    expect([versions, orders, String(value)]).toEqual([
      manifest.expected.consumable.rows,
      manifest.expected.consumable.orders,
      manifest.expected.consumable.value
    ])
    expect((await sluiceJson(["verify", "--lake", lake])).ok).toBe(true)

    expect((await sluiceJson(["ingest", "--input", raw, "--lake", lake])).commits).toBe(0)
    expect((await sluiceJson(["repartition", "--lake", lake])).kind).toBe("up-to-date")
    expect((await sluiceJson(["replay", "--lake", lake])).rows).toBe(0)
    expect((await sluiceJson(["maintain", "--lake", lake])).tables).toHaveLength(4)
    const status = await sluiceJson(["status", "--lake", lake])
    const deadLetters = Object.values<number>(manifest.expected.deadLetters).reduce((total, n) => total + n, 0)
    expect(status.datasets[0].deadLettersWaiting).toBe(deadLetters)
    expect(status.datasets[0]).toMatchObject({ dataset: "checkout", repartitionLag: 0, records: manifest.records })
  })

  it("writes one START and one COMPLETE per run of work, with the process as their parent", async () => {
    const events = (await readFile(join(lake, "lineage", "events.ndjson"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    const ofJob = (name: string) => events.filter(({ job }) => job.name === name).map(({ eventType }) => eventType)
    expect(ofJob("checkout.ingest")).toEqual(["START", "COMPLETE"])
    expect(ofJob("checkout.repartition")).toEqual(["START", "COMPLETE"])
  })

  it("refuses to write through a query", async () => {
    const { code, stderr } = await sluice(["query", "--lake", lake, "CREATE TABLE x AS SELECT 1"])
    expect([code, stderr]).toEqual([1, expect.stringContaining("the statement writes")])
  })

  it("finds a file that is gone", async () => {
    const copy = join(folder, "copy")
    await sluiceJson(["ingest", "--input", raw, "--lake", copy])
    const day = join(copy, "stage", "checkout", "ingest_date=2026-11-27")
    const [gone] = (await readdir(day, { recursive: true })).filter((name) => name.endsWith(".parquet"))
    await rm(join(day, gone ?? ""))
    const { code, stdout } = await sluice(["verify", "--lake", copy])
    expect(code).toBe(1)
    expect(stdout).toContain(`${gone} is missing`)
  })
})

describe("standard input", () => {
  it("is ingested, and again when it comes again", async () => {
    const piped = join(folder, "piped")
    const lines = `${order("a-1", 1)}\n${order("a-2", 2)}\n`
    for (const arrived of ["2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z"]) {
      const { code, stderr } = await sluice(["ingest", "--input", "-", "--lake", piped, "--arrived-at", arrived], {}, lines)
      expect([code, stderr]).toEqual([0, ""])
    }
    const [{ rows }] = await sluiceJson(["query", "--lake", piped, "SELECT count(*) AS rows FROM stage_checkout"])
    expect(rows).toBe(4)
  })
})

describe("run", () => {
  it("follows new files, and SIGTERM commits what was read and exits 0", async () => {
    const input = join(folder, "follow", "2026", "11", "20", "07")
    const followed = join(folder, "followed")
    await mkdir(input, { recursive: true })
    await writeFile(join(input, "a.ndjson"), `${order("a-1", 1)}\n`)
    const { child, done } = start([
      "run",
      "--input",
      join(folder, "follow"),
      "--lake",
      followed,
      "--batch-age",
      "500ms",
      "--poll-interval",
      "100ms"
    ])
    const rows = async () => {
      const { code, stdout } = await sluice(["query", "--lake", followed, "--json", "SELECT count(*) AS n FROM stage_checkout"])
      return code === 0 ? JSON.parse(stdout)[0].n : 0
    }
    await eventually(async () => (await rows()) === 1)
    await writeFile(join(input, "b.ndjson"), `${order("b-1", 2)}\n`)
    await appendFile(join(input, "a.ndjson"), `${order("a-2", 3)}\n`)
    await eventually(async () => (await rows()) === 3)
    // Twice at once is one signal: Ctrl-C comes from the terminal and from npm.
    child.kill("SIGTERM")
    child.kill("SIGINT")
    const { code, stdout, stderr } = await done
    expect(code).toBe(0)
    expect(stdout).toContain("stopped as asked")
    expect(stderr).toContain("waits for the next repartition")
    const [{ n }] = await sluiceJson(["query", "--lake", followed, "SELECT count(*) AS n FROM stage_checkout"])
    expect(n).toBe(3)
    expect((await sluiceJson(["verify", "--lake", followed])).ok).toBe(true)
  })

  it("leaves the repartition to others where it is told never to do it, and says so", async () => {
    const [input, lake] = [join(folder, "alone"), join(folder, "alone-lake")]
    await mkdir(join(input, "2026", "11", "20", "07"), { recursive: true })
    await writeFile(join(input, "2026", "11", "20", "07", "a.ndjson"), `${order("a-1", 1)}\n`)
    const once = ["run", "--once", "--input", input, "--lake", lake]
    const { code, stderr, stdout } = await sluice([...once, "--json"], { SLUICE_REPARTITION_EVERY: "never" })
    expect([code, JSON.parse(stdout).repartitions]).toEqual([0, []])
    expect(stderr).toContain("stage is filled and not repartitioned (--repartition-every never)")
    const tables = await readdir(lake)
    expect([tables.includes("stage"), tables.includes("consumable")]).toEqual([true, false])
    expect(await sluice([...once, "--repartition-every", "sometimes"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Give a time such as 300s, 5m, 1h or 500ms, or never")
    })
    const { stderr: folds } = await sluice(once)
    expect(folds).not.toContain("never")
    expect(await readdir(lake)).toContain("consumable")
  })
})

describe("doctor", () => {
  it("says where each setting comes from, and never a secret", async () => {
    const { settings } = await sluiceJson(["doctor", "--lake", join(folder, "fresh"), "--threads", "1"], {
      SLUICE_HASH_KEY: "swordfish swordfish",
      SLUICE_BATCH_AGE: "7s"
    })
    const origin = (name: string) => settings.find(({ setting }: { setting: string }) => setting === name)
    expect(origin("threads")).toMatchObject({ value: "1", origin: "flag" })
    expect(origin("batch-age")).toMatchObject({ value: "7s", origin: "environment" })
    expect(origin("batch-bytes")).toMatchObject({ origin: "default" })
    expect(JSON.stringify(settings)).not.toContain("swordfish")
  })

  it("knows the flags of every command, and the variables of standards", async () => {
    const { code, stdout } = await sluice(["doctor", "--lake", lake, "--json", "--log-level", "warn", "--log-format", "json"], {
      SLUICE_OTLP: "",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9"
    })
    const { checks, settings } = JSON.parse(stdout)
    // Nobody listens there, and doctor asks.
    expect([code, checks.filter(({ ok }: { ok: boolean }) => !ok)]).toEqual([1, [expect.objectContaining({ check: "collector" })]])
    const shown = (name: string) => settings.find(({ setting }: { setting: string }) => setting === name)
    expect(shown("log-level")).toMatchObject({ value: "warn", origin: "flag", variable: "SLUICE_LOG_LEVEL" })
    expect(shown("log-format")).toMatchObject({ value: "json", origin: "flag", variable: "SLUICE_LOG_FORMAT" })
    expect(shown("otlp")).toMatchObject({
      value: "http://127.0.0.1:9",
      origin: "environment",
      variable: "OTEL_EXPORTER_OTLP_ENDPOINT"
    })
  })

  it("leaves nothing behind, and makes no lake", async () => {
    const before = await readdir(folder)
    const { ok } = await sluiceJson(["doctor", "--lake", join(folder, "not", "yet")])
    expect([ok, await readdir(folder)]).toEqual([true, before])
  })
})
