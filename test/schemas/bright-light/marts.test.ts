import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { brightModels, buildKnown, knownOfSeed, loadKnown, martOf } from "./lake.ts"
import { type Parameters, plainSales } from "./plain.ts"
import { plainFeatures } from "./plain-features.ts"
import { plainWeb, sessionsOf } from "./plain-web.ts"

/** How many companies the marts are computed of. */
const seeds = Number(process.env["SLUICE_TEST_BRIGHT_SEEDS"] ?? 1)

const parameters = (seed: number): Parameters => ({
  period_days: 20 + 10 * (seed % 3),
  top_days: 60 + 30 * (seed % 4),
  top_percent: 10 + 15 * (seed % 2),
  top_categories: 2 + (seed % 2)
})

describe("the marts of a company are what plain loops make of its rows", () => {
  it.effect.each(Array.from({ length: seeds }, (_, i) => i + 1))("of seed %s", (seed) =>
    Effect.gen(function* () {
      const known = knownOfSeed(seed, 12)
      const db = yield* openDuckDB({ threads: 1, memoryLimit: 512 * 1024 ** 2 })
      yield* loadKnown(db, known)
      yield* buildKnown(db, brightModels({ ...parameters(seed) }))
      const sessions = sessionsOf(known)
      const expected = { ...plainSales(known, parameters(seed)), ...plainWeb(known, sessions), ...plainFeatures(known, sessions) }
      for (const [mart, lines] of Object.entries(expected)) {
        assert.isAbove(lines.length, 0, mart)
        assert.deepStrictEqual(yield* martOf(db, mart), lines, mart)
      }
    }).pipe(Effect.scoped)
  )
})
