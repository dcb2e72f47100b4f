import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import type { UnitTest } from "../../src/models/model.ts"
import type { Names } from "../../src/models/render.ts"
import { runUnitTest } from "../../src/models/unit-test.ts"
import { ifIncremental, model, text } from "./made.ts"

const orders = { kind: "source", source: "consumable", table: "orders" } as const
const totals = model("totals", {
  inputs: [orders],
  text: [
    text("select shop, sum(price) as total, count(*) as n, min(tags) as tags from "),
    { ...orders, line: 1 },
    text(" where price < "),
    { kind: "var", name: "most", fallback: 1000, line: 1 },
    ifIncremental([text(" and shop not in (select shop from "), { kind: "this", line: 1 }, text(")")]),
    text(" group by shop -- all of them")
  ]
})

const unitTest = (given: Partial<UnitTest>): UnitTest => ({
  name: "sums",
  model: "totals",
  given: [
    {
      input: orders,
      rows: [
        { shop: "a", price: "1.10", tags: ["x"] },
        { shop: "a", Price: 2.2, tags: ["x"] },
        { shop: null, price: 5 },
        { price: 7, shop: "b" }
      ]
    }
  ],
  expect: [],
  isIncremental: false,
  vars: {},
  file: "models/totals.yml",
  line: 3,
  ...given
})

const run = (given: Partial<UnitTest>) =>
  Effect.gen(function* () {
    const db = yield* openDuckDB()
    yield* db.run("create schema consumable")
    yield* db.run("create table consumable.orders (shop varchar, price decimal(18,2), placed_at timestamptz, tags varchar[])")
    const names: Pick<Names, "ref" | "source" | "var"> = {
      ref: (name) => name,
      source: (source, table) => `${source}.${table}`,
      var: (_, fallback) => fallback ?? null
    }
    const result = yield* runUnitTest(db, totals, unitTest(given), names)
    assert.deepStrictEqual(yield* db.rows("select view_name from duckdb_views() where view_name like 'sluice_%'"), [])
    return result
  }).pipe(Effect.scoped)

const all = [
  { shop: "b", total: 7, n: 1 },
  { shop: null, total: "5.00", n: 1 },
  { shop: "a", total: 3.3, n: 2 }
]

describe("unit tests of models", () => {
  it.live("pass where the rows are those that are expected, in any order, by the columns that are named", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* run({ expect: all }), {
        name: "sums",
        model: "totals",
        status: "pass",
        difference: [],
        file: "models/totals.yml",
        line: 3
      })
      assert.strictEqual((yield* run({ expect: [{ N: 1 }, { N: 1 }, { n: 2 }] })).status, "pass")
      assert.strictEqual((yield* run({ given: [{ input: orders, rows: [] }] })).status, "pass")
    })
  )

  it.live("fail by each row that is too many or missing, and show it", () =>
    Effect.gen(function* () {
      const { status, difference } = yield* run({ expect: [...all.slice(0, 2), { shop: "a", total: 3.31, n: 2 }] })
      assert.strictEqual(status, "fail")
      assert.deepStrictEqual(difference, ['- {"shop":"a","total":3.31,"n":2}', '+ {"shop":"a","total":3.30,"n":2}'])
      assert.deepStrictEqual((yield* run({ expect: [{ n: 1 }, { n: 2 }] })).difference, ['+ {"n":1}'])
      assert.strictEqual((yield* run({ expect: [] })).difference.length, 3)
    })
  )

  it.live("variables and what the model has already are the test's own", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run({ vars: { most: 6 }, expect: all.slice(1) })).status, "pass")
      const given = [...unitTest({}).given, { input: "this" as const, rows: [{ shop: "a", n: 9 }] }]
      assert.strictEqual((yield* run({ given, isIncremental: true, expect: all.slice(0, 1) })).status, "pass")
      assert.strictEqual((yield* run({ given, expect: all })).status, "pass")
    })
  )

  it.live("what cannot be run says where and why", () =>
    Effect.gen(function* () {
      const problem = (given: Partial<UnitTest>) => Effect.map(Effect.flip(run(given)), ({ message }) => message)
      const at = "models/totals.yml:3: the unit test sums cannot run: "
      assert.include(yield* problem({ given: [] }), `${at}it gives no rows for source('consumable', 'orders')`)
      assert.include(yield* problem({ isIncremental: true }), `${at}it is incremental and gives no rows for \`this\``)
      assert.include(yield* problem({ given: [{ input: orders, rows: [{ shp: "a" }] }] }), `${at}there is no column shp`)
      assert.include(yield* problem({ expect: [{ sum: 1 }] }), `${at}there is no column sum. The columns are: shop, total, n, tags.`)
      const dear = yield* problem({ given: [{ input: orders, rows: [{ price: "dear" }] }] })
      assert.include(dear, `${at}Conversion Error: Could not convert string "dear"`)
      const other = { input: { kind: "model" as const, name: "other" }, rows: [] }
      assert.include(
        yield* problem({ given: [...unitTest({}).given, other] }),
        `${at}it gives rows for ref('other'), which totals does not read`
      )
    })
  )
})
