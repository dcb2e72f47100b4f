import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { type Column, leaf, type Value } from "../../src/record/column.ts"
import { randomColumn, randomValue, seeded } from "./random.ts"
import { metadataOf, normal, query, readWithHyparquet, writeParquet } from "./support.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-parquet-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
/** Writes rows, and reads them back with DuckDB and with hyparquet. */
const roundTrip = async (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<Value>>, groups = 1) => {
  const perGroup = Math.max(1, Math.ceil(rows.length / groups))
  const written = await writeParquet(
    columns,
    Array.from({ length: groups }, (_, i) => rows.slice(i * perGroup, (i + 1) * perGroup))
  )
  const path = join(folder, `${files++}.parquet`)
  writeFileSync(path, written.bytes)
  const expected = rows.map((row) => columns.map((column, i) => normal(column, row[i])))
  expect(await query(`FROM read_parquet('${path}')`)).toEqual(expected)
  expect(await readWithHyparquet(columns, written.bytes)).toEqual(expected)
  expect(written.rows).toBe(rows.length)
  return { path, written }
}

const decimal = (name: string, precision: number, scale: number): Column => leaf(name, { type: "decimal", precision, scale }, "")
const list = (name: string, element: Column): Column => ({ kind: "list", name, description: "", element: { ...element, name: "element" } })
const struct = (name: string, ...fields: ReadonlyArray<Column>): Column => ({ kind: "struct", name, description: "", fields })

describe("Parquet file", () => {
  it("keeps every type, at its limits and null", async () => {
    const columns = [
      leaf("text", "text", ""),
      leaf("json", "json", ""),
      leaf("integer", "integer", ""),
      leaf("long", "long", ""),
      leaf("double", "double", ""),
      leaf("boolean", "boolean", ""),
      leaf("timestamp", "timestamp", ""),
      leaf("date", "date", ""),
      leaf("binary", "binary", ""),
      decimal("small", 9, 2),
      decimal("medium", 18, 6),
      decimal("large", 38, 18)
    ]
    const { path } = await roundTrip(columns, [
      ["", "{}", 0, 0n, 0, false, 0n, 0, new Uint8Array(), 0n, 0n, 0n],
      columns.map(() => null),
      [
        "ação \u{1f600} \uffff",
        '{"a":[1]}',
        2 ** 31 - 1,
        2n ** 63n - 1n,
        1.7976931348623157e308,
        true,
        1_763_596_800_123_456n,
        20_000,
        Uint8Array.of(0, 255, 128),
        999_999_999n,
        999_999_999_999_999_999n,
        10n ** 38n - 1n
      ],
      [
        "a",
        "1",
        -(2 ** 31),
        -9_007_199_254_740_993n,
        5e-324,
        false,
        -1n,
        -719_162,
        Uint8Array.of(1),
        -999_999_999n,
        -1n,
        -(10n ** 38n - 1n)
      ]
    ])
    expect(
      (await query(`SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet('${path}'))`)).map((row) => row.join(" "))
    ).toEqual([
      "text VARCHAR",
      "json VARCHAR",
      "integer INTEGER",
      "long BIGINT",
      "double DOUBLE",
      "boolean BOOLEAN",
      "timestamp TIMESTAMP WITH TIME ZONE",
      "date DATE",
      "binary BLOB",
      "small DECIMAL(9,2)",
      "medium DECIMAL(18,6)",
      "large DECIMAL(38,18)"
    ])
  })

  it("tells null, empty and a null element apart, at any depth", async () => {
    const item = struct("element", leaf("id", "text", ""), list("tags", leaf("tag", "text", "")), struct("price", decimal("value", 18, 2)))
    const columns = [
      list("items", item),
      struct("outer", struct("inner", leaf("leaf", "boolean", ""))),
      list("grid", list("row", leaf("n", "long", "")))
    ]
    await roundTrip(columns, [
      [null, null, null],
      [[], {}, []],
      [[null], { inner: null }, [null]],
      [[{}], { inner: {} }, [[]]],
      [
        [{ id: "a", tags: [] }, { id: "b", tags: [null, "x"] }, null, { price: {} }],
        { inner: { leaf: true } },
        [[1n, null], [], null, [2n]]
      ],
      [[{ id: null, tags: null, price: { value: -1n } }], { inner: { leaf: false } }, [[3n]]]
    ])
  })

  it("keeps rows in order over row groups", async () => {
    const columns = [leaf("n", "integer", ""), leaf("t", "text", "")]
    const rows = Array.from({ length: 1000 }, (_, i) => [i, `text ${i % 10}`])
    const { written } = await roundTrip(columns, rows, 4)
    expect(metadataOf(written.bytes).row_groups.map((group) => Number(group.num_rows))).toEqual([250, 250, 250, 250])
  })

  it("is a file that readers take when there is no row", async () => {
    const { written } = await roundTrip([leaf("n", "integer", ""), list("l", leaf("t", "text", ""))], [])
    expect(written.stats).toEqual({ numRecords: "0", minValues: {}, maxValues: {}, nullCount: { n: "0", l: "0" } })
  })

  it("writes what is not well-formed as U+FFFD", async () => {
    await roundTrip([leaf("t", "text", "")], [["a\ud83d"], ["\ude00b"]])
  })

  it("names its writer, its compression and the calendar", async () => {
    const rows = Array.from({ length: 100 }, (_, i) => [`text ${i}`, 1])
    const { bytes } = await writeParquet([leaf("t", "text", ""), leaf("n", "integer", "")], [rows])
    const metadata = metadataOf(bytes)
    const version = (await import("../../package.json", { with: { type: "json" } })).default.version
    expect(metadata.created_by).toMatch(new RegExp(`^sluice version ${version.replaceAll(".", "\\.")} \\(build [^)]+\\)$`))
    expect(metadata.key_value_metadata).toEqual([{ key: "org.apache.spark.version", value: "3.5.0" }])
    expect(metadata.row_groups.flatMap((group) => group.columns.map((chunk) => chunk.meta_data?.codec))).toEqual(["ZSTD", "UNCOMPRESSED"])
  })

  it("writes booleans plainly, wherever they are, and still makes dictionaries beside them", async () => {
    const columns = [leaf("flat", "boolean", ""), list("items", struct("element", leaf("gift", "boolean", ""), leaf("seller", "text", "")))]
    const rows = Array.from({ length: 500 }, (_, i) => [i % 3 === 0, [{ gift: i % 2 === 0, seller: `seller number ${i % 5}` }]])
    const { written } = await roundTrip(columns, rows)
    const encodings = metadataOf(written.bytes).row_groups.flatMap((group) =>
      group.columns.map((chunk) => [chunk.meta_data?.path_in_schema.join("."), chunk.meta_data?.encodings.join(" ")])
    )
    expect(encodings).toEqual([
      ["flat", "PLAIN RLE"],
      ["items.list.element.gift", "PLAIN RLE"],
      ["items.list.element.seller", "PLAIN RLE RLE_DICTIONARY"]
    ])
  })

  it.each(Array.from({ length: 25 }, (_, i) => i + 1))("keeps generated rows of a generated schema (seed %i)", async (seed) => {
    const next = seeded(seed)
    const columns = Array.from({ length: 1 + Math.floor(next() * 6) }, (_, i) => randomColumn(next, `c${i}`, 3))
    const rows = Array.from({ length: Math.floor(next() * 120) }, () => columns.map((column) => randomValue(next, column)))
    await roundTrip(columns, rows, 1 + Math.floor(next() * 3))
  })
})
