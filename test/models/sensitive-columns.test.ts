import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { columnLineage } from "../../src/models/column-lineage.ts"
import { sensitiveColumnsOf, type TracedModel } from "../../src/models/sensitive-columns.ts"
import { type Column, leaf } from "../../src/record/column.ts"

const orders: ReadonlyArray<Column> = [
  leaf("order_id", "text", ""),
  leaf("total", "long", ""),
  leaf("email", "text", "", "hash"),
  leaf("note", "text", "", "keep"),
  leaf("phone", "text", "", "drop"),
  {
    kind: "struct",
    name: "client",
    description: "",
    fields: [leaf("city", "text", ""), leaf("document", "text", "", "keep")]
  },
  {
    kind: "list",
    name: "items",
    description: "",
    element: { kind: "struct", name: "element", description: "", fields: [leaf("gift_note", "text", "", "keep")] }
  }
]
const sources = new Map([["consumable_orders", orders]])

/** Sensitive columns of models, each after those that it reads, each with the columns that it really has. */
const sensitiveOf = (
  ...models: ReadonlyArray<{
    readonly name: string
    readonly select: string
    readonly marked?: ReadonlyArray<string>
    readonly columns?: ReadonlyArray<string>
  }>
) =>
  Effect.gen(function* () {
    const db = yield* openDuckDB()
    const { ofSelect } = yield* columnLineage(db)
    const relations = new Map<string, ReadonlyArray<string>>([["consumable_orders", orders.map(({ name }) => name)]])
    const traced: Array<TracedModel> = []
    for (const { name, select, marked = [], columns } of models) {
      const lineage = yield* ofSelect(select, relations)
      const built = columns ?? lineage.columns?.map(({ output }) => output) ?? []
      const reads = [...relations.keys()].filter((relation) => new RegExp(`\\b${relation}\\b`).test(select))
      traced.push({ name, columns: built, marked, reads, lineage })
      relations.set(name, built)
    }
    return Object.fromEntries([...sensitiveColumnsOf(traced, sources)].map(([name, columns]) => [name, Object.fromEntries(columns)]))
  }).pipe(Effect.scoped)

describe("sensitive columns of models", () => {
  it.live("are sensitive under any name, through models and functions, and keep the contract's policy", () =>
    Effect.gen(function* () {
      const found = yield* sensitiveOf(
        {
          name: "a",
          select: "select order_id, email as who, lower(note) as remark, coalesce(note, email) as any_text, phone from consumable_orders"
        },
        {
          name: "b",
          select: "with x as (select WHO as person, remark from a) select person, md5(remark) as digest, max(person) over () as last from x"
        },
        { name: "c", select: "select count(distinct person) as people, count(*) as n from b" }
      )
      assert.deepStrictEqual(found, {
        a: { who: "hash", remark: "keep", any_text: "keep", phone: "drop" },
        b: { person: "hash", digest: "keep", last: "hash" },
        c: { people: "hash" }
      })
    })
  )

  it.live("are not those that a sensitive column only decides on", () =>
    Effect.gen(function* () {
      const select = `select case when email = 'x' then 1 else total end as total, row_number() over (order by note) as place
        from consumable_orders where email is not null order by note`
      assert.deepStrictEqual(yield* sensitiveOf({ name: "a", select }), { a: {} })
    })
  )

  it.live("are those that a model marks, and what others make of them", () =>
    Effect.gen(function* () {
      const found = yield* sensitiveOf(
        { name: "a", select: "select order_id as Code, total from consumable_orders", marked: ["code"] },
        { name: "dotted", select: 'select code as "x.y" from a' },
        { name: "after", select: 'select "x.y" as z from dotted' },
        { name: "b", select: "select code || '!' as loud, total from a" }
      )
      assert.deepStrictEqual(found, { a: { code: "keep" }, dotted: { "x.y": "keep" }, after: { z: "keep" }, b: { loud: "keep" } })
    })
  )

  it.live("are fields of structs, and structs and lists with such a field", () =>
    Effect.gen(function* () {
      const select =
        "select client.city, client.document as d, client as whole, items as lines, client.CITY as again from consumable_orders"
      assert.deepStrictEqual(yield* sensitiveOf({ name: "a", select }), { a: { d: "keep", whole: "keep", lines: "keep" } })
    })
  )

  it.live("are all whose lineage is not decided, of a model that reads anything sensitive", () =>
    Effect.gen(function* () {
      const found = yield* sensitiveOf(
        { name: "a", select: "select total, unknown_function(total) as t from consumable_orders" },
        { name: "b", select: "pivot consumable_orders on total using count(*)", columns: ["order_id", "1"] },
        { name: "harmless", select: "select order_id, total from consumable_orders" },
        { name: "c", select: "select unknown_function(total) as t from harmless" },
        { name: "d", select: "select unknown_function(t) as u, order_id from b" }
      )
      assert.deepStrictEqual(found, {
        a: { t: "keep" },
        b: { order_id: "keep", "1": "keep" },
        harmless: {},
        c: {},
        d: { u: "keep", order_id: "keep" }
      })
    })
  )

  it.live("are found where a model reads its own table", () =>
    Effect.gen(function* () {
      const lineage = {
        columns: [
          { output: "x", inputs: [{ relation: "m", column: "y", type: "DIRECT", kind: "IDENTITY" }] },
          { output: "y", inputs: [{ relation: "consumable_orders", column: "email", type: "DIRECT", kind: "IDENTITY" }] }
        ],
        whole: []
      } as const
      const model = { name: "m", columns: ["x", "y"], marked: [], reads: ["m", "consumable_orders"], lineage }
      assert.deepStrictEqual(Object.fromEntries(sensitiveColumnsOf([model], sources).get("m") ?? []), { x: "hash", y: "hash" })
      yield* Effect.void
    })
  )
})
