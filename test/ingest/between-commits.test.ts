import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { replay } from "../../src/ingest/replay.ts"
import { Store } from "../../src/store/store.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import {
  contract,
  definition,
  everyRecordOnce,
  expectedContent,
  failedChecks,
  lakeContent,
  page,
  pagesSource,
  run,
  temporaryStore
} from "./support.ts"

/**
 * A process dies after it has committed dead letters and before it commits their batch. What comes next may decide otherwise: another contract,
 * other files, a replay. Every record must still be exactly one of a row and a dead letter.
 */
const worth = (name: string, holds: (value: bigint) => boolean) =>
  compileContract(
    defineContract({
      ...definition,
      expectations: [
        { name, description: "", reads: ["value"], severity: "reject", holds: ({ value }) => typeof value !== "bigint" || holds(value) }
      ]
    })
  )
const cheapOnly = worth("worth at most 30", (value) => value <= 3_000n)
const dearOnly = worth("worth at least 30", (value) => value >= 3_000n)
const decode = { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 }
const all = Array.from({ length: 60 }, (_, i) => i + 1)

/** Ingests, and dies before the commit of stage. */
const die = (pages: Parameters<typeof pagesSource>[0], of: typeof contract) =>
  Effect.gen(function* () {
    const faults = makeFaultyStore(yield* Store)
    faults.failNext("putIfAbsent", "stage/order/_delta_log/00000000000000000001", "Full")
    const result = yield* Effect.result(run(pagesSource(pages), { contract: of })).pipe(
      Effect.provideService(Store, Store.of(faults.store))
    )
    assert.isTrue(Result.isFailure(result))
  })

describe("between the two commits", () => {
  for (const [how, next] of [
    ["stricter", dearOnly],
    ["looser", contract]
  ] as const) {
    it.effect(`a ${how} contract takes over: no record is lost, none stands twice`, () =>
      Effect.gen(function* () {
        yield* die([page("a", 0, 60)], cheapOnly)
        assert.deepStrictEqual(yield* failedChecks, [])
        const { counts } = yield* run(pagesSource([page("a", 0, 25), page("a", 25, 60)]), { contract: next })
        // Those that are dead letters already are part of the batch that reads them again.
        assert.deepStrictEqual([counts.records, counts.bytes], [60, page("a", 0, 60).bytes.length])
        yield* everyRecordOnce(all)
        yield* replay({ contract, decode, onEvent: () => Effect.void })
        yield* everyRecordOnce(all)
      }).pipe(Effect.provide(temporaryStore))
    )
  }

  it.effect("a replay leaves alone what ingest has yet to commit", () =>
    Effect.gen(function* () {
      yield* die([page("a", 0, 60)], cheapOnly)
      assert.deepStrictEqual(yield* replay({ contract, decode, onEvent: () => Effect.void }).pipe(Effect.map(({ rows }) => rows)), 0)
      yield* run(pagesSource([page("a", 0, 60)]))
      yield* everyRecordOnce(all)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("small batches that end before the dead letters do, and letters of other shards between them", () =>
    Effect.gen(function* () {
      yield* die([page("m", 0, 60)], contract)
      const pages = [page("a", 0, 60), page("m", 0, 15), page("m", 15, 30), page("m", 30, 60)]
      yield* run(pagesSource(pages.slice(0, 2)), { limits: { bytes: 1, ageMillis: 1e9, hours: 48, bufferBytes: 1e6 } })
      yield* run(pagesSource(pages), { limits: { bytes: 1, ageMillis: 1e9, hours: 48, bufferBytes: 1e6 } })
      const { rows, deadLetters } = yield* lakeContent
      assert.deepStrictEqual(
        [...rows, ...deadLetters].sort((a, b) => a - b),
        all.flatMap((n) => [n, n])
      )
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("a batch that ends before the dead letters do, and has letters of another shard, does not set them back", () =>
    Effect.gen(function* () {
      yield* die([page("m", 0, 60)], contract)
      yield* run(pagesSource([page("m", 0, 15), page("a", 0, 60)]))
      yield* run(pagesSource([page("m", 0, 60), page("a", 0, 60)]))
      const { rows, deadLetters } = yield* lakeContent
      assert.deepStrictEqual(
        { rows: rows.length, deadLetters },
        { rows: 108, deadLetters: [10, 20, 30, 40, 50, 60].flatMap((n) => [n, n]) }
      )
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("dead letters of another dataset, of the same records, are not taken for its own", () =>
    Effect.gen(function* () {
      const other = compileContract(defineContract({ ...dearOnly.contract, name: "other" }))
      yield* run(pagesSource([page("a", 0, 60)]), { contract: other })
      yield* die([page("a", 0, 60)], cheapOnly)
      yield* run(pagesSource([page("a", 0, 60)]))
      // What is worth 30 and more is dead for this one, what is worth less for the other.
      assert.deepStrictEqual((yield* lakeContent).rows, expectedContent(30).rows)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("a replay that was cut off is finished first, whatever came meanwhile", () =>
    Effect.gen(function* () {
      yield* run(pagesSource([page("b", 0, 30)]), { contract: cheapOnly })
      yield* run(pagesSource([page("c", 30, 60)]), { contract: cheapOnly })
      const faults = makeFaultyStore(yield* Store)
      faults.failNext("putIfAbsent", "dead_letters/_delta_log/", "Full")
      const cut = yield* Effect.result(replay({ contract, decode, onEvent: () => Effect.void })).pipe(
        Effect.provideService(Store, Store.of(faults.store))
      )
      assert.isTrue(Result.isFailure(cut))
      for (let i = 0; i < 3; i++) yield* run(pagesSource([page(`late-${i}`, 0, 60)]), { contract: cheapOnly })
      yield* replay({ contract, decode, onEvent: () => Effect.void })
      const { rows, deadLetters } = yield* lakeContent
      assert.deepStrictEqual(
        [...rows, ...deadLetters].sort((a, b) => a - b),
        all.flatMap((n) => [n, n, n, n])
      )
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )
})
