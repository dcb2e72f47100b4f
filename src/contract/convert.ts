import type { LeafType, Value } from "../record/column.ts"
import { compactJson, NumberText, readJson } from "./json.ts"
import { epochScales, type Reading } from "./reading.ts"
import { timePattern } from "./time-pattern.ts"
import { maxTimestamp, minTimestamp, timestampMicros } from "./timestamp.ts"
import { utc, zoneOf } from "./zone.ts"

/**
 * From a JSON value to the value of a column. The input is what `JSON.parse` or `readJson` gives. Null, and empty text for everything but
 * text, is null; text that is JSON of the column's type is converted; what does not fit gives `unfit`.
 */
export type Convert = (raw: unknown) => Value | Unfit

/** The value does not fit its column. */
export const unfit: unique symbol = Symbol("unfit")
export type Unfit = typeof unfit

const jsonNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/
const shortInteger = /^-?(?:0|[1-9][0-9]{0,14})$/
const isBlank = (c: number) => c === 32 || c === 10 || c === 13 || c === 9

/** Text without the blanks that JSON allows around a value. By hand: a pattern for the end takes quadratic time on hostile text. */
export const trimmed = (text: string): string => {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** The JSON text of a number: as written where that is known. `null`: nothing there. */
const numberText = (raw: unknown): string | null | Unfit => {
  if (raw === null || raw === undefined) return null
  if (typeof raw === "number") return Number.isFinite(raw) ? String(raw) : unfit
  if (raw instanceof NumberText) return raw.source
  if (typeof raw !== "string") return unfit
  const text = trimmed(raw)
  return text === "" || text === "null" ? null : jsonNumber.test(text) ? text : unfit
}

/**
 * `text` × 10^scale as an integer, exactly; `unfit` when digits would be lost or when it has more than `maxDigits` digits. Never builds a
 * number larger than that, whatever the exponent says.
 */
export const scaledInteger = (text: string, scale: number, maxDigits: number): bigint | Unfit => {
  const e = text.search(/[eE]/)
  const mantissa = e < 0 ? text : text.slice(0, e)
  const dot = mantissa.indexOf(".")
  const negative = mantissa.startsWith("-")
  const digits = (dot < 0 ? mantissa : mantissa.slice(0, dot) + mantissa.slice(dot + 1)).slice(negative ? 1 : 0).replace(/^0+/, "")
  if (digits === "") return 0n
  let last = digits.length
  while (digits.charCodeAt(last - 1) === 48) last--
  const significant = digits.slice(0, last)
  const exponent =
    (e < 0 ? 0 : Number(text.slice(e + 1))) - (dot < 0 ? 0 : mantissa.length - dot - 1) + digits.length - significant.length + scale
  if (exponent < 0 || significant.length + exponent > maxDigits) return unfit
  const magnitude = BigInt(significant + "0".repeat(exponent))
  return negative ? -magnitude : magnitude
}

const text: Convert = (raw) => {
  if (typeof raw === "string") return raw.toWellFormed()
  if (raw === null || raw === undefined) return null
  if (raw instanceof NumberText) return raw.source
  return typeof raw === "number" || typeof raw === "boolean" ? String(raw) : unfit
}

export const minLong = -(2n ** 63n)
export const maxLong = 2n ** 63n - 1n

const long: Convert = (raw) => {
  if (typeof raw === "number" && Number.isSafeInteger(raw)) return BigInt(raw)
  if (typeof raw === "string" && shortInteger.test(raw)) return BigInt(raw)
  const source = numberText(raw)
  if (source === null || source === unfit) return source
  const value = scaledInteger(source, 0, 19)
  return value === unfit || value < minLong || value > maxLong ? unfit : value
}

const integer: Convert = (raw) => {
  if (typeof raw === "number" && (raw | 0) === raw) return raw | 0
  const value = long(raw)
  if (typeof value !== "bigint") return value
  return value < -2147483648n || value > 2147483647n ? unfit : Number(value)
}

const double: Convert = (raw) => {
  if (typeof raw === "number") return Number.isFinite(raw) ? raw : unfit
  const source = numberText(raw)
  if (source === null || source === unfit) return source
  const value = Number(source)
  return Number.isFinite(value) ? value : unfit
}

const boolean: Convert = (raw) => {
  if (typeof raw === "boolean") return raw
  if (raw === null || raw === undefined) return null
  if (typeof raw !== "string") return unfit
  const text = trimmed(raw)
  return text === "true" ? true : text === "false" ? false : text === "" || text === "null" ? null : unfit
}

const decimal = (precision: number, scale: number, sign: string): Convert => {
  const point: Convert = (raw) => {
    const source = numberText(raw)
    return source === null || source === unfit ? source : scaledInteger(source, scale, precision)
  }
  // Numbers of JSON have a point, whatever stands in texts.
  return sign === "." ? point : (raw) => (typeof raw !== "string" ? point(raw) : raw.includes(".") ? unfit : point(raw.replace(sign, ".")))
}

/** Is the text nothing? Blank, or JSON's null. */
const isNothing = (text: string): boolean => text === "" || text === "null"

/** A time as text, by a function that gives null where it is none. */
const timeText =
  (read: (text: string) => bigint | null): Convert =>
  (raw) => {
    if (raw === null || raw === undefined) return null
    if (typeof raw !== "string") return unfit
    const text = trimmed(raw)
    return isNothing(text) ? null : (read(text) ?? unfit)
  }

/** A time as a number of units since 1970. What is smaller than a microsecond is cut off. @param scale of the units: 10^-scale microseconds */
const epoch =
  (scale: number): Convert =>
  (raw) => {
    const source = numberText(raw)
    if (source === null || source === unfit) return source
    const dot = source.indexOf(".")
    const cut = dot < 0 || /[eE]/.test(source) ? source : source.slice(0, dot + 1 + scale).replace(/\.$/, "")
    const micros = scaledInteger(cut, scale, 18)
    return micros === unfit || micros < minTimestamp || micros > maxTimestamp ? unfit : micros
  }

const timestamp = ({ from = "iso", zone }: Reading): Convert => {
  // The contract was checked: what is none counts as UTC until it is refused.
  const place = zone === undefined ? utc : (zoneOf(zone) ?? utc)
  if (from === "iso") return timeText((text) => timestampMicros(text, place))
  if (typeof from === "string") return epoch(epochScales[from])
  const pattern = timePattern(from.pattern)
  return timeText((text) => (typeof pattern === "string" ? null : pattern.read(text, place)))
}

/** The day on the clocks of the zone: where a time has an offset, and as a number, that of UTC. */
const date = (reading: Reading): Convert => {
  const read = timestamp({ ...reading, zone: undefined })
  return (raw) => {
    const micros = read(raw)
    if (typeof micros !== "bigint") return micros
    const day = micros / 86_400_000_000n
    return Number(day * 86_400_000_000n > micros ? day - 1n : day)
  }
}

const base64 = /^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$/
const hexadecimal = /^(?:[0-9A-Fa-f]{2})*$/

const binary =
  (form: "base64" | "hex"): Convert =>
  (raw) => {
    if (raw === null || raw === undefined) return null
    if (typeof raw !== "string") return unfit
    const text = trimmed(raw)
    if (isNothing(text)) return null
    // The copy has a buffer of its own.
    return (form === "hex" ? hexadecimal : base64).test(text) ? new Uint8Array(Buffer.from(text, form)) : unfit
  }

/** Text that is not JSON is kept as a JSON string, so that a column of JSON takes whatever comes. */
const json: Convert = (raw) => {
  const value = jsonValue(raw)
  return value === null ? null : compactJson(value)
}

/** The value that a column of JSON is about to hold: text that is a JSON document is that document. */
export const jsonValue = (raw: unknown, maxDepth?: number): unknown => {
  if (raw === null || raw === undefined) return null
  if (typeof raw !== "string") return raw
  const text = trimmed(raw)
  if (text === "") return null
  const read = readJson(text, maxDepth)
  return "value" in read ? read.value : raw
}

/** The conversion that belongs to a column type. @param reading how its values are written, where that is not the usual way */
export const converterOf = (type: LeafType, reading: Reading = {}): Convert => {
  switch (type.type) {
    case "text":
      return text
    case "json":
      return json
    case "integer":
      return integer
    case "long":
      return long
    case "double":
      return double
    case "boolean":
      return boolean
    case "decimal":
      return decimal(type.precision, type.scale, reading.decimalSign ?? ".")
    case "timestamp":
      return timestamp(reading)
    case "date":
      return date(reading)
    case "binary":
      return binary(reading.bytes ?? "base64")
  }
}

/** Is it the text of a document? Returns the document, null where there is none, `unfit` where it is something else. */
export const documentOf = (raw: unknown): unknown => {
  if (raw === null || raw === undefined) return null
  if (typeof raw !== "string") return raw
  const text = trimmed(raw)
  if (text === "" || text === "null") return null
  const read = readJson(text)
  return "value" in read ? read.value : unfit
}
