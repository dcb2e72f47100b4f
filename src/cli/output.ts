import { Console, type Effect } from "effect"
import type { Check } from "../lake/check.ts"
import { number } from "../record/count.ts"
import { harmless } from "../record/harmless.ts"
import { jsonText } from "../record/json-text.ts"
import { oneLine, padTo, widthOf } from "./terminal.ts"

/** Prints a command's result on standard output: one JSON value, or text for people. */
export const print = (json: boolean, value: unknown, text: () => string): Effect.Effect<void> => say(json ? jsonText(value) : text())

/** Prints lines on standard output. */
export const say = (text: string): Effect.Effect<void> => Console.log(harmless(text))

export const bytes = (n: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"]
  let value = n
  let unit = 0
  // What would be rounded up to a thousand is one of the next unit.
  while (value >= (unit === 0 ? 999.5 : 999.95) && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(value < 9.995 ? 2 : 1)} ${units[unit]}`
}

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

/** How many bytes a second were done. */
export const rate = (n: number, millis: number): string => `${bytes((n / Math.max(1, millis)) * 1000)}/s`

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
  const texts = rows.map((row) => row.map((cell) => (typeof cell === "number" ? number(cell) : oneLine(cell))))
  const widths: Array<number> = []
  for (const row of texts) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))
  return rows
    .map((row, r) =>
      (
        indent + row.map((cell, i) => padTo(texts[r]?.[i] ?? "", widths[i] ?? 0, typeof cell === "number" ? "before" : "after")).join("  ")
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
