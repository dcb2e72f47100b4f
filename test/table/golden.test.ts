import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { localStore, makeLocalStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import { type DataType, decimalType } from "../../src/table/schema.ts"
import { openTable, type ReadValue, type Row, readTable } from "../../src/table/table.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { append, temporaryFolder } from "./helpers.ts"

/** Tables that Spark wrote (Delta's own golden tables): what we read is compared with what another reader finds in the files, and with what is known. */
const root = join(resolve(process.env["SLUICE_TEST_DATA"] ?? "../shared/data"), "delta_golden")
const there = existsSync(root)
if (!there) console.log(`skipped: no golden tables at ${root} (set SLUICE_TEST_DATA)`)

const read = (path: string) =>
  Effect.gen(function* () {
    const table = yield* openTable(path)
    const snapshot = yield* table.snapshot
    return { snapshot, rows: yield* Stream.runCollect(readTable(table)) }
  }).pipe(Effect.provide(localStore(root), { local: true }))

const queryJson = (sql: string) =>
  Effect.promise(async () => {
    const connection = await (await DuckDBInstance.create()).connect()
    await connection.run("SET TimeZone = 'UTC'")
    return (await connection.runAndReadAll(sql)).getRowObjectsJson()
  })

const unscaled = (value: bigint, scale: number): string => {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0")
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return value < 0n ? `-${text}` : text
}

/** A value of ours in the words of DuckDB's JSON. */
const inDuckWords = (value: ReadValue, type: DataType): unknown => {
  if (value === null) return null
  if (typeof type !== "string") {
    if (type.type === "array" && Array.isArray(value)) return value.map((item: ReadValue) => inDuckWords(item, type.elementType))
    if (type.type === "map" && value instanceof Map)
      return [...value].map(([k, v]) => ({ key: inDuckWords(k, type.keyType), value: inDuckWords(v, type.valueType) }))
    if (type.type === "struct") {
      const row = value as Row
      return Object.fromEntries(type.fields.map((field) => [field.name, inDuckWords(row[field.name] ?? null, field.type)]))
    }
    return assert.fail("not of its type")
  }
  const decimal = decimalType(type)
  if (decimal !== null) return unscaled(value as bigint, decimal.scale)
  if (type === "binary") return Buffer.from(value as Uint8Array).toString("hex")
  if (type === "date") return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10)
  if (type === "timestamp" || type === "timestamp_ntz") return String(value)
  if (typeof value === "bigint") return value.toString()
  return typeof value === "number" ? String(Math.fround(value) === value || type === "double" ? value : Math.fround(value)) : value
}

/** How DuckDB is asked for a column, so that nothing is rounded on its side. */
const asked = (name: string, type: DataType): string => {
  const column = `"${name}"`
  if (type === "binary") return `lower(hex(${column})) AS ${column}`
  if (type === "timestamp") return `epoch_us(${column})::VARCHAR AS ${column}`
  if (type === "timestamp_ntz") return `epoch_us(${column})::VARCHAR AS ${column}`
  return column
}

const numbersAsText = (value: unknown): unknown =>
  typeof value === "number"
    ? String(value)
    : Array.isArray(value)
      ? value.map(numbersAsText)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, numbersAsText(item)]))
        : value

