import { Effect } from "effect"
import { expect, it } from "vitest"
import { projectText } from "../../src/app/about.ts"
import { modelsOf } from "../../src/app/models.ts"
import { loadProject } from "../../src/contract/load.ts"
import { aboutTables, parametersOf } from "../../src/docs/about.ts"
import type { LakeFacts } from "../../src/docs/lake-facts.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { trace } from "../../src/models/traced.ts"

/** What two runs left behind: an ingest with an expectation that does not hold and a dead letter, and a test of a mart. */
const facts: LakeFacts = {
  tables: new Map(),
  runs: [
    {
      kind: "ingest",
      dataset: "orders",
      outcome: "complete",
      begunAt: "2026-11-20T06:00:00Z",
      endedAt: "2026-11-20T06:00:01Z",
      records: 10,
      rows: 9,
      deadLetters: 1,
      broken: ["total-is-its-parts"]
    }
  ],
  tests: new Map([["not_null_spend_by_zip_day_zip", { status: "pass", failures: 0, endedAt: "2026-11-20T07:00:00Z" }]]),
  unitTests: new Map()
}

it("is known of every table of every zone", async () => {
  const project = await loadProject("schemas/bright-light")
  const about = await Effect.gen(function* () {
    const text = projectText(project, yield* modelsOf(project))
    const db = yield* openDuckDB({ threads: 1 })
    return aboutTables(text, facts, yield* trace(db, text.models, text.contracts))
  }).pipe(Effect.scoped, Effect.runPromise)
  const zones = new Map<string, number>()
  for (const [path, table] of about) {
    const said = parametersOf(table)
    expect([path, table.owner, table.description, said["sensitivity"], said["update_mode"]], path).not.toContain("")
    expect(said["sensitivity"], path).toMatch(/^(public|internal|personal)$/)
    if (path.startsWith("stage/") || path.startsWith("consumable/"))
      expect(Object.keys(said), path).toEqual(
        expect.arrayContaining(["source_system", "retention", "contact", "status", "grain", "domain"])
      )
    // The table of warehouses does not change by itself.
    if (!/warehouses|dead_letters|runs/.test(path)) expect(said["refresh_every"], path).toMatch(/^\d+ (minute|hour|day)s?$/)
    // What is made of something says of what, and that says so, too.
    for (const from of table.upstream) expect(about.get(from)?.downstream, `${from} ${path}`).toContain(path)
    zones.set(path.split("/")[0] ?? "", (zones.get(path.split("/")[0] ?? "") ?? 0) + 1)
  }
  const [datasets, models] = [project.datasets.length, about.size - 2 * project.datasets.length - 2]
  expect([...zones].sort()).toEqual([
    ["consumable", datasets],
    ["dead_letters", 1],
    ["marts", models],
    ["runs", 1],
    ["stage", datasets]
  ])
  expect(models).toBeGreaterThan(15)
  const parameters = (path: string) => {
    const table = about.get(path)
    return table === undefined ? {} : parametersOf(table)
  }
  // Of six checks, records that all became rows among them, one failed and one warned.
  expect(about.get("consumable/orders")?.quality).toEqual({ passed: 4, failed: 1, warned: 1, at: "2026-11-20T06:00:01Z" })
  expect(parameters("consumable/orders")).toMatchObject({
    quality_score: "0.67",
    last_check: "2026-11-20T06:00:01Z",
    upstream: "raw_orders"
  })
  expect(parameters("marts/spend_by_zip_day")).toMatchObject({ quality_score: "1.00", sensitivity: "internal", domain: "marketing" })
  expect(parameters("consumable/products")).not.toHaveProperty("quality_score")
})
