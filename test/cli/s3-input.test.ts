import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type Bucket, bucketWith } from "../store/bucket-stand-in.ts"
import { anyCredentials } from "../store/s3-endpoint.ts"
import { sluice, sluiceJson, start } from "./sluice.ts"

const project = `import { defineContract, defineProject, text, timestamp, versions } from "sluice/contract"

const of = (name: string, arrives?: ReadonlyArray<string>) => defineContract({
  name, title: name, owner: "shop", sensitivity: "internal", description: "Records.", fields: { id: text("Id."), at: timestamp("When.") },
  table: versions({ key: ["id"], version: "at", by: { day: "at" } }), eventTime: { field: "at" }, drops: [], expectations: [], keepUnknown: false, ...(arrives === undefined ? {} : { arrives })
})
export default defineProject({ name: "shop", contracts: [of("orders"), of("returns", ["returns/**"])] })
`
const records = (name: string, n: number) =>
  Array.from({ length: n }, (_, i) => `${JSON.stringify({ id: `${name}-${i}`, at: "2026-11-20T07:00:00Z" })}\n`).join("")

let folder = ""
let bucket: Bucket
let env: Readonly<Record<string, string>> = {}
const scope = Effect.runSync(Scope.make())
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-s3-input-"))
  await mkdir(join(folder, "shop"))
  await writeFile(join(folder, "shop", "project.ts"), project)
  bucket = await Effect.runPromise(
    Scope.provide(scope)(
      bucketWith({
        "in/2026/11/20/07/a b.ndjson": records("a", 30),
        "in/2026/11/20/08/c.ndjson": records("c", 30),
        "in/returns/r.ndjson": records("r", 5)
      })
    )
  )
  env = {
    SLUICE_PROJECT: join(folder, "shop"),
    SLUICE_S3_ENDPOINT: bucket.endpoint,
    ...anyCredentials
  }
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await rm(folder, { recursive: true, force: true })
})

const from = (lake: string) => ["--input", "s3://b/in", "--lake", join(folder, lake)]

it("an ingest from a bucket that is killed goes on, and every record is there once, in the hour of its key", async () => {
  const lake = ["--lake", join(folder, "lake")]
  const { child, done } = start(["ingest", ...from("lake"), "--batch-bytes", "1kB"], env)
  // The first object is committed, or about to be, when the second is asked for.
  bucket.before = ({ path }) => {
    if (path.endsWith("/c.ndjson")) child.kill("SIGKILL")
    return undefined
  }
  expect((await done).signal).toBe("SIGKILL")
  bucket.before = () => undefined
  await sluiceJson(["run", "--once", ...from("lake")], env)
  expect((await sluiceJson(["ingest", ...from("lake")], env)).commits).toBe(0)
  // Written anew as it was: that is remembered, and nothing is read twice.
  bucket.put("in/2026/11/20/08/c.ndjson", records("c", 30), Date.UTC(2026, 6, 1), "uploaded in parts-2")
  for (const commits of [1, 0]) {
    const again = await sluiceJson(["ingest", ...from("lake")], env)
    expect([again.commits, again.counts.records]).toEqual([commits, 0])
  }
  expect((await sluiceJson(["verify", ...lake], env)).ok).toBe(true)
  const sql =
    "SELECT _shard AS shard, ingest_hour AS hour, count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS ids FROM stage_orders GROUP BY ALL ORDER BY ALL"
  expect(await sluiceJson(["query", ...lake, sql], env)).toEqual([
    { shard: "s3://b/in/2026/11/20/07/a b.ndjson", hour: 7, n: 30, ids: 30 },
    { shard: "s3://b/in/2026/11/20/08/c.ndjson", hour: 8, n: 30, ids: 30 }
  ])
  expect(await sluiceJson(["query", ...lake, "SELECT count(*)::INTEGER AS n FROM consumable_returns"], env)).toEqual([{ n: 5 }])
})

it("doctor asks the bucket, and what is wrong is said with what to do", async () => {
  const checks = async (input: string) =>
    JSON.parse((await sluice(["doctor", "--lake", folder, "--input", input, "--json"], env)).stdout).checks.find(
      ({ check }: { check: string }) => check === "input"
    )
  expect(await checks("s3://b/in")).toMatchObject({ ok: true, detail: expect.stringContaining("s3://b/in can be read") })
  expect(await checks("s3://c/in")).toMatchObject({ ok: false, detail: expect.stringContaining("There is no such bucket") })
  const missing = await sluice(["ingest", "--input", "s3://b/i", "--lake", join(folder, "none")], env)
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("There is no such object, and none below it: s3://b/i.")])
  const wrong = await sluice(["ingest", "--input", "s3:/b/in", "--lake", join(folder, "none")], env)
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("s3://bucket/prefix")])
})
