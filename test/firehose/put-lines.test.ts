import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { putLimits } from "../../src/firehose/api.ts"
import { cutCalls, putLines } from "../../src/firehose/put-lines.ts"
import { type FakeFirehose, holdingFirehose } from "./fake-firehose.ts"

const stream = "DataStreamStructured"
const fake = () => holdingFirehose(stream)
const linesOf = (count: number, bytes = 10) =>
  Array.from({ length: count }, (_, i) => new Uint8Array(Buffer.from(`${String(i).padStart(bytes - 1, "0")}\n`)))
const textsOf = (lines: ReadonlyArray<Uint8Array>) => lines.map((line) => Buffer.from(line).toString())

/** Puts within so many milliseconds of a clock that goes on by itself. */
const put = (api: FakeFirehose, lines: ReadonlyArray<Uint8Array>, millis = 60_000, to = stream) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.result(putLines(api, to, lines, (yield* Clock.currentTimeMillis) + millis)))
    yield* TestClock.adjust(2 * millis)
    return yield* Fiber.join(fiber)
  })

describe("calls of PutRecordBatch", () => {
  it("take as many records as Firehose does, in their order", () => {
    assert.deepStrictEqual(cutCalls([]), [])
    for (const [count, bytes, calls] of [
      [1, 10, [1]],
      [500, 10, [500]],
      [501, 10, [500, 1]],
      [5, 1024 * 1000, [4, 1]],
      [8, 1024 * 1024, [4, 4]],
      [4, 1024 * 1024 + 1, [3, 1]]
    ] as const) {
      const lines = linesOf(count, bytes)
      const cut = cutCalls(lines)
      assert.deepStrictEqual(
        cut.map(({ length }) => length),
        [...calls]
      )
      assert.deepStrictEqual(cut.flat(), lines)
    }
  })

  it.effect("put every record, and those again that were not taken, and no others", () =>
    Effect.gen(function* () {
      const api = fake()
      const lines = linesOf(1203)
      api.next.push(
        (i) => i % 3 !== 0,
        () => true,
        () => false,
        (i) => i > 100,
        (i) => i < 1
      )
      assert.strictEqual((yield* put(api, lines))._tag, "Success")
      assert.deepStrictEqual([...api.held].sort(), textsOf(lines).sort())
      assert.isTrue(api.calls.every((size) => size <= putLimits.records))
      assert.isAbove(api.calls.length, 5)
    })
  )

  it.effect("are made again where the answer was lost: nothing is lost, something may be there twice", () =>
    Effect.gen(function* () {
      const api = fake()
      const lines = linesOf(20)
      api.next.push("lost answer")
      const failed = yield* put(api, lines)
      // The one that speaks to AWS tries again by itself; so does Lambda.
      assert.strictEqual(failed._tag, "Failure")
      assert.strictEqual((yield* put(api, lines))._tag, "Success")
      assert.strictEqual(api.held.length, 40)
      assert.strictEqual(new Set(api.held).size, 20)
    })
  )

  it.effect("fail by the deadline with what is left, and not after it", () =>
    Effect.gen(function* () {
      const api = fake()
      const begun = yield* Clock.currentTimeMillis
      for (let i = 0; i < 1000; i++) api.next.push((record) => record > 0 && i < 3)
      const fiber = yield* Effect.forkChild(Effect.result(putLines(api, stream, linesOf(7), begun + 10_000)))
      yield* TestClock.adjust(9_000)
      const failed = yield* Fiber.join(fiber)
      assert.isTrue(failed._tag === "Failure" && failed.failure._tag === "PutFailed")
      assert.include(
        failed._tag === "Failure" ? failed.failure.message : "",
        `delivery stream ${stream}: 1 record of 7 not taken until the time was over`
      )
      assert.isAbove(api.calls.length, 5)
    })
  )

  it.effect("fail by the deadline where no answer comes, and are not begun when it is over", () =>
    Effect.gen(function* () {
      let calls = 0
      const silent = {
        putRecordBatch: () =>
          Effect.andThen(
            Effect.sync(() => calls++),
            Effect.never
          )
      }
      const deadline = (yield* Clock.currentTimeMillis) + 10_000
      const begin = Effect.forkChild(Effect.flip(putLines(silent, stream, linesOf(3), deadline)))
      const fiber = yield* begin
      yield* TestClock.adjust(9_600)
      assert.strictEqual(fiber.pollUnsafe()?._tag, "Success")
      const { message, _tag } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([_tag, calls], ["PutFailed", 1])
      assert.include(message, "3 records of 3 not taken until the time was over (no answer)")
      assert.strictEqual((yield* Fiber.join(yield* begin))._tag, "PutFailed")
      assert.strictEqual(calls, 1)
    })
  )

  it.effect.each([
    ["denied", stream, "what the function may do"],
    ["throttled", stream, "puts all of its records again"],
    [undefined, "another", "name of the stream"]
  ] as const)("fail with what is to be done: %s %s", ([knob, to, hint]) =>
    Effect.gen(function* () {
      const api = fake()
      if (knob !== undefined) api.next.push(knob)
      const failed = yield* put(api, linesOf(1), 60_000, to)
      assert.include(failed._tag === "Failure" ? failed.failure.message : "", hint)
    })
  )
})
