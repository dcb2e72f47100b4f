import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { deadLettersPath } from "../../src/lake/layout.ts"
import { deadLetterDomain } from "../../src/lake/positions.ts"
import { Store } from "../../src/store/store.ts"
import { commitName } from "../../src/table/paths.ts"
import { openTable } from "../../src/table/table.ts"
import { expectedContent, failedChecks, lakeContent, page, pagesSource, run, temporaryStore } from "./support.ts"

/** Another dataset has dead letters again and again, for weeks; then the old part of the log goes. */
const weeksOfOthers = Effect.gen(function* () {
  const table = yield* openTable(deadLettersPath)
  const position = { sequenceNumber: "1", subSequenceNumber: 0, arrivedAt: "", records: 0, rows: 0, deadLetters: 0, empty: 0 }
  for (let i = 0; i < 120; i++) {
    yield* table.commit({
      read: yield* table.snapshot,
      operation: "STREAMING UPDATE",
      parameters: {},
      metrics: {},
      actions: [
        {
          domainMetadata: { domain: deadLetterDomain("other", "files", String(i)), configuration: JSON.stringify(position), removed: false }
        }
      ],
      isBlindAppend: true
    })
  }
  yield* TestClock.adjust("30 days")
  yield* (yield* Store).delete(Array.from({ length: 100 }, (_, version) => `${deadLettersPath}/_delta_log/${commitName(version)}`))
})

describe("a process that runs for weeks without a dead letter", () => {
  it.effect("commits its first one though the log that it knew has expired", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const others = Stream.fromEffect(Effect.orDie(Effect.provideService(weeksOfOthers, Store, store))).pipe(Stream.drain)
      const source = pagesSource([page("a", 0, 30, 1000)], Stream.concat(others, Stream.make(page("a", 30, 60))))
      const { failure } = yield* run(source, { limits: { bytes: 1, ageMillis: 1e9, hours: 48, bufferBytes: 1e6 } })
      assert.isNull(failure)
      const late = expectedContent(60)
      const { rows, deadLetters } = yield* lakeContent
      assert.deepStrictEqual(deadLetters, [40, 50, 60])
      assert.deepStrictEqual(
        rows,
        [10, 20, 30, ...late.rows].sort((a, b) => a - b)
      )
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )
})
