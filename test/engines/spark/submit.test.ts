import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sluice, sluiceJson, start } from "../../cli/sluice.ts"
import { eventually } from "../../passing-time.ts"
import { sparkEnvironment } from "./command.ts"

/** The real command and the real `spark-submit`, in folders whose names mean something to Spark, to a shell and in a URL. */
const folder = mkdtempSync(join(tmpdir(), "sluice-spark-submit-"))
const lake = join(folder, "a lake's {1,2} [x] 50%20 é")
const other = join(folder, "other")
let env: Readonly<Record<string, string>> = {}

beforeAll(async () => {
  env = sparkEnvironment(folder)
  const input = join(folder, "input")
  await sluiceJson(["generate", "--orders", "40", "--seed", "5", "--out", input])
  await sluiceJson(["ingest", "--lake", lake, "--input", input], env)
  cpSync(lake, other, { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The newest attempt, once its process is known. */
const attempt = async (): Promise<{ readonly file: string; readonly pid: number }> => {
  const notes = () =>
    readdirSync(env["TMPDIR"] ?? "", { recursive: true, encoding: "utf8" })
      .filter((name) => /sluice-spark.*\/\d+\.json$/.test(name))
      .map((name) => join(env["TMPDIR"] ?? "", name))
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  const noted = () => {
    const [file = ""] = notes()
    const text = existsSync(file) ? readFileSync(file, "utf8") : ""
    return { file, pid: text === "" ? null : JSON.parse(text).pid }
  }
  await eventually(() => noted().pid !== null)
  return noted()
}
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const jobObjects = (): ReadonlyArray<string> => {
  const jobs = join(lake, "consumable", "checkout", "_repartition")
  if (!existsSync(jobs)) return []
  return readdirSync(jobs, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(jobs, name)).isFile())
}
const content = (path: string): Promise<unknown> =>
  sluiceJson([
    "query",
    "--lake",
    path,
    "SELECT count(*), md5(string_agg(t, '|')) FROM (SELECT c::VARCHAR AS t FROM consumable_checkout c ORDER BY t)"
  ])

describe("sluice repartition --engine spark", () => {
  it("stops waiting when it is told to, and ends the driver; nothing is outstanding then", async () => {
    const { child, done } = start(["repartition", "--lake", lake, "--wait"], env)
    const { pid } = await attempt()
    child.kill("SIGTERM")
    expect((await done).code).toBe(143)
    await eventually(() => !isAlive(pid))
    expect(jobObjects()).toEqual([])
  })

  it("submits a job, refuses another one, tells that the driver was killed, and then makes the rows that DuckDB makes", async () => {
    const submitted = await sluiceJson(["repartition", "--lake", lake], env)
    expect(submitted).toMatchObject({ kind: "submitted", engine: "spark" })
    const second = await sluice(["repartition", "--lake", lake], env)
    expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(/is under way .*--wait/) })
    const { pid } = await attempt()
    process.kill(-pid, "SIGKILL")
    await eventually(() => !isAlive(pid))
    const told = await sluice(["repartition", "--lake", lake], env)
    expect(told).toMatchObject({ code: 1, stderr: expect.stringMatching(/failed without a result.*Its log: .*\d\.log/s) })
    const made = await sluiceJson(["repartition", "--lake", lake, "--wait"], env)
    expect(made).toMatchObject({ kind: "repartition", engine: "spark" })
    expect(jobObjects()).toEqual([])
    await sluiceJson(["repartition", "--lake", other, "--engine", "duckdb"], env)
    expect(await content(lake)).toEqual(await content(other))
    expect((await sluice(["verify", "--lake", lake], env)).code).toBe(0)
  })
})
