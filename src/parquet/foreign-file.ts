import { isUtf8 } from "node:buffer"
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js"
import { ColumnBuilders } from "../columns/builders.ts"
import type { Column, LeafType, Value } from "../record/column.ts"
import { type Bounds, hasBounds } from "./bounds.ts"
import { footer } from "./bytes.ts"
import { type LeafSource, mapLeaves } from "./leaf-map.ts"
import { chunkRange } from "./leaf-pages.ts"
import { type FileMetaData, schemaTree } from "./metadata.ts"
import { leavesOf } from "./object-file.ts"
import { signed } from "./object-rows.ts"
import { type ColumnStatistics, formatStatistics, StatisticsBuilder, statisticsColumns } from "./statistics.ts"

/** What a file holds of a table that another program wrote for it. */
export interface ForeignFile {
  readonly rows: number
  /** Of its rows, before they were compressed. */
  readonly rawBytes: number
  /** As a Delta log says them: exact, or not at all. */
  readonly stats: string
}

/** The file is none of the table's. The message is a sentence without its full stop. */
export class ForeignColumns extends Error {}

/**
 * Reads footers of files that others write for a table: is all that the file holds of the table, and what can its log say of it?
 *
 * Parquet has bounds by leaf, in the order of the leaf's type where the file says so; of INT96, which Hive makes of timestamps, it has none that mean anything.
 */
export class ForeignFiles {
  readonly #columns: ReadonlyArray<Column>
  readonly #table: ColumnBuilders
  readonly #required: ReadonlySet<string>

  /** @param required names of columns that have a value in every row */
  constructor(columns: ReadonlyArray<Column>, required: ReadonlyArray<string>) {
    this.#columns = columns
    this.#table = new ColumnBuilders(columns)
    this.#required = new Set(required)
  }

