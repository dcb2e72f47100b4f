import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { BenchResult } from "./bench.ts"

/**
 * Holds ratios to `bench/baseline.json`. Only ratios of one run are held: absolute figures say more about the machine than about the code. A ratio
 * that is more than 15 % below its baseline is measured once more, alone, on other input, with twice the rounds; it has fallen when it is too
 * low again. What is faster than its baseline passes, and should become the baseline.
 */
const tolerance = 0.15

const baselines: Readonly<Record<string, Readonly<Record<string, number>>>> = JSON.parse(
  readFileSync(join(dirname(fileURLToPath(import.meta.url)), "baseline.json"), "utf8")
)

export const baselineOf = (bench: string): Readonly<Record<string, number>> => baselines[bench] ?? {}

/** Ratios that are missing or too low. */
export const tooLow = (ratios: Readonly<Record<string, number>>, baseline: Readonly<Record<string, number>>): ReadonlyArray<string> =>
  Object.entries(baseline).flatMap(([name, wanted]) => ((ratios[name] ?? 0) >= wanted * (1 - tolerance) ? [] : [name]))

/** @returns how many ratios have fallen */
export const gate = async (
  result: BenchResult,
  again: (only: ReadonlySet<string>) => Promise<BenchResult>,
  say: (text: string) => void
): Promise<number> => {
  const baseline = baselineOf(result.bench)
  const low = tooLow(result.ratios, baseline)
  if (low.length === 0) {
    say(`${result.bench}: no ratio fell, of ${Object.keys(baseline).length}`)
    return 0
  }
  say(`${result.bench}: ${low.join(", ")} too low; measured once more`)
  const second = await again(new Set(low))
  const fallen = tooLow(second.ratios, Object.fromEntries(low.map((name) => [name, baseline[name] ?? 0])))
  for (const name of low)
    say(
      `${name}: ${result.ratios[name]?.toFixed(3)}, then ${second.ratios[name]?.toFixed(3)}; baseline ${baseline[name]}${fallen.includes(name) ? ": FELL" : ""}`
    )
  return fallen.length
}
