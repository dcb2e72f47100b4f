import { cp, rm } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { stagePath } from "../../src/lake/layout.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { page, pagesSource, run, temporaryStore } from "./support.ts"

/** The ids of the runs that an ingest of the same pages begins, whether they end well or not. */
const runIds = Effect.gen(function* () {
  const begun: Array<string> = []
  const onEvent = (event: { readonly event: string; readonly runId?: string }) =>
    Effect.sync(() => {
      if (event.event === "start" && event.runId !== undefined) begun.push(event.runId)
    })
  yield* Effect.ignore(run(pagesSource([page("a", 0, 5)]), { onEvent }))
  return begun
})

describe("run ids", () => {
  it.live("are the same for work that is tried again, and never those of another lake", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const { root } = store
      // A lake whose first batch is not committed, and a copy of it.
      const faults = makeFaultyStore(store)
      faults.failNext("putIfAbsent", `${stagePath("order")}/_delta_log/00000000000000000001`, "Full")
      const failed = yield* Effect.provideService(runIds, Store, Store.of(faults.store))
      const copy = `${fileURLToPath(root)}-copy`
      yield* Effect.acquireRelease(
        Effect.promise(() => cp(fileURLToPath(root), copy, { recursive: true })),
        () => Effect.promise(() => rm(copy, { recursive: true, force: true }))
      )
      const copied = yield* runIds.pipe(Effect.provide(localStore(copy), { local: true }))
      const again = yield* runIds
      const other = yield* runIds.pipe(Effect.provide(temporaryStore, { local: true }))
      assert.deepStrictEqual(again, failed)
      assert.strictEqual(again.length, 1)
      assert.strictEqual(new Set([...again, ...copied, ...other]).size, 3)
    }).pipe(Effect.scoped, Effect.provide(temporaryStore))
  )

  it.effect("are not the same for batches that begin without a record, though they begin in one moment from one position", () =>
    Effect.gen(function* () {
      yield* run(pagesSource([page("a", 0, 5)]))
      const says = (n: number) => ({
        ...page("a", 0, 0),
        position: { sequenceNumber: "5", subSequenceNumber: 0 },
        resume: { n },
        commitNow: true
      })
      const { batches } = yield* run(pagesSource([], Stream.fromArray([says(1), says(2)])))
      assert.lengthOf(batches, 2)
      assert.notStrictEqual(batches[0]?.runId, batches[1]?.runId)
    }).pipe(Effect.provide(temporaryStore))
  )
})
