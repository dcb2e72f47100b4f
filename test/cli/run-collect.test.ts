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
  expect((await send("b", "2")).status).toBe(204)
  child.kill("SIGTERM")
  const { code, stdout } = await done
  expect(code, log).toBe(0)
  expect(stdout).toContain("4 hits were stored")
  const again = await sluice(["run", "--once", ...project, "--lake", lake, "--source", "stream", "--stream", join(lake, "_stream")], env)
  expect(again.code, again.stderr).toBe(0)
  const sql = "SELECT count(*) AS pages, count(DISTINCT session_id) AS sessions FROM pageviews"
  expect(await sluiceJson(["query", ...project, "--lake", lake, sql], env)).toEqual([{ pages: 4, sessions: 2 }])
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
