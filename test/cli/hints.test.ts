import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { checkout } from "../../schemas/vtex/checkout.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { fromDuckDB } from "../../src/duckdb/errors.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import { Store, StoreError } from "../../src/store/store.ts"

it("a lack of memory names the flags that give more", () => {
  const { reason, hint } = fromDuckDB("SELECT 1")(new Error("Out of Memory Error: could not allocate block"))
  expect([reason, hint]).toEqual(["Memory", expect.stringMatching(/--query-memory.*--memory-limit/)])
})

it.effect("what a store says of itself is told once by the engine that asked it", () =>
  Effect.gen(function* () {
    const denied = new StoreError({ operation: "read", key: "a.parquet", reason: "Denied", hint: "Let the role read the bucket." })
    const store = Layer.mock(Store, { root: "s3://lake", localPath: () => null, getRange: () => Effect.fail(denied) })
    const plan = {
      dataset: "checkout",
      tablePath: "consumable/checkout",
      columns: [],
      identity: compileContract(checkout).identity,
      inputs: [{ key: "a.parquet", size: 1 }],
      existing: [],
      tombstones: [],
      load: null,
      bounds: null,
      targetFileBytes: 1
    }
    const error = yield* duckdbEngine().survey(plan).pipe(Effect.flip, Effect.provide(store))
    expect(error.message).toBe('engine duckdb: read "a.parquet": permission denied. Let the role read the bucket.')
  })
)
