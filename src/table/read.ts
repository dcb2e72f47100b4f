import { Effect, Stream } from "effect"
import { arrayBuffer, footer, footerOf } from "../parquet/bytes.ts"
import type { AsyncBuffer, FileMetaData, SchemaElement } from "../parquet/metadata.ts"
import { exactRows, signed, without } from "../parquet/object-rows.ts"
import { Malformed } from "../record/malformed.ts"
import { Store, StoreError } from "../store/store.ts"
import type { AddFile } from "./actions.ts"
import { fromStore, fromThrown, type TableError } from "./errors.ts"
import type { Table } from "./open.ts"
import { partitionValue, type ReadValue } from "./partition-values.ts"
import { type DataType, decimalType, type StructType, typeText } from "./schema.ts"
import type { Snapshot } from "./snapshot.ts"

/**
 * Our own reader: exact, not fast, one file in memory at a time, or some columns of one. For tests, small reads and checks; the engines read large tables.
 */

export interface Row {
  readonly [column: string]: ReadValue
}

export interface ReadOptions {
  /** The version to read; default the newest. */
  readonly snapshot?: Snapshot
  /** Top-level columns, partition columns among them; default all. */
  readonly columns?: ReadonlyArray<string>
  /** Which of the snapshot's files; default all. */
  readonly where?: (file: AddFile) => boolean
}

/** The rows of a table, file by file in the order of paths. Columns that a file has not are null. */
export const readTable = (table: Table, options: ReadOptions = {}): Stream.Stream<Row, TableError, Store> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const snapshot = options.snapshot ?? (yield* table.snapshot)
      const files = [...snapshot.files.values()].filter(options.where ?? (() => true)).sort((a, b) => (a.path < b.path ? -1 : 1))
      const columns = options.columns ?? snapshot.schema.fields.map((field) => field.name)
      return Stream.fromIterable(files).pipe(
        Stream.flatMap((file) => readFile(table, snapshot, file, columns)),
        Stream.flattenIterable
      )
    })
  )

const readFile = (table: Table, snapshot: Snapshot, add: AddFile, columns: ReadonlyArray<string>) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const isPart = add.size > wholeBytes && columns.length < snapshot.schema.fields.length
      const { file, footer } = yield* isPart ? partsOf(table, add) : wholeOf(table, add)
      const thrown = fromThrown(table.path, `reading ${add.path}`)
      const failed = (cause: unknown) => (cause instanceof StoreError ? fromStore(table.path)(cause) : thrown(cause))
      const { metadata, plan } = yield* Effect.tryPromise({
        try: async () => {
          const metadata = await footer()
          const physical = new Set(topLevel(metadata.schema))
          return { metadata: without(["DECIMAL", "MAP", "MAP_KEY_VALUE"], metadata), plan: planRows(snapshot, add, columns, physical) }
        },
        catch: failed
      })
      let start = 0
      const groups = metadata.row_groups.map((group) => {
        const rowStart = start
        start += Number(group.num_rows)
        return { rowStart, rowEnd: start }
      })
      return Stream.fromIterable(groups).pipe(
        Stream.mapEffect((range) => Effect.tryPromise({ try: () => readGroup(file, metadata, range, plan), catch: failed }))
      )
    })
  )

/** A file of more bytes is fetched by ranges where some of its columns are read: it may be larger than memory should be. */
const wholeBytes = 4 << 20

interface Opened {
  readonly file: AsyncBuffer
  readonly footer: () => FileMetaData | Promise<FileMetaData>
}

const wholeOf = (table: Table, add: AddFile): Effect.Effect<Opened, TableError, Store> =>
  Effect.flatMap(Store, (store) =>
    Effect.map(Effect.mapError(store.get(`${table.path}/${add.path}`), fromStore(table.path)), (bytes) => ({
      file: arrayBuffer(bytes),
      footer: () => footer(bytes)
    }))
  )

const partsOf = (table: Table, add: AddFile): Effect.Effect<Opened, never, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const run = Effect.runPromiseWith(yield* Effect.context<never>())
    const file: AsyncBuffer = {
      byteLength: add.size,
      slice: (start, end = add.size) => run(Effect.map(store.getRange(`${table.path}/${add.path}`, start, end), arrayBuffer))
    }
    return { file, footer: () => footerOf(file) }
  })

interface RowPlan {
  /** Values that are the same in every row: partition values, and null for columns that the file has not. */
  readonly fixed: Row
  /** Columns that are in the file. */
  readonly stored: ReadonlyArray<{ readonly name: string; readonly type: DataType }>
}

