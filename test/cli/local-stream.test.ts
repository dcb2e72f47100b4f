import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, expect, it } from "vitest"
import { localStream } from "../../src/stream/local/local-stream.ts"
import { rowsIn } from "./in-process.ts"
import { root, sluice, sluiceJson } from "./sluice.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-local-stream-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** As an endpoint collects them. */
const hit = (n: number) => ({ partitionKey: `client-${n % 7}`, data: Buffer.from(`v=1&tid=UA-1&cid=client-${n % 7}&t=pageview&z=${n}`) })

it("carries what an endpoint stored in a folder to a table for users, and only what is new when it runs again", {
  timeout: 120_000
}, async () => {
  const [stream, lake] = [join(folder, "clicks"), join(folder, "lake")]
  const put = (from: number, to: number) =>
    Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(localStream({ folder: stream }), (api) =>
          api.putRecords(
            stream,
            Array.from({ length: to - from }, (_, i) => hit(from + i))
          )
        )
      )
    )
  const args = ["--project", join(root, "schemas", "web"), "--source", "stream", "--stream", stream, "--lake", lake]
  await put(0, 100)
  const run = await sluiceJson(["run", "--once", ...args])
  expect(run).toMatchObject({ counts: { records: 100, rows: 100 }, datasets: [{ dataset: "hits" }], repartitions: [{ dataset: "hits" }] })
  await put(100, 130)
  expect(await sluiceJson(["ingest", ...args])).toMatchObject({ counts: { records: 30, rows: 30 } })
  const sql = "SELECT count(*) || ' ' || count(DISTINCT cache_buster) || ' ' || min(_source) AS told FROM stage_hits"
  expect(await rowsIn(lake, sql)).toEqual(['{"told":"130 130 stream"}'])
})

it("is filled by put, and named by doctor", { timeout: 120_000 }, async () => {
  const [orders, stream, lake] = [join(folder, "orders"), join(folder, "orders-stream"), join(folder, "orders-lake")]
  await sluiceJson(["generate", "--orders", "20", "--out", orders])
  const put = await sluiceJson(["put", "--input", orders, "--to", stream, "--stream-shards", "2"])
  expect(Object.keys((put as { shards: object }).shards).length).toBeLessThanOrEqual(2)
  const ingested = await sluiceJson(["ingest", "--source", "stream", "--stream", stream, "--lake", lake])
  expect(ingested).toMatchObject({ counts: { records: (put as { records: number }).records } })
  expect((await sluice(["doctor", "--stream", stream, "--lake", lake])).stdout).toContain(
    "orders-stream can be read: 2 shards, kept for 168 h"
  )
  const missing = await sluice(["ingest", "--source", "stream", "--stream", join(folder, "nothing"), "--lake", lake])
  expect(missing.code).toBe(1)
  expect(missing.stderr).toContain("There is no stream in this folder")
})
