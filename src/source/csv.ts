import { existsSync, statSync } from "node:fs"
import { SourceError } from "../record/source-error.ts"
import type { FileLocation } from "./byte-reader.ts"
import { openContent } from "./content.ts"
import { ioError } from "./io-error.ts"

/** A row that cannot be read; `row` counts from 1 within the bytes that were given. */
export class CsvFault extends Error {}

const quote = 34
const comma = 44
const newline = 10
const carriageReturn = 13

/**
 * The complete rows at the front of `bytes` (RFC 4180: quoted fields may hold commas, line ends and doubled quotes; rows end in LF or CRLF).
 * Rows without any byte are passed over.
 *
 * @param atEnd is nothing to follow? Then a last row needs no line end, and an open quote is a fault
 * @returns the rows, and how many bytes they took: what is left belongs to a row that is not complete
 */
export const parseRows = (bytes: Buffer, atEnd: boolean): { readonly rows: Array<Array<string>>; readonly consumed: number } => {
  const rows: Array<Array<string>> = []
  let row: Array<string> = []
  let consumed = 0
  let at = 0
  while (at < bytes.length) {
    let field: string
    let end: number
    if (bytes[at] === quote) {
      end = closingQuote(bytes, at + 1)
      if (end < 0) {
        if (atEnd) throw new CsvFault("a quoted field is not closed")
        break
      }
      field = bytes.toString("utf8", at + 1, end).replaceAll('""', '"')
      end++
    } else {
      end = at
      while (end < bytes.length && bytes[end] !== comma && bytes[end] !== newline) end++
      const bare = bytes[end] === newline && end > at && bytes[end - 1] === carriageReturn ? end - 1 : end
      field = bytes.toString("utf8", at, bare)
    }
    if (bytes[end] === carriageReturn && bytes[end + 1] === newline) end++
    if (end >= bytes.length || (bytes[end] === carriageReturn && end + 1 === bytes.length)) {
      if (!atEnd) break
      row.push(field)
      rows.push(row)
      return { rows, consumed: bytes.length }
    }
    if (bytes[end] === comma) {
      row.push(field)
      at = end + 1
      if (at === bytes.length && atEnd) row.push("")
    } else if (bytes[end] === newline) {
      if (row.length > 0 || field !== "" || bytes[at] === quote) rows.push([...row, field])
      row = []
      at = end + 1
      consumed = at
    } else throw new CsvFault("text follows the end of a quoted field")
  }
  if (atEnd && row.length > 0) rows.push(row)
  return { rows, consumed: atEnd ? bytes.length : consumed }
}

/** Index of the quote that closes a field; -1 where it does not come, or may still turn out to be a doubled one. */
const closingQuote = (bytes: Buffer, from: number): number => {
  for (let at = from; ; at += 2) {
    at = bytes.indexOf(quote, at)
    if (at < 0 || bytes[at + 1] !== quote) return at
  }
}

/** Larger rows mean that a quote was left open somewhere. */
const maxRowBytes = 4 * 1024 * 1024

/** A table as CSV, plain or gzip. */
export interface CsvFile extends FileLocation {
  readonly size: number
  readonly modifiedAt: number
  /** See `FileEntry`. */
  readonly changedAt: number
}

/** `<table>.csv` or `<table>.csv.gz` in a folder; undefined where there is neither. */
export const findCsv = (source: string, folder: string, table: string): CsvFile | undefined => {
  const path = [`${folder}/${table}.csv`, `${folder}/${table}.csv.gz`].find((candidate) => existsSync(candidate))
  if (path === undefined) return undefined
  try {
    const stats = statSync(path)
    return { source, path, size: stats.size, modifiedAt: Math.floor(stats.mtimeMs), changedAt: stats.ctimeMs }
  } catch (cause) {
    throw ioError(source, path, cause)
  }
}

/**
 * The wanted columns of a CSV file with a header, in the order in which they are asked for, some thousand rows at a time. Values are the
 * text of the file; an absent value is the empty string. Throws `SourceError` naming file and column, or file and row.
 */
export async function* readCsv(file: CsvFile, columns: ReadonlyArray<string>): AsyncGenerator<ReadonlyArray<ReadonlyArray<string>>, void> {
  const content = await openContent(file, file.size)
  const reader = await content.from(0)
  const invalid = (detail: string, hint: string) =>
    new SourceError({ source: file.source, reason: "Invalid", location: file.path, detail, hint })
  try {
    let picked: { readonly width: number; readonly at: ReadonlyArray<number> } | undefined
    let rowNumber = 0
    let carry = Buffer.alloc(0)
    for (let atEnd = false; !atEnd; ) {
      const chunk = Buffer.allocUnsafeSlow(carry.length + 64 * 1024)
      chunk.set(carry)
      const read = await reader.read(chunk.subarray(carry.length))
      atEnd = read === 0
      const bytes = chunk.subarray(0, carry.length + read)
      const { rows, consumed } = parsed(bytes, atEnd, () => invalid(`A row after row ${rowNumber} is not CSV`, "Export the file again."))
      carry = bytes.subarray(consumed)
      if (carry.length > maxRowBytes) throw invalid(`The row after row ${rowNumber} does not end`, "A quote is left open: export it again.")
      if (picked === undefined) {
        const header = rows.shift()
        if (header === undefined && !atEnd) continue
        picked = pick(header ?? [], columns, (missing) =>
          invalid(`Column ${missing} is missing`, `The header must name ${columns.join(", ")}.`)
        )
      }
      const { width, at } = picked
      const selected = rows.map((row, i) => {
        if (row.length !== width) {
          throw invalid(`Row ${rowNumber + i + 1} has ${row.length} fields, the header ${width}`, "Export the file again.")
        }
        return at.map((column) => row[column] ?? "")
      })
      rowNumber += rows.length
      if (selected.length > 0) yield selected
    }
  } finally {
    await reader.close()
    await content.close()
  }
}

const parsed = (bytes: Buffer, atEnd: boolean, fault: () => SourceError) => {
  try {
    return parseRows(bytes, atEnd)
  } catch (cause) {
    throw cause instanceof CsvFault ? fault() : cause
  }
}

/** Where the wanted columns stand. The header may begin with a byte order mark. */
const pick = (header: ReadonlyArray<string>, columns: ReadonlyArray<string>, missing: (column: string) => SourceError) => {
  const names = header.map((column, i) => (i === 0 ? column.replace(/^\uFEFF/, "") : column))
  const at = columns.map((column) => {
    const index = names.indexOf(column)
    if (index < 0) throw missing(column)
    return index
  })
  return { width: names.length, at }
}
