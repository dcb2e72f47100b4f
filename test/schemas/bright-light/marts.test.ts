import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { end, makeCompany } from "../../../schemas/bright-light/generate/company.ts"
import type { DuckDB } from "../../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { temporaryStore } from "../../ingest/support.ts"
import { build, replaceFiles, rowsOf } from "../../models/small-lake.ts"
import {
  brightAudit,
  brightModels,
  buildKnown,
  contracts,
  differenceOf,
  knownOf,
  loadKnown,
  martLines,
  martOf,
  noDifference
} from "./lake.ts"
import { day, type Parameters, plainSales } from "./plain.ts"
import { plainFeatures } from "./plain-features.ts"
import { plainWeb, sessionsOf } from "./plain-web.ts"

/** How many companies the marts are computed of. */
const seeds = Number(process.env["SLUICE_TEST_BRIGHT_SEEDS"] ?? 1)

const openSmall = openDuckDB({ threads: 1, memoryLimit: 512 * 1024 ** 2 })

const parameters = (seed: number): Parameters => ({
  period_days: 20 + 10 * (seed % 3),
  top_days: 60 + 30 * (seed % 4),
  top_percent: 10 + 15 * (seed % 2),
  top_categories: 2 + (seed % 2)
})

/** Rows of some customers lie in a file of their own, so that a change is of theirs alone; widgets in one. */
const groups: ReadonlyArray<readonly [dataset: string, group: number | null]> = [
  ["products", null],
  ...["orders", "order_lines", "coupon_redemptions"].flatMap((dataset) => [0, 1, 2, 3].map((group) => [dataset, group] as const))
]

interface FileOfRows {
  readonly paths: ReadonlyArray<string>
  readonly rows: string
}

/** Puts the rows of a group into a file in place of that which was there; where they are the same nothing is done. */
const replaced = (db: DuckDB, dataset: string, group: number | null, before: FileOfRows | undefined) =>
  Effect.gen(function* () {
    const columns = contracts.find(({ contract }) => contract.name === dataset)?.consumableColumns ?? []
    const own = group === null ? "" : ` WHERE order_id[:-5]::INTEGER % 4 = ${group}`
    const select = `SELECT ${columns.map(({ name }) => name).join(", ")} FROM consumable_${dataset}${own}`
    const rows = JSON.stringify(yield* db.rows(`SELECT r::VARCHAR AS r FROM (${select}) AS r ORDER BY 1`))
    if (rows === before?.rows) return before
    return { rows, paths: yield* replaceFiles(dataset, columns, before?.paths ?? [], rows === "[]" ? [] : [select], db) }
  })

describe("the marts of a company are what plain loops make of its rows", () => {
  it.effect.each(Array.from({ length: seeds }, (_, i) => i + 1))("of seed %s", (seed) =>
    Effect.gen(function* () {
      const known = knownOf(makeCompany(seed, 12))
      const models = brightModels({ ...parameters(seed) })
      const db = yield* openSmall
      yield* loadKnown(db, known)
      yield* buildKnown(db, models)
      const sessions = sessionsOf(known)
      const expected = { ...plainSales(known, parameters(seed)), ...plainWeb(known, sessions), ...plainFeatures(known, sessions) }
      for (const [mart, lines] of Object.entries(expected)) {
        assert.isAbove(lines.length, 0, mart)
        assert.deepStrictEqual(differenceOf(yield* martOf(db, mart), lines), noDifference, mart)
      }
      for (const model of seed === 1 ? models.models : []) {
        const { tests } = yield* brightAudit(models)(db, model, () => model.name)
        assert.deepStrictEqual(
          tests.filter(({ status }) => status !== "pass"),
          [],
          model.name
        )
        const columns = (yield* db.rows(`DESCRIBE ${model.name}`)).map(({ column_name }) => column_name)
        assert.deepStrictEqual(
          model.columns.map(({ name }) => name),
          columns.map(String),
          `columns of ${model.name}`
        )
      }
    }).pipe(Effect.scoped)
  )

  it.live("also where a build makes those customers anew of whom something has changed", () =>
    Effect.gen(function* () {
      const company = makeCompany(1, 12)
      const marts = ["customer_running_totals", "customer_category_totals"]
      const models = { ...brightModels(), tests: [], unitTests: [] }
      const selected = models.models.filter(({ name }) => ["stg_sales", ...marts].includes(name))
      const files = new Map<string, FileOfRows>()
      // Of the last days there are new orders, some that were cancelled, and some that are gone with all their lines.
      for (const until of [end - 12 * day, end - 11 * day, end]) {
        const known = knownOf(company, until)
        const db = yield* openSmall
        yield* loadKnown(db, known)
        for (const [dataset, group] of groups) {
          const before = files.get(`${dataset} ${group}`)
          const after = yield* replaced(db, dataset, group, before)
          files.set(`${dataset} ${group}`, after)
        }
        const outcomes = yield* build(models, { selected, contracts })
        for (const outcome of outcomes) if (outcome.kind === "failed") throw outcome.error
        const expected: { readonly [mart: string]: ReadonlyArray<string> } = plainSales(known, parameters(1))
        for (const mart of marts)
          assert.deepStrictEqual(differenceOf(yield* martLines(rowsOf, mart), expected[mart] ?? []), noDifference, `${mart} by ${until}`)
      }
    }).pipe(Effect.scoped, Effect.provide(temporaryStore))
  )
})