describe.skipIf(!there)("golden tables", () => {
  const sizes = [
    ["basic-decimal-table", 4, 4],
    ["basic-with-inserts-deletes-checkpoint", 41, 7],
    ["data-reader-array-complex-objects", 10, 2],
    ["data-reader-escaped-chars", 3, 3],
    ["data-reader-map", 10, 2],
    ["data-reader-partition-values", 3, 3],
    ["data-skipping-basic-stats-all-types-checkpoint", 1, 1],
    ["decimal-various-scale-precision", 3, 1],
    ["parquet-all-types", 200, 1]
  ] as const
  for (const [name, rowCount, fileCount] of sizes)
    it.live(`${name}: every data column of every row is what DuckDB reads`, () =>
      Effect.gen(function* () {
        const { snapshot, rows } = yield* read(name)
        assert.strictEqual(rows.length, rowCount)
        assert.strictEqual(snapshot.files.size, fileCount)
        const data = snapshot.schema.fields.filter((field) => !snapshot.metaData.partitionColumns.includes(field.name))
        const files = [...snapshot.files.keys()].sort((a, b) => (a < b ? -1 : 1)).map((path) => join(root, name, path))
        const expected: Array<unknown> = []
        for (const file of files)
          expected.push(
            ...(yield* queryJson(
              `SELECT ${data.map((field) => asked(field.name, field.type)).join(", ")} FROM read_parquet('${file.replaceAll("'", "''")}', hive_partitioning = false)`
            ))
          )
        const found = rows.map((row) =>
          Object.fromEntries(data.map((field) => [field.name, inDuckWords(row[field.name] ?? null, field.type)]))
        )
        assert.deepStrictEqual(numbersAsText(found), numbersAsText(expected))
      })
    )

  it.live("basic-decimal-table: exact decimals, in the file and in the path", () =>
    Effect.gen(function* () {
      const { rows } = yield* read("basic-decimal-table")
      assert.deepStrictEqual(
        rows.find((row) => row["part"] === -234234223423n),
        { part: -234234223423n, col1: -99999n, col2: -9999999999n, col3: -99999999999999999999n }
      )
      assert.sameMembers(
        rows.map((row) => row["part"]),
        [-234234223423n, 4n, 23400000n, 234222223454n]
      )
    })
  )

  it.live("data-reader-escaped-chars: partition values keep what their paths escape twice", () =>
    Effect.gen(function* () {
      const { rows, snapshot } = yield* read("data-reader-escaped-chars")
      assert.sameDeepMembers(
        [...rows],
        [
          { _1: "foo1", _2: "bar+%21" },
          { _1: "foo2", _2: "bar+%22" },
          { _1: "foo3", _2: "bar+%23" }
        ]
      )
      assert.isTrue([...snapshot.files.keys()].every((path) => /^_2=bar\+%252[123]\//.test(path)))
      assert.isTrue([...snapshot.files.values()].every((file) => file.encodedPath === undefined))
    })
  )

  it.live("data-reader-partition-values: every type, and null", () =>
    Effect.gen(function* () {
      const { rows, snapshot } = yield* read("data-reader-partition-values")
      const parts = (value: ReadValue) => {
        const row = rows.find((candidate) => candidate["as_int"] === value)
        return Object.fromEntries(snapshot.metaData.partitionColumns.map((column) => [column, row?.[column]]))
      }
      assert.deepStrictEqual(parts(1), {
        as_int: 1,
        as_long: 1n,
        as_byte: 1,
        as_short: 1,
        as_boolean: false,
        as_float: 1,
        as_double: 1,
        as_string: "1",
        as_string_lit_null: "null",
        as_date: 18878,
        as_timestamp: 1631099471000000n,
        as_big_decimal: 1n
      })
      assert.isTrue(Object.values(parts(null)).every((value) => value === null))
      assert.isTrue([...snapshot.files.values()].every((file) => file.encodedPath === undefined))
    })
  )

  it.live("data-reader-map: maps with keys that are not text", () =>
    Effect.gen(function* () {
      const { rows } = yield* read("data-reader-map")
      const row = rows.find(({ i }) => i === 7)
      assert.deepStrictEqual(row?.["a"], new Map([[7, 7]]))
      assert.deepStrictEqual(row?.["b"], new Map([[7n, 7]]))
      assert.deepStrictEqual(row?.["f"], new Map([[7, [{ val: 7 }, { val: 7 }, { val: 7 }]]]))
    })
  )

  it.live("checkpoint: Spark's checkpoint and the commits after it", () =>
    Effect.gen(function* () {
      const faulty = makeFaultyStore(yield* makeLocalStore(root))
      const { version, files } = yield* Effect.flatMap(openTable("checkpoint"), (table) => table.snapshot).pipe(
        Effect.provideService(Store, faulty.store)
      )
      assert.strictEqual(version, 14)
      assert.deepStrictEqual([...files.keys()], ["15"])
      assert.isTrue(faulty.calls.some((call) => call.endsWith("00000000000000000010.checkpoint.parquet")))
      assert.isFalse(faulty.calls.some((call) => call.endsWith("00000000000000000010.json")))
    })
  )

  it.live("parquet-all-types: read, and refused by name for writing", () =>
    Effect.scoped(
      Effect.gen(function* () {
        // Only the commit is tried, against a folder of its own that has the log's first commit.
        const store = yield* makeLocalStore(yield* temporaryFolder)
        const golden = yield* makeLocalStore(root)
        const log = "t/_delta_log/00000000000000000000.json"
        yield* store.put(log, yield* golden.get("parquet-all-types/_delta_log/00000000000000000000.json"))
        const table = yield* Effect.provideService(openTable("t"), Store, store)
        const error = yield* Effect.flip(table.commit(append(yield* table.snapshot)))
        assert.strictEqual(error.reason, "Unsupported")
        assert.include(error.message, "timestampNtz")
      })
    )
  )
})
