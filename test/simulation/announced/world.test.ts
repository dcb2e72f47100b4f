import { assert, describe, it } from "@effect/vitest"
import { replayCommand, runShare } from "../run-seeds.ts"
import type { Outcome } from "../world.ts"
import { runAnnouncedSeed } from "./world.ts"

/** Seeds that once found something, as long as a change of the simulation does not make other worlds of them. */
const found: ReadonlyArray<number> = []

describe("simulation of announced objects", () => {
  it("finds every record of every object once, after each of 24 seeds", async () => {
    const outcomes: Array<Outcome> = []
    const each = (outcome: Outcome) => void outcomes.push(outcome)
    const share = { world: "announced", seeds: 12, step: 2, duckdbShare: 0.05, stopAtViolation: false } as const
    await Promise.all([runShare({ ...share, from: 1 }, each), runShare({ ...share, from: 2 }, each)])
    for (const seed of found) await runShare({ ...share, from: seed, seeds: 1 }, each)
    assert.deepStrictEqual(
      outcomes.flatMap(({ seed, violations }) =>
        violations.slice(0, 3).map(({ rule, detail }) => `seed ${seed}: ${rule}: ${detail}; ${replayCommand(seed, 0.05, "announced")}`)
      ),
      []
    )
    assert.strictEqual(outcomes.length, 24 + found.length)
    // What has never happened has not been tested.
    const happened = (what: string) => outcomes.reduce((sum, outcome) => sum + (outcome.happened[what] ?? 0), 0)
    for (const what of [
      "crashes",
      "conflicts",
      "freeze",
      "double",
      "deployments",
      "redeliveries",
      "revived",
      "stale removals",
      "damaged objects",
      "objects gone",
      "objects forbidden",
      "unreadable messages",
      "failed reads",
      "dead letters of objects"
    ])
      assert.isAbove(happened(what), 0, what)
  })

  it("runs the same world for the same seed, to the letter, whatever is packed and damaged in it", async () => {
    const transcript = async () => {
      const lines: Array<string> = []
      const { hash, happened } = await runAnnouncedSeed(18, { duckdbShare: 0, say: (line) => lines.push(line) })
      assert.isAbove(happened["damaged objects"] ?? 0, 0)
      return { hash, lines }
    }
    const first = await transcript()
    assert.deepStrictEqual(await transcript(), first)
    assert.isAbove(first.lines.length, 100)
  })
})
