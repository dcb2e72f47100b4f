import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract, latest, long, text } from "../../src/contract/index.ts"
import { martPath } from "../../src/lake/layout.ts"
import { lakeTable } from "../../src/lake/views.ts"
import { runEvent } from "../../src/lineage/openlineage.ts"
import { leaf } from "../../src/record/column.ts"
import type { RunEvent } from "../../src/record/report.ts"
import { Store } from "../../src/store/store.ts"
import { createTable } from "../../src/table/table.ts"
import { temporaryStore } from "../ingest/support.ts"
import { schemasFolder, validateEvent } from "../lineage/validate.ts"
import { build, kindsOf, martRows, modelsOfTexts, replaceFiles, rowsOf } from "./small-lake.ts"

const columns = [
  leaf("id", "long", ""),
  leaf("shop", "text", ""),
  leaf("price", { type: "decimal", precision: 10, scale: 2 }, ""),
  leaf("ordered_at", "timestamp", ""),
  leaf("email", "text", "", "keep")
]
const orders = (...rows: ReadonlyArray<string>) =>
  `FROM (VALUES ${rows.map((row) => `(${row})`).join(", ")}) v(id, shop, price, ordered_at, email)`
const typed = (select: string) =>
  `SELECT id::BIGINT AS id, shop::VARCHAR AS shop, price::DECIMAL(10,2) AS price, ordered_at::TIMESTAMPTZ AS ordered_at, email::VARCHAR AS email ${select}`
const order = (id: number, shop: string, price: number, day: number, email = "a@b.example") =>
  `${id}, '${shop}', ${price}, '2026-01-${String(day).padStart(2, "0")} 10:00:00Z', '${email}'`
const fill = (...rows: ReadonlyArray<string>) => replaceFiles("orders", columns, [], [typed(orders(...rows))])

const shopModels = {
  "models/paid.sql":
    "{{ config(materialized='view') }} select id, shop, price, ordered_at from {{ source('consumable', 'orders') }} where price > 0",
  "models/by_shop.sql":
    "{{ config(materialized='table') }} select shop, count(*) as orders, sum(price) as revenue from {{ ref('paid') }} group by shop",
  "models/best.sql": "{{ config(materialized='table') }} select shop from {{ ref('by_shop') }} where revenue > 10",
  "models/schema.yml": `models:
  - name: by_shop
    columns:
      - name: shop
        data_tests: [unique, not_null]
      - name: revenue
        data_tests:
          - range: {arguments: {min: 0, max: 1000}}
`
}
const texts = (given: { readonly [file: string]: string } = {}) => modelsOfTexts({ ...shopModels, ...given }, ["orders"])

const versionOf = (model: string) => Effect.map(lakeTable(martPath(model)), (table) => Option.getOrNull(table)?.snapshot.version ?? null)

