import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { checkFreshness, freshnessOf } from "../../src/models/freshness.ts"
import type { Freshness } from "../../src/models/model.ts"

const freshness: Freshness = {
  input: { kind: "source", source: "consumable", table: "orders" },
  loadedAt: "loaded_at",
  warnAfterMillis: 60_000,
  errorAfterMillis: 120_000,
  file: "models/sources.yml",
  line: 4
}

describe("freshness", () => {
  it("a limit is passed by more than it, and by nothing at all", () => {
    const of = (age: number | null, limits: Partial<Freshness> = {}) => freshnessOf({ ...freshness, ...limits }, age)
    assert.deepStrictEqual(
      [-5, 60_000, 60_001, 120_000, 120_001, null].map((age) => of(age)),
      ["pass", "pass", "warn", "warn", "fail", "fail"]
    )
    assert.deepStrictEqual(
      [of(null, { errorAfterMillis: null }), of(null, { errorAfterMillis: null, warnAfterMillis: null })],
      ["warn", "pass"]
    )
  })

  it.effect("looks at the newest row, by the clock of the run", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      yield* db.run("create table orders as from (values ('2026-11-20 10:00:00'), ('2026-11-20 10:01:00.5'), (null)) v(loaded_at)")
      yield* TestClock.setTime(Date.UTC(2026, 10, 20, 10, 2, 30))
      for (const type of ["timestamp", "timestamptz", "varchar"]) {
        const result = yield* checkFreshness(db, freshness, `(select cast(loaded_at as ${type}) as loaded_at from orders)`)
        assert.deepStrictEqual(result, { input: freshness.input, status: "warn", ageMillis: 89_500, file: "models/sources.yml", line: 4 })
      }
      const { status, ageMillis } = yield* checkFreshness(db, freshness, "(from orders limit 0)")
      assert.deepStrictEqual([status, ageMillis], ["fail", null])
    }).pipe(Effect.scoped)
  )
})
