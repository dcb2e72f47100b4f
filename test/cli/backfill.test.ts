import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sluice, sluiceJson } from "./sluice.ts"

const project = `import { defineContract, defineProject, events, text, timestamp, versions } from "sluice/contract"

const shared = { owner: "shop", sensitivity: "internal", description: "Records.", fields: { id: text("Id."), at: timestamp("When.") }, eventTime: { field: "at" }, drops: [], expectations: [], keepUnknown: false } as const
export default defineProject({ name: "shop", contracts: [
  defineContract({ ...shared, name: "orders", title: "Orders", table: versions({ key: ["id"], version: "at", by: { day: "at" } }) }),
  defineContract({ ...shared, name: "clicks", title: "Clicks", table: events({ key: ["id"], by: { bucket: 2 } }), arrives: ["clicks-*"] })
] })
`
const record = (id: string, day: number) => `${JSON.stringify({ id, at: `2026-11-${day}T07:00:00Z` })}\n`

let folder = ""
let env: Readonly<Record<string, string>> = {}
let lake: ReadonlyArray<string> = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-backfill-"))
  env = { SLUICE_PROJECT: join(folder, "shop") }
  lake = ["--lake", join(folder, "lake")]
  for (const path of ["shop", "in"]) await mkdir(join(folder, path))
  await writeFile(join(folder, "shop", "project.ts"), project)
  await writeFile(join(folder, "in", "a.ndjson"), record("o-1", 20) + record("o-2", 21) + record("o-3", 21))
  await writeFile(join(folder, "in", "clicks-1.ndjson"), record("c-1", 20))
  await sluiceJson(["run", "--once", "--input", join(folder, "in"), ...lake], env)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("a backfill", () => {
  it("says what it is about to do, then what it did", async () => {
    const days = ["repartition", ...lake, "--dataset", "orders", "--from", "2026-11-21"]
    const [text, told, planned] = [await sluice(days, env), await sluiceJson(days, env), await sluiceJson([...days, "--dry-run"], env)]
    expect(text.stdout).toMatch(
      /^1 stage file with 2 rows, [\d.]+ kB, of versions 0 to 1, are folded into 1 day:\n {2}2026-11-21 {2}2\n1 file \([\d.]+ kB\) are replaced\.\n2 rows of 1 stage file became 2 rows in 1 day; 0 copies were left out\.\n/
    )
    const { millis: _, ...plan } = planned
    expect(told).toMatchObject({ kind: "repartition", rowsAdded: 2, plan })
    expect(plan).toMatchObject({ kind: "plan", replacedFiles: 1, days: [{ day: "2026-11-21", rows: 2 }] })
    const all = await sluice(["repartition", ...lake, "--rebuild"], env)
    expect(all.stdout.split("\n").filter((line) => /^(orders|clicks): /.test(line))).toEqual([
      expect.stringMatching(/^orders: 1 stage file with 3 rows, .* are folded into 2 days:$/),
      expect.stringMatching(/^clicks: 1 stage file with 1 row, .* are folded\.$/),
      expect.stringMatching(/^orders: 3 rows of 1 stage file became 3 rows/),
      expect.stringMatching(/^clicks: 1 row of 1 stage file became 1 row;/)
    ])
    // What is new is taken without a word before.
    expect((await sluice(["repartition", ...lake, "--dataset", "orders"], env)).stdout).toBe("Nothing new to repartition.\n")
  })

  it("of days is refused before anything is begun where one of the tables has none", async () => {
    const before = await sluiceJson(["status", ...lake], env)
    for (const engine of ["duckdb", "spark"]) {
      const refused = await sluice(["repartition", ...lake, "--from", "2026-11-20", "--engine", engine], env)
      expect([refused.code, refused.stdout]).toEqual([1, ""])
      expect(refused.stderr).toContain("repartition of clicks: its table is by 2 buckets of the key, and has no days to fold anew")
      expect(refused.stderr).toContain("--dataset")
    }
    expect(await sluiceJson(["status", ...lake], env)).toEqual(before)
  })
})