describe("build", () => {
  it.effect("makes tables and views in order, which query shows by name, and then has nothing to do", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 5, 1), order(2, "a", 7.5, 1), order(3, "b", 1, 2), order(4, "b", -3, 2))
      assert.deepStrictEqual(kindsOf(yield* build(texts())), { best: "built", by_shop: "built", paid: "built" })
      assert.deepStrictEqual(yield* martRows(["by_shop", "best", "paid"]), {
        by_shop: ['["a",2,12.50]', '["b",1,1.00]'],
        best: ['["a"]'],
        ...(yield* martRows(["paid"]))
      })
      assert.strictEqual((yield* rowsOf("SELECT * FROM paid")).length, 3)
      const before = yield* versionOf("by_shop")
      assert.deepStrictEqual(kindsOf(yield* build(texts())), { best: "unchanged", by_shop: "unchanged", paid: "unchanged" })
      assert.strictEqual(yield* versionOf("by_shop"), before)
      yield* fill(order(5, "c", 20, 3))
      assert.deepStrictEqual(kindsOf(yield* build(texts())), { best: "built", by_shop: "built", paid: "built" })
      assert.deepStrictEqual((yield* martRows(["best"]))["best"], ['["a"]', '["c"]'])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("builds again what has another text, and what is made of it only where that changes", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 50, 1))
      yield* build(texts())
      const other = texts({ "models/best.sql": shopModels["models/best.sql"].replace("> 10", "> 100") })
      assert.deepStrictEqual(kindsOf(yield* build(other)), { best: "built", by_shop: "unchanged", paid: "unchanged" })
      assert.deepStrictEqual(yield* rowsOf("SELECT * FROM best"), [])
      // A view's text is part of what looks through it.
      const dearer = texts({ "models/paid.sql": shopModels["models/paid.sql"].replace("> 0", "> 60") })
      assert.deepStrictEqual(kindsOf(yield* build(dearer)), { best: "built", by_shop: "built", paid: "built" })
      assert.deepStrictEqual(yield* rowsOf("SELECT * FROM by_shop"), [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("shows nobody rows that a test holds back, and leaves what reads them alone", () =>
    Effect.gen(function* () {
      const events: Array<RunEvent> = []
      const onEvent = (event: RunEvent) => Effect.sync(() => void events.push(event))
      yield* fill(order(1, "a", 50, 1))
      yield* build(texts())
      const before = yield* versionOf("by_shop")
      yield* fill(order(2, "a", 5000, 1))
      const outcomes = yield* build(texts(), { onEvent })
      assert.deepStrictEqual(kindsOf(outcomes), { best: "skipped", by_shop: "failed", paid: "built" })
      const [failed] = outcomes.flatMap((outcome) => (outcome.kind === "failed" ? [outcome] : []))
      assert.include(failed?.error.message, "range_by_shop_revenue__1000__0 (models/schema.yml:8): 1 row fails, shop = a.")
      assert.strictEqual(yield* versionOf("by_shop"), before)
      assert.deepStrictEqual((yield* martRows(["by_shop"]))["by_shop"], ['["a",1,50.00]'])
      const ended = events.find((event) => event.event === "fail")
      assert.deepStrictEqual(ended?.event === "fail" ? ended.tests?.map(({ status }) => status) : null, ["pass", "pass", "fail"])
      const told = JSON.parse(
        JSON.stringify(runEvent(ended ?? assert.fail(), { namespace: "shop", producer: "urn:sluice", version: "1", contracts: [] }))
      )
      if (schemasFolder !== null) assert.deepStrictEqual(validateEvent(told), [])
      assert.deepStrictEqual(
        told.inputs.at(-1).inputFacets.dataQualityAssertions.assertions.map(({ success }: { success: boolean }) => success),
        [true, true, false]
      )
      // Keys are for who stands at the terminal.
      assert.notInclude(JSON.stringify([told, ended]), "shop = a")
      // Nothing that was put before the audit is left in the store.
      const keys = yield* Stream.runCollect((yield* Store).list(martPath("by_shop")))
      const files = keys.filter(({ key }) => key.endsWith(".parquet"))
      assert.strictEqual(files.length, 1)
      assert.deepStrictEqual(
        kindsOf(yield* build(texts({ "models/schema.yml": shopModels["models/schema.yml"].replace("1000", "10000") }))),
        {
          best: "built",
          by_shop: "built",
          paid: "unchanged"
        }
      )
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("says why a SELECT does not run, and quotes no row", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "secret word", 50, 1))
      const told = (sql: string) =>
        Effect.map(build(modelsOfTexts({ "models/m.sql": `{{ config(materialized='table') }} ${sql}` }, ["orders"])), ([outcome]) =>
          outcome?.kind === "failed" ? outcome.error.message : outcome?.kind
        )
      assert.match(String(yield* told("select shopp from {{ source('consumable', 'orders') }}")), /^models\/m\.sql: Binder Error.*shopp/)
      const cast = String(yield* told("select cast(shop as bigint) as n from {{ source('consumable', 'orders') }}"))
      assert.strictEqual(
        cast,
        "models/m.sql: Conversion Error. A value does not fit what the SELECT does with it: use try_cast, or leave such rows out."
      )
      assert.match(String(yield* told("select interval '1' day as n")), /INTERVAL, which a table cannot hold/)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("lays a table out by partition, and anew where that is another", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 5, 1), order(2, "b", 5, 1), order(3, "a", 5, 2))
      const laid = (by: string) =>
        modelsOfTexts(
          {
            "models/m.sql": `{{ config(materialized='table', partition_by=${by}) }} select id, nullif(shop, 'b') as shop, cast(ordered_at as date) as day from {{ source('consumable', 'orders') }}`
          },
          ["orders"]
        )
      const folders = Effect.map(lakeTable(martPath("m")), (table) =>
        [...(Option.getOrNull(table)?.snapshot.files.keys() ?? [])].map((path) => path.replace(/\/?part-.*/, "")).sort()
      )
      yield* build(laid("['day', 'shop']"))
      assert.deepStrictEqual(yield* folders, [
        "day=2026-01-01/shop=__HIVE_DEFAULT_PARTITION__",
        "day=2026-01-01/shop=a",
        "day=2026-01-02/shop=a"
      ])
      const rows = yield* rowsOf("SELECT id, shop, day FROM m ORDER BY id")
      assert.deepStrictEqual(rows, [
        [1, "a", "2026-01-01"],
        [2, null, "2026-01-01"],
        [3, "a", "2026-01-02"]
      ])
      yield* build(laid("['shop']"))
      assert.deepStrictEqual(yield* folders, ["shop=__HIVE_DEFAULT_PARTITION__", "shop=a"])
      yield* build(laid("[]"))
      assert.deepStrictEqual(yield* folders, [""])
      assert.deepStrictEqual(yield* rowsOf("SELECT id, shop, day FROM m ORDER BY id"), rows)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("makes one mart where several build at once, and each row once", () =>
    Effect.gen(function* () {
      for (const id of [1, 2]) {
        yield* fill(order(id, "a", 5, 1))
        const outcomes = yield* Effect.all([build(texts()), build(texts()), build(texts())], { concurrency: "unbounded" })
        for (const kinds of outcomes.map(kindsOf)) assert.notInclude(Object.values(kinds), "failed")
        assert.deepStrictEqual((yield* martRows(["by_shop"]))["by_shop"], [`["a",${id},${5 * id}.00]`])
      }
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("leaves a table of another program alone that lies where a mart would", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 5, 1))
      const { table } = yield* createTable(martPath("best"), {
        name: "best",
        description: "",
        columns: [leaf("x", "long", "")],
        partitions: []
      })
      const outcomes = yield* build(texts())
      assert.deepStrictEqual(kindsOf(outcomes), { best: "failed", by_shop: "built", paid: "built" })
      const [failed] = outcomes.flatMap((outcome) => (outcome.kind === "failed" ? [outcome] : []))
      assert.include(failed?.error.message, "another program made the table")
      assert.strictEqual((yield* table.snapshot).version, 0)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("goes from table to view and back", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 5, 1))
      const as = (kind: string) =>
        modelsOfTexts({ "models/m.sql": `{{ config(materialized='${kind}') }} select id from {{ source('consumable', 'orders') }}` }, [
          "orders"
        ])
      for (const kind of ["table", "view", "table", "view"]) {
        assert.deepStrictEqual(kindsOf(yield* build(as(kind))), { m: "built" })
        assert.deepStrictEqual(yield* rowsOf("SELECT * FROM m"), [[1]])
      }
      yield* fill(order(2, "a", 5, 1))
      assert.strictEqual((yield* rowsOf("SELECT * FROM m")).length, 2)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("tells no bound of a sensitive column, under its name or by its word", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 5, 1, "ann@shop.example"))
      const models = modelsOfTexts(
        {
          "models/m.sql": "{{ config(materialized='table') }} select id, email, shop as nick from {{ source('consumable', 'orders') }}",
          "models/m.yml": "models:\n  - name: m\n    columns:\n      - name: nick\n        config: {meta: {sensitive: true}}\n"
        },
        ["orders"]
      )
      yield* build(models, { sensitive: new Set(["email"]) })
      const table = Option.getOrNull(yield* lakeTable(martPath("m")))
      const stats = [...(table?.snapshot.files.values() ?? [])].map((file) => file.stats)
      assert.deepStrictEqual(stats, ['{"numRecords":1,"minValues":{"id":1},"maxValues":{"id":1},"nullCount":{"id":0}}'])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("holds a model to its contract", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 5, 1))
      const held = (type: string, column = "id", kind = "table") =>
        build(
          modelsOfTexts(
            {
              "models/m.sql": `{{ config(materialized='${kind}') }} select id from {{ source('consumable', 'orders') }}`,
              "models/m.yml": `models:\n  - name: m\n    config: {contract: {enforced: true}}\n    columns:\n      - {name: ${column}, data_type: ${type}}\n`
            },
            ["orders"]
          )
        )
      const message = (outcomes: Effect.Success<ReturnType<typeof held>>) =>
        outcomes.map((outcome) => (outcome.kind === "failed" ? outcome.error.message : outcome.kind)).join()
      assert.strictEqual(message(yield* held("int8")), "built")
      assert.include(message(yield* held("varchar")), "id is BIGINT and its contract says VARCHAR")
      assert.include(message(yield* held("bigint", "key")), "key is not given; its contract does not know id")
      // A view, too, which has no columns in a log.
      assert.include(message(yield* held("varchar", "id", "view")), "id is BIGINT and its contract says VARCHAR")
      assert.strictEqual(message(yield* held("bigint", "id", "view")), "built")
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("refuses to read a model that was never built, and dry runs change nothing", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 5, 1))
      const models = texts()
      const best = models.models.filter(({ name }) => name === "best")
      const [outcome] = yield* build(models, { selected: best })
      assert.include(
        outcome?.kind === "failed" ? outcome.error.message : "",
        "it reads by_shop, which was never built. Build that, too: sluice build --select +best"
      )
      assert.deepStrictEqual(kindsOf(yield* build(models, { dryRun: true })), { best: "planned", by_shop: "planned", paid: "planned" })
      assert.isNull(yield* versionOf("by_shop"))
      const lost = yield* build(models, { lost: new Set(["orders"]) })
      assert.deepStrictEqual(lost, [
        { kind: "skipped", model: "paid", because: "orders" },
        { kind: "skipped", model: "by_shop", because: "orders" },
        { kind: "skipped", model: "best", because: "orders" }
      ])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("tells lineage what it read, by version, what it made, column by column, and what tests found", () =>
    Effect.gen(function* () {
      yield* fill(order(1, "a", 50, 1))
      const events: Array<RunEvent> = []
      yield* build(texts(), { onEvent: (event) => Effect.sync(() => void events.push(event)) })
      const { root } = yield* Store
      const settings = { namespace: "shop", producer: "urn:sluice", version: "1", contracts: [] }
      const told = events.filter(({ event }) => event === "complete").map((event) => JSON.parse(JSON.stringify(runEvent(event, settings))))
      if (schemasFolder !== null) for (const event of told) assert.deepStrictEqual(validateEvent(event), [])
      const [paid, byShop, best] = told
      const nameOf = (path: string) => fileURLToPath(`${root}/${path}`)
      assert.strictEqual(paid.outputs[0].facets.datasetType.datasetType, "VIEW")
      // By way of a view the graph has no gap: what one run writes the other reads.
      assert.deepStrictEqual(
        [paid, byShop, best].map(({ inputs, outputs }) => [
          inputs.map(({ name }: { name: string }) => name),
          outputs.map(({ name }: { name: string }) => name)
        ]),
        [
          [[nameOf("consumable/orders")], [nameOf("marts/paid")]],
          [[nameOf("marts/paid"), nameOf("marts/by_shop")], [nameOf("marts/by_shop")]],
          [[nameOf("marts/by_shop")], [nameOf("marts/best")]]
        ]
      )
      const { revenue } = byShop.outputs[0].facets.columnLineage.fields
      assert.deepStrictEqual(
        revenue.inputFields.map(({ name, field }: { name: string; field: string }) => [name, field]),
        [[nameOf("marts/paid"), "price"]]
      )
      assert.deepStrictEqual(
        byShop.inputs[1].inputFacets.dataQualityAssertions.assertions.map(
          ({ assertion, success }: { assertion: string; success: boolean }) => [assertion, success]
        ),
        [
          ["unique", true],
          ["not_null", true],
          ["range", true]
        ]
      )
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("knows what is sensitive under another name, and tells neither bounds nor keys of it", () =>
    Effect.gen(function* () {
      const contract = compileContract(
        defineContract({
          name: "people",
          title: "People",
          description: "People.",
          owner: "shop",
          sensitivity: "personal",
          fields: { email: text("Their address.", { sensitive: "keep" }), n: long("A number.") },
          drops: [],
          expectations: [],
          keepUnknown: false,
          table: latest({ key: ["n"], by: "none" })
        })
      )
      yield* replaceFiles(
        "people",
        [leaf("email", "text", ""), leaf("n", "long", "")],
        [],
        ["SELECT 'ann@shop.example' AS email, 1::BIGINT AS n"]
      )
      const models = modelsOfTexts(
        {
          "models/m.sql":
            "{{ config(materialized='table') }} select lower(email) as contact_id, n from {{ source('consumable', 'people') }}",
          "models/m.yml":
            "models:\n  - name: m\n    columns:\n      - name: contact_id\n        data_tests:\n          - unique\n          - accepted_values: {arguments: {values: [nobody]}}\n"
        },
        ["people"]
      )
      const [outcome] = yield* build(models, { contracts: [contract] })
      const message = outcome?.kind === "failed" ? outcome.error.message : ""
      assert.include(message, "1 row fails")
      assert.notInclude(message, "ann@")
      const { tests: _, ...untested } = models
      yield* build({ ...untested, tests: [] }, { contracts: [contract] })
      const table = Option.getOrNull(yield* lakeTable(martPath("m")))
      const stats = [...(table?.snapshot.files.values() ?? [])].map((file) => file.stats)
      assert.deepStrictEqual(stats, ['{"numRecords":1,"minValues":{"n":1},"maxValues":{"n":1},"nullCount":{"n":0}}'])
    }).pipe(Effect.provide(temporaryStore))
  )
})
