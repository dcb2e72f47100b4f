import { assert, describe, it } from "@effect/vitest"
import { Random } from "../../src/record/seeded.ts"
import { decode } from "../decode/support.ts"
import { simulatedDatasets } from "./datasets.ts"
import { decodeSettings, type MadeRecord } from "./shape.ts"

/** By dataset: what its records can come to. */
const kinds: { readonly [dataset: string]: ReadonlyArray<string> } = {
  simulated: ["not_json", "truncated", "not_object", "missing_key", "missing_event_time", "unreadable_event_time"],
  simulated_parcels: [
    "not_csv",
    "truncated",
    "missing_key",
    "unreadable_key",
    "missing_version",
    "unreadable_version",
    "missing_event_time",
    "unreadable_event_time"
  ],
  simulated_stock: ["not_json", "truncated", "not_object", "missing_key", "missing_version", "unreadable_version"]
}
const kindsOfAll = ["row", "empty", "quality_rejected", "too_large", "not_utf8"]

const kindOf = ({ meaning }: MadeRecord): string => (meaning.kind === "dead letter" ? meaning.reason : meaning.kind)
const replayedKindOf = (made: MadeRecord): string =>
  made.meaning.kind === "dead letter" && made.meaning.replayed !== undefined ? "row" : kindOf(made)

describe("records of the simulation", () => {
  it.for(simulatedDatasets)("come to what their maker says: $stream", ({ contract, lenient, make }) => {
    const random = new Random(1)
    const made = Array.from({ length: 1000 }, (_, mark) => make(random, mark, { keys: 4, poison: 0.5, around: Date.UTC(2026, 10, 20) }))
    const kindsBy = (by: typeof contract): ReadonlyArray<string> => {
      const { rows, letters } = decode(
        by,
        made.map(({ data }) => data),
        decodeSettings
      )
      const found = new Map<unknown, string>(rows.map((row) => [row["_sequence_number"], "row"]))
      for (const { sequenceNumber, reason } of letters) found.set(sequenceNumber, reason)
      return made.map((_, i) => found.get(String(i + 1)) ?? "empty")
    }
    assert.deepStrictEqual(kindsBy(contract), made.map(kindOf))
    assert.deepStrictEqual(kindsBy(lenient), made.map(replayedKindOf))
    assert.deepStrictEqual([...new Set(made.map(kindOf))].sort(), [...(kinds[contract.contract.name] ?? []), ...kindsOfAll].sort())
  })
})
