/**
 * `npm run -s sizing [-- ORDERS_PER_DAY…] [--set NAME=VALUE]… [--json]`: what a load needs and costs.
 *
 * Rates and prices are those of `input.json` unless `--set` gives another, by its path: `--set spark.rowsPerCoreSecond=2500`. The rates are measured (`npm run
 * bench -- repartition`, `npm run bench -- engines`), the prices are assumptions: put in yours.
 */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { cellText, tableText } from "../report/text.ts"
import { withValues } from "./set.ts"
import { mostOrdersPerDay, type Size, type SizingInput, sizeOf } from "./size.ts"

const usage = (problem: string): never => {
  console.error(`${problem}\nusage: npm run sizing -- [ORDERS_PER_DAY…] [--set NAME=VALUE]… [--json]`)
  process.exit(2)
}

const parse = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { set: { type: "string", multiple: true, default: [] }, json: { type: "boolean", default: false } }
    })
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error))
  }
}

/** Large numbers in threes. */
const text = (value: string | number): string =>
  typeof value === "number" && value >= 1000 ? Math.round(value).toLocaleString("en") : cellText(value)

const { values, positionals } = parse()
const loads = positionals.length === 0 ? [1e6, 1e8, 1e9] : positionals.map(Number)
if (loads.some((orders) => !(orders > 0))) usage("give orders a day as numbers above 0, such as 1e6")
const file: SizingInput = JSON.parse(readFileSync(new URL("input.json", import.meta.url), "utf8"))
const input = withValues(file, values.set, usage)
const sizes = loads.map((orders) => sizeOf(input, orders))
const { embedded } = input
const limits = [embedded.measuredCores, embedded.mostCores].map((cores) => ({ cores, ordersPerDay: mostOrdersPerDay(input, cores) }))

const rows: ReadonlyArray<readonly [what: string, of: (size: Size) => string | number]> = [
  ["rows a day", ({ rowsPerDay }) => rowsPerDay],
  ["rows in the busiest hour", ({ busiestHourRows }) => busiestHourRows],
  ["cores that ingest", ({ ingestCores }) => ingestCores],
  ["embedded engine: cores", ({ embedded }) => embedded.cores],
  ["  busiest hour, minutes", ({ embedded }) => embedded.busiestSeconds / 60],
  ["  does one machine do it?", ({ embedded }) => embedded.fits],
  ["  cost a day", ({ embedded }) => embedded.costPerDay],
  ["Spark: cores", ({ spark }) => spark.cores],
  ["  busiest hour, minutes", ({ spark }) => spark.busiestSeconds / 60],
  ["  cost a day", ({ spark }) => spark.costPerDay],
  ["fold by", ({ engine }) => engine],
  ["ingest, cost a day", ({ ingestCostPerDay }) => ingestCostPerDay],
  ["stored a month, GB", ({ storedGigabytesPerMonth }) => storedGigabytesPerMonth],
  ["storage, cost a month", ({ storageCostPerMonth }) => storageCostPerMonth]
]

if (values.json) console.log(JSON.stringify({ input, sizes, limits }))
else {
  console.log(
    tableText({
      title: "what a load needs, for the hours that there are",
      columns: ["orders a day", ...loads.map((orders) => orders.toLocaleString("en"))],
      rows: rows.map(([what, of]) => [what, ...sizes.map((size) => text(of(size)))])
    })
  )
  console.log()
  for (const { cores, ordersPerDay } of limits)
    console.log(
      `  With ${cores} cores the embedded engine folds the busiest hour in time up to ${text(Math.round(ordersPerDay))} orders a day.`
    )
  console.log()
  for (const [part, words] of Object.entries(input.from)) console.log(`  ${part}: ${words}`)
}
