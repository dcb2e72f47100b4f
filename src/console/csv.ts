import type { Cell } from "./api.ts"

/** What a spreadsheet takes for a formula, whoever wrote it: a mark before it makes it a text. */
const startsFormula = /^[=+\-@\t\r]/

const fieldOf = (value: Cell): string => {
  if (value === null) return ""
  // A number begins with its sign, and is none.
  if (typeof value !== "string") return String(value)
  const text = startsFormula.test(value) && !/^-?\d+(?:\.\d+)?$/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows as CSV for people's programs: RFC 4180, UTF-8 with its mark, no cell a formula. */
export const asCsv = (columns: ReadonlyArray<string>, rows: Iterable<ReadonlyArray<Cell>>): string => {
  const lines = [columns.map(fieldOf).join(",")]
  for (const row of rows) lines.push(row.map(fieldOf).join(","))
  return `\ufeff${lines.join("\r\n")}\r\n`
}
