import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { openRegistrar } from "../../src/firehose/register.ts"
import { skippable } from "../../src/lake/tables.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import { type Column, leaf, type Value } from "../../src/record/column.ts"
import { Store } from "../../src/store/store.ts"
import type { AddFile, PartitionValues, WriteAction } from "../../src/table/actions.ts"
import { addPath } from "../../src/table/paths.ts"
import { createTable, type Table } from "../../src/table/table.ts"
import { compiledOrders } from "../contract/orders.ts"
import { fixtureByHive, fixturePage, fixturePath } from "../firehose/fixture-records.ts"
import { linesOf } from "../firehose/structured.ts"
import { writeOneByDuckDB } from "../firehose/written-by-duckdb.ts"
import { randomValue, seeded } from "../parquet/random.ts"

/** Tables that hold all that a table of ours can hold, whatever the contracts of the day use of it. */

const list = (name: string, element: Column): Column => ({ kind: "list", name, description: "", element: { ...element, name: "element" } })
const struct = (name: string, ...fields: ReadonlyArray<Column>): Column => ({ kind: "struct", name, description: "", fields })
const decimal = (name: string, precision: number, scale: number): Column => leaf(name, { type: "decimal", precision, scale }, "A decimal.")

/** @param evolved with what the table gets half-way: a column, a field of a struct, and a field of the structs in a list */
const everyType = (evolved: boolean): ReadonlyArray<Column> => [
  leaf("id", "integer", "Counts up."),
  leaf("label", "text", "Any text."),
  leaf("payload", "json", ""),
  leaf("big", "long", ""),
  leaf("ratio", "double", ""),
  leaf("flag", "boolean", ""),
  leaf("happened_at", "timestamp", ""),
  leaf("day", "date", ""),
  leaf("raw", "binary", ""),
  leaf("secret", "text", "", "hash"),
  decimal("small", 9, 2),
  decimal("medium", 18, 6),
  decimal("large", 38, 18),
  struct("client", leaf("name", "text", ""), decimal("limit_value", 18, 2), ...(evolved ? [leaf("since", "date", "")] : [])),
  list(
    "items",
    struct(
      "item",
      leaf("sku", "text", ""),
      leaf("gift", "boolean", ""),
      list("tags", leaf("tag", "text", "")),
      ...(evolved ? [leaf("seen_at", "timestamp", "")] : [])
    )
  ),
  list("grid", list("line", leaf("cell", "long", ""))),
  ...(evolved ? [leaf("note", "text", "Came later.")] : [])
]

/** What random values do not reach: of the first, bounds cannot be told. */
const special: ReadonlyArray<Readonly<Record<string, Value>>> = [
  { label: "\u{10ffff}".repeat(40), ratio: Number.NaN, happened_at: -62_135_510_400_000_000n, day: -719_161 },
  { label: "", ratio: -0, flag: true, big: 2n ** 63n - 1n, happened_at: 253_402_300_799_999_999n, day: 2_932_896 },
  { label: "z".repeat(200), ratio: 0, flag: false, big: -(2n ** 63n), happened_at: -62_135_510_400_000_000n, day: -719_161 }
]

/** Writes rows as a file of the table, in row groups of `groupRows`: few, so that most files have several. */
const addFile = (
  table: Table,
  columns: ReadonlyArray<Column>,
  partitionValues: PartitionValues,
  name: string,
  rows: ReadonlyArray<ReadonlyArray<Value>>,
  groupRows = 8
) =>
  Effect.gen(function* () {
    const store = yield* Store
    const path = addPath(partitionValues, name)
    const builders = new ColumnBuilders(columns)
    const written = yield* Effect.gen(function* () {
      const file = openParquetFile(columns, yield* store.upload(`${table.path}/${path}`))
      for (let start = 0; start < rows.length; start += groupRows) {
        builders.clear()
        for (const row of rows.slice(start, start + groupRows)) builders.append(row)
        yield* file.write(builders)
      }
      return yield* file.finish
    }).pipe(Effect.scoped)
    const add: AddFile = {
      path,
      partitionValues,
      size: written.size,
      modificationTime: 1_763_596_800_000,
      stats: written.stats,
      dataChange: true
    }
    return add
  })

const commit = (table: Table, operation: string, actions: ReadonlyArray<WriteAction>) =>
  Effect.gen(function* () {
    const read = yield* table.snapshot
    const isBlindAppend = actions.every((action) => !("remove" in action))
    yield* table.commit({ read, operation, parameters: {}, metrics: {}, actions, isBlindAppend })
  })

const rowsOf = (next: () => number, columns: ReadonlyArray<Column>, first: number, count: number): ReadonlyArray<ReadonlyArray<Value>> =>
  Array.from({ length: count }, (_, i) => columns.map((column, at) => (at === 0 ? first + i : randomValue(next, column))))

