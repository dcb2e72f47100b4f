import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { ask } from "../console/support.ts"
import { eventually } from "../passing-time.ts"
import { sluiceJson, start } from "./sluice.ts"

/** The real command, on a lake with dead letters of which some are rows under a higher limit. */
let folder = ""
let lake = ""
let port = 0
let running: ReturnType<typeof start> | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-test-console-"))
  lake = join(folder, "lake")
  await sluiceJson(["generate", "--orders", "20", "--seed", "5", "--dirt", "0.2", "--out", join(folder, "in")])
  await sluiceJson(["ingest", "--lake", lake, "--input", join(folder, "in"), "--max-depth", "4"])
  running = start(["console", "--lake", lake, "--port", "0", "--allow-replay"])
  let said = ""
  running.child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString()
  })
  const address = /http:\/\/127\.0\.0\.1:(\d+)/
  await eventually(() => address.test(said) || running?.child.exitCode !== null)
  port = Number(address.exec(said)?.[1])
  expect(port, said).toBeGreaterThan(0)
})
afterAll(async () => {
  running?.child.kill("SIGTERM")
  await running?.done
  rmSync(folder, { recursive: true, force: true })
})

interface Letters {
  readonly reason: string
  readonly count: number
}

const byReason = async (): Promise<Readonly<Record<string, number>>> => {
  const { json } = await ask(port, "/api/status")
  const found: ReadonlyArray<Letters> = json.deadLetters.byReason
  return Object.fromEntries(found.map(({ count, reason }) => [reason, count]))
}
const attention = async (): Promise<ReadonlyArray<unknown>> => (await ask(port, "/api/status")).json.attention

const rows = async (): Promise<number> => {
  const [row] = await sluiceJson(["query", "--lake", lake, "SELECT count(*)::INT AS n FROM stage_checkout"])
  return Number(row.n)
}
const replay = (body: unknown) => ask(port, "/api/replay", { body })

it("has dead letters of a reason read again, which are rows then, and leaves others", async () => {
  const { too_deep: deep = 0, ...others } = await byReason()
  expect(deep).toBeGreaterThan(0)
  expect(Object.keys(others).length).toBeGreaterThan(0)
  expect(await attention()).toContainEqual({
    severity: "warning",
    of: "checkout",
    problem: expect.stringMatching(/^\d+ dead letters wait, most for too_deep$/),
    hint: expect.stringContaining("replay")
  })
  const before = await rows()
  const { json, status } = await replay({ dataset: "checkout", reason: "too_deep" })
  expect(status, json.problem).toBe(200)
  expect(json.records).toBe(deep)
  expect(json.rows).toBeGreaterThan(0)
  expect(await rows()).toBe(before + json.rows)
  const { too_deep: left = 0, ...untouched } = await byReason()
  expect(left).toBe(deep - json.rows)
  expect(untouched).toEqual(others)
  // Whatever their reason: what is no row under today's contract stays.
  const waiting = left + Object.values(others).reduce((sum, count) => sum + count, 0)
  expect((await replay({ dataset: "checkout", reason: null })).json).toEqual({ records: waiting, rows: 0 })
  expect((await replay({ dataset: "checkout", reason: "because" })).status).toBe(400)
  expect((await replay({ dataset: "elsewhere", reason: null })).status).toBe(400)
})
