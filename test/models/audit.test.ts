import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { type AuditSettings, auditOf, statusOf, testsOf } from "../../src/models/audit.ts"
import { holdsBack, type TestResult } from "../../src/models/audit-result.ts"
import type { Check, DataTest, Model, Models } from "../../src/models/model.ts"
import { column, dataTest, ifIncremental, model, models } from "./made.ts"

const settings: AuditSettings = {
  ref: (name) => `other.${name}`,
  source: (source, table) => `${source}.${table}`,
  var: (_, fallback) => fallback ?? null,
  sensitive: new Set(["Email"])
}

const withTables = Effect.gen(function* () {
  const db = yield* openDuckDB()
  yield* db.run("create schema other")
  yield* db.run("create schema consumable")
  yield* db.run("create table other.shops as from (values ('a'), ('a'), (null)) v(shop)")
  yield* db.run("create table consumable.shops as from other.shops")
  yield* db.run(`create table new_orders as from (values
    (1, 'a', 'new',  5.0, 'ann@shop.example', 10),
    (2, 'b', 'paid', -1.0, 'bob@shop.example', 20),
    (3, 'b', 'odd',  null, 'ann@shop.example', 30),
    (4, null, null,  100.0, null, 40),
    (null, 'a', 'odd', 7.0, null, 50),
    (1, 'a', 'lost', 5.0, 'eve@shop.example', 60)) v(order_id, shop, status, price, email, position)`)
  return db
})

const byPosition = model("orders", {
  materialization: { kind: "incremental", strategy: "merge", uniqueKey: ["position"], onSchemaChange: "ignore", microbatch: null }
})

const audited = (tests: ReadonlyArray<DataTest>, of: Model = byPosition, given: Partial<Models> = {}) =>
  Effect.gen(function* () {
    const db = yield* withTables
    return yield* auditOf(models({ models: [of], tests, ...given }), settings)(db, of, () => "new_orders")
  }).pipe(Effect.scoped)

/** What a test of one column, or of none, finds. */
const found = (check: Check, name: string | null, given: Partial<DataTest> = {}) =>
  Effect.map(audited([dataTest(check, { column: name, ...given })]), ({ tests: [result] }) => {
    assert.isDefined(result)
    return [result.status, result.failures, result.keys] satisfies [TestResult["status"], number, ReadonlyArray<string>]
  })

const values = (...accepted: ReadonlyArray<string | number>): Check => ({ kind: "accepted_values", values: accepted, quote: true })
const shops: Check = { kind: "relationships", to: { kind: "model", name: "shops" }, field: "shop" }

const cases: ReadonlyArray<readonly [string, Check, string | null, Partial<DataTest>, [string, number, ReadonlyArray<string>]]> = [
  ["unique: twice", { kind: "unique" }, "order_id", {}, ["fail", 1, ["order_id = 1"]]],
  ["unique: nulls are passed over", { kind: "unique" }, "order_id", { where: "position > 20" }, ["pass", 0, []]],
  ["unique: what is there twice is shown once", { kind: "unique" }, "shop", {}, ["fail", 2, ["shop = a", "shop = b"]]],
  ["not_null: fails", { kind: "not_null" }, "order_id", {}, ["fail", 1, ["position = 50"]]],
  ["not_null: passes", { kind: "not_null" }, "position", {}, ["pass", 0, []]],
  [
    "accepted_values: a row a value, a null is none",
    values("new", "paid"),
    "status",
    {},
    ["fail", 2, ["position = 30", "position = 50", "position = 60"]]
  ],
  ["accepted_values: passes", values("new", "paid", "odd", "lost"), "status", {}, ["pass", 0, []]],
  ["accepted_values: as they are", { kind: "accepted_values", values: [1, 2, 3, 4], quote: false }, "order_id", {}, ["pass", 0, []]],
  [
    "accepted_values: none",
    values(),
    "order_id",
    {},
    ["fail", 4, ["position = 10", "position = 20", "position = 30", "position = 40", "position = 60"]]
  ],
  ["relationships: nulls of both are passed over", shops, "shop", {}, ["fail", 2, ["position = 20", "position = 30"]]],
  ["relationships: passes", shops, "shop", { where: "shop = 'a'" }, ["pass", 0, []]],
  [
    "relationships: of a source",
    { kind: "relationships", to: { kind: "source", source: "consumable", table: "shops" }, field: "shop" },
    "shop",
    {},
    ["fail", 2, ["position = 20", "position = 30"]]
  ],
  [
    "range: both ends belong to it, a null does not fail",
    { kind: "range", min: 5, max: 7 },
    "price",
    {},
    ["fail", 2, ["position = 20", "position = 40"]]
  ],
  ["range: one end", { kind: "range", min: undefined, max: 100 }, "price", {}, ["pass", 0, []]],
  ["range: no end", { kind: "range", min: undefined, max: undefined }, "price", {}, ["pass", 0, []]],
  [
    "range: of texts",
    { kind: "range", min: "b", max: undefined },
    "shop",
    {},
    ["fail", 3, ["position = 10", "position = 50", "position = 60"]]
  ],
  [
    "expression: a null does not fail",
    { kind: "expression", expression: "price > 0 or shop = 'c'" },
    null,
    {},
    ["fail", 1, ["position = 20"]]
  ],
  ["expression: passes", { kind: "expression", expression: "position > 0" }, null, {}, ["pass", 0, []]],
  ["warn", { kind: "not_null" }, "order_id", { severity: "warn" }, ["warn", 1, ["position = 50"]]],
  ["warn_if beyond", { kind: "not_null" }, "email", { errorIf: ">10", warnIf: ">1" }, ["warn", 2, ["position = 40", "position = 50"]]],
  ["warn_if and error_if not reached", { kind: "not_null" }, "email", { errorIf: ">10", warnIf: ">2" }, ["pass", 2, []]],
  ["error_if between", { kind: "not_null" }, "email", { errorIf: "between 1 and 2" }, ["fail", 2, ["position = 40", "position = 50"]]]
]