  /**
   * @param tail the last bytes of the file, the whole footer among them, see {@link footerLength}
   * @param size of the file
   * @returns null: this program wrote it, and commits it by itself
   * @throws UnlikeFile where a column cannot be read as the table has it; ForeignColumns where it holds what the table has not, or lacks what every row must
   * have; or whatever is said of a footer that is damaged
   */
  read(tail: Uint8Array, size: number): ForeignFile | null {
    const metadata = footer(tail)
    if (metadata.created_by?.startsWith(createdByUs) === true) return null
    const sources = mapLeaves(this.#table, metadata.schema)
    this.#refuse(metadata, sources, size - footerLength(tail))
    const raw = rawStatistics(tail)
    const rows = Number(metadata.num_rows)
    return {
      rows,
      rawBytes: metadata.row_groups.reduce((sum, { total_byte_size }) => sum + Number(total_byte_size), 0),
      stats: this.#stats(metadata, sources, raw)
    }
  }

  #refuse({ schema, row_groups }: FileMetaData, sources: ReadonlyArray<LeafSource>, end: number): void {
    const known = new Set(sources.flatMap(({ add, from }) => (add === null || from === null ? [] : [from.number])))
    const foreign = leavesOf(schemaTree({ schema })).filter((_, number) => !known.has(number))
    if (foreign.length > 0) {
      const names = foreign.slice(0, 3).map(({ names }) => names.join("."))
      throw new ForeignColumns(
        `it has ${names.join(", ")}${foreign.length > 3 ? ` and ${foreign.length - 3} more` : ""}, which the table has not`
      )
    }
    for (const { first, column } of this.#table.nodes)
      if (this.#required.has(column.name) && sources[first]?.add === null) throw new ForeignColumns(`it lacks the column ${column.name}`)
    for (const { columns } of row_groups)
      for (const column of columns) {
        const range = chunkRange(column)
        if (range === null || range.start < 0 || range.end > end) throw new ForeignColumns("its footer speaks of bytes that it has not")
      }
  }

  #stats(metadata: FileMetaData, sources: ReadonlyArray<LeafSource>, raw: RawStatistics): string {
    const builder = new StatisticsBuilder(this.#columns)
    const wanted = statisticsColumns(this.#columns)
    const leafOf = new Map(this.#table.leaves.map(({ path }, i) => [path.join("."), i]))
    const untold = new Set<string>()
    for (const [group, { num_rows }] of metadata.row_groups.entries()) {
      const rows = Number(num_rows)
      const statistics = wanted.map(({ path, leaf }): ColumnStatistics => {
        const name = path.join(".")
        const source = sources[leafOf.get(name) ?? -1]
        // Of a list it is not said how often it is null.
        if (leaf === null || source === undefined) {
          untold.add(name)
          return { nulls: 0, min: null, max: null }
        }
        if (source.from === null || source.add === null) return { nulls: rows, min: null, max: null }
        const { number, element } = source.from
        const told = raw.of(group, number)
        if (told.nulls === null) {
          untold.add(name)
          return { nulls: 0, min: null, max: null }
        }
        if (this.#required.has(name) && told.nulls > 0) throw new ForeignColumns(`${told.nulls} of its rows have no ${name}`)
        const bounds = hasBounds(leaf.leaf) ? boundsOf(leaf.leaf, element, told) : none
        return { nulls: told.nulls, ...(bounds.min === null || bounds.max === null ? none : bounds) }
      })
      builder.add({ rows, statistics })
    }
    const { rows, columns } = builder.statistics
    // Of a column whose nulls are not told, delta-rs believes that it has none.
    if (wanted.some(({ path, bounds }) => bounds && untold.has(path.join(".")))) return JSON.stringify({ numRecords: rows })
    return formatStatistics(this.#columns, { rows, columns: new Map([...columns].filter(([name]) => !untold.has(name))) })
  }
}

/** What the name begins with that our own files bear. */
const createdByUs = "sluice version "

const none: Bounds = { min: null, max: null }

/** Bytes at the end of a file that are its footer, by the last eight of them; 0: it does not end as a Parquet file does. */
export const footerLength = (tail: Uint8Array): number => {
  const bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength)
  return bytes.length < 8 || bytes.toString("latin1", bytes.length - 4) !== "PAR1" ? 0 : bytes.readUInt32LE(bytes.length - 8) + 8
}

/** What the footer tells of a column chunk, as bytes in plain encoding. */
interface ToldOfChunk {
  readonly nulls: number | null
  /** Smallest and largest in the order of the column's type. */
  readonly min: Uint8Array | null
  readonly max: Uint8Array | null
  /** The same of writers that knew no orders: right for numbers, which have one alone. */
  readonly oldMin: Uint8Array | null
  readonly oldMax: Uint8Array | null
}

interface RawStatistics {
  readonly of: (group: number, column: number) => ToldOfChunk
}

type Thrift = { readonly [field: string]: unknown }
const structOf = (value: unknown): Thrift => (typeof value === "object" && value !== null ? { ...value } : {})
const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
const bytesOf = (value: unknown): Uint8Array | null => (value instanceof Uint8Array ? value : null)

/** The library tells bounds as values that are inexact; so they are read from the footer's own fields, by their numbers in parquet.thrift. */
const rawStatistics = (tail: Uint8Array): RawStatistics => {
  const length = footerLength(tail)
  const view = new DataView(tail.buffer, tail.byteOffset + tail.byteLength - length, length - 8)
  const file = structOf(deserializeTCompactProtocol({ view, offset: 0 }))
  const groups = listOf(file["field_4"]).map((group) => listOf(structOf(group)["field_1"]))
  const isOrdered = Array.isArray(file["field_7"])
  return {
    of: (group, column) => {
      const told = structOf(structOf(structOf(groups[group]?.[column])["field_3"])["field_12"])
      const nulls = told["field_3"]
      return {
        nulls: typeof nulls === "bigint" || typeof nulls === "number" ? Number(nulls) : null,
        min: isOrdered ? bytesOf(told["field_6"]) : null,
        max: isOrdered ? bytesOf(told["field_5"]) : null,
        oldMin: bytesOf(told["field_2"]),
        oldMax: bytesOf(told["field_1"])
      }
    }
  }
}

type Element = NonNullable<LeafSource["from"]>["element"]

const boundsOf = (leaf: LeafType, element: Element, told: ToldOfChunk): Bounds => {
  const isNumber = element.type === "INT32" || element.type === "INT64" || element.type === "DOUBLE" || element.type === "FLOAT"
  const min = told.min ?? (isNumber ? told.oldMin : null)
  const max = told.max ?? (isNumber ? told.oldMax : null)
  return min === null || max === null ? none : { min: plainValue(leaf, element, min), max: plainValue(leaf, element, max) }
}

/** The value of a leaf that stands in plain encoding; null where it cannot be told exactly. */
const plainValue = (leaf: LeafType, element: Element, bytes: Uint8Array): Value => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isUnsigned = element.converted_type?.startsWith("UINT_") === true
  switch (leaf.type) {
    case "text":
      return isUtf8(buffer) ? buffer.toString("utf8") : null
    case "boolean":
      return buffer.length === 1 ? buffer[0] === 1 : null
    case "double": {
      const value =
        element.type === "DOUBLE" && buffer.length === 8
          ? buffer.readDoubleLE()
          : element.type === "FLOAT" && buffer.length === 4
            ? buffer.readFloatLE()
            : Number.NaN
      return Number.isFinite(value) ? value : null
    }
    case "decimal": {
      const integer = integerOf(element, buffer)
      return integer ?? (element.type === "FIXED_LEN_BYTE_ARRAY" || element.type === "BYTE_ARRAY" ? signed(bytes) : null)
    }
    case "long":
      return isUnsigned ? null : integerOf(element, buffer)
    case "integer":
    case "date": {
      const integer = isUnsigned ? null : integerOf(element, buffer)
      return integer === null ? null : Number(integer)
    }
    case "timestamp":
      return element.type === "INT64" ? microsOf(element, integerOf(element, buffer)) : null
    default:
      return null
  }
}

const integerOf = ({ type }: Element, bytes: Buffer): bigint | null =>
  type === "INT32" && bytes.length === 4
    ? BigInt(bytes.readInt32LE())
    : type === "INT64" && bytes.length === 8
      ? bytes.readBigInt64LE()
      : null

/** What is finer than a microsecond is cut off, as where rows are read. */
const microsOf = ({ converted_type, logical_type }: Element, value: bigint | null): bigint | null => {
  const unit = logical_type?.type === "TIMESTAMP" ? logical_type.unit : converted_type === "TIMESTAMP_MILLIS" ? "MILLIS" : "MICROS"
  if (value === null || unit === "MICROS") return value
  return unit === "MILLIS" ? value * 1000n : (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n
}
