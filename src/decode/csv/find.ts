import { isAscii, isUtf8 } from "node:buffer"
import type { Fields } from "../../contract/field.ts"
import type { CsvFormat } from "../../contract/format.ts"
import { markAt } from "../../record/byte-order-mark.ts"
import type { Cells } from "../fields/cells.ts"
import { bytesEnd } from "../fields/line-end.ts"
import type { FieldFinder } from "../fields/parts.ts"
import { Header } from "./header.ts"

/** More fields than any table has. */
const mostFields = 4096

/** Finds the fields of CSV records in their bytes. */
export class CsvFinder implements FieldFinder {
  readonly accepts: (bytes: Uint8Array) => boolean
  readonly #header: Header
  readonly #delimiter: number
  /** -1: there are none. */
  readonly #quote: number
  readonly #nullText: Buffer

  constructor(format: CsvFormat, fields: Fields, anyCase: boolean) {
    // What is ASCII is the same in all encodings.
    this.accepts = format.encoding === "utf-8" ? isUtf8 : isAscii
    this.#header = new Header(format, fields, anyCase)
    this.#delimiter = format.delimiter.charCodeAt(0)
    this.#quote = format.quote?.charCodeAt(0) ?? -1
    this.#nullText = Buffer.from(format.nullText)
  }

  names(header: Uint8Array | undefined): ReadonlyArray<string> | undefined {
    const names = this.#header.names(header)
    return "reason" in names || names.length > mostFields ? undefined : names
  }

  take({ marks }: Cells, end: number): void {
    const delimiter = this.#delimiter
    marks.mark(end, delimiter, 10, this.#quote < 0 ? delimiter : this.#quote)
  }

  find(cells: Cells, start: number, recordEnd: number, names: number): boolean {
    const { bytes, marks } = cells
    const delimiter = this.#delimiter
    const quote = this.#quote
    const end = bytesEnd(bytes, recordEnd)
    let at = start + markAt(bytes, start)
    // Nothing, which the definition knows what to make of.
    if (at >= end) return false
    const most = cells.count + names
    for (;;) {
      if (cells.count === most) return false
      let next: number
      if (bytes[at] === quote) {
        next = marks.next(at + 1)
        while (next < end && bytes[next] !== quote) next = marks.next(next + 1)
        if (next >= end) return false
        if (bytes[next + 1] === quote && next + 1 < end) next = this.#doubled(cells, at + 1, next, end)
        else cells.add(at + 1, next)
        if (next < 0 || (++next < end && bytes[next] !== delimiter)) return false
      } else {
        next = marks.next(at)
        while (next < end && bytes[next] === quote) next = marks.next(next + 1)
        if (next >= end) next = end
        else if (bytes[next] === 10) return false
        if (next - at === this.#nullText.length && this.#isNull(bytes, at)) cells.addNull()
        else cells.add(at, next)
      }
      if (next >= end) return cells.count === most
      at = next + 1
    }
  }

  #isNull(bytes: Buffer, at: number): boolean {
    const text = this.#nullText
    for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
    return true
  }

  /** Adds the field whose content begins at `start`, in which a doubled quote stands at `first`. @returns where its closing quote is; -1: nowhere */
  #doubled(cells: Cells, start: number, first: number, end: number): number {
    const { bytes } = cells
    const quote = this.#quote
    let to = cells.room
    let from = start
    for (let at = first; ; ) {
      // One of the two quotes.
      to += bytes.copy(bytes, to, from, at + 1)
      from = at + 2
      at = from
      while (at < end && bytes[at] !== quote) at++
      if (at >= end) return -1
      if (bytes[at + 1] === quote && at + 1 < end) continue
      to += bytes.copy(bytes, to, from, at)
      cells.addWritten(to)
      return at
    }
  }
}