/** 24 commits of two partitions each, checkpoints between, positions as domains, the schema evolved half-way. */
const makeEveryType = Effect.gen(function* () {
  const next = seeded(20)
  const define = (evolved: boolean) =>
    createTable("every_type", {
      name: "every_type",
      description: 'All types, "quoted" and évolved.',
      columns: everyType(evolved),
      partitions: [leaf("ingest_date", "date", ""), leaf("ingest_hour", "integer", "")],
      writerFeatures: ["domainMetadata"],
      configuration: { "delta.checkpointInterval": "5", ...skippable(everyType(evolved)) }
    })
  for (let i = 0; i < 24; i++) {
    const evolved = i >= 12
    const { table } = yield* define(evolved)
    const columns = everyType(evolved)
    const adds: Array<WriteAction> = []
    for (const hour of [i % 3, 23]) {
      const rows = rowsOf(next, columns, i * 100 + hour, 20)
      const extreme = i % 3 === 0 ? special[(i / 3) % special.length] : undefined
      const withSpecial = extreme === undefined ? rows : [...rows, columns.map((column) => extreme[column.name] ?? null)]
      const partition = { ingest_date: "2026-11-20", ingest_hour: String(hour) }
      adds.push({ add: yield* addFile(table, columns, partition, `part-${i}-${hour}.zstd.parquet`, withSpecial) })
    }
    const position = { domain: "sluice.position/files/shard-0", configuration: `{"sequenceNumber":"${i}"}`, removed: false }
    yield* commit(table, "STREAMING UPDATE", [...adds, { domainMetadata: position }])
  }
})

/** Rows of several days, one of them unknown; days replaced and compacted, so that the log has removed files. */
const makeDays = Effect.gen(function* () {
  const next = seeded(21)
  const columns = everyType(false).slice(0, 8)
  const { table } = yield* createTable("days", {
    name: "days",
    description: "",
    columns,
    partitions: [leaf("change_date", "date", "")],
    configuration: { "delta.checkpointInterval": "3", ...skippable(columns) }
  })
  for (let i = 0; i < 10; i++) {
    const partition = { change_date: i % 4 === 3 ? null : `2026-11-0${(i % 4) + 1}` }
    const rows = rowsOf(next, columns, i * 10, 10)
    const add = yield* addFile(table, columns, partition, `part-${i}.zstd.parquet`, rows)
    const replaced =
      i < 6
        ? []
        : [...(yield* table.snapshot).files.values()].filter((file) => file.partitionValues["change_date"] === partition.change_date)
    const dataChange = i !== 9
    yield* commit(table, i < 6 ? "WRITE" : dataChange ? "MERGE" : "OPTIMIZE", [
      { txn: { appId: "repartition/days", version: i } },
      ...replaced.map(({ path, partitionValues, size }) => ({
        remove: { path, deletionTimestamp: 1_763_596_800_000 + i, dataChange, partitionValues, size }
      })),
      { add: { ...add, dataChange } }
    ])
  }
})

/**
 * Row groups whose columns have several pages, and every kind of page: dictionaries of one value and of many, one that is full in the middle
 * of a row so that plain pages follow, rows larger than a page.
 */
const makePages = Effect.gen(function* () {
  const next = seeded(22)
  const long = (i: number) => `${String(i).padStart(6, "0")}${"abcdefgh".repeat(64)}`
  const columns = [
    leaf("id", "integer", ""),
    leaf("same", "text", ""),
    leaf("few", "long", ""),
    leaf("number", "double", ""),
    leaf("flag", "boolean", ""),
    list("texts", leaf("text", "text", "")),
    list("grid", list("row", leaf("n", "long", "")))
  ]
  const { table } = yield* createTable("pages", {
    name: "pages",
    description: "",
    columns,
    partitions: [leaf("change_date", "date", "")],
    configuration: skippable(columns)
  })
  const lengths = (i: number) => (i === 700 ? 4000 : i % 7)
  const rows = Array.from({ length: 1400 }, (_, i): ReadonlyArray<Value> => {
    const texts = Array.from({ length: lengths(i) }, () => (next() < 0.1 ? null : long(Math.floor(next() * 3000))))
    const grid = Array.from({ length: i % 5 }, () => Array.from({ length: lengths(i) }, () => BigInt(Math.floor(next() * 2 ** 50))))
    return [i, "the same", BigInt(i % 9) * 2n ** 40n, i % 11 === 0 ? null : next(), i % 3 === 0, i % 13 === 0 ? null : texts, grid]
  })
  const partition = { change_date: "2026-11-20" }
  yield* commit(table, "WRITE", [{ add: yield* addFile(table, columns, partition, "part-0.zstd.parquet", rows, 1000) }])
})

/** A table that nothing was written to. */
const makeEmpty = createTable("empty", {
  name: "empty",
  description: "",
  columns: everyType(false),
  partitions: [leaf("change_date", "date", "")]
})

/** A stage of which Firehose wrote the files, with Hive's SerDe and, in the second hour, as DuckDB writes the same records. */
const makeOfFirehose = Effect.gen(function* () {
  const store = yield* Store
  const { root } = store
  const other = fixturePath.replace("ingest_hour=07", "ingest_hour=8")
  yield* store.put(`stage/orders/${fixturePath}`, new Uint8Array(readFileSync(fixtureByHive)))
  yield* writeOneByDuckDB(compiledOrders, linesOf(compiledOrders, fixturePage()), join(fileURLToPath(root), "stage/orders", other))
  const registrar = yield* openRegistrar({ contract: compiledOrders, hashing: { key: null, change: false } })
  yield* registrar.register([fixturePath, other], () => Effect.void)
})

/** Makes the tables in the store; gives their paths. */
export const makeTables = Effect.gen(function* () {
  yield* makeEveryType
  yield* makeDays
  yield* makePages
  yield* makeEmpty
  yield* makeOfFirehose
  return ["every_type", "days", "pages", "empty", "stage/orders"]
})
