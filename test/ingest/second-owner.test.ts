import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result, Stream } from "effect"
import { deadLettersPath, stagePath } from "../../src/lake/layout.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { Store } from "../../src/store/store.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { everyRecordOnce, failedChecks, page, pagesSource, run, temporaryStore } from "./support.ts"

/** A batch of shard a, and one of shard b. */
const pagesWith = (badEvery: number) => [{ ...page("a", 0, 40, badEvery), commitNow: true }, page("b", 100, 140, badEvery)]
const all = [...Array.from({ length: 40 }, (_, i) => i + 1), ...Array.from({ length: 40 }, (_, i) => i + 101)]

/**
 * A process holds a batch of shard b, while its batch of shard a is being committed. Another one does something to b before a commit of that stands
 * in a table, so that the next one is judged by nothing that came after it.
 */
const meanwhile = (table: string, pages: ReadonlyArray<RecordPage>, other: Effect.Effect<unknown, unknown, Store>) =>
  Effect.gen(function* () {
    const store = yield* Store
    const faults = makeFaultyStore(store)
    const theirs = Effect.ignore(Effect.provideService(other, Store, store))
    const held = yield* Deferred.make<void>()
    const done = yield* Deferred.make<void>()
    faults.beforeNext("putIfAbsent", `${table}/_delta_log/00000000000000000001`, Effect.andThen(Deferred.await(held), theirs))
    const source = pagesSource(pages, Stream.drain(Stream.fromEffect(Deferred.await(done))))
    const onProgress = ({ records, commits }: { readonly records: number; readonly commits: number }) => {
      if (records === 80) Deferred.doneUnsafe(held, Effect.void)
      if (commits === 1) Deferred.doneUnsafe(done, Effect.void)
    }
    const faulty = Effect.provideService(run(source, { onProgress }), Store, Store.of(faults.store))
    const result = yield* Fiber.join(yield* Effect.forkChild(Effect.result(faulty)))
    assert.isTrue(Result.isFailure(result) && result.failure._tag === "TableError" && result.failure.conflict === "domain")
    assert.include(Result.isFailure(result) ? result.failure.message : "", "memory/b: it has a second owner")
    assert.deepStrictEqual(yield* failedChecks, [])
    yield* run(pagesSource(pages))
    yield* everyRecordOnce(all)
  }).pipe(Effect.provide(temporaryStore))

describe("a second owner of a shard, while the batch before is committed", () => {
  it.live("who commits it stops this one", () => {
    const pages = pagesWith(1_000)
    return meanwhile(stagePath("order"), pages, run(pagesSource(pages.slice(1))))
  })

  it.live("who commits its dead letters and dies stops this one", () => {
    const pages = pagesWith(10)
    const dies = Effect.gen(function* () {
      const faults = makeFaultyStore(yield* Store)
      faults.failNext("putIfAbsent", `${stagePath("order")}/_delta_log/00000000000000000001`, "Full")
      yield* Effect.provideService(run(pagesSource(pages.slice(1))), Store, Store.of(faults.store))
    })
    return meanwhile(deadLettersPath, pages, dies)
  })

  it.live("whose dead letters are there when the shard is first read, are not doubled", () =>
    Effect.gen(function* () {
      const [first = assert.fail(), second = assert.fail()] = pagesWith(10)
      const store = yield* Store
      const faults = makeFaultyStore(store)
      const dies = Effect.gen(function* () {
        const failing = makeFaultyStore(store)
        failing.failNext("putIfAbsent", `${stagePath("order")}/_delta_log/00000000000000000001`, "Full")
        yield* Effect.ignore(Effect.provideService(run(pagesSource([second])), Store, Store.of(failing.store)))
      })
      faults.beforeNext("putIfAbsent", `${deadLettersPath}/_delta_log/00000000000000000001`, dies)
      const committed = yield* Deferred.make<void>()
      const late = Stream.unwrap(Effect.as(Deferred.await(committed), Stream.make(second)))
      const onProgress = ({ commits }: { readonly commits: number }) => {
        if (commits === 1) Deferred.doneUnsafe(committed, Effect.void)
      }
      yield* Effect.provideService(run(pagesSource([first], late), { onProgress }), Store, Store.of(faults.store))
      yield* everyRecordOnce(all)
    }).pipe(Effect.provide(temporaryStore))
  )
})
