import { parquetWriteBuffer } from "hyparquet-writer"
import type { MadeRows } from "../contract/generator.ts"
import { timestampMicros } from "../contract/timestamp.ts"
import type { LeafType } from "../record/column.ts"
import type { SchemaElement } from "./metadata.ts"

/**
 * A file of rows whose values are texts, as tools that replicate databases write one: types in the old annotations alone, times in microseconds. For what is
 * generated; what Sluice keeps itself is written by `file.ts`. Throws `RangeError` where a value is none of its column's type.
 */
export const writtenRows = ({ columns, rows }: MadeRows): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      schema: [{ name: "root", num_children: columns.length }, ...columns.map(({ name, type }) => elementOf(name, type))],
      columnData: columns.map(({ name, type }) => ({
        name,
        data: rows.map((row) => {
          const value = row[name] ?? null
          return value === null ? null : valueIn(String(value), type, name)
        })
      })),
      codec: "UNCOMPRESSED"
    })
  )

const elementOf = (name: string, type: LeafType): SchemaElement => {
  const element = { name, repetition_type: "OPTIONAL" as const }
  switch (type.type) {
    case "integer":
      return { ...element, type: "INT32" }
    case "long":
      return { ...element, type: "INT64" }
    case "timestamp":
      return { ...element, type: "INT64", converted_type: "TIMESTAMP_MICROS" }
    case "date":
      return { ...element, type: "INT32", converted_type: "DATE" }
    case "decimal":
      return { ...element, type: "INT64", converted_type: "DECIMAL", precision: Math.min(18, type.precision), scale: type.scale }
    default:
      return { ...element, type: "BYTE_ARRAY", converted_type: "UTF8" }
  }
}

const dayMicros = 86_400_000_000n

const valueIn = (text: string, type: LeafType, name: string): string | number | bigint => {
  const value = readAs(text, type)
  if (value === null) throw new RangeError(`${name} is ${JSON.stringify(text)}, which is no ${type.type} that a file of Parquet can have.`)
  return value
}

const readAs = (text: string, type: LeafType): string | number | bigint | null => {
  switch (type.type) {
    case "integer":
      return /^-?\d{1,9}$/.test(text) ? Number(text) : null
    case "long":
      return /^-?\d{1,18}$/.test(text) ? BigInt(text) : null
    case "timestamp":
      return timestampMicros(text)
    case "date": {
      const micros = timestampMicros(text)
      return micros === null || micros % dayMicros !== 0n ? null : Number(micros / dayMicros)
    }
    case "decimal": {
      const [, sign = "", whole = "", part = ""] = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text) ?? []
      const digits = part.padEnd(type.scale, "0")
      return whole === "" || digits.length > type.scale ? null : BigInt(`${sign}${whole}${digits}`)
    }
    default:
      return text
  }
}
