import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { BenchResult } from "./bench.ts"

/**
 * Holds ratios to `bench/baseline.json`. Only ratios of one run are held: absolute figures say more about the machine than about the code. A ratio
 * that is more than 15 % below its baseline is measured again, without those that hold, on other input, with twice the rounds, and once more after that, since what else a machine
 * does lasts for a minute or two; it has fallen when it is too low each time. What is faster than its baseline passes, and should become the baseline.
 */
const tolerance = 0.15

const mostTimes = 3

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
  const found = new Map(Object.keys(baseline).map((name) => [name, [result.ratios[name]]]))
  let low = tooLow(result.ratios, baseline)
  for (let times = 1; low.length > 0 && times < mostTimes; times++) {
    say(`${result.bench}: ${low.join(", ")} too low; measured again`)
    const { ratios } = await again(new Set(low))
    for (const name of low) found.get(name)?.push(ratios[name])
    low = tooLow(ratios, Object.fromEntries(low.map((name) => [name, baseline[name] ?? 0])))
  }
  for (const [name, [first, ...others]] of found) {
    if (others.length === 0) continue
    const text = [first, ...others].map((ratio) => ratio?.toFixed(3) ?? "not measured").join(", then ")
    say(`${name}: ${text}; baseline ${baseline[name]}${low.includes(name) ? ": FELL" : ""}`)
  }
  if (low.length === 0) say(`${result.bench}: no ratio fell, of ${found.size}`)
  return low.length
}
