/**
 * `npm run bench [-- NAME…] [--short] [--json] [--gate]`: runs benches, one after the other.
 *
 * `--gate` compares the ratios with `bench/baseline.json` and exits 1 when one fell more than 15 % below its baseline. Only ratios of one run
 * are compared: absolute figures say more about the machine than about the code.
 */
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { core } from "./core.ts"

const benches = { core } as const
const tolerance = 0.15

const args = process.argv.slice(2)
const flag = (name: string) => args.includes(`--${name}`)
const names = args.filter((arg) => !arg.startsWith("--"))
const unknown = names.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(", ")}; there is: ${Object.keys(benches).join(", ")}`)
  process.exit(2)
}

const baseline: Readonly<Record<string, Readonly<Record<string, number>>>> = JSON.parse(
  readFileSync(join(dirname(fileURLToPath(import.meta.url)), "baseline.json"), "utf8")
)
const results = []
let fallen = 0
for (const [name, bench] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue
  const result = await Effect.runPromise(bench({ short: flag("short") }))
  results.push(result)
  if (!flag("json")) {
    console.log(
      `${name}: ${result.records} records, ${(result.bytes / 1e6).toFixed(0)} MB, seed ${result.seed}, medians of ${result.rounds} rounds`
    )
    for (const [who, speed] of Object.entries(result.megabytesPerSecond))
      console.log(`  ${who.padEnd(18)} ${speed.toFixed(1).padStart(8)} MB/s`)
  }
  for (const [which, ratio] of Object.entries(result.ratios)) {
    const wanted = baseline[name]?.[which]
    const low = wanted !== undefined && ratio < wanted * (1 - tolerance)
    if (low) fallen++
    if (!flag("json"))
      console.log(`  ${which.padEnd(30)} ${ratio.toFixed(3)}${wanted === undefined ? "" : `  (baseline ${wanted}${low ? ": FELL" : ""})`}`)
  }
}
if (flag("json")) console.log(JSON.stringify(results.length === 1 ? results[0] : results))
if (flag("gate")) {
  console.log(fallen === 0 ? "no ratio fell" : `${fallen} ratios fell more than ${tolerance * 100} % below their baseline`)
  process.exitCode = fallen === 0 ? 0 : 1
}
