/**
 * `npm run -s costs [-- ORDERS_PER_DAY…] [--set NAME=VALUE]… [--check | --write]`: what each example of `infra-terraform/examples` costs a month, idle and under load.
 *
 * Prices and work are those of `deployment.json`, loads and engines those of `input.json`; `--set` gives another number by its path. `--write` puts the tables into the
 * READMEs of the examples, `--check` fails where they are not what it would put there.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { tableText } from "../report/text.ts"
import { type CostInput, type CostLine, costOf } from "./cost.ts"
import { withValues } from "./set.ts"
import type { SizingInput } from "./size.ts"

const usage = (problem: string): never => {
  console.error(`${problem}\nusage: npm run costs -- [ORDERS_PER_DAY…] [--set NAME=VALUE]… [--check | --write]`)
  process.exit(2)
}

const parse = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        set: { type: "string", multiple: true, default: [] },
        check: { type: "boolean", default: false },
        write: { type: "boolean", default: false }
      }
    })
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error))
  }
}

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8")
const { values, positionals } = parse()
const orders = positionals.length === 0 ? [0, 10_000, 1_000_000] : positionals.map(Number)
if (orders.some((each) => !(each >= 0))) usage("give orders a day as numbers, such as 1e6; 0 is idle")
if ((values.check || values.write) && (positionals.length > 0 || values.set.length > 0))
  usage("the READMEs have the loads and the numbers of the files: leave them out")
const sizing: SizingInput = JSON.parse(read("input.json"))
const input = withValues<CostInput>(JSON.parse(read("deployment.json")), values.set, usage)

const load = (each: number): string => (each === 0 ? "idle" : `${each.toLocaleString("en")} orders a day`)
const dollars = (cost: number): string =>
  cost === 0 ? "–" : cost < 0.005 ? "< 0.01" : cost < 100 ? cost.toFixed(2) : Math.round(cost).toLocaleString("en")
const sum = (lines: ReadonlyArray<CostLine>): number => lines.reduce((all, { cost }) => all + cost, 0)

/** What costs, line by line, and what all of it comes to. Lines that cost nothing at any load are left out. */
const rowsOf = (example: string): ReadonlyArray<ReadonlyArray<string>> => {
  const deployment = input.examples[example]
  if (deployment === undefined) return usage(`there is no example ${example}`)
  const columns = orders.map((each) => costOf(input, sizing, deployment, each))
  const [first = []] = columns
  const rows = first
    .map(({ what }, line) => [what, ...columns.map((lines) => lines[line]?.cost ?? 0)] as const)
    .filter(([, ...costs]) => costs.some((cost) => cost > 0))
    .map(([what, ...costs]) => [what, ...costs.map(dollars)])
  return [...rows, ["**all**", ...columns.map((lines) => `**${dollars(sum(lines))}**`)]]
}

const begin = "<!-- costs: npm run -s costs -- --write -->"
const end = "<!-- /costs -->"

const markdown = (example: string): string =>
  [
    begin,
    `US dollars a month, prices of ${input.date}:`,
    "",
    `| | ${orders.map(load).join(" | ")} |`,
    `|---|${orders.map(() => "---:").join("|")}|`,
    ...rowsOf(example).map((row) => `| ${row.join(" | ")} |`),
    end
  ].join("\n")

const place = (example: string): URL => new URL(`../../infra-terraform/examples/${example}/README.md`, import.meta.url)

/** The README with the table of now. */
const renewed = (example: string, text: string): string => {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from)
    throw new Error(`infra-terraform/examples/${example}/README.md has no place for costs: give it ${begin} and ${end}`)
  return text.slice(0, from) + markdown(example) + text.slice(to + end.length)
}

if (values.check || values.write) {
  const stale = Object.keys(input.examples).filter((example) => {
    const text = readFileSync(place(example), "utf8")
    const now = renewed(example, text)
    if (values.write) writeFileSync(place(example), now)
    return text !== now
  })
  if (values.check && stale.length > 0) {
    console.error(`costs are not those of now in the README of ${stale.join(", ")}: npm run -s costs -- --write`)
    process.exitCode = 1
  }
} else {
  for (const example of Object.keys(input.examples)) {
    const rows = rowsOf(example).map((row) => row.map((cell) => cell.replaceAll("**", "")))
    console.log(`${tableText({ title: example, columns: ["US dollars a month", ...orders.map(load)], rows })}\n`)
  }
  for (const [part, words] of Object.entries({ prices: input.from["prices"] ?? "", ...input.from }))
    console.log(`  ${part}${part === "prices" ? ` (${input.date})` : ""}: ${words}`)
}
