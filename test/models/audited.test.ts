import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { martPath } from "../../src/lake/layout.ts"
import { lakeTable } from "../../src/lake/views.ts"
import type { ModelOutcome } from "../../src/models/build.ts"
import { isOfRow } from "../../src/models/clock.ts"
import { putFiles, writeLocal } from "../../src/models/mart-files.ts"
import { leaf } from "../../src/record/column.ts"
import { Store } from "../../src/store/store.ts"
import { temporaryStore } from "../ingest/support.ts"
import { build, modelsOfTexts, replaceFiles } from "./small-lake.ts"

const columns = [leaf("id", "long", ""), leaf("shop", "text", ""), leaf("v", "long", "")]
type Visit = readonly [id: number, shop: string, v: number]
const rows = (...given: ReadonlyArray<Visit>) =>
  `SELECT id::BIGINT AS id, shop::VARCHAR AS shop, v::BIGINT AS v FROM (VALUES ${given.map(([id, shop, v]) => `(${id}, '${shop}', ${v})`).join(", ")}) t(id, shop, v)`
const add = (...given: ReadonlyArray<Visit>) => replaceFiles("visits", columns, [], [rows(...given)])
const shops = (names: ReadonlyArray<string>, gone: ReadonlyArray<string> = []) =>
  replaceFiles("shops", columns, gone, [rows(...names.map((name, i) => [i, name, 0] as const))])

/** A model of rows by key, with these tests of its columns. */
const visits = (tests: { readonly id?: string; readonly shop?: string; readonly v?: string; readonly whole?: string }, more = "") =>
  modelsOfTexts(
    {
      "models/seen.sql": `{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id'${more}) }}
        select id, shop, v from {{ source('consumable', 'visits') }}
        {% if is_incremental() %} where id in (select id from {{ source('changes', 'visits') }}) {% endif %}`,
      "models/seen.yml": `models:
  - name: seen
    data_tests: [${tests.whole ?? ""}]
    columns:
      - {name: id, data_tests: [${tests.id ?? ""}]}
      - {name: shop, data_tests: [${tests.shop ?? ""}]}
      - {name: v, data_tests: [${tests.v ?? ""}]}
`
    },
    ["visits", "shops"]
  )

/** What came of a build of one model: `built`, or which tests failed and with how many rows. */
const told = ([outcome]: ReadonlyArray<ModelOutcome>): string =>
  outcome?.kind === "failed"
    ? outcome.error.tests.flatMap(({ status, check, failures }) => (status === "fail" ? [`${check} ${failures}`] : [])).join() ||
      outcome.error.problem
    : (outcome?.kind ?? "nothing")

const ofShops = "{relationships: {arguments: {to: \"source('consumable', 'shops')\", field: shop}}}"
const all = visits({
  id: "unique, not_null",
  shop: `${ofShops}, {accepted_values: {arguments: {values: [a, b, c]}}}`,
  v: "{range: {arguments: {min: 0}}}",
  whole: '{expression: {arguments: {expression: "v < 100"}}}'
})

/** Spoils the mart's oldest file, so that who opens it fails. */
const spoilFile = Effect.gen(function* () {
  const { snapshot, table } = Option.getOrThrow(yield* lakeTable(martPath("seen")))
  const [path] = snapshot.files.keys()
  yield* Effect.flatMap(Store, (store) => store.put(`${table.path}/${path}`, new Uint8Array(100)))
})

const spoiled = /Invalid Input Error/

/** What another program does to the mart: one more file. */
const meddle = (select: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const { table, snapshot } = Option.getOrThrow(yield* lakeTable(martPath("seen")))
      const file = `${db.folder}/more.parquet`
      yield* writeLocal(db, select, file)
      const [put] = yield* putFiles(db, { tablePath: table.path, columns, partitionBy: [] }, [file])
      assert.isDefined(put)
      const actions = [{ add: { ...put.add, modificationTime: 1, dataChange: true } }]
      yield* table.commit({ read: snapshot, operation: "WRITE", parameters: {}, metrics: {}, isBlindAppend: true, actions })
    })
  )

