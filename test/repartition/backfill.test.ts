import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { type ContractTable, defineContract, latest, versions } from "../../src/contract/contract.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { RepartitionPlan } from "../../src/repartition/options.ts"
import { partitionText } from "../../src/repartition/partitions.ts"
import { inBounds } from "../../src/repartition/plan.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store, type StoreShape } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { tables } from "./engine-suite.ts"
import { randomHistory, unlikeStage } from "./histories.ts"
import { freshStore, ingest, rowsOf } from "./lake.ts"
import { newestTables, remembered, withChanges, withDeletes } from "./newest-suite.ts"

const kinds: ReadonlyArray<readonly [name: string, table: ContractTable]> = [
  ["versions by day", versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } })],
  ...tables.map(([name, table]) => [name, table] as const),
  ...newestTables.map(({ what, table }) => [`the newest row of each key, ${what}`, latest(table)] as const)
]
const isByTime = ({ by }: ContractTable) => by !== "none" && !("bucket" in by)
const days = { from: "2026-11-21", to: "2026-11-22" }

/** A store whose process ends after so many writes, in the middle of what it does. */
const cutOff = (store: StoreShape, after: number): { readonly store: StoreShape; readonly writes: () => number } => {
  let writes = 0
  const write = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => (++writes > after ? Effect.die("power cut") : work))
  return {
    writes: () => writes,
    store: {
      ...store,
      put: (...args) => write(store.put(...args)),
      putIfAbsent: (...args) => write(store.putIfAbsent(...args)),
      putFile: (...args) => write(store.putFile(...args)),
      delete: (...args) => write(store.delete(...args)),
      upload: (key) =>
        Effect.map(write(store.upload(key)), (upload) => ({
          write: (bytes) => write(upload.write(bytes)),
          finish: write(upload.finish)
        }))
    }
  }
}

const consumable = Effect.flatMap(openTable("consumable/order"), ({ snapshot }) => snapshot)
const state = Effect.all([rowsOf("FROM consumable_order ORDER BY ALL"), remembered])

/** A lake with something that was taken, and something that was not yet. */
const fill = Effect.fn(function* (contract: CompiledContract, seed: number) {
  const [first = [], second = [], third = []] = withChanges(seed, randomHistory(seed, 3, 20))
  yield* ingest(first, contract)
  yield* ingest(second, contract)
  yield* repartition({ contract })
  yield* ingest(third, contract)
})

describe("a backfill", () => {
  for (const [i, [name, table]] of kinds.entries()) {
    for (const [what, options] of [
      ["of everything", { rebuild: true }],
      ["of days", days]
    ] as const) {
      // Tables by time are folded anew by days, and one of them as a whole: that is the same for all.
      if (isByTime(table) ? what !== "of days" && i > 0 : what === "of days") continue
      it.live(`${what} that is cut off and run again comes to the same: ${name}`, () =>
        Effect.gen(function* () {
          const contract = compileContract(defineContract({ ...withDeletes, table }))
          const engine = duckdbEngine({ threads: 1 })
          const calm = yield* Effect.gen(function* () {
            yield* fill(contract, i + 1)
            const before = yield* state
            const { store, writes } = cutOff(yield* Store, Number.POSITIVE_INFINITY)
            yield* Effect.provideService(repartition({ contract, engine, ...options }), Store, store)
            return { before, after: yield* state, writes: writes() }
          }).pipe(Effect.provide(freshStore))
          assert.notDeepEqual(calm.before, calm.after)
          yield* Effect.gen(function* () {
            yield* fill(contract, i + 1)
            const { files: read, transactions } = yield* consumable
            let done = false
            for (const after of [1, calm.writes - 1]) {
              const { store } = cutOff(yield* Store, after)
              const exit = yield* Effect.exit(Effect.provideService(repartition({ contract, engine, ...options }), Store, store))
              assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
              const now = yield* state
              // The commit is one write: what readers see is all of it, or nothing.
              done ||= JSON.stringify(now) === JSON.stringify(calm.after)
              assert.deepStrictEqual(now, done ? calm.after : calm.before)
            }
            yield* repartition({ contract, engine, ...options })
            assert.deepStrictEqual(yield* state, calm.after)
            const now = yield* consumable
            if (what === "of days") {
              const { partition, decidesPartition } = contract.identity
              // Where a row's day may change, one of another day may have lost to a copy of these.
              for (const [path, { partitionValues }] of decidesPartition ? read : [])
                if (!inBounds(partitionText(partition, partitionValues), days)) assert.isTrue(now.files.has(path), path)
              assert.deepStrictEqual(now.transactions, transactions)
              yield* repartition({ contract, engine })
            }
            assert.deepStrictEqual(yield* unlikeStage(contract), [])
          }).pipe(Effect.provide(freshStore))
        })
      )
    }
  }

  it.live("says what it comes to before anything is written, as a dry run says it", () =>
    Effect.gen(function* () {
      const contract = compileContract(defineContract({ ...withDeletes, table: kinds[0]?.[1] ?? withDeletes.table }))
      yield* fill(contract, 1)
      for (const options of [{ rebuild: true }, days]) {
        const planned = yield* repartition({ contract, ...options, dryRun: true })
        const { version } = yield* consumable
        const told: Array<RepartitionPlan> = []
        const store = yield* Store
        const onPlan = (plan: RepartitionPlan) =>
          Effect.gen(function* () {
            told.push(plan)
            assert.strictEqual((yield* consumable).version, version)
          }).pipe(Effect.orDie, Effect.provideService(Store, store))
        yield* repartition({ contract, ...options, onPlan })
        assert.deepStrictEqual(told, [planned])
        assert.isAbove(told[0]?.replacedFiles ?? 0, 0)
        assert.isAbove(told[0]?.existingBytes ?? 0, 0)
      }
    }).pipe(Effect.provide(freshStore))
  )
})
