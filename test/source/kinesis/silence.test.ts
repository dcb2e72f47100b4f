import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Logger, Metric, Random, Stream } from "effect"
import { kinesisSource } from "../../../src/source/kinesis/kinesis.ts"
import type { KinesisApi } from "../../../src/stream/kinesis/api.ts"
import { fill, start, worldOf } from "../../simulation/kinesis/support.ts"
import { pass, startReading } from "./consume.ts"

const ownRegistry = Effect.provideService(Metric.MetricRegistry, new Map())

/** What somebody who asks for the metrics now is told, in seconds. */
const gauge = (name: string) =>
  Effect.map(Metric.snapshot, (all) => all.flatMap(({ id, type, state }) => (id === name && type === "Gauge" ? [Number(state.value)] : [])))
const behind = Effect.map(gauge("sluice_source_behind_seconds"), ([seconds]) => seconds)
const unanswered = Effect.map(gauge("sluice_source_unanswered_seconds"), ([seconds]) => seconds)

/** Follows a stream of one shard that can be made silent, and is at its tip. `log`: what is said, by the second. */
const following = Effect.gen(function* () {
  const { kinesis } = yield* worldOf()
  let isFrozen = false
  const unlessFrozen = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.suspend(() => (isFrozen ? Effect.never : call))
  const api: KinesisApi = {
    ...kinesis.api,
    listShards: (...call) => unlessFrozen(kinesis.api.listShards(...call)),
    getRecords: (...call) => unlessFrozen(kinesis.api.getRecords(...call))
  }
  const log: Array<{ readonly second: number; readonly line: string }> = []
  const clock = yield* Clock.Clock
  const collect = Logger.make(({ message }) => {
    log.push({ second: (clock.currentTimeMillisUnsafe() - start) / 1000, line: String(message) })
  })
  const source = yield* kinesisSource({ api, stream: "orders", initial: { type: "TRIM_HORIZON" }, follow: true })
  yield* fill(kinesis, 10)
  const reading = yield* startReading(source).pipe(Effect.provide(Logger.layer([collect])))
  yield* pass(20)
  assert.isAtMost((yield* behind) ?? Number.NaN, 1)
  assert.strictEqual(yield* unanswered, 0)
  const freeze = Effect.sync(() => {
    isFrozen = true
  })
  return { kinesis, reading, log, freeze }
})

describe("a stream that does not answer", () => {
  it.effect("because it is gone shows as lag, and is warned of at growing intervals until it answers again", () =>
    Effect.gen(function* () {
      const { kinesis, log, reading } = yield* following
      const goneAt = ((yield* Clock.currentTimeMillis) - start) / 1000
      kinesis.disconnect()
      yield* pass(3600)
      assert.approximately((yield* behind) ?? 0, 3600, 2)
      assert.approximately((yield* unanswered) ?? 0, 3600, 2)
      const warned = log.filter(({ line }) => line.startsWith("GetRecords of orders/shardId-000000000000: "))
      const seconds = warned.map(({ second }) => second - goneAt)
      assert.isAtMost(seconds[0] ?? Number.NaN, 10)
      assert.isAtMost(seconds[1] ?? Number.NaN, 70)
      assert.isAbove((seconds[3] ?? 0) - (seconds[2] ?? 0), (seconds[2] ?? 0) - (seconds[1] ?? 0))
      assert.isAtMost(warned.length, 12)
      assert.match(warned.at(-1)?.line ?? "", /Failing for (4\d|5\d|60) min; trying again$/)
      kinesis.reconnect()
      yield* pass(60)
      assert.isAtMost((yield* behind) ?? Number.NaN, 1)
      assert.strictEqual(yield* unanswered, 0)
      assert.isTrue(log.some(({ line }) => line === "orders/shardId-000000000000 answers again, after 60 min"))
      yield* reading.stop
      assert.isUndefined(yield* unanswered)
      // How long it pauses between tries is drawn, and so is when it first has something to say.
    }).pipe(Random.withSeed("silence"), ownRegistry)
  )

  it.effect("because it hangs shows as lag while the call hangs", () =>
    Effect.gen(function* () {
      const { freeze } = yield* following
      yield* freeze
      yield* pass(90)
      assert.approximately((yield* behind) ?? 0, 90, 2)
      assert.approximately((yield* unanswered) ?? 0, 90, 2)
    }).pipe(ownRegistry)
  )

  it.effect("for one call is not worth a warning", () =>
    Effect.gen(function* () {
      const { kinesis, log } = yield* following
      kinesis.failNext("GetRecords", "Throttled")
      kinesis.failNext("GetRecords", "Unavailable")
      yield* pass(60)
      assert.deepStrictEqual(log, [])
      assert.strictEqual(yield* unanswered, 0)
    }).pipe(ownRegistry)
  )
})

describe("a consumer that does not ask, since nobody takes what it has", () => {
  it.effect("is behind, and nothing is unanswered", () =>
    Effect.gen(function* () {
      const { api } = yield* worldOf({ shards: 3 })
      yield* api.putRecords(
        "orders",
        Array.from({ length: 60 }, (_, i) => ({ partitionKey: String(i), data: Buffer.from("x") }))
      )
      const source = yield* kinesisSource({ api, stream: "orders", initial: { type: "TRIM_HORIZON" }, follow: true, answersInMemory: 1 })
      const pages = source.pages({ get: () => undefined, keys: () => [] })
      // Of the first shard's answer; the second's fills the memory, and the third stands there with its iterator.
      yield* Effect.forkScoped(Stream.runForEach(pages, () => Effect.never))
      yield* pass(120)
      assert.approximately(Math.max(...(yield* gauge("sluice_source_behind_seconds"))), 120, 2)
      assert.strictEqual(yield* unanswered, 0)
    }).pipe(ownRegistry)
  )
})
