import type { BenchResult, Cell, Table } from "../bench.ts"

/** What people read on a terminal. */
export const textOf = (result: BenchResult, baseline: Readonly<Record<string, number>>): string =>
  [
    `${result.bench}: ${result.title} (seed ${result.seed})`,
    ...result.tables.map(tableText),
    ...(Object.keys(result.ratios).length === 0
      ? []
      : [
          tableText({
            title: "ratios",
            columns: ["ratio", "found", "baseline"],
            rows: Object.entries(result.ratios).map(([name, found]) => [name, found, baseline[name] ?? null])
          })
        ]),
    ...(result.targets.length === 0
      ? []
      : [
          tableText({
            title: "targets",
            columns: ["target", "wanted", "found", ""],
            rows: result.targets.map(({ name, wanted, found, met }) => [name, wanted, found, met ? "met" : "NOT met"])
          })
        ]),
    ...result.notes.map((note) => `  ${note}`)
  ].join("\n\n")

/** Three significant digits, or the whole number where that is more. */
export const cellText = (cell: Cell): string => {
  if (cell === null) return "–"
  if (typeof cell === "string") return cell
  if (!Number.isFinite(cell)) return "?"
  if (Number.isInteger(cell) || Math.abs(cell) >= 1000) return String(Math.round(cell))
  return cell.toPrecision(3).includes("e") ? cell.toFixed(6) : cell.toPrecision(3)
}

/** A table with its title, indented. */
export const tableText = ({ title, columns, rows }: Table): string => {
  const cells = [columns, ...rows.map((row) => row.map(cellText))]
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? "").length)))
  const isText = columns.map((_, i) => rows.every((row) => typeof row[i] === "string"))
  const lines = cells.map((row) =>
    row
      .map((cell, i) => (isText[i] === true ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd()
  )
  return [`  ${title}`, ...lines.map((line) => `    ${line}`)].join("\n")
}
