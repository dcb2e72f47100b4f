import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runsText } from "../../src/cli/runs.ts"
import { sluice, sluiceJson } from "./sluice.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-runs-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const order = (n: number) =>
  JSON.stringify({ orderId: `v${n}-01`, lastChange: "2026-11-20T07:00:00Z", creationDate: "2026-11-20T06:00:00Z", value: 100 })

describe("runs", () => {
  it("tells what was run as the view of that name does, and says where there is nothing to tell", async () => {
    const lake = join(folder, "lake")
    const input = join(folder, "orders.ndjson")
    await writeFile(input, `${[1, 2, 3].map(order).join("\n")}\n`)
    const ingested = await sluice(["ingest", "--input", input, "--lake", lake])
    expect(ingested.code, ingested.stderr).toBe(0)
    const runs = await sluiceJson(["runs", "--lake", lake])
    const outputs = [{ table: "stage/checkout", version: 1, rows: 3 }]
    expect(runs).toMatchObject([{ kind: "ingest", outcome: "complete", dataset: "checkout", records: 3, rows: 3, outputs }])
    expect(await sluiceJson(["query", "--lake", lake, "FROM runs"])).toEqual(runs)
    const shown = await sluice(["runs", "--lake", lake, "--kind", "ingest", "--outcome", "complete", "--dataset", "checkout"])
    expect(shown.stdout).toMatch(
      /^ended +run +dataset +outcome .*\n20\d\d-\d\d-\d\dT.*Z +ingest +checkout +complete .* stage\/checkout 1 .*\n$/
    )
    // As an earlier version has left it.
    await rm(join(lake, "runs"), { recursive: true })
    const { code, stdout } = await sluice(["runs", "--lake", lake])
    expect([code, stdout]).toEqual([
      0,
      "No runs are recorded here yet: ingest, repartition, replay, maintain and build record theirs from now on.\n"
    ])
    const none = await sluice(["runs", "--lake", join(folder, "none")])
    expect([none.code, none.stdout]).toEqual([1, ""])
    expect(none.stderr).toContain("there is no lake at")
  })

  it("fits a terminal, and shows an error where there is no result", () => {
    const failed = {
      run_id: "01a1f7c1-4180-7a72-925b-2a8f51990919",
      kind: "repartition",
      dataset: "checkout",
      outcome: "fail",
      begun_at: "2026-11-20T07:00:00.000000Z",
      ended_at: "2026-11-20T07:00:01.500000Z",
      records: null,
      inputs: [{ uri: "file:///lake/stage/checkout", table: "stage/checkout", version: 3 }],
      outputs: [],
      error: "no space left\u001b[31m"
    }
    expect(runsText([], null)).toBe("There is no such run.")
    expect(runsText([failed], null)).toContain("2026-11-20T07:00:01Z  repartition  checkout  fail     1.5 s")
    expect(runsText([failed], null)).toContain("no space left\\u001b[31m")
    expect(runsText([{ ...failed, outcome: "complete", error: null }], null)).toContain("nothing new in stage/checkout 3")
    // What tells runs apart is whole, and the result has what room there is.
    expect(runsText([failed], 80)).toContain("2026-11-20T07:00:01Z  repartition  checkout  fail")
    expect(runsText([failed], 80)).not.toContain("01a1f7c1")
    expect(runsText([failed], 200)).toContain("01a1f7c1-4180-7a72-925b-2a8f51990919")
    for (const width of [40, 80, 120])
      for (const line of runsText([failed], width).split("\n")) expect(line.length).toBeLessThanOrEqual(width)
  })
})
