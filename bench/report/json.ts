import type { BenchResult } from "../bench.ts"
import { machine } from "../machine.ts"

const one = ({ bench, seed, ratios, targets, details, notes }: BenchResult) => ({ bench, seed, ratios, targets, ...details, notes })

/** One object: the bench where there is one, else all by name. */
export const jsonOf = (results: ReadonlyArray<BenchResult>, short: boolean): unknown => {
  const about = { short, machine: machine() }
  const [first] = results
  return results.length === 1 && first !== undefined
    ? { ...one(first), ...about }
    : { benches: Object.fromEntries(results.map((result) => [result.bench, one(result)])), ...about }
}
