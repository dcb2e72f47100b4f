import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { leaf } from "../../src/record/column.ts"
import { coordinateColumns } from "../../src/record/system-columns.ts"
import { Store } from "../../src/store/store.ts"
import { temporaryStore } from "../ingest/support.ts"
import { build, kindsOf, martRows, modelsOfTexts, replaceFiles, rowsOf } from "./small-lake.ts"

const columns = [leaf("id", "long", ""), leaf("shop", "text", "")]
const fill = (...rows: ReadonlyArray<string>) =>
  replaceFiles("orders", columns, [], [`SELECT id::BIGINT AS id, shop::VARCHAR AS shop FROM (VALUES ${rows.join(", ")}) v(id, shop)`])
const texts = (given: { readonly [name: string]: string }) =>
  modelsOfTexts(Object.fromEntries(Object.entries(given).map(([name, text]) => [`models/${name}.sql`, text])), ["orders"])
const orders = "{{ source('consumable', 'orders') }}"
const asTable = "{{ config(materialized='table') }}"

describe("build", () => {
  it.effect("reads a model and a table of the lake, though a WITH calls something else by their names", () =>
    Effect.gen(function* () {
      yield* fill("(1, 'a')", "(2, 'b')", "(3, 'b')")
      const models = texts({
        stg: `${asTable} with consumable_orders as (select 1 as id), all_of_it as (select * from ${orders}) select id, shop from all_of_it`,
        counted: `${asTable} with stg as (select * from {{ ref('stg') }} where shop = 'a'), whole as (select * from {{ ref('stg') }})
          select (select count(*) from stg) as a, (select count(*) from whole) as whole`,
        seen: `with stg as (select * from {{ ref('stg') }} where shop = 'a') select s.id from {{ ref('stg') }} as s where id not in (select id from stg)`
      })
      assert.deepStrictEqual(kindsOf(yield* build(models)), { counted: "built", seen: "built", stg: "built" })
      assert.deepStrictEqual(yield* martRows(["counted", "seen"]), { counted: ["[1,3]"], seen: ["[2]", "[3]"] })
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("makes all of a mart anew where the text of a model is another that it reads, however far above", () =>
    Effect.gen(function* () {
      yield* fill("(1, 'a')", "(2, 'b')")
      const models = (shop: string, of: string) =>
        texts({
          named: `${of} select id, ${shop} as shop from ${orders}`,
          between: `${of} select * from {{ ref('named') }}`,
          touched: `{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
            select * from {{ ref('between') }} {% if is_incremental() %} where id in (select id from {{ source('changes', 'orders') }}) {% endif %}`
        })
      for (const of of [asTable, ""]) {
        yield* build(models("shop", of))
        assert.deepStrictEqual(kindsOf(yield* build(models("upper(shop)", of))), { named: "built", between: "built", touched: "built" })
        assert.deepStrictEqual(yield* rowsOf("SELECT shop FROM touched ORDER BY id"), [["A"], ["B"]])
        assert.deepStrictEqual(kindsOf(yield* build(models("upper(shop)", of))), {
          named: "unchanged",
          between: "unchanged",
          touched: "unchanged"
        })
      }
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("opens no file that is not the lake's, whatever a model or a test of it says", () =>
    Effect.gen(function* () {
      yield* fill("(1, 'a')")
      // Functions that open files and are not refused by name there will always be.
      const reads = `select file_name from parquet_kv_metadata('${import.meta.filename}')`
      const models = modelsOfTexts(
        {
          "models/reader.sql": `${asTable} ${reads}`,
          "models/looker.sql": reads,
          "models/tested.sql": `${asTable} select id from ${orders}`,
          "tests/reads.sql": `${reads} where exists (select 1 from {{ ref('tested') }})`
        },
        ["orders"]
      )
      const outcomes = yield* build(models)
      const told = outcomes.map((outcome) => (outcome.kind === "failed" ? outcome.error.problem : outcome.kind))
      assert.deepStrictEqual(told.sort(), [
        "models/looker.sql: it opens a file that is not the lake's",
        "models/reader.sql: it opens a file that is not the lake's",
        "tests/reads.sql:1: the test reads cannot run: it opens a file that is not the lake's"
      ])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("names no folder by a sensitive value", () =>
    Effect.gen(function* () {
      yield* fill("(1, 'secret')")
      const models = modelsOfTexts(
        {
          "models/named.sql": `${asTable} select id, shop as who from ${orders}`,
          "models/folders.sql": "{{ config(materialized='table', partition_by=['w']) }} select id, lower(who) as w from {{ ref('named') }}",
          "models/schema.yml": "models: [{ name: named, columns: [{ name: who, meta: { sensitive: true } }] }]"
        },
        ["orders"]
      )
      const [, failed] = yield* build(models)
      assert.match(failed?.kind === "failed" ? failed.error.problem : "", /folders\.sql: .* cannot be partitioned by w, which is sensitive/)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("makes a table of partitions of no row at all", () =>
    Effect.gen(function* () {
      const models = (where: string) =>
        texts({ days: `{{ config(materialized='table', partition_by=['shop']) }} select id, shop from ${orders} ${where}` })
      yield* fill("(1, 'a')")
      assert.deepStrictEqual(kindsOf(yield* build(models("where id > 1"))), { days: "built" })
      assert.deepStrictEqual(yield* rowsOf("DESCRIBE days"), [
        ["id", "BIGINT", "YES", null, null, null],
        ["shop", "VARCHAR", "YES", null, null, null]
      ])
      yield* build(models(""))
      assert.deepStrictEqual(yield* rowsOf("FROM days"), [[1, "a"]])
      yield* build(models("where id > 1"))
      assert.deepStrictEqual(yield* rowsOf("FROM days"), [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("writes nothing over what another process built of newer rows meanwhile, the first time as later", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const models = texts({ all_of_it: `${asTable} select id from ${orders}` })
      for (const id of [1, 3]) {
        yield* fill(`(${id}, 'a')`)
        const other = Effect.provideService(Effect.andThen(fill(`(${id + 1}, 'b')`), build(models)), Store, store)
        const outcomes = yield* build(models, { onEvent: ({ event }) => (event === "start" ? Effect.orDie(other) : Effect.void) })
        assert.deepStrictEqual(kindsOf(outcomes), { all_of_it: "unchanged" })
        assert.strictEqual((yield* rowsOf("FROM all_of_it")).length, id + 1)
      }
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("takes rows of a mart away whose key its SELECT gives no more, where it reads what changed", () =>
    Effect.gen(function* () {
      const file = (...rows: ReadonlyArray<readonly [id: number, shop: string, at: number]>) =>
        rows
          .map(
            ([id, shop, at]) =>
              `SELECT ${id}::BIGINT AS id, '${shop}' AS shop, 'f' AS _source, 's' AS _shard, '${at}' AS _sequence_number, 0::BIGINT AS _sub_sequence_number`
          )
          .join(" UNION ALL ")
      const traced = [...columns, ...coordinateColumns.filter(({ name }) => name !== "_arrived_at")]
      const replace = (gone: ReadonlyArray<string>, ...files: ReadonlyArray<string>) => replaceFiles("orders", traced, gone, files)
      const changed = (column: string) =>
        `{% if is_incremental() %} where ${column} in (select ${column} from {{ source('changes', 'orders') }}) {% endif %}`
      const models = texts({
        open: `{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
          select id from (select * from ${orders} ${changed("id")}) as o where shop <> 'gone'`,
        shops: `{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='shop') }}
          select shop, count(*) as n from ${orders} ${changed("shop")} group by shop`
      })
      const [first = ""] = yield* replace([], file([1, "a", 1], [2, "b", 2]), file([3, "c", 3]))
      yield* build(models)
      const [second = ""] = yield* replace([first], file([1, "a", 1], [2, "gone", 4]))
      yield* build(models)
      assert.deepStrictEqual(yield* martRows(["open", "shops"]), { open: ["[1]", "[3]"], shops: ['["a",1]', '["c",1]', '["gone",1]'] })
      const [third = ""] = yield* replace([second], file([1, "a", 1], [2, "gone", 4]), file([4, "a", 5]))
      yield* build(models)
      yield* replace([third], file([2, "gone", 4]))
      yield* build(models)
      assert.deepStrictEqual(yield* martRows(["open", "shops"]), { open: ["[3]", "[4]"], shops: ['["a",1]', '["c",1]', '["gone",1]'] })
    }).pipe(Effect.provide(temporaryStore))
  )
})
