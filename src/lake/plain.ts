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
import { rawJson } from "../record/json-text.ts"

/**
 * A value of a result, exact. Integers are numbers where they fit, else bigints; decimals are {@link Decimal}s; timestamps are ISO 8601 text
 * with microseconds; dates, times, intervals and UUIDs are text; bytes are base64 text, cut to {@link blobLimit} bytes and an ellipsis; lists are
 * arrays; structs and maps are objects.
 */
export type Plain = null | boolean | number | bigint | string | Decimal | ReadonlyArray<Plain> | { readonly [name: string]: Plain }

/** An exact decimal number, as text: it is never made a float. In JSON it is a number with all its digits. */
export class Decimal {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
  toJSON(): unknown {
    return rawJson(this.text)
  }
}

/** Bytes of a blob that are shown. */
export const blobLimit = 48 * 1024

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
  if (value instanceof DuckDBBlobValue) return base64(value.bytes)
  return value.toString()
}

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

const base64 = (bytes: Uint8Array): string =>
  bytes.length > blobLimit ? `${Buffer.from(bytes.subarray(0, blobLimit)).toString("base64")}…` : Buffer.from(bytes).toString("base64")

/** @param micros since 1970, UTC */
export const isoMicros = (micros: bigint, zone: boolean): string => {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((micros - fraction) / 1000n))
  if (Number.isNaN(seconds.getTime())) return `${micros} microseconds since 1970`
  return `${seconds.toISOString().slice(0, -5)}.${String(fraction).padStart(6, "0")}${zone ? "Z" : ""}`
}
