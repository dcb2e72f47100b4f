import type { ChildProcess } from "node:child_process"
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { Random } from "../../../src/record/seeded.ts"
import { brokenChecks, rowsIn } from "../../cli/in-process.ts"
import { sluice, sluiceJson } from "../../cli/sluice.ts"
import { type Life, strike } from "../../cli/strike.ts"
import { groupMembers, livingDrivers, sparkEnvironment } from "./command.ts"

/**
 * The command, the driver that it has started, or both are killed at random moments, and the command is run again until it has been left alone. Then the
 * lake must be that of an undisturbed run, by one commit, with nothing left of jobs. A lake that was brought up to its stage is taken back to where it was, until there
 * were kills enough: `SLUICE_TEST_KILLS=60 npm run test:engines` for the long run.
 */
const kills = Number(process.env["SLUICE_TEST_KILLS"] ?? 3)
const random = new Random(Number(process.env["SLUICE_TEST_SEED"] ?? 7))

const folder = mkdtempSync(join(tmpdir(), "sluice-spark-kill-"))
const [before, calm, hit] = ["before", "calm", "hit"].map((name) => join(folder, name)) as [string, string, string]
let env: Readonly<Record<string, string>> = {}

beforeAll(async () => {
  env = sparkEnvironment(folder)
  for (const round of ["1", "2"]) {
    const input = join(folder, "input", round)
    await sluiceJson(["generate", "--orders", "20", "--seed", round, "--out", input])
    if (round === "2") await sluiceJson(["repartition", "--lake", before, "--engine", "duckdb"])
    await sluiceJson(["ingest", "--lake", before, "--input", input], env)
  }
})
afterAll(() => {
  for (const leader of livingDrivers(env)) process.kill(-leader, "SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})

const repartition = (lake: string) => ["repartition", "--lake", lake, "--wait"]

/** Rows, and how many commits there were. */
const contentOf = async (lake: string) => ({
  rows: await rowsIn(lake, "SELECT change_date, hash(consumable_checkout) AS content FROM consumable_checkout ORDER BY ALL"),
  commits: readdirSync(join(lake, "consumable/checkout/_delta_log")).filter((name) => name.endsWith(".json")).length
})

const victims = ["sluice", "driver", "JVM", "Python", "both"] as const
type Victim = (typeof victims)[number]

const killing = (victim: Victim) => (child: ChildProcess) => {
  const strikeAt = (pid: number) => {
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      // It has ended by itself.
    }
  }
  if (victim === "sluice" || victim === "both") child.kill("SIGKILL")
  for (const leader of livingDrivers(env)) {
    if (victim === "driver" || victim === "both") strikeAt(-leader)
    if (victim === "JVM") strikeAt(leader)
    if (victim === "Python") for (const pid of groupMembers(leader)) if (pid !== leader) strikeAt(pid)
  }
}

/** One run of the command. Meanwhile there is never more than one driver. */
const live = async (after?: number, victim?: Victim): Promise<Life> => {
  let most = 0
  const watching = setInterval(() => {
    most = Math.max(most, livingDrivers(env).length)
  }, 50)
  try {
    return await strike(repartition(hit), hit, after, env, victim === undefined ? undefined : killing(victim))
  } finally {
    clearInterval(watching)
    expect(most, "drivers at once").toBeLessThanOrEqual(1)
  }
}

it(`${kills} kills of Sluice, of the driver, and of both change nothing`, async () => {
  cpSync(before, calm, { recursive: true })
  const undisturbed = await strike(repartition(calm), calm, undefined, env)
  expect(undisturbed.code, undisturbed.stderr).toBe(0)
  const expected = await contentOf(calm)

  const again = () => {
    rmSync(hit, { recursive: true, force: true })
    cpSync(before, hit, { recursive: true })
  }
  const endings = new Map<string, number>()
  let killed = 0
  again()
  while (true) {
    const victim = victims[Math.floor(random.unit() * victims.length)] ?? "both"
    const isLast = killed >= kills
    const { code, stderr } = isLast ? await live() : await live(random.unit() * undisturbed.worked, victim)
    const ending = code === null ? `${victim}, killed` : code === 0 ? "done" : `${victim}, told`
    endings.set(ending, (endings.get(ending) ?? 0) + 1)
    if (code === 1) expect(stderr).toMatch(/ended|failed without a result/)
    else expect([0, null], stderr).toContain(code)
    if (isLast) expect(code, stderr).toBe(0)
    if (code !== 0) killed += 1
    expect(await brokenChecks(hit)).toEqual([])
    if (code === null && victim === "sluice") {
      const [driver] = livingDrivers(env)
      const other = await sluice(["repartition", "--lake", hit], env)
      // It may have ended meanwhile, and then this run commits what it made.
      if (driver !== undefined && livingDrivers(env).includes(driver)) expect(other.stderr).toMatch(/is under way/)
    }
    if (code !== 0) continue
    expect(await contentOf(hit)).toEqual(expected)
    const jobs = join(hit, "consumable/checkout/_repartition")
    if (existsSync(jobs)) expect(readdirSync(jobs, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())).toEqual([])
    if (isLast) break
    again()
  }
  console.log(`undisturbed ${Math.round(undisturbed.worked)} ms; ${[...endings].map(([what, n]) => `${what} ${n}`).join(", ")}`)
})
