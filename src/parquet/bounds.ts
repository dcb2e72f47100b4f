import type { LeafType, Value } from "../record/column.ts"

/**
 * Order of texts in a Parquet file and in a Delta log: by UTF-8 bytes, which is by code points, and not what `<` of JavaScript says: that
 * puts characters beyond U+FFFF (surrogate pairs, from 0xD800) before U+E000 to U+FFFF. Both texts must be well-formed.
 */
export const compareText = (a: string, b: string): number => {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  let i = 0
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++
  if (i === length) return a.length - b.length
  const x = a.charCodeAt(i)
  const y = b.charCodeAt(i)
  // Surrogates rank above everything else. Two of them compare right as units: the halves of a pair differ in the same direction.
  const high = isSurrogate(x)
  return high === isSurrogate(y) ? x - y : high ? 1 : -1
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff

/** Longest text that a bound keeps whole, in UTF-16 code units; readers that are written in Java count so too. */
const prefixLength = 32
/** How far a maximum may grow when the characters that follow are the largest there are. */
const longestMaximum = 64
const largestCharacter = "\u{10ffff}"

/** A lower bound for a text, at most 32 code units: a prefix sorts before what it is a prefix of. */
export const lowerBound = (text: string): string => (text.length <= prefixLength ? text : text.slice(0, boundaryAt(text, prefixLength)))

/**
 * An upper bound for a text: itself, or its first characters and one that is larger than the first that is cut off: U+007F when that is
 * enough, which keeps ASCII ASCII, else the largest character. Null: there is none within 64 code units.
 */
export const upperBound = (text: string): string | null => {
  if (text.length <= prefixLength) return text
  let end = boundaryAt(text, prefixLength)
  while (end < text.length && end <= longestMaximum) {
    const cut = text.codePointAt(end) ?? 0
    if (cut < 0x7f) return `${text.slice(0, end)}\u007f`
    if (cut < 0x10ffff) return text.slice(0, end) + largestCharacter
    end += 2
  }
  return end >= text.length && end <= longestMaximum ? text : null
}

/** The largest cut at or before `end` that does not divide a surrogate pair. */
const boundaryAt = (text: string, end: number): number => {
  const unit = text.charCodeAt(end - 1)
  return unit >= 0xd800 && unit <= 0xdbff ? end - 1 : end
}

/** Can a minimum and a maximum be said of this type? Not of JSON, whose order means nothing, nor of what the log has no form for. */
export const hasBounds = (leaf: LeafType): boolean => leaf.type !== "json" && leaf.type !== "binary"

/** Smallest and largest value, exactly; null where there is none. */
export interface Bounds {
  min: Value
  max: Value
}

/** Widens bounds by those of other values of the same column. */
export const widen = (bounds: Bounds, { min, max }: Readonly<Bounds>): void => {
  if (min !== null && (bounds.min === null || compareValues(min, bounds.min) < 0)) bounds.min = min
  if (max !== null && (bounds.max === null || compareValues(max, bounds.max) > 0)) bounds.max = max
}

const compareValues = (a: Value, b: Value): number => {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b)
  if (
    (typeof a === "number" && typeof b === "number") ||
    (typeof a === "bigint" && typeof b === "bigint") ||
    (typeof a === "boolean" && typeof b === "boolean")
  )
    return a < b ? -1 : a > b ? 1 : 0
  throw new TypeError("values of one column are of one type")
}
