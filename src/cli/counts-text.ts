import { type DecodeCounts, sumOf } from "../record/report.ts"
import { number, table, top } from "./output.ts"

/** Dead letters by reason, drops by rule, rescued values, drift, quality and what took the slow way, where there are any. */
export const countLines = (counts: DecodeCounts): ReadonlyArray<string> =>
  (
    [
      ["dead letters by reason", counts.deadLetters],
      ["values dropped, by rule", counts.drops],
      ["values rescued, by path", counts.rescued],
      ["unknown fields, by path", counts.drift],
      ["expectations not met, by rows", counts.quality],
      ["read the slow way, by path", slowly(counts)]
    ] as const
  ).flatMap(([title, entries]) => {
    const shown = top(entries, 8)
    return shown.length === 0 ? [] : [`${title}:`, table(shown)]
  })

/** What the fast path of decoding handed to the definition. */
const slowly = ({ handedOver }: DecodeCounts): { readonly [path: string]: number } =>
  Object.fromEntries(Object.entries(handedOver).map(([path, n]) => [path === "" ? "(whole records)" : path, n]))

/** Says what became of sensitive values, where there were any. @param hasKey a hash key is set */
export const maskedLine = (counts: DecodeCounts, hasKey: boolean): ReadonlyArray<string> => {
  const masked = sumOf(counts.masked)
  if (masked === 0) return []
  return hasKey
    ? [`${number(masked)} sensitive values were hashed or dropped, as the contract says.`]
    : [`${number(masked)} sensitive values were dropped: there is no key to hash them with. Set SLUICE_HASH_KEY to keep their hashes.`]
}
