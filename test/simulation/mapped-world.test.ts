import { assert, describe, it } from "@effect/vitest"
import { replayCommand, runShare } from "./run-seeds.ts"
import type { Outcome } from "./world.ts"

describe("functions that read streams", () => {
  it("close the ledger after each of 16 seeds, before, behind and beside workers that call", async () => {
    const outcomes: Array<Outcome> = []
    const each = (outcome: Outcome) => void outcomes.push(outcome)
    const share = { world: "esm", seeds: 8, step: 2, duckdbShare: 0, stopAtViolation: false } as const
    await Promise.all([runShare({ ...share, from: 1 }, each), runShare({ ...share, from: 2 }, each)])
    const bad = outcomes.flatMap(({ seed, violations }) =>
      violations.slice(0, 3).map(({ rule, detail }) => `seed ${seed}: ${rule}: ${detail}; ${replayCommand(seed, 0, "esm")}`)
    )
    assert.deepStrictEqual(bad, [])
    assert.strictEqual(outcomes.length, 16)
    // What has never happened has not been tested.
    const happened = (what: string) => outcomes.reduce((sum, outcome) => sum + (outcome.happened[what] ?? 0), 0)
    for (const what of ["events failed", "events again", "functions timed out", "hand-overs", "crash", "freeze", "split", "merge"])
      assert.isAbove(happened(what), 0, what)
  })
})
