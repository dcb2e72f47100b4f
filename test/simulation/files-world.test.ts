import { assert, describe, it } from "@effect/vitest"
import { replayCommand, runShare } from "./run-seeds.ts"
import type { Outcome } from "./world.ts"

describe("simulation of files", () => {
  it("finds every line of every file once, after each of 12 seeds", async () => {
    const outcomes: Array<Outcome> = []
    const share = { world: "files", seeds: 6, step: 2, duckdbShare: 0, stopAtViolation: false } as const
    const each = (outcome: Outcome) => void outcomes.push(outcome)
    await Promise.all([runShare({ ...share, from: 1 }, each), runShare({ ...share, from: 2 }, each)])
    assert.deepStrictEqual(
      outcomes.flatMap(({ seed, violations }) =>
        violations.slice(0, 3).map(({ rule, detail }) => `seed ${seed}: ${rule}: ${detail}; ${replayCommand(seed, 0, "files")}`)
      ),
      []
    )
    assert.strictEqual(outcomes.length, 12)
    // What has never happened has not been tested.
    for (const what of ["crashes", "failures", "ends", "objects", "objects vacuumed", "lines of ndjson", "lines of csv"])
      assert.isAbove(
        outcomes.reduce((sum, { happened }) => sum + (happened[what] ?? 0), 0),
        0,
        what
      )
  })
})
