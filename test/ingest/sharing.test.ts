import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { positionsOf } from "../../src/lake/positions.ts"
import type { RecordPage } from "../../src/record/record.ts"
import type { Source } from "../../src/source/source.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { everyRecordOnce, expectedContent, failedChecks, lakeContent, page, pagesSource, run, temporaryStore } from "./support.ts"

/** A source whose shards several processes share. What it is told to give up is remembered, and not given again. */
const shared = (pages: ReadonlyArray<RecordPage>, after: Stream.Stream<RecordPage> = Stream.empty) => {
  const given: Array<ReadonlyArray<string>> = []
  const source: Source = {
    ...pagesSource(pages),
    pages: (resume) =>
      Stream.concat(
        pagesSource(pages.filter(({ shard }) => !given.flat().includes(shard))).pages(resume),
        given.length === 0 ? after : Stream.empty
      ),
    disown: (shards) =>
      Effect.sync(() => {
        given.push(shards)
      })
  }
  return { source, given }
}

const position = (shard: string) =>
  Effect.map(
    Effect.flatMap(openTable("stage/order"), (table) => table.snapshot),
    ({ domains }) => positionsOf(domains, "memory").get(shard)
  )

const expected = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i + 1)

describe("a source whose shards are shared", () => {
  it.live("a shard that another process commits meanwhile is given up, the others are read again, and nothing is lost or doubled", () =>
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      // This process holds records of both shards in an open batch …
      const slow = shared([page("a", 0, 40), page("b", 100, 140)], Stream.drain(Stream.fromEffect(Deferred.await(go))))
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        run(slow.source, { onProgress: ({ records }) => (records === 80 ? Deferred.doneUnsafe(begun, Effect.void) : undefined) })
      )
      yield* Deferred.await(begun)
      // … when another one commits one of them.
      yield* run(shared([page("a", 0, 60)]).source)
      yield* Deferred.succeed(go, undefined)
      const result = yield* Fiber.join(fiber)
      assert.deepStrictEqual(slow.given, [["a"]])
      assert.strictEqual(result.counts.records, 40)
      const content = yield* lakeContent
      assert.deepStrictEqual(content.rows.length + content.deadLetters.length, 100)
      assert.strictEqual((yield* position("a"))?.sequenceNumber, "60")
      assert.strictEqual((yield* position("b"))?.sequenceNumber, "140")
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live(
    "a shard that another process has committed before its first page is taken in is given up too: the page says what was true before",
    () =>
      Effect.gen(function* () {
        const go = yield* Deferred.make<void>()
        const late = Stream.concat(
          Stream.drain(Stream.fromEffect(Deferred.await(go))),
          // It was read from the start, as the log had it then.
          Stream.fromIterable([{ ...page("a", 0, 80), resume: { said: "before" } }])
        )
        const begun = yield* Deferred.make<void>()
        const own = shared([page("b", 100, 140)], late)
        const fiber = yield* Effect.forkChild(
          run(own.source, { onProgress: ({ records }) => (records === 40 ? Deferred.doneUnsafe(begun, Effect.void) : undefined) })
        )
        yield* Deferred.await(begun)
        yield* run(shared([{ ...page("a", 0, 60), resume: { said: "after" } }]).source)
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(own.given, [["a"]])
        assert.strictEqual((yield* position("a"))?.records, 60)
        assert.deepStrictEqual((yield* position("a"))?.source, { said: "after" })
        assert.strictEqual((yield* position("b"))?.records, 40)
        assert.deepStrictEqual(yield* failedChecks, [])
      }).pipe(Effect.provide(temporaryStore))
  )

  it.live(
    "a shard that another process has committed is given up with the next commit of any other, before a record of it is taken in",
    () =>
      Effect.gen(function* () {
        const store = yield* Store
        const soon = (shard: string, from: number, to: number): RecordPage => ({ ...page(shard, from, to), commitNow: true })
        const go = yield* Deferred.make<void>()
        const late = Stream.concat(
          Stream.drain(Stream.fromEffect(Deferred.await(go))),
          Stream.fromIterable([soon("b", 100, 140), page("a", 40, 80)]).pipe(Stream.rechunk(1))
        )
        const own = shared([page("a", 0, 40), soon("b", 80, 100)], late)
        const begun = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(
          run(own.source, { onProgress: ({ commits }) => (commits === 1 ? Deferred.doneUnsafe(begun, Effect.void) : undefined) })
        )
        yield* Deferred.await(begun)
        // The other one dies between its two commits.
        const faults = makeFaultyStore(store)
        faults.failNext("putIfAbsent", "stage/order/_delta_log/", "Full")
        yield* Effect.flip(Effect.provideService(run(shared([page("a", 0, 60)]).source), Store, Store.of(faults.store)))
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(own.given, [["a"]])
        yield* run(shared([page("a", 0, 80)]).source)
        yield* everyRecordOnce(expected(0, 140))
      }).pipe(Effect.provide(temporaryStore))
  )

  it.live("what a page without records says is committed at once if it asks for that, and the shard begins there", () =>
    Effect.gen(function* () {
      const nothing: RecordPage = {
        ...page("a", 0, 0),
        position: { sequenceNumber: "0", subSequenceNumber: 0 },
        resume: { start: "now" },
        commitNow: true
      }
      const committed = yield* Deferred.make<void>()
      const { batches } = yield* run(shared([nothing, page("b", 0, 0)], Stream.never).source, {
        stop: Deferred.await(committed),
        onProgress: ({ commits }) => (commits === 1 ? Deferred.doneUnsafe(committed, Effect.void) : undefined)
      })
      assert.deepStrictEqual(
        batches.map(({ rotation, shards }) => [rotation, shards]),
        [["source", [{ shard: "a", to: { sequenceNumber: "0", subSequenceNumber: 0 }, records: 0 }]]]
      )
      assert.deepStrictEqual((yield* position("a"))?.source, { start: "now" })
      assert.strictEqual((yield* position("a"))?.arrivedAt, "")
      yield* run(shared([page("a", 0, 50)]).source)
      assert.deepStrictEqual(yield* lakeContent, expectedContent(50))
      assert.deepStrictEqual((yield* position("a"))?.from, { sequenceNumber: "0", subSequenceNumber: 0 })
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )
})