const planRows = (snapshot: Snapshot, add: AddFile, columns: ReadonlyArray<string>, physical: ReadonlySet<string>): RowPlan => {
  const types = new Map(snapshot.schema.fields.map((field) => [field.name, field.type]))
  const fixed: Record<string, ReadValue> = {}
  const stored: Array<{ readonly name: string; readonly type: DataType }> = []
  for (const name of columns) {
    const type = types.get(name)
    if (type === undefined) throw new Malformed("Invalid", `there is no column ${name}`, `The table has ${[...types.keys()].join(", ")}.`)
    if (snapshot.metaData.partitionColumns.includes(name)) fixed[name] = partitionValue(add.partitionValues[name] ?? null, type)
    else if (physical.has(name)) stored.push({ name, type })
    else fixed[name] = null
  }
  return { fixed, stored }
}

const readGroup = async (
  file: AsyncBuffer,
  metadata: FileMetaData,
  range: { readonly rowStart: number; readonly rowEnd: number },
  { fixed, stored }: RowPlan
): Promise<ReadonlyArray<Row>> => {
  if (stored.length === 0) return Array.from({ length: range.rowEnd - range.rowStart }, () => fixed)
  const rows = await exactRows(file, metadata, { ...range, columns: stored.map(({ name }) => name) }, parsers)
  return rows.map((raw) => {
    const row: Record<string, ReadValue> = { ...fixed }
    for (const { name, type } of stored) row[name] = convert(raw[name], type)
    return row
  })
}

const decoder = new TextDecoder()
const floorDiv = (value: bigint, by: bigint): bigint => (value % by < 0n ? value / by - 1n : value / by)

/** Keep what Parquet holds: by default there would be `Date`s, which know no microseconds. */
const parsers = {
  timestampFromMilliseconds: (millis: bigint) => millis * 1000n,
  timestampFromMicroseconds: (micros: bigint) => micros,
  timestampFromNanoseconds: (nanos: bigint) => floorDiv(nanos, 1000n),
  dateFromDays: (days: number) => days,
  jsonFromBytes: (bytes: Uint8Array) => bytes && decoder.decode(bytes)
}

/** Names of the top-level columns of a Parquet schema, which lists its tree in preorder. */
const topLevel = (schema: ReadonlyArray<SchemaElement>): ReadonlyArray<string> => {
  const names: Array<string> = []
  const skip = (i: number): number => {
    let next = i + 1
    for (let child = 0; child < (schema[i]?.num_children ?? 0); child++) next = skip(next)
    return next
  }
  for (let i = 1; i < schema.length; i = skip(i)) names.push(schema[i]?.name ?? "")
  return names
}

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const misfit = (value: unknown, type: DataType): Malformed =>
  new Malformed(
    "Corrupt",
    `a ${typeof value} stands where the schema says ${typeText(type)}`,
    "The file and the table's schema do not agree."
  )

/** What was read as a value of the column's Delta type. */
const convert = (value: unknown, type: DataType): ReadValue => {
  if (value === null || value === undefined) return null
  if (typeof type === "string") return convertLeaf(value, type)
  if (type.type === "array") {
    if (!Array.isArray(value)) throw misfit(value, type)
    return value.map((item) => convert(item, type.elementType))
  }
  if (type.type === "map") {
    const pairs = isRecord(value) ? Object.values(value)[0] : undefined
    if (pairs === null || pairs === undefined) return new Map()
    if (!Array.isArray(pairs)) throw misfit(value, type)
    return new Map(pairs.map((pair: unknown) => convertPair(pair, type.keyType, type.valueType)))
  }
  return convertStruct(value, type)
}

const convertPair = (pair: unknown, keyType: DataType, valueType: DataType): readonly [ReadValue, ReadValue] => {
  if (!isRecord(pair)) throw misfit(pair, "map entry")
  const [key, value] = Object.values(pair)
  return [convert(key, keyType), convert(value, valueType)]
}

const convertStruct = (value: unknown, type: StructType): Row => {
  if (!isRecord(value)) throw misfit(value, type)
  const row: Record<string, ReadValue> = {}
  for (const field of type.fields) row[field.name] = convert(value[field.name], field.type)
  return row
}

const convertLeaf = (value: unknown, type: string): ReadValue => {
  if (decimalType(type) !== null) {
    if (value instanceof Uint8Array) return signed(value)
    if (typeof value === "number" || typeof value === "bigint") return BigInt(value)
    throw misfit(value, type)
  }
  switch (type) {
    case "string":
      if (value instanceof Uint8Array) return decoder.decode(value)
      if (typeof value === "string") return value
      break
    case "binary":
      if (value instanceof Uint8Array) return value
      break
    case "long":
    case "timestamp":
    case "timestamp_ntz":
      if (typeof value === "bigint" || typeof value === "number") return BigInt(value)
      break
    case "boolean":
      if (typeof value === "boolean") return value
      break
    default:
      if (typeof value === "number") return value
  }
  throw misfit(value, type)
}
