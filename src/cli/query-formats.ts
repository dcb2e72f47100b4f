import type { ResultColumn } from "../duckdb/duckdb.ts"
import type { Plain } from "../duckdb/plain.ts"
import { jsonText } from "../record/json-text.ts"
import { cutTo, oneLine, padTo, widthOf } from "./terminal.ts"

/** Forms in which a result is text. */
export const textFormats = ["table", "csv", "json", "ndjson"] as const
export type TextFormat = (typeof textFormats)[number]
export const formats = [...textFormats, "parquet"] as const
export type Format = (typeof formats)[number]

/** A result as text, made piece by piece: it may be larger than memory. */
export interface Writer {
  readonly begin: string
  readonly rows: (rows: ReadonlyArray<ReadonlyArray<Plain>>) => string
  readonly end: () => string
}

/** How a result is written for programs and files: every row, whole cells. */
export const writerOf = (format: TextFormat, columns: ReadonlyArray<ResultColumn>): Writer => {
  switch (format) {
    case "table":
      return tableWriter(columns)
    case "csv":
      return csvWriter(columns)
    case "json":
      return jsonWriter(columns)
    case "ndjson": {
      const object = objectOf(columns)
      return { begin: "", rows: (rows) => rows.map((row) => `${object(row)}\n`).join(""), end: () => "" }
    }
  }
}

/** One JSON array, a row a line. */
const jsonWriter = (columns: ReadonlyArray<ResultColumn>): Writer => {
  const object = objectOf(columns)
  let first = true
  return {
    begin: "[",
    rows: (rows) => {
      if (rows.length === 0) return ""
      const text = `${first ? "" : ",\n"}${rows.map(object).join(",\n")}`
      first = false
      return text
    },
    end: () => "]\n"
  }
}

/** A row as JSON, with its columns in their order: an object of JavaScript would put names that are numbers first. */
const objectOf = (columns: ReadonlyArray<ResultColumn>) => {
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`)
  return (row: ReadonlyArray<Plain>): string => `{${names.map((name, i) => name + jsonText(row[i] ?? null)).join(",")}}`
}

/** RFC 4180, with a header. NULL is an empty field, an empty text a quoted one; lists and structs are JSON. */
const csvWriter = (columns: ReadonlyArray<ResultColumn>): Writer => {
  const line = (cells: ReadonlyArray<Plain>) => `${cells.map((value) => (value === null ? "" : csvField(textOf(value)))).join(",")}\r\n`
  return { begin: line(columns.map(({ name }) => name)), rows: (rows) => rows.map(line).join(""), end: () => "" }
}

const csvField = (text: string): string => (text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const textOf = (value: Plain): string => (typeof value === "string" ? value : value === null ? "NULL" : jsonText(value))

/** Cells that the rows after the first ones are aligned to, at most: what is wider sticks out. */
const widestAligned = 64

/** Aligned by the first rows that come, which are some two thousand. */
const tableWriter = (columns: ReadonlyArray<ResultColumn>): Writer => {
  const names = columns.map(({ name }) => oneLine(name))
  let widths: ReadonlyArray<number> | null = null
  const aligned = (cells: ReadonlyArray<ReadonlyArray<string>>): string => {
    const first = widths === null ? [names, ...cells] : cells
    widths ??= widthsOf(first).map((width) => Math.min(width, widestAligned))
    return lines(first, widths, columns)
  }
  if (isPlan(columns)) return planWriter
  return {
    begin: "",
    rows: (rows) => (rows.length === 0 ? "" : aligned(rows.map((row) => row.map((value) => oneLine(textOf(value)))))),
    end: () => (widths === null ? aligned([]) : "")
  }
}

/** What EXPLAIN gives: lines, which are no cells. */
const isPlan = (columns: ReadonlyArray<ResultColumn>): boolean => columns.map(({ name }) => name).join() === "explain_key,explain_value"

const planWriter: Writer = {
  begin: "",
  rows: (rows) => rows.map(([, plan]) => `${textOf(plan ?? null).trimEnd()}\n`).join(""),
  end: () => ""
}

const widthsOf = (cells: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<number> => {
  const widths: Array<number> = []
  for (const row of cells) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))
  return widths
}

const between = "  "

/** Numbers to the right, as all else to the left. */
const lines = (
  cells: ReadonlyArray<ReadonlyArray<string>>,
  widths: ReadonlyArray<number>,
  columns: ReadonlyArray<ResultColumn>
): string => {
  const sides = columns.map(({ type }) =>
    /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\b.*)$/.test(type) ? "before" : "after"
  )
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, i) => padTo(cell, widths[i] ?? 0, sides[i] ?? "after"))
          .join(between)
          .trimEnd()}\n`
    )
    .join("")
}

/** A table that fits on a terminal. */
export interface Fitted {
  readonly text: string
  /** Columns for which there was no room, at the end. */
  readonly leftOut: number
}

/** Cells that a column keeps where there is little room, if it has as many. */
const narrowest = 8

/**
 * Rows as a table of at most so many cells a line: the widest columns are cut first, and where not even `narrowest` cells remain for each, the last
 * columns are left out.
 */
export const fittedTable = (columns: ReadonlyArray<ResultColumn>, rows: ReadonlyArray<ReadonlyArray<Plain>>, width: number): Fitted => {
  if (isPlan(columns)) return { text: planWriter.rows(rows), leftOut: 0 }
  const cells = [columns.map(({ name }) => name), ...rows].map((row) => row.map((value) => cutTo(oneLine(textOf(value)), width)))
  const natural = widthsOf(cells)
  let shown = 0
  for (let taken = -between.length; shown < natural.length; shown++) {
    taken += between.length + Math.min(natural[shown] ?? 0, narrowest)
    if (taken > width && shown > 0) break
  }
  const widths = shared(natural.slice(0, shown), width - between.length * (shown - 1))
  const cut = cells.map((row) => row.slice(0, shown).map((cell, i) => cutTo(cell, widths[i] ?? 0)))
  return { text: lines(cut, widths, columns), leftOut: natural.length - shown }
}

/** Gives each column what it wants, up to the one bound for all with which they fit into the room. */
const shared = (wanted: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  let left = room
  const widths = new Array<number>(wanted.length).fill(0)
  const order = wanted.map((width, i) => [width, i] as const).sort((a, b) => a[0] - b[0])
  for (const [at, [width, i]] of order.entries()) {
    const each = Math.max(1, Math.floor(left / (order.length - at)))
    widths[i] = Math.min(width, each)
    left -= widths[i] ?? 0
  }
  return widths
}
