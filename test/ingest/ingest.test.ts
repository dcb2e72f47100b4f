import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { defaultBatchLimits, type IngestOptions } from "../../src/ingest/options.ts"
import { stagePath } from "../../src/lake/layout.ts"
import { positionsOf } from "../../src/lake/positions.ts"
import type { RunEvent } from "../../src/record/report.ts"
import { SourceError } from "../../src/record/source-error.ts"
import type { Source } from "../../src/source/source.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { yieldToIo } from "../passing-time.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import {
  definition,
  expectedContent,
  failedChecks,
  lakeContent,
  page,
  pagesSource,
  run as runHere,
  temporaryStore,
  withThreads
} from "./support.ts"

const pages = [page("a", 0, 50), page("a", 50, 100), page("a", 100, 150)]
const everyPage = { ...defaultBatchLimits, bytes: 1 }

for (const threads of [1, 2]) {
  describe(threads === 1 ? "ingest" : `ingest in ${threads} threads`, () => {
    const run = (source: Source, options: Partial<IngestOptions> = {}) => runHere(source, { ...withThreads(threads), ...options })

    it.effect("carries every record into a row or a dead letter, with its position", () =>
      Effect.gen(function* () {
        const { batches, stopped } = yield* run(pagesSource(pages))
        assert.strictEqual(stopped, "end")
        assert.deepStrictEqual(
          batches.map(({ rotation, counts, files }) => [rotation, counts.records, counts.rows, files]),
          [["end", 150, 135, 3]]
        )
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
        const { domains } = yield* (yield* openTable(stagePath("order"))).snapshot
        const position = positionsOf(domains, "memory").get("a")
        assert.deepInclude(position, { sequenceNumber: "150", records: 150, rows: 135, deadLetters: 15, empty: 0 })
        assert.deepStrictEqual(yield* failedChecks, [])
      }).pipe(Effect.provide(temporaryStore))
    )

    it.effect("does nothing the second time", () =>
      Effect.gen(function* () {
        yield* run(pagesSource(pages))
        assert.deepStrictEqual((yield* run(pagesSource(pages))).batches, [])
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
      }).pipe(Effect.provide(temporaryStore))
    )

    it.effect("takes a record once that comes again", () =>
      Effect.gen(function* () {
        const again = [page("a", 0, 50), page("a", 0, 50), page("a", 30, 80), page("a", 80, 150)]
        yield* run({ ...pagesSource(again), pages: () => Stream.fromIterable(again) })
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
        assert.deepStrictEqual(yield* failedChecks, [])
      }).pipe(Effect.provide(temporaryStore))
    )

    it.effect("closes a batch by size, and its ranges tile", () =>
      Effect.gen(function* () {
        const { batches } = yield* run(pagesSource(pages), { limits: everyPage })
        assert.deepStrictEqual(
          batches.map(({ rotation, shards }) => [
            rotation,
            shards[0]?.from?.sequenceNumber,
            shards[0]?.to.sequenceNumber,
            shards[0]?.records
          ]),
          [
            ["size", undefined, "50", 50],
            ["size", "50", "100", 50],
            ["size", "100", "150", 50]
          ]
        )
        assert.deepStrictEqual(yield* failedChecks, [])
      }).pipe(Effect.provide(temporaryStore))
    )

    it.effect("closes a batch by its hours, and writes row groups when its buffer is full", () =>
      Effect.gen(function* () {
        const { batches } = yield* run(pagesSource(pages), { limits: { ...defaultBatchLimits, hours: 3, bufferBytes: 1 } })
        assert.deepStrictEqual(
          batches.map(({ rotation }) => rotation),
          ["hours", "hours", "hours"]
        )
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
      }).pipe(Effect.provide(temporaryStore))
    )

    it.effect("closes a batch by age, although nothing more comes", () =>
      Effect.gen(function* () {
        const committed = yield* Deferred.make<void>()
        const onEvent = (event: RunEvent) =>
          event.event === "complete" ? Effect.asVoid(Deferred.succeed(committed, undefined)) : Effect.void
        const fed = yield* Deferred.make<void>()
        const source = pagesSource(pages, Stream.fromEffect(Effect.andThen(Deferred.succeed(fed, undefined), Effect.never)))
        const fiber = yield* Effect.forkChild(run(source, { onEvent }))
        yield* Deferred.await(fed)
        // The consumer may still be decoding when the source has nothing left: move time until the batch is closed.
        yield* Effect.race(Deferred.await(committed), Effect.forever(Effect.andThen(TestClock.adjust("10 seconds"), yieldToIo)))
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
      }).pipe(Effect.provide(temporaryStore))
    )

    it.effect("drains: what was read is committed when it must stop", () =>
      Effect.gen(function* () {
        const stop = yield* Deferred.make<void>()
        const source = pagesSource(pages, Stream.fromEffect(Effect.andThen(Deferred.succeed(stop, undefined), Effect.never)))
        const { stopped, batches } = yield* run(source, { stop: Deferred.await(stop) })
        assert.strictEqual(stopped, "drain")
        assert.strictEqual(batches.at(-1)?.rotation, "drain")
        yield* run(pagesSource(pages))
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
        assert.deepStrictEqual(yield* failedChecks, [])
      }).pipe(Effect.provide(temporaryStore))
    )

    it.effect("commits what could be read before a source failed, and says why it did", () =>
      Effect.gen(function* () {
        const broken = new SourceError({ source: "memory", reason: "Unreadable", location: "x", detail: "cut", hint: "Copy it again." })
        const { failure, commits } = yield* run(pagesSource(pages, Stream.fail(broken)))
        assert.strictEqual(failure, broken)
        assert.strictEqual(commits, 1)
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
      }).pipe(Effect.provide(temporaryStore))
    )

    it.effect("stops when somebody else commits its shard", () =>
      Effect.gen(function* () {
        const other = yield* Deferred.make<void>()
        const waiting = yield* Deferred.make<void>()
        const slow = Stream.fromEffect(Effect.andThen(Deferred.succeed(waiting, undefined), Deferred.await(other))).pipe(Stream.drain)
        const zombie = yield* Effect.forkChild(Effect.result(run(pagesSource(pages, slow))))
        yield* Deferred.await(waiting)
        yield* run(pagesSource(pages))
        yield* Deferred.succeed(other, undefined)
        const result = yield* Fiber.join(zombie)
        assert.isTrue(Result.isFailure(result) && result.failure._tag === "TableError" && result.failure.conflict === "domain")
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
        assert.deepStrictEqual(yield* failedChecks, [])
      }).pipe(Effect.provide(temporaryStore))
    )
  })
}

