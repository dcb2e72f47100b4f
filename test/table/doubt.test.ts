import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { openTable } from "../../src/table/table.ts"
import { yieldToIo } from "../passing-time.ts"
import { add, append, aTable, domain, inLake } from "./helpers.ts"

describe("commit, when the store does not answer plainly", () => {
  const log = "_delta_log/00000000000000000001.json"

  it.live("finds its own commit behind an unknown outcome", () =>
    inLake(({ ambiguousNext, calls }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        ambiguousNext("putIfAbsent", log)
        const { version, snapshot } = yield* table.commit(append(yield* table.snapshot, add("a")))
        assert.strictEqual(version, 1)
        assert.strictEqual(snapshot.files.size, 1)
        assert.strictEqual(calls.filter((call) => call.startsWith("putIfAbsent") && call.endsWith(log)).length, 1)
        assert.strictEqual((yield* table.snapshot).version, 1)
      })
    )
  )

  it.live("asks again with the same name where nothing arrived", () =>
    inLake(({ failNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        failNext("putIfAbsent", log, "Ambiguous")
        failNext("putIfAbsent", log, "Unavailable")
        assert.strictEqual((yield* table.commit(append(yield* table.snapshot, add("a")))).version, 1)
      })
    )
  )

  it.live("tells its own commit from another's behind an unknown outcome", () =>
    inLake(({ ambiguousNext, beforeNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        const rival = yield* openTable(table.path)
        const read = yield* table.snapshot
        beforeNext("putIfAbsent", log, Effect.orDie(rival.commit(append(read, add("rival")))))
        ambiguousNext("putIfAbsent", log)
        const { version, snapshot } = yield* table.commit(append(read, add("a")))
        assert.strictEqual(version, 2)
        assert.deepStrictEqual([...snapshot.files.keys()].length, 2)
      })
    )
  )

  it.live("finds its own commit even when reading fails and others have come since", () =>
    inLake(({ ambiguousNext, failNext, beforeNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        const rival = yield* openTable(table.path)
        const read = yield* table.snapshot
        ambiguousNext("putIfAbsent", log)
        failNext("get", log, "Unavailable")
        // While we wait, another process builds on our commit; asking again then says that the name is taken.
        beforeNext("putIfAbsent", log, Effect.orDie(Effect.flatMap(rival.snapshot, (s) => rival.commit(append(s, add("rival"))))))
        const { version, snapshot } = yield* table.commit(append(read, add("a"), domain("d", "1")))
        assert.strictEqual(version, 1)
        assert.isAtLeast(snapshot.version, 1)
        assert.strictEqual((yield* table.snapshot).files.size, 2)
        assert.strictEqual((yield* table.snapshot).version, 2)
      })
    )
  )

  it.effect("says that it does not know, when the store stays away, and never both loses and doubles", () =>
    inLake(({ failNext, ambiguousNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        const read = yield* table.snapshot
        ambiguousNext("putIfAbsent", log)
        failNext("get", log, "Unavailable", 11)
        failNext("putIfAbsent", log, "Unavailable", 10)
        const fiber = yield* Effect.forkChild(Effect.flip(table.commit(append(read, add("a"), domain("shard", "1")))))
        const pass = Effect.forever(Effect.andThen(yieldToIo, TestClock.adjust("5 seconds")))
        const error = yield* Effect.raceFirst(Fiber.join(fiber), pass)
        assert.strictEqual(error.reason, "Store")
        assert.include(error.message, "unknown whether version 1")
        // Who then does the same work again on what was read before is told so; the first attempt had arrived.
        const again = yield* Effect.flip(table.commit(append(read, add("b"), domain("shard", "1"))))
        assert.strictEqual(again.conflict, "domain")
        assert.strictEqual((yield* table.snapshot).files.size, 1)
      })
    )
  )

  it.live("stops at once where asking again is no use", () =>
    inLake(({ failNext, calls }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        for (const reason of ["Full", "Denied"] as const) {
          failNext("putIfAbsent", log, reason)
          const error = yield* Effect.flip(table.commit(append(yield* table.snapshot, add("a"))))
          assert.strictEqual(error.reason, "Store")
          assert.include(error.message, reason)
        }
        assert.strictEqual(calls.filter((call) => call.startsWith("putIfAbsent") && call.endsWith(log)).length, 2)
      })
    )
  )

  it.live("many fibers of one process lose and double nothing", () =>
    inLake(({ ambiguousNext, failNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        ambiguousNext("putIfAbsent", "_delta_log/", 5)
        failNext("putIfAbsent", "_delta_log/", "Unavailable", 3)
        const second = yield* openTable(table.path)
        const read = yield* table.snapshot
        yield* Effect.forEach(
          Array.from({ length: 40 }),
          (_, i) => (i % 2 === 0 ? table : second).commit(append(read, add(`f${i}`), domain(`shard/${i}`, "x"))),
          { concurrency: "unbounded" }
        )
        const end = yield* table.snapshot
        assert.strictEqual(end.version, 40)
        assert.strictEqual(end.files.size, 40)
        assert.strictEqual(end.domains.size, 40)
      })
    )
  )
})
