import { Console, type Effect } from "effect"
import type { Check } from "../lake/check.ts"
import { jsonText } from "../record/json-text.ts"

/** Prints a command's result on standard output: one JSON value, or text for people. */
export const print = (json: boolean, value: unknown, text: () => string): Effect.Effect<void> =>
  Console.log(json ? jsonText(value) : text())

export const number = (n: number): string => n.toLocaleString("en-US")

export const bytes = (n: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"]
  let value = n
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`
}

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

/** Checks, one a line: those that hold, those that hold and are worth a look (!), those that do not. */
export const checkTable = (checks: ReadonlyArray<Check>): string =>
  table(
    checks.map(({ ok, warning, table, check, detail }) => [
      ok ? (warning ? "!" : "✓") : "✗",
      ...(table === "" ? [] : [table]),
      check,
      detail
    ])
  )

/** Lines of aligned columns: text to the left, numbers to the right. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string | number>>, indent = "  "): string => {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === "number" ? number(cell) : cell)))
  const widths: Array<number> = []
  for (const row of texts) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row, r) =>
      (
        indent +
        row
          .map((cell, i) => {
            const shown = texts[r]?.[i] ?? ""
            return typeof cell === "number" ? shown.padStart(widths[i] ?? 0) : shown.padEnd(widths[i] ?? 0)
          })
          .join("  ")
      ).trimEnd()
    )
    .join("\n")
}

/** The largest entries of a count by name, and how many more there are. */
export const top = (counts: { readonly [name: string]: number | undefined }, limit: number): ReadonlyArray<readonly [string, number]> => {
  const entries = Object.entries(counts).map(([name, n]) => [name, n ?? 0] as const)
  entries.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const rest = entries.slice(limit)
  return rest.length === 0
    ? entries
    : [...entries.slice(0, limit), [`… and ${rest.length} more`, rest.reduce((total, [, n]) => total + n, 0)]]
}
