import { assert, describe, it } from "@effect/vitest"
import { replayCommand, runShare } from "../run-seeds.ts"
import type { Outcome } from "../world.ts"

const seeds = Number(process.env["SLUICE_TEST_LOCAL_STREAM_SEEDS"] ?? 8)

describe("simulation of a stream in a folder", () => {
  it(`gives every acknowledged record once, in order of its key, after each of ${seeds} seeds`, async () => {
    const outcomes: Array<Outcome> = []
    await runShare(
      { world: "local", from: 1, seeds, step: 1, duckdbShare: 0, stopAtViolation: false },
      (outcome) => void outcomes.push(outcome)
    )
    assert.deepStrictEqual(
      outcomes.flatMap(({ seed, violations }) =>
        violations.slice(0, 3).map(({ rule, detail }) => `seed ${seed}: ${rule}: ${detail}; ${replayCommand(seed, 0, "local")}`)
      ),
      []
    )
    assert.strictEqual(outcomes.length, seeds)
    // What has never happened has not been tested.
    for (const what of ["acknowledged", "crashes", "power losses", "refused", "refused for space", "rivals refused", "trimmed unread"])
      assert.isAbove(
        outcomes.reduce((sum, { happened }) => sum + (happened[what] ?? 0), 0),
        0,
        what
      )
  })
})
