import { once } from "node:events"
import { existsSync } from "node:fs"
import { cp, mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { constants, tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Random } from "../../src/record/seeded.ts"
import { brokenChecks } from "./in-process.ts"
import { sluice, sluiceJson, start } from "./sluice.ts"

/**
 * The real process gets SIGINT or SIGTERM at random moments of every command that may take long. It must end by itself, with a code that the
 * documentation names, and leave a lake that holds. `SLUICE_TEST_SIGNALS=40` strikes each command so often; how long each took to end is printed.
 */
const strikes = process.env["SLUICE_TEST_SIGNALS"]
const seed = Number(process.env["SLUICE_TEST_SEED"] ?? 11)

/** Milliseconds within which the short run strikes. */
const shortly = 1600

/** A process that has not ended by then hangs, on any machine. */
const hang = 60_000

let folder = ""
let raw = ""
/** A lake with dead letters that is ingested and repartitioned. */
let full = ""
/** One whose stage nobody has repartitioned. */
let staged = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-signals-"))
  raw = join(folder, "raw")
  full = join(folder, "full")
  staged = join(folder, "staged")
  await sluiceJson(["generate", "--orders", "300", "--seed", String(seed), "--dirt", "0.2", "--out", raw])
  await sluiceJson(["ingest", "--input", raw, "--lake", staged, "--batch-bytes", "2MB"])
  await cp(staged, full, { recursive: true })
  await sluiceJson(["repartition", "--lake", full])
}, 5 * 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Victim {
  readonly command: string
  /** Its arguments, given a folder of its own where a copy of `lake` lies. */
  readonly args: (own: string) => ReadonlyArray<string>
  readonly lake?: () => string
  /** Milliseconds within which it is struck, where it does not end by itself; else, in the long run, as long as it takes when it is left alone. */
  readonly endless?: number
  /** Strikes in the short run. */
  readonly least?: number
}

/** Nobody listens at this port. */
const nobody = ["--region", "eu-west-1", "--endpoint", "http://127.0.0.1:1"]
const victims: ReadonlyArray<Victim> = [
  { command: "generate", args: (own) => ["generate", "--orders", "1500", "--out", own] },
  { command: "ingest", args: (own) => ["ingest", "--input", raw, "--lake", own, "--batch-bytes", "2MB"], least: 2 },
  { command: "repartition", args: (own) => ["repartition", "--lake", own], lake: () => staged, least: 3 },
  { command: "verify", args: (own) => ["verify", "--lake", own], lake: () => full },
  { command: "replay", args: (own) => ["replay", "--lake", own], lake: () => full },
  { command: "maintain", args: (own) => ["maintain", "--lake", own], lake: () => full },
  {
    command: "query",
    args: (own) => [
      "query",
      "--lake",
      own,
      "SELECT count(*) FROM stage_checkout a, stage_checkout b, stage_checkout c WHERE hash(a.order_id, b.order_id, c.order_id) % 7 = 3"
    ],
    lake: () => full,
    endless: 3000
  },
  {
    command: "run",
    args: (own) => ["run", "--input", raw, "--lake", own, "--batch-bytes", "2MB", "--batch-age", "500ms", "--repartition-every", "200ms"],
    endless: 6000,
    least: 3
  },
  {
    command: "run of a stream that is gone",
    args: (own) => ["run", "--source", "kinesis", "--stream", "x", ...nobody, "--lake", own],
    endless: 2000
  },
  { command: "put to a stream that is gone", args: () => ["put", "--stream", "x", ...nobody, "--input", raw], endless: 2000 },
  {
    command: "ingest into a store that is gone",
    args: () => ["ingest", "--input", raw, "--lake", "s3://lake/x", "--region", "eu-west-1", "--s3-endpoint", "http://127.0.0.1:1"],
    endless: 2000
  },
  { command: "demo", args: (own) => ["demo", "--orders", "200", "--out", own] }
]

const env = { AWS_ACCESS_KEY_ID: "none", AWS_SECRET_ACCESS_KEY: "none" }

describe("a signal at any moment", () => {
  it.for(victims)("ends $command", { timeout: 60 * 60_000 }, async ({ command, args, lake, endless, least = 1 }) => {
    const random = new Random(seed)
    const own = async (name: string): Promise<string> => {
      const path = join(folder, `${command.replaceAll(" ", "-")}-${name}`)
      if (lake !== undefined) await cp(lake(), path, { recursive: true })
      return path
    }
    const begun = performance.now()
    if (strikes !== undefined && endless === undefined) {
      const calm = await own("calm")
      expect((await sluice(args(calm), env)).code).toBe(0)
      await rm(calm, { recursive: true, force: true })
    }
    const longest = endless ?? (strikes === undefined ? shortly : performance.now() - begun)
    const took: Array<number> = []
    for (let i = 0; i < Number(strikes ?? least); i++) {
      const signal = random.unit() < 0.5 ? "SIGINT" : "SIGTERM"
      const place = await own(String(i))
      const { child, done } = start(args(place), env)
      let struck: number | null = null
      // By the clock, since a signal may come at any moment, and while a process starts, too.
      const strike = setTimeout(() => {
        struck = performance.now()
        child.kill(signal)
      }, random.unit() * longest)
      const giveUp = setTimeout(() => child.kill("SIGKILL"), longest + hang)
      const ran = await done
      clearTimeout(strike)
      clearTimeout(giveUp)
      if (struck !== null) took.push(performance.now() - struck)
      const told = `strike ${i} of ${command}, ${signal}: ${JSON.stringify(ran)}`
      expect([0, 128 + constants.signals[signal], signal], told).toContain(ran.code ?? ran.signal)
      for (const lake of [place, join(place, "lake")]) {
        if (!existsSync(join(lake, "stage"))) continue
        expect(await brokenChecks(lake), told).toEqual([])
      }
      await rm(place, { recursive: true, force: true })
    }
    console.log(`${command}: struck ${took.length} times, ended within ${Math.round(Math.max(0, ...took))} ms`)
  })
})

describe("a second signal", () => {
  it("ends at once what waits for an answer", async () => {
    /** Takes every connection and never answers. */
    const silent = createServer().listen(0, "127.0.0.1")
    await once(silent, "listening")
    const address = silent.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const { child, done } = start(
      ["put", "--stream", "x", "--region", "eu-west-1", "--endpoint", `http://127.0.0.1:${port}`, "--input", raw],
      env
    )
    await once(silent, "connection")
    child.kill("SIGTERM")
    await new Promise<void>((heard) => child.stderr?.on("data", (text) => String(text).includes("signal again") && heard()))
    // What comes at once is an echo of the first: npm and the terminal both pass a signal on.
    const again = setInterval(() => child.kill("SIGTERM"), 100)
    const { code, signal } = await done
    clearInterval(again)
    silent.close()
    expect([code, signal]).toEqual([null, "SIGTERM"])
  })
})
