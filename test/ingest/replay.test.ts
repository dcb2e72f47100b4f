import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { defaultBatchLimits } from "../../src/ingest/options.ts"
import { replay } from "../../src/ingest/replay.ts"
import type { RunEvent } from "../../src/record/report.ts"
import { Store } from "../../src/store/store.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { contract, definition, expectedContent, failedChecks, lakeContent, page, pagesSource, run, temporaryStore } from "./support.ts"

/** Yesterday's contract refused what is worth less than 50; today's does not. */
const strict = compileContract(
  defineContract({
    ...definition,
    expectations: [
      {
        name: "worth at least 50",
        description: "",
        reads: ["value"],
        severity: "reject",
        holds: ({ value }) => typeof value !== "bigint" || value >= 5_000n
      }
    ]
  })
)
const decode = { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 }
const options = { contract, decode, onEvent: () => Effect.void }
const pages = [page("a", 0, 60), page("b", 0, 60)]
const twice = (numbers: ReadonlyArray<number>) => numbers.flatMap((n) => [n, n])
const expected = { rows: twice(expectedContent(60).rows), deadLetters: twice(expectedContent(60).deadLetters) }

describe("replay", () => {
  it.effect("turns dead letters into rows once the contract allows it, and twice is once", () =>
    Effect.gen(function* () {
      yield* run(pagesSource(pages), { contract: strict })
      const before = yield* lakeContent
      assert.strictEqual(before.rows.length, 2 * 9)
      assert.deepStrictEqual(yield* failedChecks, [])

      const events: Array<RunEvent> = []
      const first = yield* replay({ ...options, onEvent: (event) => Effect.sync(() => void events.push(event)) })
      assert.deepStrictEqual(first, { letters: 2 * 51, rows: 2 * 45, left: 12, cut: 0, unread: 0, structured: 0 })
      assert.deepStrictEqual(yield* lakeContent, expected)
      assert.deepStrictEqual(yield* failedChecks, [])
      assert.deepStrictEqual(
        events.map(({ event }) => event),
        ["start", "complete"]
      )

      assert.deepStrictEqual(yield* replay(options), { letters: 12, rows: 0, left: 12, cut: 0, unread: 0, structured: 0 })
      assert.deepStrictEqual(yield* lakeContent, expected)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("takes each of a file of several row groups, and the last record of its shard, too, at which ingest stands", () =>
    Effect.gen(function* () {
      const limits = { ...defaultBatchLimits, bufferBytes: 4 }
      yield* run(pagesSource([page("a", 0, 15), page("a", 15, 30), page("a", 30, 45)]), { contract: strict, limits })
      assert.deepStrictEqual((yield* lakeContent).deadLetters.at(-1), 45)
      assert.deepStrictEqual(yield* replay(options), { letters: 45, rows: 41, left: 4, cut: 0, unread: 0, structured: 0 })
      assert.deepStrictEqual(yield* lakeContent, expectedContent(45))
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("tells which were cut, and can never become rows", () =>
    Effect.gen(function* () {
      const pages = [{ ...page("a", 0, 9), cut: new Map([[4, 2_000_000]]) }]
      yield* run({ ...pagesSource(pages), pages: () => Stream.fromIterable(pages) })
      assert.deepStrictEqual(yield* replay(options), { letters: 1, rows: 0, left: 1, cut: 1, unread: 0, structured: 0 })
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("leaves what was structured already, whose hashes it would hash, and tells how many there are", () =>
    Effect.gen(function* () {
      const reason = "firehose_conversion"
      // What the contract takes: were it read, it would be a row.
      const good = page("a", 1, 2)
      const pages = [{ ...good, rejected: { reason, detail: "Firehose says DataFormatConversion.InvalidSchema." } } as const]
      yield* run({ ...pagesSource(pages), pages: () => Stream.fromIterable(pages) })
      assert.deepStrictEqual(yield* replay(options), { letters: 1, rows: 0, left: 1, cut: 0, unread: 0, structured: 1 })
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("changes nothing while the contract still refuses", () =>
    Effect.gen(function* () {
      yield* run(pagesSource(pages), { contract: strict })
      const before = yield* lakeContent
      assert.strictEqual((yield* replay({ ...options, contract: strict })).rows, 0)
      assert.deepStrictEqual(yield* lakeContent, before)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("cut off between its two commits, is finished by the next one", () =>
    Effect.gen(function* () {
      yield* run(pagesSource(pages), { contract: strict })
      const faults = makeFaultyStore(yield* Store)
      faults.failNext("putIfAbsent", "dead_letters/_delta_log/", "Full")
      const cut = yield* Effect.result(replay(options)).pipe(Effect.provideService(Store, Store.of(faults.store)))
      assert.isTrue(Result.isFailure(cut))
      // Both, for the moment: verify says so, and what to do.
      assert.include((yield* failedChecks).join("\n"), "run sluice replay again")

      yield* replay(options)
      assert.deepStrictEqual(yield* lakeContent, expected)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("finishes a file of which another one made the first commit meanwhile", () =>
    Effect.gen(function* () {
      yield* run(pagesSource(pages.slice(0, 1)), { contract: strict })
      yield* run(pagesSource(pages), { contract: strict })
      const faults = makeFaultyStore(yield* Store)
      const other = Effect.suspend(() => {
        faults.failNext("putIfAbsent", "dead_letters/_delta_log/", "Full")
        return Effect.result(replay(options)).pipe(Effect.provideService(Store, Store.of(faults.store)))
      })
      let others = 0
      const onEvent = ({ event }: RunEvent) =>
        event === "complete" && others++ === 0
          ? Effect.map(Effect.orDie(other), (cut) => assert.isTrue(Result.isFailure(cut)))
          : Effect.void
      assert.strictEqual((yield* replay({ ...options, onEvent })).rows, 2 * 45)
      assert.deepStrictEqual(yield* lakeContent, expected)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("tells of each run that begins how it ended: failed, interrupted, or by a defect", () =>
    Effect.gen(function* () {
      yield* run(pagesSource(pages), { contract: strict })
      const faults = makeFaultyStore(yield* Store)
      const told: Array<string> = []
      const onEvent = (event: RunEvent) =>
        Effect.sync(() => void told.push(event.event === "fail" ? `${event.outcome}: ${event.message}` : event.event))
      const cut = Effect.exit(replay({ ...options, onEvent })).pipe(Effect.provideService(Store, Store.of(faults.store)))
      for (const way of [Effect.die(new Error("o-1")), Effect.interrupt]) {
        faults.beforeNext("putIfAbsent", "stage/order/_delta_log/", way)
        yield* cut
      }
      faults.failNext("putIfAbsent", "stage/order/_delta_log/", "Full")
      yield* cut
      const [, defect, , interrupted, , failed] = told
      assert.deepStrictEqual(
        [told.length, defect, interrupted],
        [6, "fail: an unexpected error; see the log of the process", "abort: interrupted"]
      )
      assert.match(failed ?? "", /^fail: .*Full/)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("goes on beside an ingest that appends", () =>
    Effect.gen(function* () {
      yield* run(pagesSource(pages), { contract: strict })
      yield* Effect.all([replay(options), run(pagesSource([page("c", 0, 60)]))], { concurrency: 2 })
      const { rows, deadLetters } = yield* lakeContent
      assert.strictEqual(rows.length + deadLetters.length, 180)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )
})
