import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { zstdDecompressSync } from "node:zlib"
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue
} from "@duckdb/node-api"
import { Effect } from "effect"
import { type FileMetaData, parquetMetadata, parquetReadObjects } from "hyparquet"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { openParquetFile, type ParquetFileOptions } from "../../src/parquet/file.ts"
import type { Column, Value } from "../../src/record/column.ts"
import type { StoreError, Upload } from "../../src/store/store.ts"
import type { ReadValue } from "../../src/table/partition-values.ts"

/** An upload into memory; `failAt`: the write, counted from 1, that fails with this error. */
export const memoryUpload = (failAt?: { readonly write: number; readonly error: StoreError }) => {
  const parts: Array<Uint8Array> = []
  let writes = 0
  let finished = false
  const upload: Upload = {
    write: (bytes) =>
      Effect.suspend(() => {
        if (++writes === failAt?.write) return Effect.fail(failAt.error)
        parts.push(bytes)
        return Effect.void
      }),
    finish: Effect.sync(() => {
      finished = true
      return { size: Buffer.concat(parts).length }
    })
  }
  return { upload, bytes: () => new Uint8Array(Buffer.concat(parts)), finished: () => finished, writes: () => writes }
}

export interface Written {
  readonly bytes: Uint8Array
  readonly size: number
  readonly rows: number
  /** The text of the statistics, and what it says with every number as its digits. */
  readonly statsText: string
  readonly stats: {
    readonly numRecords: string
    readonly minValues: Record<string, unknown>
    readonly maxValues: Record<string, unknown>
    readonly nullCount: Record<string, unknown>
  }
}

/** Writes groups of rows as a Parquet file in memory. */
export const writeParquet = async (
  columns: ReadonlyArray<Column>,
  groups: ReadonlyArray<ReadonlyArray<ReadonlyArray<Value>>>,
  options?: ParquetFileOptions
): Promise<Written> => {
  const { upload, bytes } = memoryUpload()
  const builders = new ColumnBuilders(columns)
  const result = await Effect.runPromise(
    Effect.gen(function* () {
      const file = openParquetFile(columns, upload, options)
      for (const rows of groups) {
        for (const row of rows) builders.append(row)
        yield* file.write(builders)
        builders.clear()
      }
      return yield* file.finish
    })
  )
  return { bytes: bytes(), size: result.size, rows: result.rows, statsText: result.stats, stats: parseDigits(result.stats) }
}

/** JSON with every number as its text, so that no digit is lost. */
export const parseDigits = (text: string) =>
  JSON.parse(text, ((_key: string, value: unknown, context: { readonly source?: string }) =>
    typeof value === "number" ? context.source : value) as (key: string, value: unknown) => unknown)

/** What DuckDB says, in our own values. */
export const fromDuckDB = (value: DuckDBValue): ReadValue => {
  if (value instanceof DuckDBDecimalValue) return value.value
  if (value instanceof DuckDBTimestampTZValue) return value.micros
  if (value instanceof DuckDBTimestampValue) return value.micros
  if (value instanceof DuckDBDateValue) return value.days
  if (value instanceof DuckDBMapValue) return new Map(value.entries.map((entry) => [fromDuckDB(entry.key), fromDuckDB(entry.value)]))
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes)
  if (value instanceof DuckDBListValue) return value.items.map(fromDuckDB)
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, fromDuckDB(entry)]))
  }
  if (value === null || typeof value !== "object") return value
  throw new TypeError(`no value of ours: ${value.constructor.name}`)
}

const instance = DuckDBInstance.create(":memory:", { threads: "1" })

/** Rows that a statement gives, in our own values. */
export const query = async (sql: string): Promise<ReadonlyArray<ReadonlyArray<ReadValue>>> => {
  const connection = await (await instance).connect()
  try {
    await connection.run("SET TimeZone = 'UTC'")
    const rows = await (await connection.runAndReadAll(sql)).getRows()
    return rows.map((row) => row.map(fromDuckDB))
  } finally {
    connection.closeSync()
  }
}

/** Rows that DuckDB reads of a Parquet file in memory; `sql` is given what stands for it in a statement. */
export const withDuckDB = async (bytes: Uint8Array, sql: (file: string) => string): Promise<ReadonlyArray<ReadonlyArray<ReadValue>>> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-duckdb-"))
  try {
    const path = join(folder, "file.parquet")
    writeFileSync(path, bytes)
    return await query(sql(`read_parquet('${path}')`))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const metadataOf = (bytes: Uint8Array): FileMetaData => parquetMetadata(bufferOf(bytes))

/** Rows as hyparquet reads them, in our own values. It would make floats of decimals, so it is not told which columns they are. */
export const readWithHyparquet = async (
  columns: ReadonlyArray<Column>,
  bytes: Uint8Array
): Promise<ReadonlyArray<ReadonlyArray<Value>>> => {
  const metadata = metadataOf(bytes)
  for (const element of metadata.schema) {
    if (element.logical_type?.type === "DECIMAL") {
      delete element.logical_type
      delete element.converted_type
    }
  }
  const rows = await parquetReadObjects({
    file: bufferOf(bytes),
    metadata,
    utf8: false,
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    parsers: {
      timestampFromMilliseconds: (value: unknown) => value,
      timestampFromMicroseconds: (value: unknown) => value,
      dateFromDays: (value: unknown) => value
    } as object
  })
  return rows.map((row) => columns.map((column) => fromHyparquet(column, row[column.name])))
}

const fromHyparquet = (column: Column, value: unknown): Value => {
  if (value === null || value === undefined) return null
  if (column.kind === "list") return (value as ReadonlyArray<unknown>).map((element) => fromHyparquet(column.element, element))
  if (column.kind === "struct") {
    const fields = value as Readonly<Record<string, unknown>>
    return Object.fromEntries(column.fields.map((field) => [field.name, fromHyparquet(field, fields[field.name])]))
  }
  if (column.leaf.type === "decimal") {
    if (typeof value === "number") return BigInt(value)
    if (value instanceof Uint8Array) {
      return BigInt.asIntN(128, BigInt(`0x${Buffer.from(value).toString("hex")}`))
    }
  }
  return value instanceof Uint8Array ? new Uint8Array(value) : (value as Value)
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** Values as both readers give them: absent fields of a struct are null, texts well-formed. */
export const normal = (column: Column, value: Value | undefined): Value => {
  if (value === null || value === undefined) return null
  if (column.kind === "list") return (value as ReadonlyArray<Value>).map((element) => normal(column.element, element))
  if (column.kind === "struct") {
    const fields = value as { readonly [name: string]: Value }
    return Object.fromEntries(column.fields.map((field) => [field.name, normal(field, fields[field.name])]))
  }
  return typeof value === "string" ? value.toWellFormed() : value
}
