import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import type { CallFailed } from "../../src/record/aws-call.ts"
import { noQueueFaults, type QueueOptions, SimulatedQueue, type StoredMessage } from "./simulated-queue.ts"

const make = (options: Partial<QueueOptions> = {}) =>
  Clock.clockWith((clock) => Effect.succeed(new SimulatedQueue(clock, { url: "https://simulated/queue", random: () => 0.5, ...options })))

const one = { most: 10, waitSeconds: 0, visibleAfter: 30 }
const bodies = Effect.map((messages: ReadonlyArray<{ readonly body: string }>) => messages.map(({ body }) => body))
const receiptsOf = Effect.map((messages: ReadonlyArray<{ readonly receipt: string }>) => messages.map(({ receipt }) => receipt))

describe("simulated queue", () => {
  it.effect("hides what it has given out, and gives it again with another receipt", () =>
    Effect.gen(function* () {
      const queue = yield* make()
      const { api } = queue
      queue.send("a")
      const [first] = yield* api.receive(one)
      assert.deepStrictEqual(yield* api.receive(one), [])
      yield* TestClock.adjust(29_999)
      assert.deepStrictEqual(yield* api.receive(one), [])
      yield* TestClock.adjust(1)
      const [second] = yield* api.receive(one)
      assert.deepStrictEqual([first?.received, second?.received], [1, 2])
      assert.strictEqual(second?.id, first?.id)
      // The call succeeds, and does nothing.
      assert.deepStrictEqual(yield* api.remove([first?.receipt ?? ""]), [])
      assert.strictEqual(queue.messages.length, 1)
      assert.deepStrictEqual(yield* api.remove([second?.receipt ?? ""]), [])
      assert.strictEqual(queue.messages.length, 0)
    })
  )

  it.effect("answers a long poll when something comes, or is visible again", () =>
    Effect.gen(function* () {
      const queue = yield* make()
      const poll = (waitSeconds: number) => Effect.forkChild(bodies(queue.api.receive({ ...one, waitSeconds })), { startImmediately: true })
      const comes = yield* poll(20)
      yield* TestClock.adjust(5000)
      queue.send("a")
      assert.deepStrictEqual(yield* Fiber.join(comes), ["a"])
      const again = yield* poll(20)
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(yield* Fiber.join(again), [])
      const visible = yield* poll(20)
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual(yield* Fiber.join(visible), ["a"])
      queue.send("late", 7000)
      const delayed = yield* poll(20)
      yield* TestClock.adjust(7000)
      assert.deepStrictEqual(yield* Fiber.join(delayed), ["late"])
    })
  )

  it.effect("hides for longer, up to 12 hours, as long as the message is nobody else's", () =>
    Effect.gen(function* () {
      const queue = yield* make()
      queue.send("a")
      const receipts = yield* receiptsOf(queue.api.receive(one))
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(yield* queue.api.hide(receipts, 43_200), receipts)
      assert.deepStrictEqual(yield* queue.api.hide(receipts, 43_180), [])
      yield* TestClock.adjust(43_179_999)
      assert.deepStrictEqual(yield* queue.api.receive(one), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* queue.api.hide(receipts, 30), receipts)
      const later = yield* receiptsOf(queue.api.receive(one))
      assert.strictEqual(later.length, 1)
      assert.deepStrictEqual(yield* queue.api.hide(receipts, 30), receipts)
      assert.deepStrictEqual(yield* queue.api.hide(later, 0), [])
      assert.deepStrictEqual(yield* bodies(queue.api.receive(one)), ["a"])
    })
  )

  it.effect("gives up on a message that was given out too often, and forgets what is too old", () =>
    Effect.gen(function* () {
      const to = yield* make()
      const queue = yield* make({ redrive: { after: 2, to }, retentionMillis: 600_000 })
      queue.send("a")
      for (let i = 0; i < 3; i++) {
        assert.strictEqual((yield* queue.api.receive(one)).length, i < 2 ? 1 : 0)
        yield* TestClock.adjust(30_000)
      }
      assert.deepStrictEqual(
        to.messages.map(({ body }) => body),
        ["a"]
      )
      queue.send("b")
      yield* TestClock.adjust(600_000)
      assert.deepStrictEqual(queue.messages, [])
      assert.deepStrictEqual(
        queue.expired.map(({ body }) => body),
        ["b"]
      )
    })
  )

  it.effect("fails as it is told: without effect, with one, and for some messages of a call", () =>
    Effect.gen(function* () {
      const removed: Array<StoredMessage> = []
      const queue = yield* make({ removed: (message) => removed.push(message), random: () => 0 })
      const fails = (faults: Partial<typeof noQueueFaults>) => {
        queue.faults = { ...noQueueFaults, ...faults }
        return Effect.map(Effect.result(queue.api.receive(one)), (result) => (Result.isFailure(result) ? result.failure.reason : null))
      }
      queue.send("a")
      assert.strictEqual(yield* fails({ throttle: 1 }), "Throttled")
      assert.strictEqual(yield* fails({ unavailable: 1 }), "Unavailable")
      assert.deepStrictEqual(
        queue.messages.map(({ received }) => received),
        [0]
      )
      assert.strictEqual(yield* fails({ lostAnswer: 1 }), "Unavailable")
      assert.deepStrictEqual(
        queue.messages.map(({ received }) => received),
        [1]
      )
      yield* TestClock.adjust(30_000)
      queue.faults = { ...noQueueFaults, double: 1 }
      assert.strictEqual((yield* queue.api.receive(one)).length, 1)
      const receipts = yield* receiptsOf(queue.api.receive(one))
      queue.faults = { ...noQueueFaults, refuse: 1 }
      assert.deepStrictEqual(yield* queue.api.remove(receipts), receipts)
      queue.faults = { ...noQueueFaults, revive: 1 }
      assert.deepStrictEqual(yield* queue.api.remove(receipts), [])
      queue.faults = noQueueFaults
      assert.deepStrictEqual(yield* queue.api.remove(yield* receiptsOf(queue.api.receive(one))), [])
      assert.deepStrictEqual(queue.messages, [])
      assert.strictEqual(removed.length, 2)
    })
  )

  it.effect("refuses what the service refuses", () =>
    Effect.gen(function* () {
      const { api } = yield* make()
      const eleven = Array.from({ length: 11 }, (_, i) => `message-${i}/1`)
      const calls: ReadonlyArray<Effect.Effect<unknown, CallFailed>> = [
        api.receive({ ...one, most: 11 }),
        api.receive({ ...one, most: 0 }),
        api.receive({ ...one, waitSeconds: 21 }),
        api.receive({ ...one, visibleAfter: 43_201 }),
        api.hide(eleven, 30),
        api.remove(eleven),
        api.remove([])
      ]
      for (const call of calls) assert.isTrue(Exit.isFailure(yield* Effect.exit(call)))
      assert.deepStrictEqual(yield* api.hide(["nobody/1"], 30), ["nobody/1"])
    })
  )
})