describe("the audit of a model", () => {
  for (const [title, check, name, given, wanted] of cases) {
    it.live(title, () => Effect.map(found(check, name, given), (got) => assert.deepStrictEqual(got, wanted)))
  }

  it.live("a SELECT of its own fails by each row, and shows none", () =>
    Effect.gen(function* () {
      const check = (where: string): Check => ({
        kind: "singular",
        text: [
          { kind: "text", text: "select email as position from " },
          { kind: "ref", model: "orders", line: 1 },
          { kind: "text", text: ` where price > ${where} -- dear\n` }
        ]
      })
      assert.deepStrictEqual(yield* found(check("6"), null), ["fail", 2, []])
      assert.deepStrictEqual(yield* found(check("600"), null), ["pass", 0, []])
    })
  )

  it.live("shows five keys at most, and all that failed in its count", () =>
    Effect.gen(function* () {
      const [status, failures, keys] = yield* found({ kind: "expression", expression: "position < 0" }, null)
      assert.deepStrictEqual([status, failures, keys.length], ["fail", 6, 5])
    })
  )

  it.live("never shows a sensitive value: only the count is told", () =>
    Effect.gen(function* () {
      const said = model("orders", { columns: [column("SHOP", true)] })
      for (const of of [said, byPosition]) {
        const hidden = of === said ? "shop" : "email"
        const keyed: Model = {
          ...of,
          materialization: {
            kind: "incremental",
            strategy: "merge",
            uniqueKey: ["position", hidden],
            onSchemaChange: "ignore",
            microbatch: null
          }
        }
        const { tests } = yield* audited(
          [
            dataTest({ kind: "unique" }, { column: hidden }),
            dataTest({ kind: "unique" }, { column: `upper(${hidden})` }),
            dataTest({ kind: "not_null" }, { column: hidden }),
            dataTest({ kind: "accepted_values", values: [], quote: true }, { column: hidden }),
            dataTest({ kind: "expression", expression: "false" })
          ],
          keyed
        )
        for (const { keys, failures } of tests) assert.deepStrictEqual([keys, failures > 0], [[], true])
      }
    })
  )

  it.live("a test that cannot run tells its line, and no value", () =>
    Effect.gen(function* () {
      const cast = dataTest({ kind: "expression", expression: "cast(email as integer) > 0" })
      const failed = yield* Effect.flip(audited([cast]))
      assert.include(failed.message, "models/orders.yml:7: the test expression_orders cannot run: Conversion Error")
      assert.notInclude(JSON.stringify(failed) + failed.message, "shop.example")
      const wrong = yield* Effect.flip(audited([dataTest({ kind: "not_null" }, { column: "pricee" })]))
      assert.include(wrong.message, '"pricee" not found')
      assert.strictEqual(wrong.reason, "Invalid")
      // A field that the other table lacks is not one of the tested table.
      const noField = dataTest({ kind: "relationships", to: { kind: "model", name: "shops" }, field: "position" }, { column: "position" })
      assert.include((yield* Effect.flip(audited([noField]))).message, "cannot run: Binder Error")
    })
  )

  it.live("rows of a failing test are held back, of a warning one not", () =>
    Effect.gen(function* () {
      const notNull = (severity: DataTest["severity"]) => dataTest({ kind: "not_null" }, { column: "email", severity })
      assert.isFalse(holdsBack(yield* audited([notNull("warn")])))
      assert.isTrue(holdsBack(yield* audited([notNull("warn"), notNull("error")])))
      assert.deepStrictEqual(yield* audited([]), { tests: [] })
    })
  )

  it("a test of two models is run once both are there", () => {
    const [orders, dim] = [model("orders"), model("shops")]
    const own = dataTest({ kind: "not_null" }, { column: "shop" })
    const both = dataTest(shops, { column: "shop" })
    const singular = dataTest({
      kind: "singular",
      text: [ifIncremental([{ kind: "ref", model: "orders", line: 1 }])]
    })
    const all = models({ models: [orders, dim], tests: [own, both, singular] })
    assert.deepStrictEqual(testsOf(all, orders), [own, singular])
    assert.deepStrictEqual(testsOf(all, dim), [both])
    assert.deepStrictEqual(testsOf({ ...all, models: [dim, orders] }, orders), [own, both, singular])
  })

  it("severity and conditions decide as in dbt", () => {
    const of = (severity: DataTest["severity"]) =>
      [false, true].flatMap((warn) => [false, true].map((error) => statusOf({ severity }, warn, error)))
    assert.deepStrictEqual(of("error"), ["pass", "fail", "warn", "fail"])
    assert.deepStrictEqual(of("warn"), ["pass", "pass", "warn", "warn"])
  })
})
