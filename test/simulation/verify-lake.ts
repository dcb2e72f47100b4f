import { Effect, Exit, Scope } from "effect"
import type { DuckDB } from "../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { verify } from "../../src/lake/verify.ts"
import { Store, type StoreShape } from "../../src/store/store.ts"
import type { SimulatedDataset } from "./shape.ts"

/** One for all seeds: opening it costs more than a seed. It ends with the process. */
let opened: DuckDB | null = null

/**
 * The checks of `verify` that do not hold for a lake, each in a line. That there are gaps is not for it to decide: the judge knows which there
 * must be.
 */
export const verifyLake = async (store: StoreShape, datasets: ReadonlyArray<SimulatedDataset>): Promise<ReadonlyArray<string>> => {
  opened ??= await Effect.runPromise(Effect.provideService(openDuckDB({ threads: 1 }), Scope.Scope, Scope.makeUnsafe()))
  const exit = await Effect.runPromiseExit(
    Effect.provideService(
      verify(
        datasets.map(({ contract }) => contract),
        opened
      ),
      Store,
      store
    )
  )
  if (Exit.isFailure(exit)) return [String(exit.cause)]
  return exit.value.filter(({ ok, check }) => !ok && check !== "no gaps").map(({ table, check, detail }) => `${table}: ${check}: ${detail}`)
}
