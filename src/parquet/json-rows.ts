import { isUtf8 } from "node:buffer"
import { type AsyncBuffer, type ParquetParsers, parquetMetadataAsync, type SchemaElement } from "hyparquet"
import { formatMicros, maxTimestamp, minTimestamp } from "../contract/timestamp.ts"
import { decimalText } from "../record/decimal-text.ts"
import { jsonText, rawJson } from "../record/json-text.ts"
import { exactRows, signed, without } from "./object-rows.ts"

/**
 * The rows of a Parquet file, whoever wrote it, as JSON objects, some of a row group at a time: integers and decimals with all their digits, times and days in
 * ISO 8601, bytes that are not text in base64. The same file always gives the same text. Throws whatever hyparquet says of a file that is damaged.
 */
export async function* jsonRows(file: AsyncBuffer): AsyncGenerator<ReadonlyArray<string>, void> {
  const metadata = await parquetMetadataAsync(file)
  const [root] = nodesOf(metadata.schema, 0)
  const undecorated = without(["DECIMAL"], metadata)
  let rowStart = 0
  for (const { num_rows, total_byte_size } of metadata.row_groups) {
    const behind = rowStart + Number(num_rows)
    const atOnce = Math.max(1, Math.floor((Number(num_rows) * bytesAtOnce) / Math.max(1, Number(total_byte_size))))
    while (rowStart < behind) {
      const rowEnd = Math.min(behind, rowStart + atOnce)
      const rows = await exactRows(file, undecorated, { rowStart, rowEnd, useOffsetIndex: true }, parsers)
      yield rows.map((row) => jsonText(jsonOf(row, root)))
      rowStart = rowEnd
    }
  }
}

/** As much of a row group is made rows at once: as objects, and then as text, they take many times that. */
const bytesAtOnce = 16 * 1024 * 1024

interface Node {
  readonly element: SchemaElement
  readonly children: ReadonlyArray<Node>
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
  return [{ element, children }, next]
}

const isDecimal = ({ converted_type, logical_type }: SchemaElement): boolean =>
  converted_type === "DECIMAL" || logical_type?.type === "DECIMAL"

const timeOf = (micros: bigint): string => (micros < minTimestamp || micros > maxTimestamp ? String(micros) : formatMicros(micros))
const dayMillis = 86_400_000

const parsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => timeOf(millis * 1000n),
  timestampFromMicroseconds: timeOf,
  timestampFromNanoseconds: (nanos) => timeOf(nanos < 0n ? (nanos - 999n) / 1000n : nanos / 1000n),
  dateFromDays: (days) => (Math.abs(days) > 1e8 ? String(days) : new Date(days * dayMillis).toISOString().replace(/T.*/, "")),
  jsonFromBytes: (bytes) => bytes
}

/** What a list is of. A repeated field that no list is around is its own element. */
const elementOf = (node: Node): Node => {
  const [repeated] = node.children
  if (node.element.repetition_type === "REPEATED" || repeated === undefined) return node
  return repeated.children.length === 1 ? (repeated.children[0] ?? repeated) : repeated
}

/** A value as JSON has it. */
const jsonOf = (value: unknown, node: Node | undefined): unknown => {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) {
    const element = node && elementOf(node)
    return value.map((each) => jsonOf(each, element))
  }
  if (node !== undefined && isDecimal(node.element)) return decimalOf(value, node.element.scale ?? 0)
  if (value instanceof Uint8Array) return isUtf8(value) ? Buffer.from(value).toString("utf8") : Buffer.from(value).toString("base64")
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value)
  if (typeof value !== "object") return value
  const ofMap = node !== undefined && isMap(node.element) ? node.children[0]?.children[1] : undefined
  const members = new Map(node?.children.map((child) => [child.element.name, child]))
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonOf(member, ofMap ?? members.get(key))]))
}

const isMap = ({ converted_type, logical_type }: SchemaElement): boolean =>
  converted_type === "MAP" || converted_type === "MAP_KEY_VALUE" || logical_type?.type === "MAP"

/** The exact number. */
const decimalOf = (value: unknown, scale: number): unknown => {
  const unscaled = value instanceof Uint8Array ? signed(value) : typeof value === "bigint" ? value : BigInt(Math.trunc(Number(value)))
  return rawJson(decimalText(unscaled, scale))
}
