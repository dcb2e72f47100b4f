import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { eventually } from "../passing-time.ts"
import { sluice, sluiceJson, start } from "./sluice.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-run-collect-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const project = ["--project", "schemas/web"]
const quick = ["--batch-age", "1s", "--poll-interval", "100ms", "--repartition-every", "1s"]

/** A hit is on the web dashboard a minute after it was sent, at most: through the stream, the tables, the builds and the console's copy. */
const expectSoonOnDashboard = async (lake: string, send: () => Promise<Response>, env: Readonly<Record<string, string>>): Promise<void> => {
  const { child, done } = start(["console", ...project, "--lake", lake, "--port", "0"], env)
  try {
    let said = ""
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString()
    })
    await eventually(() => /http:\/\/127\.0\.0\.1:\d+/.test(said) || child.exitCode !== null)
    const [at] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
    expect(at, said).toBeDefined()
    const pageviews = async (): Promise<number> => {
      const answer = await fetch(`${at}/api/q/web_pageviews?preset=all`)
      if (!answer.ok) return -1
      const { rows } = (await answer.json()) as { readonly rows: ReadonlyArray<ReadonlyArray<number>> }
      return rows[0]?.[0] ?? -1
    }
    await eventually(async () => (await pageviews()) === 3)
    const sent = performance.now()
    expect((await send()).status).toBe(204)
    await eventually(async () => performance.now() - sent > 60_000 || (await pageviews()) === 4)
    expect(performance.now() - sent).toBeLessThan(60_000)
  } finally {
    child.kill("SIGTERM")
    await done
  }
}

it("run --collect takes hits, and what it took is in the marts of one lake; what it had no time for the next run carries", async () => {
  const lake = join(folder, "lake")
  const env = { SLUICE_HASH_KEY: "a key of this test, 32 characters" }
  const { child, done } = start(["run", ...project, "--lake", lake, "--collect", "127.0.0.1:0", ...quick], env)
  let log = ""
  child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString()
  })
  await eventually(() => /taking hits at (\S+)/.test(log))
  const url = /taking hits at (\S+)/.exec(log)?.[1] ?? ""
  const send = (cid: string, page: string) =>
    fetch(url, { method: "POST", body: `v=1&t=pageview&cid=${cid}&z=${cid}${page}&dl=https%3A%2F%2Fshop%2F${page}` })
  expect((await send("a", "1")).status).toBe(204)
  expect((await send("a", "2")).status).toBe(204)
  expect((await send("b", "1")).status).toBe(204)
  expect((await fetch(url.replace("/collect", "/readyz"))).status).toBe(200)
  await eventually(() => /build committed.*dataset=overview_1h/.test(log))
  await expectSoonOnDashboard(lake, () => send("c", "1"), env)
  expect((await send("b", "2")).status).toBe(204)
  child.kill("SIGTERM")
  const { code, stdout } = await done
  expect(code, log).toBe(0)
  expect(stdout).toContain("5 hits were stored")
  const again = await sluice(["run", "--once", ...project, "--lake", lake, "--source", "stream", "--stream", join(lake, "_stream")], env)
  expect(again.code, again.stderr).toBe(0)
  const sql = "SELECT count(*) AS pages, count(DISTINCT session_id) AS sessions FROM pageviews"
  expect(await sluiceJson(["query", ...project, "--lake", lake, sql], env)).toEqual([{ pages: 5, sessions: 3 }])
  const verified = await sluice(["verify", ...project, "--lake", lake], env)
  expect(verified.code, verified.stdout).toBe(0)
})

it.each([
  [["--once"], "until it is stopped"],
  [["--input", "hits"], "come from the stream"],
  [["--source", "kinesis"], "come from the stream"],
  [["--lake", "s3://bucket/lake"], "--stream is missing"]
])("run --collect with %j is wrong usage", async (flags, says) => {
  const { code, stderr } = await sluice(["run", ...project, "--collect", "0", ...flags])
  expect(code).toBe(2)
  expect(stderr).toContain(says)
})
