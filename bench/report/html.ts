import type { BenchResult, Table } from "../bench.ts"
import { escaped, svgOf } from "./svg.ts"
import { cellText } from "./text.ts"

/** A page that needs nothing else: no scripts, no fonts, no network. */
export const htmlOf = (
  results: ReadonlyArray<BenchResult>,
  machine: Readonly<Record<string, string | number>>,
  short: boolean
): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice: benches</title><style>${style}</style></head><body><main>
<h1>Sluice: benches</h1>
<p>${Object.entries(machine)
  .map(([name, value]) => `${escaped(name)} ${escaped(String(value))}`)
  .join(" · ")} · ${short ? "short run" : "full run"}. Compare ratios of one run, not figures of several.</p>
${results.map(section).join("\n")}
</main></body></html>
`

const section = (result: BenchResult): string => `<section><h2>${escaped(result.bench)}</h2>
<p>${escaped(result.title)}. Seed ${result.seed}.</p>
${result.plots.map(svgOf).join("\n")}
${ratiosTable(result)}${targetsTable(result)}${result.tables.map(table).join("\n")}
<ul>${result.notes.map((note) => `<li>${escaped(note)}</li>`).join("")}</ul></section>`

const ratiosTable = ({ ratios }: BenchResult): string =>
  Object.keys(ratios).length === 0 ? "" : table({ title: "Ratios", columns: ["ratio", "found"], rows: Object.entries(ratios) })

const targetsTable = ({ targets }: BenchResult): string =>
  targets.length === 0
    ? ""
    : table({
        title: "Targets",
        columns: ["target", "wanted", "found", ""],
        rows: targets.map(({ name, wanted, found, met }) => [name, wanted, found, met ? "met" : "not met"])
      })

const table = ({ title, columns, rows }: Table): string => `<details open><summary>${escaped(title)}</summary><div class="wide"><table>
<thead><tr>${columns.map((column) => `<th>${escaped(column)}</th>`).join("")}</tr></thead>
<tbody>${rows
  .map(
    (row) =>
      `<tr>${row.map((cell) => `<td${typeof cell === "string" ? "" : ' class="number"'}>${escaped(cellText(cell))}</td>`).join("")}</tr>`
  )
  .join("")}</tbody></table></div></details>`

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #d5dae0; --series-1: #1769aa; --series-2: #c2571a; --series-3: #2f8f4e; --series-4: #8a4fbf; --target: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --paper: #14181c; --faint: #39414a; --series-1: #6cb3f0; --series-2: #f2a065; --series-3: #74cf93; --series-4: #c59bf0; --target: #ff8a80 } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem }
h2 { border-top: 1px solid var(--faint); margin-top: 2.5rem; padding-top: 1.5rem }
figure { margin: 1.5rem 0 } figcaption { font-weight: 600 } svg { width: 100%; max-width: 48rem; height: auto }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif } .grid { stroke: var(--faint) } .target { stroke: var(--target); stroke-dasharray: 5 4 }
.legend { margin: .25rem 0 } .legend span { margin-right: 1rem } .legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: .5rem 0 1rem } th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--faint) } .number { text-align: right; font-variant-numeric: tabular-nums }
summary { cursor: pointer; margin-top: .5rem }`
