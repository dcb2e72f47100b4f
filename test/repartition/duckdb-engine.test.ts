import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { engineSuite } from "./engine-suite.ts"
import { actualNotes, expectedNotes, freshFolder, ingest, orders } from "./lake.ts"

engineSuite("duckdb", duckdbEngine())
// As if memory held a few rows only, and one.
engineSuite("duckdb in several slices", duckdbEngine({ sliceBytes: 16_000, threads: 1 }), {
  seeds: [5, 6],
  manyRows: 60,
  kinds: [],
  newestSeeds: []
})
engineSuite("duckdb in tiny slices", duckdbEngine({ sliceBytes: 1, threads: 1 }), { seeds: [7], manyRows: 3, kinds: [], newestSeeds: [] })

/** As if the lake lay on another machine: its files have to be fetched. */
const away = <A, E, R>(effect: Effect.Effect<A, E, R | Store>) =>
  Effect.updateService(effect, Store, (store) => ({ ...store, localPath: () => null }))
const onCopies = ({ name, survey, run }: RepartitionEngine): RepartitionEngine => ({
  name,
  survey: (plan) => away(survey(plan)),
  run: (plan, onProgress) => away(run(plan, onProgress))
})
engineSuite("duckdb on copies", onCopies(duckdbEngine()), { seeds: [8], manyRows: 60, kinds: [], newestSeeds: [12] })

describe("the names of folders", () => {
  it.live.each(["order_id=x", "job=1", "a 'quoted' [name]?* 100%#{é}"])("never become values: %s", (name) =>
    Effect.gen(function* () {
      const root = join(yield* freshFolder(), name)
      const tempDirectory = join(root, "tmp")
      yield* Effect.promise(() => mkdir(tempDirectory, { recursive: true }))
      // Days of few rows are written to one file first, and read again from there.
      const copies = Array.from({ length: 10 }, (_, i) => ({
        order: `o${i}`,
        lastChange: Date.UTC(2026, 10, 1 + (i % 8)),
        arrivedAt: Date.UTC(2026, 10, 20),
        sequence: String(i),
        note: `n${i}`
      }))
      yield* Effect.gen(function* () {
        yield* ingest(copies)
        yield* repartition({ contract: orders, engine: duckdbEngine({ tempDirectory }) })
        assert.deepStrictEqual(yield* actualNotes, expectedNotes(copies))
        const { files } = yield* (yield* openTable("consumable/order")).snapshot
        const told = [...files.values()].map(({ stats }) => JSON.parse(stats ?? "{}").minValues.order_id)
        assert.deepStrictEqual(
          told.sort(),
          [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `o${n}`)
        )
      }).pipe(Effect.provide(localStore(join(root, "lake"))))
    }).pipe(Effect.scoped)
  )
})
