import { isUtf8 } from "node:buffer"
import { type AsyncBuffer, type FileMetaData, type ParquetParsers, parquetMetadataAsync, type SchemaElement } from "hyparquet"
import type { BytesAt, BytesWithin } from "../contract/bytes-at.ts"
import { formatMicros, maxTimestamp, minTimestamp } from "../contract/timestamp.ts"
import { decimalText } from "../record/decimal-text.ts"
import { jsonText, rawJson } from "../record/json-text.ts"
import { annotationsOf, exactRows, signed, without } from "./object-rows.ts"

/**
 * The rows of a Parquet file, whoever wrote it, as JSON objects, some of a row group at a time: integers and decimals with all their digits, times and days in
 * ISO 8601 (those that are of no zone without one), bytes that are not text in base64. The same file always gives the same text. Throws whatever hyparquet says of a file that is damaged, or holds what it does not support.
 *
 * @param bytes where bytes are always written as bytes, and how: whether such a value is text by chance does not count there
 */
export async function* jsonRows(file: AsyncBuffer, bytes?: BytesAt): AsyncGenerator<ReadonlyArray<string>, void> {
  for await (const { root, rows } of plainRows(file)) yield rows.map((row) => jsonText(jsonOf(row, root, bytes)))
}

/** Rows as the library gives them, and the schema by which {@link jsonOf} makes JSON of their values. */
export interface PlainRows {
  readonly root: Node
  readonly rows: ReadonlyArray<{ readonly [column: string]: unknown }>
}

/** The rows of a file, some of a row group at a time. */
export async function* plainRows(file: AsyncBuffer): AsyncGenerator<PlainRows, void> {
  const metadata = await parquetMetadataAsync(file)
  const [root] = nodesOf(metadata.schema, 0)
  refuseUnsupported(metadata)
  const undecorated = without(["DECIMAL", ...maps], metadata)
  let rowStart = 0
  for (const { num_rows, total_byte_size } of metadata.row_groups) {
    const behind = rowStart + Number(num_rows)
    const atOnce = Math.max(1, Math.floor((Number(num_rows) * bytesAtOnce) / Math.max(1, Number(total_byte_size))))
    while (rowStart < behind) {
      const rowEnd = Math.min(behind, rowStart + atOnce)
      const rows = await exactRows(file, undecorated, { rowStart, rowEnd, useOffsetIndex: true }, parsers)
      yield { root, rows }
      rowStart = rowEnd
    }
  }
}

/** hyparquet does not say which column it is. */
const refuseUnsupported = ({ schema, num_rows }: FileMetaData): void => {
  const found = schema.find(({ converted_type }) => converted_type === "INTERVAL" || converted_type === "BSON")
  if (found !== undefined && num_rows > 0n)
    throw new Error(`column ${found.name} is of the type ${found.converted_type}, which is not supported`)
}

const maps: ReadonlyArray<string> = ["MAP", "MAP_KEY_VALUE"]
const texts: ReadonlyArray<string> = ["UTF8", "STRING", "JSON", "ENUM"]

/** As much of a row group is made rows at once: as objects, and then as text, they take many times that. */
const bytesAtOnce = 16 * 1024 * 1024

export interface Node {
  readonly element: SchemaElement
  readonly children: ReadonlyArray<Node>
  readonly members: ReadonlyMap<string, Node>
  /** What a map repeats, its keys and values, whatever they are called; undefined: it is no map. */
  readonly pairs: Node | undefined
  readonly isDecimal: boolean
  /** Are bytes text, whoever reads them? Others may be text by chance, or because their writer does not say so. */
  readonly isText: boolean
}

/** The tree that a schema lists in preorder, from an element on, and the index behind it. */
const nodesOf = (schema: ReadonlyArray<SchemaElement>, at: number): readonly [Node, number] => {
  const element: SchemaElement = schema[at] ?? { name: "" }
  const children: Array<Node> = []
  let next = at + 1
  for (let i = 0; i < (element.num_children ?? 0); i++) {
    const [child, behind] = nodesOf(schema, next)
    children.push(child)
    next = behind
  }
  const annotated = (names: ReadonlyArray<string>) => annotationsOf(element).some((name) => name !== undefined && names.includes(name))
  const [first] = children
  const repeatsPairs = first?.element.repetition_type === "REPEATED" && first.children.length === 2
  const node: Node = {
    element,
    children,
    members: new Map(children.map((child) => [child.element.name, child])),
    pairs: repeatsPairs && annotated(maps) ? first : undefined,
    isDecimal: annotated(["DECIMAL"]),
    isText: annotated(texts)
  }
  return [node, next]
}

