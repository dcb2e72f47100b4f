import { isUtf8 } from "node:buffer"
import type { CsvFormat } from "../../contract/format.ts"
import { markAt } from "../../record/byte-order-mark.ts"
import { type Fault, fault, notUtf8, shifted } from "../fault.ts"
import { textEnd } from "../fields/line-end.ts"
import { byteOffset } from "../locate.ts"

export interface CsvField {
  readonly text: string
  readonly isQuoted: boolean
  /** UTF-16 units of the record's text before it. */
  readonly at: number
}

export interface CsvRecord {
  /** None: there is nothing, a blank line. */
  readonly fields: ReadonlyArray<CsvField>
  /** UTF-16 units of the record's text, without the end of its line. */
  readonly length: number
  /** Bytes before a place in the text. */
  readonly offsetOf: (units: number) => number
}

/** Reads the fields of one record, which may have the end of its line behind it, and a byte order mark in front. */
export const readRecord = (format: CsvFormat, raw: Buffer): CsvRecord | Fault => {
  const mark = markAt(raw)
  const bytes = raw.subarray(mark)
  const isWide = format.encoding === "utf-8"
  if (isWide && !isUtf8(bytes)) return shifted(notUtf8(bytes), mark)
  const text = isWide ? bytes.toString("utf8") : format.encoding === "latin1" ? bytes.toString("latin1") : windows1252.decode(bytes)
  const offsetOf = (units: number): number => mark + (isWide ? byteOffset(text, units) : units)
  const length = textEnd(text)
  const fields = length === 0 ? [] : split(format, text.slice(0, length), offsetOf)
  return "reason" in fields ? fields : { fields, length, offsetOf }
}

/** One byte is one character. */
const windows1252 = new TextDecoder("windows-1252")

const split = ({ delimiter, quote }: CsvFormat, text: string, offsetOf: (units: number) => number): ReadonlyArray<CsvField> | Fault => {
  const fields: Array<CsvField> = []
  /** The next end of a line. */
  let newline = -1
  for (let at = 0; ; ) {
    let end: number
    if (quote !== null && text.startsWith(quote, at)) {
      const close = closing(text, quote, at + 1)
      if (close < 0) {
        const [opened, ended] = [offsetOf(at), offsetOf(text.length)]
        return fault("truncated", null, `The record ends at byte ${ended}, and a quote is open since byte ${opened}.`, ended)
      }
      fields.push({ text: text.slice(at + 1, close).replaceAll(quote + quote, quote), isQuoted: true, at })
      end = close + 1
      if (end < text.length && !text.startsWith(delimiter, end)) {
        const behind = offsetOf(end)
        return fault("not_csv", null, `Something stands behind a closing quote at byte ${behind}.`, behind)
      }
    } else {
      end = placeOf(text, delimiter, at)
      if (newline < at) newline = placeOf(text, "\n", at)
      if (newline < end) {
        const ended = offsetOf(newline)
        return fault("not_csv", null, `The record ends at byte ${ended}, and another one follows.`, ended)
      }
      fields.push({ text: text.slice(at, end), isQuoted: false, at })
    }
    if (end === text.length) return fields
    at = end + 1
  }
}

/** Index of the first `what` from `at` on; the text's length where there is none. */
const placeOf = (text: string, what: string, at: number): number => {
  const found = text.indexOf(what, at)
  return found < 0 ? text.length : found
}

/** Index of the quote that closes a field, doubled ones passed over; -1: there is none. */
const closing = (text: string, quote: string, from: number): number => {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 2)) if (text[at + 1] !== quote) return at
  return -1
}
