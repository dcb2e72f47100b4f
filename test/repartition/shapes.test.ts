import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { document, list, long, text } from "../../src/contract/field.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { RowReader } from "../../src/duckdb/read-rows.ts"
import { RowGroups } from "../../src/duckdb/row-groups.ts"
import { verify } from "../../src/lake/verify.ts"
import { encodeRowGroup } from "../../src/parquet/row-group.ts"
import type { Value } from "../../src/record/column.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { takeRows } from "../columns/take-rows.ts"
import { type Copy, definition, freshStore, ingest } from "./lake.ts"

const fields = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`f${i}`, i % 3 === 0 ? long("A number.") : text("A text.")]))
const wide = compileContract(
  defineContract({
    ...definition,
    fields: {
      ...definition.fields,
      note: text("Tells copies apart."),
      baskets: list("Items of many fields.", document("An item.", { ...fields, tags: list("Tags.", text("Tag.")) })),
      numbers: list("Numbers.", long("A number."))
    }
  })
)

const start = Date.UTC(2026, 10, 20)
const item = (i: number): Value => ({
  f0: BigInt(i),
  f1: `name ${i % 20}`,
  f4: `code ${i}`,
  f119: "last",
  tags: ["a", null, `${i}`]
})

interface Shape {
  readonly name: string
  readonly rows: number
  /** Values beside those of a copy. */
  readonly values: (row: number) => { readonly [column: string]: Value }
  readonly key?: (row: number) => string
  readonly memoryLimit?: number
}
const items = (count: number) => (row: number) => ({ baskets: Array.from({ length: count }, (_, i) => item(row + i)) })
const mebibyte = 1024 * 1024

const shapes: ReadonlyArray<Shape> = [
  { name: "2,100 rows of 10 items", rows: 2100, values: items(10) },
  { name: "60 rows of 300 items", rows: 60, values: items(300) },
  {
    name: "a row of 40,000 empty items among others",
    rows: 5,
    values: (row) => (row === 2 ? { baskets: Array.from({ length: 40_000 }, () => ({})) } : {})
  },
  {
    name: "a row of 100,000 numbers",
    rows: 3,
    values: (row) => (row === 1 ? { numbers: Array.from({ length: 100_000 }, (_, i) => BigInt(i)) } : {})
  },
  // A quarter of the default, and less than a quarter of what was seen to be too much for it.
  { name: "texts of 9 MB", rows: 5, values: (row) => ({ note: `${row}${"x".repeat(9_000_000)}${row}` }), memoryLimit: 48 * mebibyte },
  { name: "keys of 5 MB", rows: 5, values: () => ({}), key: (row) => `${"x".repeat(5_000_000)}${row}` }
]

/** All rows of a table by sequence number, encoded: the same bytes for the same rows. */
const contentOf = Effect.fn(function* (path: string) {
  const store = yield* Store
  const { files } = yield* (yield* openTable(path)).snapshot
  const builders = new ColumnBuilders(stageColumns(wide.consumableColumns))
  const groups = new RowGroups(builders, yield* openDuckDB())
  const wanted = (yield* Effect.forEach(files.keys(), (file) => groups.of(store.localPath(`${path}/${file}`) ?? ""))).flatMap((found) =>
    found.map((at) => ({ at, wanted: new Uint8Array(at.rows).fill(1) }))
  )
  const reader = new RowReader(wanted)
  for (const leaf of builders.leaves.keys()) yield* reader.leaf(leaf, builders, Number.POSITIVE_INFINITY)
  const rows = wanted.reduce((total, { at }) => total + at.rows, 0)
  builders.endRows(rows)
  const sequence = stageColumns(wide.consumableColumns).findIndex(({ name }) => name === "_sequence_number")
  const places = builders.rows().map((row, at) => ({ sequence: Number(row[sequence]), at }))
  places.sort((a, b) => a.sequence - b.sequence)
  const sorted = new ColumnBuilders(builders.columns)
  takeRows(
    sorted,
    builders,
    Int32Array.from(places, ({ at }) => at),
    0,
    builders.leaves.length
  )
  return { rows, bytes: encodeRowGroup(sorted).bytes }
}, Effect.scoped)

describe("a repartition within its memory, whatever takes the room", () => {
  for (const { name, rows, values, key, memoryLimit } of shapes) {
    it.live(
      name,
      () =>
        Effect.gen(function* () {
          const copies = Array.from(
            { length: rows },
            (_, row): Copy => ({
              order: key?.(row) ?? `o${(row * 7919) % rows}`,
              lastChange: start + row,
              arrivedAt: start,
              sequence: String(row + 1),
              note: "n",
              values: values(row)
            })
          )
          yield* ingest(copies, wide)
          const told: Array<number> = []
          const report = yield* repartition({
            contract: wide,
            engine: duckdbEngine({ memoryLimit }),
            onProgress: (progress) => told.push(progress.rows / progress.rowsTotal)
          })
          assert.deepInclude(report, { rowsRead: rows, rowsAdded: rows })
          assert.strictEqual(told.at(-1), 1)
          const [stage, consumable] = [yield* contentOf("stage/order"), yield* contentOf("consumable/order")]
          assert.strictEqual(consumable.rows, rows)
          const checks = yield* Effect.scoped(Effect.flatMap(openDuckDB({ memoryLimit }), (db) => verify([wide], db)))
          assert.include(
            checks.filter(({ ok }) => ok).map(({ check }) => check),
            "rows are those of stage"
          )
          assert.isTrue(Buffer.from(stage.bytes).equals(consumable.bytes), "the rows are those of stage")
        }).pipe(Effect.provide(freshStore)),
      60_000
    )
  }
})
