import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue
} from "@duckdb/node-api"
import { Decimal, type Plain } from "./plain.ts"

/** A value as DuckDB gives it. */
export const plain = (value: DuckDBValue): Plain => {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value
  // JSON has no NaN and no infinity.
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value)
  if (typeof value === "bigint") return value >= -maxSafe && value <= maxSafe ? Number(value) : value
  if (value instanceof DuckDBDecimalValue) return new Decimal(value.toString())
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue) {
    return value.isFinite ? isoMicros(value.micros, value instanceof DuckDBTimestampTZValue) : value.toString()
  }
  if (value instanceof DuckDBStructValue) return Object.fromEntries(Object.entries(value.entries).map(([name, v]) => [name, plain(v)]))
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(plain)
  if (value instanceof DuckDBMapValue) return Object.fromEntries(value.entries.map(({ key, value }) => [String(plain(key)), plain(value)]))
  if (value instanceof DuckDBUnionValue) return plain(value.value)
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString("base64")
  return value.toString()
}

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** @param micros since 1970, UTC */
export const isoMicros = (micros: bigint, zone: boolean): string => {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((micros - fraction) / 1000n))
  if (Number.isNaN(seconds.getTime())) return `${micros} microseconds since 1970`
  return `${seconds.toISOString().slice(0, -5)}.${String(fraction).padStart(6, "0")}${zone ? "Z" : ""}`
}
