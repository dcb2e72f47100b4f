import type { CompiledContract } from "../contract/compile.ts"
import { holdsHashes } from "../lake/hash-key.ts"
import { count } from "../record/count.ts"
import { type DecodeCounts, sumOf } from "../record/report.ts"
import { shellWord } from "../record/shell.ts"
import { table, top } from "./output.ts"
import { projectArgument } from "./project.ts"

/** Dead letters by reason, drops by rule, rescued values, drift, quality and what took the slow way, where there are any. */
export const countLines = (counts: DecodeCounts): ReadonlyArray<string> =>
  (
    [
      ["dead letters by reason", counts.deadLetters],
      ["values dropped, by rule", counts.drops],
      ["values rescued, by path", counts.rescued],
      ["unknown fields, by path", counts.drift],
      ["expectations not met, by rows", counts.quality],
      ["conventions that changed a value or a key, by times", counts.conventions],
      ["read the slow way, by path", slowly(counts)]
    ] as const
  ).flatMap(([title, entries]) => {
    const shown = top(entries, 8)
    return shown.length === 0 ? [] : [`${title}:`, table(shown)]
  })

/** What the fast path of decoding handed to the definition. */
const slowly = ({ handedOver }: DecodeCounts): { readonly [path: string]: number } =>
  Object.fromEntries(Object.entries(handedOver).map(([path, n]) => [path === "" ? "(whole records)" : path, n]))

/** How to look at the dead letters of a lake, and what to do about them, where there are any. */
export const deadLetterLines = (letters: number, lake: string): ReadonlyArray<string> =>
  letters === 0
    ? []
    : [
        `${count(letters, "dead letter waits", "dead letters wait")}. See them, and once their cause is mended (contract or settings) make rows of them:`,
        `  sluice query --lake ${shellWord(lake)} "SELECT reason, path, detail, _shard, _sequence_number FROM dead_letters LIMIT 20"`,
        `  sluice replay${projectArgument} --lake ${shellWord(lake)}`
      ]

/** Says what became of sensitive values, where there were any. @param contracts by which they came @param hasKey a hash key is set */
export const maskedLine = (counts: DecodeCounts, contracts: ReadonlyArray<CompiledContract>, hasKey: boolean): ReadonlyArray<string> => {
  const masked = sumOf(counts.masked)
  if (masked === 0) return []
  const values = count(masked, "sensitive value was", "sensitive values were")
  if (!contracts.some(({ columns }) => columns.some(holdsHashes))) return [`${values} dropped, as the contract says.`]
  return hasKey
    ? [`${values} hashed or dropped, as the contract says.`]
    : [`${values} dropped, for want of a key to hash with: set SLUICE_HASH_KEY to keep hashes where the contract says so.`]
}
