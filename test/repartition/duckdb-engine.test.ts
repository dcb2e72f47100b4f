import { Effect } from "effect"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import { Store } from "../../src/store/store.ts"
import { engineSuite } from "./engine-suite.ts"

engineSuite("duckdb", duckdbEngine())
// As if memory held a few rows only: of a few days, and of less than a day.
engineSuite("duckdb in several slices", duckdbEngine({ sliceValues: 600, threads: 1 }), { seeds: [5, 6], manyRows: 60 })
engineSuite("duckdb in tiny slices", duckdbEngine({ sliceValues: 20, threads: 1 }), { seeds: [7], manyRows: 3 })

/** As if the lake lay on another machine: its files have to be fetched. */
const away = <A, E, R>(effect: Effect.Effect<A, E, R | Store>) =>
  Effect.updateService(effect, Store, (store) => ({ ...store, localPath: () => null }))
const onCopies = ({ name, survey, run }: RepartitionEngine): RepartitionEngine => ({
  name,
  survey: (plan) => away(survey(plan)),
  run: (plan) => away(run(plan))
})
engineSuite("duckdb on copies", onCopies(duckdbEngine()), { seeds: [8], manyRows: 60 })
