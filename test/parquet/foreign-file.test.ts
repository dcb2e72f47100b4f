import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { parquetMetadata } from "hyparquet"
import { ByteWriter, type ColumnSource, parquetWriteBuffer } from "hyparquet-writer"
import { writeMetadata } from "hyparquet-writer/src/metadata.js"
import { describe, expect, it } from "vitest"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { literal } from "../../src/duckdb/sql.ts"
import { ForeignColumns, ForeignFiles, footerLength } from "../../src/parquet/foreign-file.ts"
import { type Column, leaf } from "../../src/record/column.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { compiledOrders } from "../contract/orders.ts"
import { fixtureByHive } from "../firehose/fixture-records.ts"

const decimal = (name: string, precision: number, scale: number): Column => leaf(name, { type: "decimal", precision, scale }, "")
const columns: ReadonlyArray<Column> = [
  leaf("t", "text", ""),
  leaf("l", "long", ""),
  leaf("i", "integer", ""),
  leaf("d", "double", ""),
  leaf("b", "boolean", ""),
  leaf("day", "date", ""),
  leaf("at", "timestamp", ""),
  decimal("small", 9, 2),
  decimal("large", 38, 6),
  leaf("secret", "text", "", "hash"),
  leaf("j", "json", ""),
  { kind: "struct", name: "s", description: "", fields: [leaf("x", "long", ""), leaf("y", "text", "", "keep")] },
  { kind: "list", name: "all", description: "", element: leaf("element", "long", "") }
]
const read = (bytes: Uint8Array, by = files()) => {
  const file = by.read(bytes, bytes.length)
  if (file === null) throw new Error("it is ours")
  return file
}
const files = (required: ReadonlyArray<string> = [], of = columns) => new ForeignFiles(of, required)

/** A file that DuckDB writes of a query. */
const written = (select: string, options = "") =>
  Effect.gen(function* () {
    const duckdb = yield* openDuckDB({ threads: 1 })
    const path = join(duckdb.folder, "a.parquet")
    yield* duckdb.run(`COPY (${select}) TO ${literal(path)} (FORMAT parquet${options})`)
    return new Uint8Array(readFileSync(path))
  }).pipe(Effect.scoped, Effect.runPromise)

const row = (values: string) => `SELECT * FROM (VALUES ${values}) v(t, l, i, d, b, day, "at", small, large, secret, j, s, "all")`
const first = `('é😀', 9007199254740993::BIGINT, -5::INT, -0.5::DOUBLE, false, DATE '1969-12-31', TIMESTAMPTZ '2024-02-06 20:46:11.701074Z', 1.25::DECIMAL(9,2), 12345678901234567890123456789012.345678::DECIMAL(38,6), 'h', '{}', {'x': 7::BIGINT, 'y': 'a'}, [1::BIGINT])`
const second = `('a', -9007199254740995, 6, 1e300, true, DATE '2024-02-29', TIMESTAMPTZ '1960-01-01 00:00:00.000001Z', -1.25, -0.000001, 'g', '[]', {'x': NULL, 'y': NULL}, NULL)`
const statsOf = (stats: string) => JSON.parse(stats.replaceAll(/:(-?\d{10,}(?:\.\d+)?|-?\d+\.\d{6})(?=[,}])/g, ':"$1"'))