describe("rows that tests found nothing in", () => {
  it.effect("are not looked at again, nor is a file opened for its keys that has none of the new ones", () =>
    Effect.gen(function* () {
      yield* shops(["a", "b", "c"])
      const first = yield* add([1, "a", 1], [2, "b", 2])
      assert.strictEqual(told(yield* build(all)), "built")
      yield* spoilFile
      yield* shops(["d"])
      yield* add([3, "a", 3])
      assert.strictEqual(told(yield* build(all)), "built")
      // New rows are.
      const wrong = yield* add([4, "x", -1])
      assert.strictEqual(told(yield* build(all)), "relationships 1,accepted_values 1,range 1")
      // A key that is there must be found.
      yield* replaceFiles("visits", columns, [...first, ...wrong], [rows([1, "a", 1], [2, "b", 3])])
      assert.match(told(yield* build(all)), spoiled)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("are looked at by a test that is another", () =>
    Effect.gen(function* () {
      yield* add([1, "a", 1], [2, "b", 200])
      assert.strictEqual(told(yield* build(visits({ v: "not_null, {range: {arguments: {max: 200}}}" }))), "built")
      yield* add([3, "a", 3])
      assert.strictEqual(told(yield* build(visits({ v: "not_null, {range: {arguments: {max: 100}}}" }))), "range 1")
      // What warned found something.
      assert.strictEqual(told(yield* build(visits({ v: "{range: {arguments: {max: 100}, config: {severity: warn}}}" }))), "built")
      yield* add([4, "a", 3])
      assert.strictEqual(told(yield* build(visits({ v: "{range: {arguments: {max: 100}}}" }))), "range 1")
      // What asks for the time, or for other rows, is asked of all rows each time.
      const clock = visits({ whole: '{expression: {arguments: {expression: "v < 1000 or now() is null"}}}' })
      assert.strictEqual(told(yield* build(clock)), "built")
      yield* add([5, "a", 3])
      yield* spoilFile
      assert.match(told(yield* build(clock)), spoiled)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("are compared again with a table that has lost a row", () =>
    Effect.gen(function* () {
      const models = visits({ shop: ofShops })
      const [first] = yield* shops(["a", "b"])
      yield* add([1, "a", 1], [2, "b", 2])
      assert.strictEqual(told(yield* build(models)), "built")
      yield* shops(["a"], [first ?? ""])
      yield* add([3, "a", 3])
      assert.strictEqual(told(yield* build(models)), "relationships 1")
      yield* shops(["b"])
      assert.strictEqual(told(yield* build(models)), "built")
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("are looked at again when another program has written the mart", () =>
    Effect.gen(function* () {
      const models = visits({ id: "unique", v: "{range: {arguments: {min: 0}}}" })
      yield* add([1, "a", 1])
      assert.strictEqual(told(yield* build(models)), "built")
      yield* meddle(rows([1, "b", -2]))
      yield* add([3, "a", 3])
      assert.strictEqual(told(yield* build(models)), "unique 1,range 1")
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("are tested as the mart will have them: an empty text is null where it is a partition", () =>
    Effect.gen(function* () {
      // None at all is no failure.
      yield* replaceFiles("visits", columns, [], [])
      assert.strictEqual(told(yield* build(visits({}, ", partition_by=['shop']"))), "built")
      yield* add([1, "", 1])
      assert.strictEqual(told(yield* build(visits({ shop: "not_null" }, ", partition_by=['shop']"))), "not_null 1")
    }).pipe(Effect.provide(temporaryStore))
  )
})

describe("a condition of one row", () => {
  it.live("asks nothing of which DuckDB itself says that it changes", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const db = yield* openDuckDB()
        const found = yield* db.rows(
          "SELECT function_name AS name, stability, macro_definition AS made FROM duckdb_functions() WHERE function_type IN ('scalar', 'macro')"
        )
        assert.isAbove(found.length, 1000)
        const missed = found.filter(({ name, stability, made }) => {
          const changes = made === null ? stability !== "CONSISTENT" : !isOfRow(String(made).replaceAll('"', ""))
          // An aggregate, which no condition of a row can be.
          return changes && name !== "json_group_object" && isOfRow(`${name}(x) > 1`)
        })
        assert.deepStrictEqual(missed, [])
      })
    )
  )

  it.each([
    ["v > 0 and shop is distinct from 'now()'", true],
    ["extract(year from t) = 2026 and f(a) in ('x', 'y') -- select", true],
    ["v > (select 1)", false],
    ["v in (from other)", false],
    ["t <= current_timestamp", false],
    ["random() < 0.5", false],
    ["v > 0) or (v < 1", false],
    ["v > 0 limit 1", false],
    ["v > $x", false]
  ])("is %j: %s", (condition, wanted) => {
    assert.strictEqual(isOfRow(condition), wanted)
  })
})