/** Runs a test with a store that can be made to fail. */
const withFaults = <A, E>(use: (faults: ReturnType<typeof makeFaultyStore>) => Effect.Effect<A, E, Store>) =>
  Effect.gen(function* () {
    const faults = makeFaultyStore(yield* Store)
    return yield* use(faults).pipe(Effect.provideService(Store, Store.of(faults.store)))
  }).pipe(Effect.provide(temporaryStore))

describe("ingest, where the store fails", () => {
  it.effect("between the two commits: dead letters are not doubled", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        faults.failNext("putIfAbsent", "stage/order/_delta_log/00000000000000000001", "Full", 1)
        const result = yield* Effect.result(runHere(pagesSource(pages)))
        assert.isTrue(Result.isFailure(result))
        assert.deepStrictEqual(yield* lakeContent, { rows: [], deadLetters: expectedContent(150).deadLetters })
        // Other batches than before: the skip is by record, not by batch.
        yield* runHere(pagesSource([page("a", 0, 35), page("a", 35, 150)]), { limits: everyPage })
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
        assert.deepStrictEqual(yield* failedChecks, [])
      })
    )
  )

  // Live, since a commit in doubt waits a moment before it looks.
  it.live("a commit whose outcome is unknown is found in the log", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        faults.ambiguousNext("putIfAbsent", "dead_letters/_delta_log/", 1)
        faults.ambiguousNext("putIfAbsent", "stage/order/_delta_log/00000000000000000001", 1)
        faults.ambiguousNext("putIfAbsent", "stage/order/_delta_log/00000000000000000003", 1)
        const { batches } = yield* runHere(pagesSource(pages), { limits: everyPage })
        assert.strictEqual(batches.length, 3)
        assert.deepStrictEqual(yield* lakeContent, expectedContent(150))
        assert.deepStrictEqual(yield* failedChecks, [])
      })
    )
  )

  it.effect("tells lineage of a failed batch, without data", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        const events: Array<RunEvent> = []
        faults.failNext("putIfAbsent", "stage/order/_delta_log/00000000000000000001", "Denied", 1)
        yield* Effect.ignore(runHere(pagesSource(pages), { onEvent: (event) => Effect.sync(() => void events.push(event)) }))
        assert.deepStrictEqual(
          events.map(({ event }) => event),
          ["start", "fail"]
        )
        assert.notInclude(JSON.stringify(events), "o-1")
      })
    )
  )

  it.effect("tells lineage what became of the batch that was filled while the one before failed", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        const told = new Map<string, Array<string>>()
        const onEvent = (event: RunEvent) =>
          Effect.sync(() => {
            const runId = event.event === "complete" ? event.report.runId : event.runId
            told.set(runId, [...(told.get(runId) ?? []), event.event])
          })
        faults.failNext("putIfAbsent", "stage/order/_delta_log/00000000000000000001", "Denied", 1)
        yield* Effect.ignore(runHere(pagesSource(pages), { onEvent, limits: everyPage }))
        assert.deepStrictEqual(
          [...told.values()],
          [
            ["start", "fail"],
            ["start", "fail"]
          ]
        )
      })
    )
  )

  it.effect("a batch that is tried again is the same run, whoever has committed the one before it", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        const failed: Array<string> = []
        const onEvent = (event: RunEvent) =>
          Effect.sync(() => {
            if (event.event === "fail") failed.push(event.runId)
          })
        faults.failNext("putIfAbsent", "stage/order/_delta_log/00000000000000000003", "Denied", 1)
        yield* Effect.ignore(runHere(pagesSource(pages), { onEvent, limits: everyPage }))
        const { batches } = yield* runHere(pagesSource(pages), { limits: everyPage })
        assert.isNotEmpty(failed)
        assert.deepStrictEqual(
          batches.slice(0, failed.length).map(({ runId }) => runId),
          failed
        )
      })
    )
  )
})

describe("an expectation that stops", () => {
  const small = (severity: "stop" | "warn") =>
    compileContract(
      defineContract({
        ...definition,
        expectations: [
          {
            name: "small",
            description: "It is worth less than 30.",
            reads: ["value"],
            severity,
            holds: ({ value }) => typeof value !== "bigint" || value < 3000n
          }
        ]
      })
    )

  it.effect("ends the run before the commit of its batch, which is read again when it is corrected", () =>
    Effect.gen(function* () {
      const source = pagesSource([page("a", 0, 20, 30), page("a", 20, 40, 30)])
      const stopped = yield* Effect.flip(runHere(source, { contract: small("stop"), limits: everyPage }))
      assert.strictEqual(stopped._tag, "QualityError")
      assert.include(stopped.message, "small for 10 rows (It is worth less than 30.)")
      assert.deepStrictEqual(yield* lakeContent, expectedContent(20, 30))
      yield* runHere(source, { contract: small("warn"), limits: everyPage })
      assert.deepStrictEqual(yield* lakeContent, expectedContent(40, 30))
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )
})