describe("the footer of a file that another program wrote", () => {
  it("tells exact bounds and nulls of every type, over several row groups, and nothing of what is sensitive", async () => {
    const many = Array.from({ length: 2100 }, (_, i) => (i % 2 === 0 ? first : second)).join(", ")
    const bytes = await written(row(many), ", ROW_GROUP_SIZE 2048")
    const { rows, stats } = read(bytes)
    expect(rows).toBe(2100)
    expect(statsOf(stats)).toEqual({
      numRecords: 2100,
      minValues: {
        t: "a",
        l: "-9007199254740995",
        i: -5,
        d: -0.5,
        b: false,
        day: "1969-12-31",
        at: "1960-01-01T00:00:00.000Z",
        small: -1.25,
        large: "-0.000001",
        s: { x: 7 }
      },
      maxValues: {
        t: "é😀",
        l: "9007199254740993",
        i: 6,
        d: 1e300,
        b: true,
        day: "2024-02-29",
        at: "2024-02-06T20:46:11.702Z",
        small: 1.25,
        large: "12345678901234567890123456789012.345678",
        s: { x: 7 }
      },
      nullCount: { t: 0, l: 0, i: 0, d: 0, b: 0, day: 0, at: 0, small: 0, large: 0, j: 0, s: { x: 1050 } }
    })
  })

  it("tells no bounds at all where one of them cannot be told: of times of 96 bits, of a double that is no number", async () => {
    const bytes = new Uint8Array(readFileSync(fixtureByHive))
    const ofHive = read(bytes, files(["_shard"], stageColumns(compiledOrders.columns)))
    expect(ofHive.rows).toBe(60)
    expect(JSON.parse(ofHive.stats)).toMatchObject({ numRecords: 60, nullCount: { creation_date: 20, count: 7, _rescued: 53 } })
    expect(Object.keys(JSON.parse(ofHive.stats))).toEqual(["numRecords", "nullCount"])
    const noNumber = await written(row(`${first.replace("-0.5::DOUBLE", "'nan'::DOUBLE")}`))
    const { stats } = read(noNumber)
    expect(JSON.parse(stats).minValues?.d).toBeUndefined()
  })

  it("tells the number of rows alone where it does not say what is null", () => {
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "t", data: ["a", null], type: "STRING" }], statistics: false }))
    expect(read(bytes).stats).toBe('{"numRecords":2}')
  })

  it("takes bounds of writers that knew no orders for those of numbers alone: of texts they are by signed bytes", () => {
    /** The file, with its bounds where such writers have them. */
    const asOfOld = (column: ColumnSource): Uint8Array => {
      const file = parquetWriteBuffer({ columnData: [column] })
      const metadata = parquetMetadata(file)
      for (const { columns } of metadata.row_groups)
        for (const { meta_data: chunk } of columns) {
          const { min_value, max_value, null_count } = chunk?.statistics ?? {}
          if (chunk === undefined || min_value === undefined || max_value === undefined || null_count === undefined)
            throw new Error("no bounds")
          chunk.statistics = { min: min_value, max: max_value, null_count }
        }
      const writer = new ByteWriter(1024)
      writer.appendBytes(new Uint8Array(file, 0, file.byteLength - footerLength(new Uint8Array(file))))
      writeMetadata(writer, metadata)
      writer.appendBytes(Buffer.from("PAR1"))
      return writer.getBytes()
    }
    const statsOf = (name: string, bytes: Uint8Array) =>
      read(
        bytes,
        new ForeignFiles(
          columns.filter((column) => column.name === name),
          []
        )
      ).stats
    expect(statsOf("t", asOfOld({ name: "t", data: ["é", "a"], type: "STRING" }))).toBe('{"numRecords":2,"nullCount":{"t":0}}')
    expect(statsOf("i", asOfOld({ name: "i", data: [5, -1], type: "INT32" }))).toBe(
      '{"numRecords":2,"minValues":{"i":-1},"maxValues":{"i":5},"nullCount":{"i":0}}'
    )
  })

  it("is of columns that a file has not all null", async () => {
    const bytes = await written("SELECT 'a' AS t")
    const { stats } = read(bytes)
    expect(JSON.parse(stats)).toMatchObject({ numRecords: 1, minValues: { t: "a" }, nullCount: { t: 0, l: 1, at: 1, s: { x: 1 } } })
  })

  it.each([
    ["SELECT 'a' AS t, 1 AS more", /it has more, which the table has not/],
    ["SELECT 'a' AS t, {'x': 1::BIGINT, 'z': 2} AS s", /it has s\.z, which the table has not/],
    ["SELECT 'a' AS t, 1 AS a, 2 AS b2, 3 AS c, 4 AS e", /it has a, b2, c and 1 more/],
    ["SELECT 'a' AS T", /it has T, which the table has not/],
    ["SELECT 'a' AS l", /column l has BYTE_ARRAY in the file, and long in the table/],
    ["SELECT 1.5::DECIMAL(9,3) AS small", /column small has a scale of 3 in the file/],
    ["SELECT {'element': 1} AS \"all\"", /all has no list/],
    ["SELECT 1::BIGINT AS l", /it lacks the column t/],
    ["SELECT NULL::VARCHAR AS t", /1 of its rows have no t/]
  ])("refuses what is not of the table: %s", async (select, problem) => {
    const bytes = await written(select)
    expect(() => files(["t"]).read(bytes, bytes.length)).toThrow(problem)
  })

  it("is none of theirs where we wrote it, whatever its columns are", () => {
    const file = parquetWriteBuffer({ columnData: [{ name: "z", data: ["a"], type: "STRING" }], createdBy: "sluice version 9.9" })
    expect(files(["t"]).read(new Uint8Array(file), file.byteLength)).toBeNull()
  })

  it("refuses bytes that it has not", async () => {
    const bytes = await written("SELECT repeat('a', i::INT) AS t FROM range(300) r(i)")
    const length = footerLength(bytes)
    expect(length).toBeGreaterThan(12)
    const tail = bytes.subarray(-length)
    expect(files().read(tail, bytes.length)?.rows).toBe(300)
    expect(() => files().read(tail, length + 100)).toThrow(ForeignColumns)
    for (const none of [new Uint8Array(0), bytes.subarray(0, -1), new Uint8Array(12)]) expect(footerLength(none)).toBe(0)
  })
})
