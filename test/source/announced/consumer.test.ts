import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Logger, Stream } from "effect"
import { announcedSources } from "../../../src/source/announced/announced.ts"
import { type ConsumerOptions, openConsumer } from "../../../src/source/announced/consumer.ts"
import { Patience } from "../../../src/source/announced/patience.ts"
import { Unanswered } from "../../../src/source/unanswered.ts"
import type { QueueMessage } from "../../../src/stream/sqs/api.ts"
import { inVirtualTime, notificationOf, ObjectsStandIn, QueueStandIn, queueUrl } from "./world.ts"

const consumerOf = (options: Partial<ConsumerOptions> = {}) =>
  openConsumer({
    queue: new QueueStandIn(),
    source: "announced",
    takes: [() => true],
    leaves: () => false,
    follow: true,
    limits: { messages: 100, bytes: 48 << 20 },
    patience: new Patience(new Unanswered(2000), Number.POSITIVE_INFINITY),
    ...options
  })

describe("a consumer of a queue", () => {
  it.live("gives back what is of others as fast as it comes, and holds no more of it than of its own", () =>
    Effect.gen(function* () {
      let given = 0
      let hidden = 0
      let most = 0
      const queue: ConsumerOptions["queue"] = {
        url: queueUrl,
        // A backlog without an end, which is given faster than it is taken back.
        receive: ({ most: up }) =>
          Effect.gen(function* () {
            yield* Effect.sleep(10)
            const now = yield* Clock.currentTimeMillis
            const messages = Array.from({ length: up }, (): QueueMessage => {
              const id = `m-${++given}`
              return { id, receipt: id, body: JSON.stringify(notificationOf(`other/${id}`, "")), sentAt: now, received: 1 }
            })
            most = Math.max(most, given - hidden)
            return messages
          }),
        hide: (receipts, seconds) =>
          Effect.delay(
            Effect.sync(() => {
              assert.isAtMost(receipts.length, 10)
              assert.strictEqual(seconds, 900)
              hidden += receipts.length
              return []
            }),
            100
          ),
        remove: () => Effect.succeed([])
      }
      yield* inVirtualTime(() =>
        Effect.scoped(
          Effect.gen(function* () {
            const { start } = yield* consumerOf({ queue, takes: [() => false], leaves: () => true })
            yield* start
            yield* Effect.sleep(10_000)
          })
        )
      )
      // Its limit, and what the calls of one time bring.
      assert.isAtMost(most, 100 + 80)
      // Calls take 100 ms, of 10 messages each, and 8 are made at a time.
      assert.isAtLeast(hidden, 5_000)
    })
  )

  it.live("says that it has not read a queue to its end, where nothing that it holds is committed", () =>
    Effect.gen(function* () {
      const queue = new QueueStandIn()
      const objects = new ObjectsStandIn()
      for (let i = 0; i < 30; i++) {
        objects.put("raw", `${i}.ndjson`, "{}\n")
        queue.send(notificationOf(`${i}.ndjson`, "{}\n"))
      }
      const failure = yield* inVirtualTime(() =>
        Effect.scoped(
          Effect.gen(function* () {
            const datasets = [{ takes: () => true, format: "auto" as const }]
            const { sources } = yield* announcedSources({ queue, objects, datasets, follow: false, limits: { messages: 10, bytes: 1e6 } })
            return yield* Effect.flip(Stream.runDrain(sources[0]?.pages(new Map()) ?? Stream.empty))
          })
        )
      )
      assert.strictEqual(failure.reason, "Unavailable")
      assert.include(failure.message, "10 messages had to be held for 10 minutes")
      assert.include(failure.message, queueUrl)
      assert.strictEqual(queue.sent.size, 30)
    })
  )

  it.live("counts what the queue does not remove, and warns of it, and of what is held for too long, once a look", () =>
    Effect.gen(function* () {
      const queue = new QueueStandIn()
      queue.keeps = 12
      for (let i = 0; i < 30; i++) queue.send(notificationOf(`${i < 20 ? "neither" : "held"}/${i}`, ""))
      const warned: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        if (logLevel === "Warn") warned.push(String(message))
      })
      yield* inVirtualTime(() =>
        Effect.gen(function* () {
          const { start, tally } = yield* consumerOf({ queue, takes: [(key) => key.startsWith("held/")] })
          yield* start
          yield* Effect.sleep(3 * 60_000)
          assert.deepStrictEqual([tally.removed, tally.unremoved, queue.sent.size], [20, 12, 10])
          assert.deepStrictEqual(
            warned.map((text) => text.slice(0, 28)),
            ["12 messages were not removed"]
          )
          yield* Effect.sleep(12 * 3_600_000)
        }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
      )
      assert.strictEqual(warned.length, 2)
      assert.match(warned[1] ?? "", /^10 messages of .* had been held for almost 12 hours/)
    })
  )
})
