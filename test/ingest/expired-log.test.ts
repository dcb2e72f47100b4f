import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { deadLettersPath } from "../../src/lake/layout.ts"
import { deadLetterDomain } from "../../src/lake/log-keys.ts"
import { Store } from "../../src/store/store.ts"
import type { WriteAction } from "../../src/table/actions.ts"
import { commitName } from "../../src/table/paths.ts"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { openTable } from "../../src/table/table.ts"
import { expectedContent, failedChecks, lakeContent, page, pagesSource, run, temporaryStore } from "./support.ts"

/** How far a shard's dead letters got. */
const reached = (dataset: string, source: string, shard: string): WriteAction => {
  const position = { sequenceNumber: "40", subSequenceNumber: 0, arrivedAt: "", records: 0, rows: 0, deadLetters: 0, empty: 0 }
  return {
    domainMetadata: { domain: deadLetterDomain({ dataset, source, shard }), configuration: JSON.stringify(position), removed: false }
  }
}

/** Another dataset has dead letters again and again, for weeks; then the old part of the log goes, with what somebody did before. */
const weeksOfOthers = (before: (read: Snapshot) => ReadonlyArray<WriteAction>) =>
  Effect.gen(function* () {
    const table = yield* openTable(deadLettersPath)
    for (let i = 0; i < 120; i++) {
      const read = yield* table.snapshot
      yield* table.commit({
        read,
        operation: "STREAMING UPDATE",
        parameters: {},
        metrics: {},
        actions: [...(i === 0 ? before(read) : []), reached("other", "files", String(i))],
        isBlindAppend: true
      })
    }
    yield* TestClock.adjust("30 days")
    yield* (yield* Store).delete(Array.from({ length: 100 }, (_, version) => `${deadLettersPath}/_delta_log/${commitName(version)}`))
  })

/** A process commits a batch without dead letters, sleeps for weeks, and goes on with some. */
const sleeper = (before: (read: Snapshot) => ReadonlyArray<WriteAction>) =>
  Effect.gen(function* () {
    const store = yield* Store
    const others = Stream.fromEffect(Effect.orDie(Effect.provideService(weeksOfOthers(before), Store, store))).pipe(Stream.drain)
    const source = pagesSource([page("a", 0, 30, 1000)], Stream.concat(others, Stream.make(page("a", 30, 60))))
    return yield* run(source, { limits: { bytes: 1, ageMillis: 1e9, hours: 48, bufferBytes: 1e6 } })
  })

describe("a process that runs for weeks without a dead letter", () => {
  it.effect("commits its first one though the log that it knew has expired", () =>
    Effect.gen(function* () {
      assert.isNull((yield* sleeper(() => [])).failure)
      const late = expectedContent(60)
      const { rows, deadLetters } = yield* lakeContent
      assert.deepStrictEqual(deadLetters, [40, 50, 60])
      assert.deepStrictEqual(
        rows,
        [10, 20, 30, ...late.rows].sort((a, b) => a - b)
      )
      // The other dataset has no stage here, which verify tells.
      assert.deepStrictEqual(
        (yield* failedChecks).filter((check) => !check.startsWith("dead letters of other ")),
        []
      )
    }).pipe(Effect.provide(temporaryStore))
  )

  for (const [what, before] of [
    ["another one had dead letters of its shard", () => [reached("order", "memory", "a")]],
    [
      "the table was changed",
      ({ metaData }) => [{ metaData: { ...metaData, configuration: { ...metaData.configuration, "some.property": "1" } } }]
    ]
  ] as const satisfies ReadonlyArray<readonly [string, (read: Snapshot) => ReadonlyArray<WriteAction>]>)
    it.effect(`commits nothing where ${what} in the part that has expired`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(sleeper(before))
        assert.isTrue(error._tag === "TableError" && error.conflict === "read")
        const { rows, deadLetters } = yield* lakeContent
        assert.deepStrictEqual([rows.length, deadLetters], [30, []])
      }).pipe(Effect.provide(temporaryStore))
    )
})
