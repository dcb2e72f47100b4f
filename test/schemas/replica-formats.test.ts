import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { products } from "../../schemas/bright-light/products.ts"
import { returns } from "../../schemas/bright-light/returns.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { literal } from "../../src/duckdb/sql.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { freshFolder, freshStore, rowsOf } from "../repartition/lake.ts"
import { ingested, put } from "./taken.ts"

/** A table that is replicated comes to the same rows in whatever form its files are, several of them side by side. */

/** Each a text, or null, by the columns of the table. */
type Rows = ReadonlyArray<ReadonlyArray<string | null>>

const tables = [
  {
    contract: compileContract(products),
    columns: "product_id product_name category subcategory brand list_price standard_cost launched_on discontinued_on".split(" "),
    types: "VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR DECIMAL(14,4) DECIMAL(14,4) DATE DATE".split(" "),
    rows: [
      ["007", 'a "large", round lamp\nof two lines', "Lamps", "", null, "1234567890.1200", "0.0001", "1999-12-31", null],
      ["008", "NULL", "é, ü", " blank ", "null", "-0.5000", null, "2026-02-28", "2027-01-01"],
      ["009", "\uFEFFmark", null, "x\r", "'", "0.0000", "10.0000", "0001-01-01", "9999-12-31"]
    ] satisfies Rows
  },
  {
    contract: compileContract(returns),
    columns: "return_id order_id line_number product_id customer_id returned_at quantity refund_amount reason".split(" "),
    types: "VARCHAR VARCHAR INTEGER VARCHAR VARCHAR TIMESTAMP INTEGER DECIMAL(14,2) VARCHAR".split(" "),
    rows: [
      ["T1", "0012", "1", "P1", "C1", "2026-11-02 04:05:06.123456", "2147483647", "99999999999.99", "damaged"],
      ["T2", "0013", null, "P2", "C2", "1969-12-31 23:59:59.999999", "1", "0.10", null]
    ] satisfies Rows
  }
]

/** What DMS says of a row, by what its settings let it say. */
const said: { readonly [column: string]: string } = {
  Op: "I",
  commit_time: "2026-11-02 04:00:00.000000",
  change_sequence: "20261102040000000000000000000000001"
}

const quoted = (text: string | null): string =>
  text === null ? "NULL" : /[",\n\r]/.test(text) || text === "NULL" || text === "" ? `"${text.replaceAll('"', '""')}"` : text

const csv = (
  { columns, rows }: (typeof tables)[number],
  before: ReadonlyArray<string>,
  after: ReadonlyArray<string>,
  header: boolean
): string =>
  [
    ...(header ? [[...before, ...columns, ...after]] : []),
    ...rows.map((row) => [...before.map((name) => said[name] ?? null), ...row, ...after.map((name) => said[name] ?? null)])
  ]
    .map((cells) => `${cells.map(quoted).join(",")}\n`)
    .join("")

/** Another's writer makes it. */
const parquet = ({ columns, types, rows }: (typeof tables)[number], before: ReadonlyArray<string>, options = "") =>
  Effect.gen(function* () {
    const db = yield* openDuckDB({ threads: 1 })
    const file = join(db.folder, "made.parquet")
    const names = [...before, ...columns]
    const value = (text: string | null, i: number): string =>
      `${text === null ? "NULL" : literal(text)}::${types[i - before.length] ?? "VARCHAR"} AS ${names[i]}`
    const selects = rows.map((row) => `SELECT ${[...before.map((name) => said[name] ?? null), ...row].map(value).join(", ")}`)
    yield* db.run(`COPY (${selects.join(" UNION ALL ")}) TO ${literal(file)} (FORMAT parquet${options})`)
    return readFileSync(file)
  }).pipe(Effect.scoped)

describe("a table that a database replicates", () => {
  for (const table of tables) {
    const { contract, columns } = table
    const { name } = contract.contract
    const found = (files: { readonly [file: string]: string | Uint8Array }) =>
      Effect.gen(function* () {
        const folder = yield* freshFolder()
        for (const [file, content] of Object.entries(files)) put(folder, `dbo/${name}/${file}`, content, Date.UTC(2026, 10, 2, 5))
        const count = yield* ingested(folder, contract)
        yield* repartition({ contract })
        return [count, yield* rowsOf(`SELECT ${columns.join(", ")}, _rescued FROM consumable_${name} ORDER BY 1`)] as const
      }).pipe(Effect.provide(freshStore), Effect.scoped)

    it.live(`is the same rows in CSV and in Parquet: ${name}`, () =>
      Effect.gen(function* () {
        const whole = ["Op", "commit_time"]
        const inCsv = csv(table, whole, ["change_sequence"], true)
        const expected = yield* found({ "LOAD00000001.csv": inCsv })
        assert.strictEqual(expected[0], table.rows.length)
        assert.strictEqual(expected[1].length, table.rows.length)
        const forms = {
          "a header, and no more than the table": { "LOAD00000001.csv": csv(table, [], [], true) },
          "no header": { "LOAD00000001.csv": csv(table, whole, ["change_sequence"], false) },
          "no header, and no operation": { "LOAD00000001.csv": csv(table, ["commit_time"], ["change_sequence"], false) },
          compressed: { "LOAD00000001.csv.gz": gzipSync(inCsv) },
          Parquet: { "LOAD00000001.parquet": yield* parquet(table, [...whole, "change_sequence"]) },
          "Parquet of no more than the table, by another codec": {
            "LOAD00000001.parquet": yield* parquet(table, [], ", CODEC 'gzip', PARQUET_VERSION V1")
          }
        }
        for (const [form, files] of Object.entries(forms)) assert.deepStrictEqual(yield* found(files), expected, form)
        const [count, rows] = yield* found({
          "LOAD00000001.parquet": yield* parquet(table, ["commit_time"]),
          "20261102-040500000.csv": inCsv,
          "20261102-040600000.parquet": yield* parquet(table, whole)
        })
        assert.deepStrictEqual([count, rows], [3 * table.rows.length, expected[1]], "both side by side")
      })
    )
  }
})
