import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { boolean, integer, text } from "../../src/contract/field.ts"
import { type Lookup, lookup } from "../../src/contract/lookup.ts"
import { defineProject } from "../../src/contract/project.ts"
import { literal } from "../../src/duckdb/sql.ts"
import { type List, leaf } from "../../src/record/column.ts"
import { coordinateColumns } from "../../src/record/system-columns.ts"
import { temporaryStore } from "../ingest/support.ts"
import { build, kindsOf, modelsOfTexts, replaceFiles, rowsOf } from "./small-lake.ts"

const definition = (version: string, asked: Array<string>): Parameters<typeof lookup>[0] => ({
  name: "words",
  description: "Words.",
  key: "word",
  keys: "select distinct word from {{ source('consumable', 'says') }}",
  columns: { word: text("It."), letters: integer("How many."), isLong: boolean("Is it long?") },
  version,
  row: (word) => {
    asked.push(word)
    return { letters: word.length, isLong: word.length > 3 }
  }
})
const modelsOf = (words: Lookup) =>
  modelsOfTexts(
    {
      "models/said.sql":
        "{{ config(materialized='table') }} select s.word, w.letters from {{ source('consumable', 'says') }} as s join {{ source('lookups', 'words') }} as w on w.word = s.word"
    },
    ["says"],
    [words]
  )
const columns = [leaf("word", "text", "")]
const rows = (...words: ReadonlyArray<string>) => words.map((word) => `SELECT ${literal(word)} AS word`).join(" UNION ALL ")

describe("lookups", () => {
  it.live("ask their program once for each key, and again when it is another", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const models = modelsOf(lookup(definition("1", asked)))
      yield* replaceFiles("says", columns, [], [rows("a", "b", "a")])
      assert.deepStrictEqual(kindsOf(yield* build(models)), { words: "built", said: "built" })
      yield* replaceFiles("says", columns, [], [rows("b", "c'\"d\n")])
      yield* build(models)
      assert.deepStrictEqual([...asked].sort(), ["a", "b", "c'\"d\n"])
      const all = [
        ["a", 1, false],
        ["b", 1, false],
        ["c'\"d\n", 5, true]
      ]
      assert.deepStrictEqual(yield* rowsOf("FROM words ORDER BY ALL"), all)
      assert.deepStrictEqual(yield* rowsOf("SELECT count(*), sum(letters) FROM said"), [[5, 9]])
      assert.deepStrictEqual(kindsOf(yield* build(models)), { words: "unchanged", said: "unchanged" })
      yield* build(modelsOf(lookup(definition("2", asked))))
      assert.strictEqual(asked.length, 6)
      assert.deepStrictEqual(yield* rowsOf("FROM words ORDER BY ALL"), all)
    }).pipe(Effect.provide(temporaryStore))
  )

  it("are refused with all that is wrong with them", () => {
    const wrong = lookup({
      ...definition("1", []),
      name: "Words",
      key: "letters",
      columns: { letters: integer("How many."), raw: 3 as never }
    })
    assert.deepStrictEqual(defineProject({ name: "shop", contracts: [], lookups: [wrong, 7 as never] }).problems, [
      "contracts is an empty list: give at least one contract.",
      'lookups[0]: name is "Words": give lower case letters, digits and "_", a letter first.',
      "lookups[0]: column raw is 3: make it by text, integer, double or boolean.",
      'lookups[0]: key is "letters": give a column that is a text.',
      "lookups[1]: it is 7 that lookup has not made."
    ])
    const ref = "models/m.sql:1: words is a lookup: to dbt it is a source"
    assert.throws(() => modelsOfTexts({ "models/m.sql": "select * from {{ ref('words') }}" }, ["says"], [lookup(definition("1", []))]), ref)
  })
})

describe("elements of a list", () => {
  it.live("are rows, each with its place and where it is from", () =>
    Effect.gen(function* () {
      const item: List = {
        kind: "list",
        name: "items",
        description: "",
        element: { kind: "struct", name: "element", description: "", fields: [leaf("id", "text", ""), leaf("n", "integer", "")] }
      }
      const at = (n: number) =>
        `'s' AS _source, 'p' AS _shard, '${n}' AS _sequence_number, 0::BIGINT AS _sub_sequence_number, timestamptz '2026-01-01 00:00:00Z' AS _arrived_at`
      yield* replaceFiles(
        "orders",
        [item, { kind: "struct", name: "parcel", description: "", fields: [item] }, ...coordinateColumns],
        [],
        [
          `SELECT [{id: 'b', n: 1::INTEGER}, {id: 'a', n: NULL}] AS items, {items: [{id: 'c', n: 3::INTEGER}]} AS parcel, ${at(1)} UNION ALL SELECT NULL, NULL, ${at(2)}`
        ]
      )
      yield* build(
        modelsOfTexts(
          {
            "models/m.sql":
              "select i._sequence_number, i._position, i.id, i.n from {{ source('elements', 'orders.items') }} as i where i.id <> ''",
            "models/p.sql": "select _sequence_number, _position, id, n from {{ source('elements', 'orders.parcel.items') }}"
          },
          ["orders"]
        )
      )
      assert.deepStrictEqual(yield* rowsOf("FROM m ORDER BY ALL"), [
        ["1", 1, "b", 1],
        ["1", 2, "a", null]
      ])
      assert.deepStrictEqual(yield* rowsOf("FROM p"), [["1", 1, "c", 3]])
    }).pipe(Effect.provide(temporaryStore))
  )
})
