import { Malformed } from "../record/malformed.ts"
import { type DataType, decimalType, typeText } from "./schema.ts"

/**
 * A value as read: string; byte, short, integer, float, double and date (days) `number`; long, timestamp (µs) and decimal (unscaled)
 * `bigint`; boolean; binary `Uint8Array`; arrays; structs as objects; maps as `Map`.
 */
export type ReadValue =
  | null
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | ReadonlyArray<ReadValue>
  | ReadonlyMap<ReadValue, ReadValue>
  | { readonly [name: string]: ReadValue }

/** Partition values are text in the log; here they become values of the column's type (PROTOCOL.md, "Partition Value Serialization"). */

const wrong = (text: string, type: DataType): Malformed =>
  new Malformed(
    "Corrupt",
    `the partition value ${JSON.stringify(text)} is not a ${typeText(type)}`,
    "The log was written by something that is not Delta."
  )

/** @param text null and the empty text are null */
export const partitionValue = (text: string | null, type: DataType): ReadValue => {
  if (text === null || text === "") return null
  if (typeof type !== "string") throw wrong(text, type)
  const decimal = decimalType(type)
  if (decimal !== null) return unscaled(text, decimal.scale) ?? fail(text, type)
  switch (type) {
    case "string":
      return text
    case "byte":
    case "short":
    case "integer":
      return /^-?\d+$/.test(text) ? Number(text) : fail(text, type)
    case "long":
      return /^-?\d+$/.test(text) ? BigInt(text) : fail(text, type)
    case "float":
    case "double":
      return floating(text) ?? fail(text, type)
    case "boolean":
      return text === "true" ? true : text === "false" ? false : fail(text, type)
    case "date":
      return days(text) ?? fail(text, type)
    case "timestamp":
    case "timestamp_ntz":
      return micros(text) ?? fail(text, type)
    default:
      return new TextEncoder().encode(text)
  }
}

const fail = (text: string, type: DataType): never => {
  throw wrong(text, type)
}

const floating = (text: string): number | null => {
  if (/^[-+]?Infinity$|^NaN$/.test(text)) return Number(text)
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : null
}

/** `-12.50` at scale 3 → -12500n. Null if it is no decimal, or has more digits than the scale keeps. */
const unscaled = (text: string, scale: number): bigint | null => {
  const match = /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(text)
  if (match === null) return null
  const [, sign, whole = "", fraction = "", exponent = "0"] = match
  const digits = whole + fraction
  if (digits === "") return null
  const shift = scale - fraction.length + Number(exponent)
  if (Math.abs(shift) > 100) return null
  let value = BigInt(digits)
  if (shift >= 0) value *= 10n ** BigInt(shift)
  else {
    if (value % 10n ** BigInt(-shift) !== 0n) return null
    value /= 10n ** BigInt(-shift)
  }
  return sign === "-" ? -value : value
}

const days = (text: string): number | null => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null
  const millis = Date.parse(`${text}T00:00:00Z`)
  return Number.isNaN(millis) ? null : millis / 86_400_000
}

/** `2021-09-08 11:11:11.123456` or `2021-09-08T11:11:11.123456Z`, both UTC, in microseconds. */
const micros = (text: string): bigint | null => {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(Z?)$/.exec(text)
  if (match === null) return null
  const millis = Date.parse(`${match[1]}T${match[2]}Z`)
  return Number.isNaN(millis) ? null : BigInt(millis) * 1000n + BigInt((match[3] ?? "").padEnd(6, "0"))
}