const timeOf = (micros: bigint): string => (micros < minTimestamp || micros > maxTimestamp ? String(micros) : formatMicros(micros))
const dayMillis = 86_400_000

/** A time of the day, or of a day that no zone is said of; what else it is stays as it is. */
const zonelessOf = (value: unknown, { converted_type, logical_type }: SchemaElement): unknown => {
  if (typeof value === "string")
    return logical_type?.type === "TIMESTAMP" && logical_type.isAdjustedToUTC === false ? value.replace(/Z$/, "") : value
  if (typeof value !== "number" && typeof value !== "bigint") return value
  if (logical_type?.type === "TIME") return timeOfDay(BigInt(value), logical_type.unit)
  if (converted_type === "TIME_MILLIS") return timeOfDay(BigInt(value), "MILLIS")
  return converted_type === "TIME_MICROS" ? timeOfDay(BigInt(value), "MICROS") : value
}

const timeOfDay = (units: bigint, unit: "MILLIS" | "MICROS" | "NANOS"): string => {
  const micros = unit === "MILLIS" ? units * 1000n : unit === "NANOS" ? units / 1000n : units
  const isOfDay = micros >= 0n && micros < BigInt(dayMillis) * 1000n
  return isOfDay ? formatMicros(micros).slice("1970-01-01T".length, -1) : String(micros)
}

const parsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => timeOf(millis * 1000n),
  timestampFromMicroseconds: timeOf,
  timestampFromNanoseconds: (nanos) => timeOf(nanos < 0n ? (nanos - 999n) / 1000n : nanos / 1000n),
  dateFromDays: (days) => (Math.abs(days) > 1e8 ? String(days) : new Date(days * dayMillis).toISOString().replace(/T.*/, "")),
  jsonFromBytes: (bytes) => bytes,
  uuidFromBytes: (bytes) => bytes
}

/** What a list is of. A repeated field that no list is around is its own element. */
const elementOf = (node: Node): Node => {
  const [repeated] = node.children
  if (node.element.repetition_type === "REPEATED" || repeated === undefined) return node
  return repeated.children.length === 1 ? (repeated.children[0] ?? repeated) : repeated
}

/** A value as JSON has it. */
export const jsonOf = (value: unknown, node: Node | undefined, bytes: BytesAt | undefined): unknown => {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) {
    const element = node && elementOf(node)
    const at = typeof bytes !== "object" ? undefined : "member" in bytes ? bytes : bytes[0]
    return value.map((each) => jsonOf(each, element, at))
  }
  if (node?.isDecimal === true) return decimalOf(value, node.element.scale ?? 0)
  if (value instanceof Uint8Array) return bytesText(Buffer.from(value), node, bytes)
  if (typeof value === "number" && !Number.isFinite(value)) return String(value)
  if (typeof value !== "object") return node === undefined ? value : zonelessOf(value, node.element)
  const within = typeof bytes === "object" && "member" in bytes ? bytes : undefined
  const pairs = node?.pairs
  const entries = Object.entries(value)
  if (pairs !== undefined) return Object.fromEntries(entries.flatMap(([, all]) => mapOf(all, pairs, within)))
  return Object.fromEntries(entries.map(([key, member]) => [key, jsonOf(member, node?.members.get(key), within?.member(key))]))
}

/** @param all pairs, as hyparquet makes them of the repeated group */
const mapOf = (all: unknown, { children: [ofKey, ofValue] }: Node, within: BytesWithin | undefined): ReadonlyArray<[string, unknown]> => {
  const pairs: ReadonlyArray<{ readonly [name: string]: unknown }> = Array.isArray(all) ? all : []
  return pairs.map((pair) => {
    const key = jsonOf(pair[ofKey?.element.name ?? ""], ofKey, within?.pair?.key)
    const name = typeof key === "string" ? key : jsonText(key)
    const at = within?.pair === undefined ? within?.member(name) : within.pair.value
    return [name, jsonOf(pair[ofValue?.element.name ?? ""], ofValue, at)]
  })
}

const bytesText = (value: Buffer, node: Node | undefined, bytes: BytesAt | undefined): string => {
  if (typeof bytes === "string" && node?.isText !== true) return value.toString(bytes)
  if (node?.element.logical_type?.type === "UUID") return value.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
  return value.toString(isUtf8(value) ? "utf8" : "base64")
}

/** The exact number. */
const decimalOf = (value: unknown, scale: number): unknown => {
  const unscaled = value instanceof Uint8Array ? signed(value) : typeof value === "bigint" ? value : BigInt(Math.trunc(Number(value)))
  return rawJson(decimalText(unscaled, scale))
}
