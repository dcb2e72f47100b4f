import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Metric, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import { sourceMetrics } from "../../../src/source/kinesis/metrics.ts"
import { owns } from "../../../src/source/kinesis/share.ts"
import { aggregate } from "../../../src/stream/kinesis/aggregation.ts"
import type { KinesisApi } from "../../../src/stream/kinesis/api.ts"
import type { SimulatedKinesis } from "../../simulation/kinesis/simulated-kinesis.ts"
import { day, fill, MiB, start, worldOf } from "../../simulation/kinesis/support.ts"
import { Committed, pass, readAll, sourceOf, startReading, textsIn } from "./consume.ts"

const hour = 3_600_000
const shardId = (n: number) => `shardId-${String(n).padStart(12, "0")}`
const name = (n: number) => `orders/${shardId(n)}`

let next = 0
/** Puts records with keys of their own, so that they spread over the shards, and gives their texts. */
const put = (kinesis: SimulatedKinesis, count: number) =>
  Effect.gen(function* () {
    const texts = Array.from({ length: count }, () => `r${next++}`)
    const answers = yield* kinesis.api.putRecords(
      "orders",
      texts.map((text) => ({ partitionKey: text, data: Buffer.from(text) }))
    )
    assert.isTrue(answers.every(({ ok }) => ok))
    yield* TestClock.adjust(1)
    return texts
  })

const sorted = (texts: ReadonlyArray<string>) => [...texts].sort()
/** Every record once, and no child before its parent, nor any other thing that the service frowns at. */
const complete = (kinesis: SimulatedKinesis, got: ReadonlyArray<string>, want: ReadonlyArray<string>) => {
  assert.deepStrictEqual(sorted(got), sorted(want))
  assert.deepStrictEqual(kinesis.violations, [])
}

/** A stream of one shard, whose first ten records have been read and committed. */
const readStream = Effect.gen(function* () {
  const { kinesis } = yield* worldOf()
  const committed = new Committed()
  yield* put(kinesis, 10)
  yield* readAll(yield* sourceOf(kinesis), committed)
  return { kinesis, committed }
})

describe("a bounded run", () => {
  it.effect("reads every shard to its tip, and goes on where it stopped", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 3 })
      const source = yield* sourceOf(kinesis)
      const committed = new Committed()
      const first = yield* put(kinesis, 50)
      complete(kinesis, textsIn(yield* readAll(source, committed)), first)
      assert.deepStrictEqual(yield* readAll(source, committed), [])
      const more = yield* put(kinesis, 20)
      complete(kinesis, textsIn(yield* readAll(source, committed)), more)
      assert.strictEqual(committed.source(name(0))?.["behind"], 0)
      assert.match(source.location, /^arn:aws:kinesis:/)
    })
  )

  it.effect("reads children after their parents, and merge children after both", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 2, listPageSize: 2 })
      const want = [...(yield* put(kinesis, 30))]
      kinesis.splitShard("orders", shardId(0))
      want.push(...(yield* put(kinesis, 30)))
      kinesis.mergeShards("orders", shardId(3), shardId(1))
      want.push(...(yield* put(kinesis, 30)))
      kinesis.splitShard("orders", shardId(4))
      want.push(...(yield* put(kinesis, 30)))
      const committed = new Committed()
      const pages = yield* readAll(yield* sourceOf(kinesis), committed)
      complete(kinesis, textsIn(pages), want)
      const order = [...new Set(pages.map((page) => page.shard))]
      for (const [parent, child] of [
        [0, 2],
        [0, 3],
        [3, 4],
        [1, 4],
        [4, 5],
        [4, 6]
      ] as const)
        assert.isBelow(order.indexOf(name(parent)), order.indexOf(name(child)))
      for (const ended of [0, 1, 3, 4]) assert.isTrue(committed.source(name(ended))?.["ended"])
      for (const open of [2, 5, 6]) assert.isUndefined(committed.source(name(open))?.["ended"])
    })
  )

  it.effect("waits for children that the list does not show yet", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ listLagMillis: 5000 })
      yield* pass(10)
      const want = [...(yield* put(kinesis, 10))]
      kinesis.splitShard("orders", shardId(0))
      want.push(...(yield* put(kinesis, 10)))
      complete(kinesis, textsIn(yield* readAll(yield* sourceOf(kinesis))), want)
    })
  )

  it.effect("survives everything that the service may do", () =>
    Effect.gen(function* () {
      const faults = {
        throttle: 0.1,
        unavailable: 0.1,
        lostAnswer: 0.1,
        emptyPage: 0.2,
        shortPage: 0.5,
        expireEarly: 0.1,
        nullIteratorWithoutChildren: 0.1,
        lateEnd: 0.5
      }
      const { kinesis } = yield* worldOf({ shards: 2 })
      const source = yield* sourceOf(kinesis)
      const want: Array<string> = []
      for (let i = 0; i < 5; i++) want.push(...(yield* put(kinesis, 40)))
      kinesis.splitShard("orders", shardId(0))
      for (let i = 0; i < 5; i++) want.push(...(yield* put(kinesis, 40)))
      kinesis.latencyMillis = [0, 300]
      kinesis.faults = { ...kinesis.faults, ...faults }
      const pages = yield* readAll(source, new Committed(), 3000)
      complete(kinesis, textsIn(pages), want)
    })
  )

  it.effect("gives up on a service that does not answer for minutes", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const source = yield* sourceOf(kinesis)
      kinesis.disconnect()
      const error = yield* Effect.flip(readAll(source, new Committed(), 1200))
      assert.strictEqual(error.reason, "Unavailable")
      assert.include(error.message, "arn:aws:kinesis")
    })
  )

  it.effect("fails at once with what a person must mend", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      yield* put(kinesis, 1)
      for (const reason of ["NotFound", "Denied", "Invalid"] as const) {
        const source = yield* sourceOf(kinesis)
        kinesis.failNext("GetShardIterator", reason)
        assert.strictEqual((yield* Effect.flip(readAll(source))).reason, reason)
        kinesis.failNext("DescribeStreamSummary", reason)
        assert.strictEqual((yield* Effect.flip(sourceOf(kinesis))).reason, reason)
      }
      const future = yield* Effect.flip(sourceOf(kinesis, { initial: { type: "AT_TIMESTAMP", timestamp: start + day } }))
      assert.include(future.message, "future")
    })
  )
})

describe("limits", () => {
  it.effect("are kept: nothing is refused while a full shard is caught up", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ maxRecordBytes: MiB })
      yield* fill(kinesis, 60, MiB)
      const from = yield* Clock.currentTimeMillis
      const pages = yield* readAll(yield* sourceOf(kinesis))
      assert.strictEqual(
        pages.reduce((sum, page) => sum + page.count, 0),
        60
      )
      assert.deepStrictEqual(kinesis.counts.GetRecords.failed, {})
      // 60 MiB at 2 MiB a second, no slower.
      assert.isBelow((yield* Clock.currentTimeMillis) - from, 35_000)
    })
  )

  it.effect("hold for idle shards: one call a second", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const reading = yield* startReading(yield* sourceOf(kinesis, { follow: true }))
      yield* pass(60)
      assert.isAtMost(kinesis.counts.GetRecords.calls, 61)
      assert.isAtLeast(kinesis.counts.GetRecords.calls, 55)
      assert.isUndefined(reading.exit)
    })
  )

  it.effect("of memory: no more answers than may wait", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 40 })
      yield* put(kinesis, 500)
      const source = yield* sourceOf(kinesis, { answersInMemory: 3 })
      // One page is taken, and no other.
      const pull = yield* Stream.toPull(source.pages(new Committed().resume))
      yield* Effect.forkScoped(pull)
      yield* pass(30)
      assert.isAtMost(kinesis.counts.GetRecords.calls, 10)
    })
  )
})

describe("the first start", () => {
  it.effect("at the latest record says where every shard begins, and loses nothing that comes after", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 2 })
      yield* put(kinesis, 20)
      yield* pass(1)
      const committed = new Committed()
      const source = yield* sourceOf(kinesis, { initial: { type: "LATEST" }, follow: true, workers: 2, worker: 0 })
      const reading = yield* startReading(source, committed)
      yield* pass(2)
      // Whoever owns them.
      assert.deepStrictEqual(
        reading.pages.map((page) => [page.shard, page.count, page.commitNow]),
        [
          [name(0), 0, false],
          [name(1), 0, true]
        ]
      )
      committed.commit(reading.pages)
      yield* reading.stop
      // Down, while the stream goes on and is changed.
      const want = [...(yield* put(kinesis, 20))]
      kinesis.splitShard("orders", shardId(0))
      want.push(...(yield* put(kinesis, 20)))
      yield* pass(600)
      const again = yield* sourceOf(kinesis, { initial: { type: "LATEST" } })
      complete(kinesis, textsIn(yield* readAll(again, committed)), want)
    })
  )

  it.effect("at a time takes what came since, and children from their beginning", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      yield* put(kinesis, 10)
      yield* pass(10)
      const timestamp = yield* Clock.currentTimeMillis
      const want = [...(yield* put(kinesis, 10))]
      kinesis.splitShard("orders", shardId(0))
      want.push(...(yield* put(kinesis, 10)))
      complete(kinesis, textsIn(yield* readAll(yield* sourceOf(kinesis, { initial: { type: "AT_TIMESTAMP", timestamp } }))), want)
    })
  )

  it.effect("says nothing to shards that come later", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      const initial = { type: "LATEST" } as const
      yield* readAll(yield* sourceOf(kinesis, { initial }), committed)
      yield* pass(1)
      kinesis.splitShard("orders", shardId(0))
      const want = yield* put(kinesis, 10)
      yield* pass(100)
      complete(kinesis, textsIn(yield* readAll(yield* sourceOf(kinesis, { initial }), committed)), want)
    })
  )
})

describe("following", () => {
  it.effect("delivers what comes, through splits, for as long as it runs", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 2 })
      const reading = yield* startReading(yield* sourceOf(kinesis, { follow: true }))
      const want: Array<string> = []
      for (let i = 0; i < 20; i++) {
        want.push(...(yield* put(kinesis, 10)))
        if (i === 5) kinesis.splitShard("orders", shardId(0))
        if (i === 12) kinesis.mergeShards("orders", shardId(3), shardId(1))
        yield* pass(2)
      }
      yield* pass(5)
      complete(kinesis, textsIn(reading.pages), want)
      assert.isUndefined(reading.exit)
      const { calls } = kinesis.counts.GetRecords
      yield* reading.stop
      yield* pass(60)
      // Nothing goes on behind the back of who stopped it.
      assert.strictEqual(kinesis.counts.GetRecords.calls, calls)
    })
  )

  it.effect("waits for ever for a service that is gone, and for iterators that expire meanwhile", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const reading = yield* startReading(yield* sourceOf(kinesis, { follow: true }))
      const want = [...(yield* put(kinesis, 10))]
      yield* pass(5)
      kinesis.disconnect()
      yield* pass(1200)
      kinesis.reconnect()
      want.push(...(yield* put(kinesis, 10)))
      yield* pass(60)
      complete(kinesis, textsIn(reading.pages), want)
      assert.isAtLeast(kinesis.counts.GetRecords.failed.ExpiredIterator ?? 0, 1)
    })
  )

  it.effect("does the same calls for the same seed", () =>
    Effect.gen(function* () {
      const run = Effect.gen(function* () {
        next = 0
        const { kinesis } = yield* worldOf({ shards: 4 })
        const reading = yield* startReading(yield* sourceOf(kinesis, { follow: true }))
        for (let i = 0; i < 5; i++) yield* put(kinesis, 50)
        kinesis.latencyMillis = [0, 50]
        kinesis.faults = { ...kinesis.faults, throttle: 0.2, shortPage: 0.5 }
        yield* pass(60)
        return { counts: JSON.stringify(kinesis.counts), pages: reading.pages.map((page) => [page.shard, ...textsIn([page])].join(" ")) }
      })
      const [one, two] = [yield* Effect.scoped(run).pipe(Random.withSeed("seed")), yield* Effect.scoped(run).pipe(Random.withSeed("seed"))]
      assert.deepStrictEqual(one, two)
    })
  )
})

describe("aggregated records", () => {
  it.effect("are taken apart, and gone on with inside", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 2 })
      const data = aggregate(["a", "b", "c"].map((text) => ({ partitionKey: text, data: Buffer.from(text) })))
      yield* kinesis.api.putRecords("orders", [{ partitionKey: "x", explicitHashKey: "0", data }])
      const committed = new Committed()
      const pages = yield* readAll(yield* sourceOf(kinesis), committed)
      assert.deepStrictEqual(textsIn(pages), ["a", "b", "c"])
      const position = committed.positions.get(name(0))
      assert.strictEqual(position?.subSequenceNumber, 2)
      // Some of these keys hash to the other shard.
      assert.isAbove(Number(position?.source?.["outOfRange"]), 0)
      if (position !== undefined) committed.positions.set(name(0), { ...position, subSequenceNumber: 0 })
      assert.deepStrictEqual(textsIn(yield* readAll(yield* sourceOf(kinesis), committed)), ["b", "c"])
      // What was counted with the first of them is not counted again.
      assert.strictEqual(committed.source(name(0))?.["outOfRange"], position?.source?.["outOfRange"])
    })
  )
})

describe("what was trimmed", () => {
  it.effect("is a gap, and reading goes on at the horizon", () =>
    Effect.gen(function* () {
      for (const stalePosition of ["emptyLoop", "horizon"] as const) {
        const { kinesis } = yield* worldOf({ stalePosition })
        const committed = new Committed()
        yield* put(kinesis, 10)
        yield* readAll(yield* sourceOf(kinesis), committed)
        yield* put(kinesis, 10)
        yield* TestClock.adjust(day + hour)
        const want = yield* put(kinesis, 10)
        const pages = yield* readAll(yield* sourceOf(kinesis), committed)
        complete(kinesis, textsIn(pages), want)
        const source = committed.source(name(0))
        assert.strictEqual(source?.["gaps"], 1)
        assert.isAtMost(Date.parse(String(source?.["gapFrom"])), start + 60_000)
        assert.approximately(Date.parse(String(source?.["gapTo"])), start + hour, 60_000)
        assert.isTrue(pages.some((page) => page.commitNow))
      }
    })
  )

  it.effect("is none in a stream that was idle for longer than its retention", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      const want = [...(yield* put(kinesis, 10))]
      const reading = yield* startReading(yield* sourceOf(kinesis, { follow: true, pollMillis: 600_000 }))
      for (let i = 0; i < 30 * 6; i++) yield* TestClock.adjust(600_000)
      const markers = reading.pages.filter((page) => page.count === 0).length
      assert.isAtLeast(markers, 28)
      assert.isAtMost(markers, 31)
      committed.commit(reading.pages)
      yield* reading.stop
      yield* TestClock.adjust(hour)
      want.push(...(yield* put(kinesis, 10)))
      const rest = yield* readAll(yield* sourceOf(kinesis), committed)
      complete(kinesis, [...textsIn(reading.pages), ...textsIn(rest)], want)
      assert.isUndefined(committed.source(name(0))?.["gaps"])
    })
  )

  it.effect("is a gap too where the whole shard has gone", () =>
    Effect.gen(function* () {
      const { kinesis, committed } = yield* readStream
      yield* put(kinesis, 10)
      kinesis.splitShard("orders", shardId(0))
      yield* TestClock.adjust(day + hour)
      const want = yield* put(kinesis, 10)
      complete(kinesis, textsIn(yield* readAll(yield* sourceOf(kinesis), committed)), want)
      const source = committed.source(name(0))
      assert.deepInclude(source, { gaps: 1, ended: true })
      assert.deepStrictEqual(textsIn(yield* readAll(yield* sourceOf(kinesis), committed)), [])
      assert.strictEqual(committed.source(name(0))?.["gaps"], 1)
    })
  )
})

describe("what was trimmed while nobody looked", () => {
  it.effect("is told by the worker to whom the shard belongs", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 4 })
      const committed = new Committed()
      yield* put(kinesis, 40)
      yield* readAll(yield* sourceOf(kinesis), committed)
      for (const id of [0, 1, 2, 3]) kinesis.splitShard("orders", shardId(id))
      yield* TestClock.adjust(day + hour)
      const told: Array<string> = []
      for (const worker of [0, 1]) {
        const pages = yield* readAll(yield* sourceOf(kinesis, { workers: 2, worker }), committed.copy())
        for (const { shard } of pages) assert.isTrue(owns(shard, 2, worker), shard)
        told.push(...pages.filter(({ resume }) => resume?.["ended"] === true).map(({ shard }) => shard))
      }
      assert.deepStrictEqual(sorted(told), [0, 1, 2, 3].map(name))
    })
  )

  it.effect("is a gap though records are kept for longer by now", () =>
    Effect.gen(function* () {
      const { kinesis, committed } = yield* readStream
      yield* put(kinesis, 10)
      yield* TestClock.adjust(day + hour)
      const want = yield* put(kinesis, 10)
      // What raises the retention does not bring back what was trimmed before.
      const raised = Effect.map(kinesis.api.describeStream("orders"), (stream) => ({ ...stream, retentionMillis: 7 * day }))
      const source = yield* sourceOf(kinesis, { api: { ...kinesis.api, describeStream: () => raised } })
      complete(kinesis, textsIn(yield* readAll(source, committed)), want)
      assert.deepInclude(committed.source(name(0)), { gaps: 1, retention: 7 * day })
    })
  )

  it.effect("is a gap of every shard, whichever of them was first to ask how long records are kept by now", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 2, retentionMillis: 2 * day })
      const committed = new Committed()
      const gate = yield* Deferred.make<void>()
      let isAsleep = false
      const api: KinesisApi = {
        ...kinesis.api,
        describeStream: (stream) => Effect.delay(kinesis.api.describeStream(stream), "5 seconds"),
        getRecords: (iterator, limit) =>
          Effect.suspend(() =>
            isAsleep
              ? Effect.andThen(Deferred.await(gate), kinesis.api.getRecords(iterator, limit))
              : kinesis.api.getRecords(iterator, limit)
          )
      }
      yield* put(kinesis, 10)
      const source = yield* Effect.forkChild(sourceOf(kinesis, { api, follow: true }))
      yield* pass(5)
      const reading = yield* startReading(yield* Fiber.join(source), committed)
      yield* pass(10)
      isAsleep = true
      yield* TestClock.adjust(1.5 * day + hour / 2)
      kinesis.retain("orders", day)
      // All wake at once.
      yield* Deferred.succeed(gate, undefined)
      yield* pass(60)
      committed.commit(reading.pages)
      for (const id of [0, 1]) assert.isAtMost(Date.parse(String(committed.source(name(id))?.["gapFrom"])), start + 60_000, name(id))
    })
  )

  it.effect("is a gap, too, where nothing is committed but that reading begins, or that a parent has ended", () =>
    Effect.gen(function* () {
      for (const hasEnded of [false, true]) {
        const { kinesis } = yield* worldOf()
        const committed = new Committed()
        const initial = hasEnded ? ({ type: "TRIM_HORIZON" } as const) : ({ type: "LATEST" } as const)
        if (hasEnded) {
          yield* put(kinesis, 10)
          kinesis.splitShard("orders", shardId(0))
        }
        const begun = yield* readAll(yield* sourceOf(kinesis, { initial }))
        committed.commit(
          begun.filter((page) => (hasEnded ? page.shard === name(0) : page.resume?.["start"] !== undefined)).slice(0, hasEnded ? 2 : 1)
        )
        yield* put(kinesis, 10)
        yield* TestClock.adjust(day + hour)
        kinesis.retain("orders", 7 * day)
        yield* readAll(yield* sourceOf(kinesis, { initial }), committed)
        assert.deepInclude(committed.source(name(hasEnded ? 1 : 0)), { gaps: 1 }, String(hasEnded))
      }
    })
  )

  it.effect("is a gap of a shard that never had a record before", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* readAll(yield* sourceOf(kinesis), committed)
      yield* put(kinesis, 10)
      yield* TestClock.adjust(2 * day)
      const want = yield* put(kinesis, 10)
      complete(kinesis, textsIn(yield* readAll(yield* sourceOf(kinesis), committed)), want)
      assert.deepInclude(committed.source(name(0)), { gaps: 1 })
    })
  )

  it.effect("is a gap from when its parent was last seen open, which may have been closed before it was last read", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* put(kinesis, 10)
      yield* TestClock.adjust(hour)
      kinesis.splitShard("orders", shardId(0))
      yield* put(kinesis, 10)
      yield* TestClock.adjust(hour)
      const pages = yield* readAll(yield* sourceOf(kinesis))
      // The end of the parent is not committed.
      committed.commit(pages.filter((page) => page.shard === name(0)).slice(0, 1))
      yield* TestClock.adjust(2 * day)
      yield* put(kinesis, 10)
      yield* readAll(yield* sourceOf(kinesis), committed)
      for (const id of [0, 1, 2]) assert.isAtMost(Date.parse(String(committed.source(name(id))?.["gapFrom"])), start + hour, name(id))
    })
  )

  it.effect("is a gap of children, too, that the next one to come does not find any more", () =>
    Effect.gen(function* () {
      const { kinesis, committed } = yield* readStream
      kinesis.splitShard("orders", shardId(0))
      yield* TestClock.adjust(20 * hour)
      yield* put(kinesis, 10)
      kinesis.splitShard("orders", shardId(1))
      yield* TestClock.adjust(5 * hour)
      // Only that the first one expired is committed.
      const found = yield* readAll(yield* sourceOf(kinesis), committed.copy())
      committed.commit(found.filter((page) => page.shard === name(0)))
      assert.deepInclude(committed.source(name(0)), { ended: true, children: `${shardId(1)},${shardId(2)}` })
      yield* TestClock.adjust(2 * day)
      yield* put(kinesis, 10)
      yield* readAll(yield* sourceOf(kinesis), committed)
      assert.deepInclude(committed.source(name(1)), { gaps: 1, ended: true })
    })
  )
})

describe("a shard that is not listed", () => {
  it.effect("has not expired where it is younger than all that are: the list may be late, whatever the clock says", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* put(kinesis, 10)
      kinesis.splitShard("orders", shardId(0))
      // Nothing but the end of the parent is committed, and it is read again from a list without its children, a day after these could have expired.
      committed.commit((yield* readAll(yield* sourceOf(kinesis))).filter((page) => page.shard === name(0)))
      yield* TestClock.adjust(2 * day)
      let late = true
      const api: KinesisApi = {
        ...kinesis.api,
        listShards: (stream, token) =>
          Effect.map(kinesis.api.listShards(stream, token), (list) => (late ? { shards: [], nextToken: null } : list))
      }
      const reading = yield* startReading(yield* sourceOf(kinesis, { api, follow: true, lookMillis: 10_000 }), committed)
      yield* pass(60)
      assert.deepStrictEqual(reading.pages, [])
      late = false
      const want = yield* put(kinesis, 10)
      yield* pass(60)
      assert.sameMembers([...textsIn(reading.pages)], want)
    })
  )
})

describe("a stream that was deleted and made again", () => {
  it.effect("is not taken for the one that was read", () =>
    Effect.gen(function* () {
      const { kinesis, committed } = yield* readStream
      const position = committed.positions.get(name(0))
      assert.isDefined(position)
      committed.positions.set(name(0), { ...position, sequenceNumber: "1", source: { ...position.source, ended: true } })
      const error = yield* Effect.flip(readAll(yield* sourceOf(kinesis), committed))
      assert.strictEqual(error.reason, "Invalid")
      assert.match(error.message, /made again/)
    })
  )
})

describe("what was trimmed of a shard that nobody had read yet", () => {
  it.effect("is a gap from the end of its parent on", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* put(kinesis, 10)
      yield* pass(60)
      kinesis.splitShard("orders", shardId(0))
      // Only the parent is read and committed.
      const pages = yield* readAll(yield* sourceOf(kinesis))
      committed.commit(pages.filter((page) => page.shard === name(0)))
      assert.isTrue(committed.source(name(0))?.["ended"])
      yield* put(kinesis, 20)
      yield* TestClock.adjust(2 * day)
      const want = yield* put(kinesis, 10)
      assert.sameMembers([...textsIn(yield* readAll(yield* sourceOf(kinesis), committed))], want)
      for (const child of [1, 2]) {
        const source = committed.source(name(child))
        assert.strictEqual(source?.["gaps"], 1)
        assert.isAtMost(Date.parse(String(source?.["gapFrom"])), start + 70_000)
      }
    })
  )

  it.effect("is none where children are read soon", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* put(kinesis, 10)
      yield* TestClock.adjust(day - hour)
      kinesis.splitShard("orders", shardId(0))
      yield* put(kinesis, 10)
      yield* readAll(yield* sourceOf(kinesis), committed)
      yield* TestClock.adjust(hour)
      yield* readAll(yield* sourceOf(kinesis), committed)
      for (const id of [0, 1, 2]) assert.isUndefined(committed.source(name(id))?.["gaps"])
    })
  )

  it.effect("is a gap from when the list showed its parent open, though nothing of that is committed", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      const reading = yield* startReading(yield* sourceOf(kinesis, { follow: true, pollMillis: 1000 }), committed)
      yield* put(kinesis, 10)
      yield* pass(200)
      kinesis.splitShard("orders", shardId(0))
      yield* put(kinesis, 20)
      kinesis.disconnect()
      yield* TestClock.adjust(day + hour)
      kinesis.reconnect()
      yield* put(kinesis, 10)
      yield* pass(120)
      committed.commit(reading.pages)
      for (const id of [0, 1, 2]) assert.isAtMost(Date.parse(String(committed.source(name(id))?.["gapFrom"])), start + 201_000, name(id))
      assert.isUndefined(reading.exit)
    })
  )

  it.effect("is a gap too where a shard expires while it is read", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      const reading = yield* startReading(yield* sourceOf(kinesis, { follow: true, pollMillis: 1000 }), committed)
      yield* put(kinesis, 10)
      yield* pass(5)
      kinesis.disconnect()
      kinesis.splitShard("orders", shardId(0))
      yield* TestClock.adjust(day + hour)
      kinesis.reconnect()
      const want = yield* put(kinesis, 10)
      yield* pass(120)
      committed.commit(reading.pages)
      assert.sameMembers([...textsIn(reading.pages).slice(10)], want)
      // Who finds these neither must know that there were such.
      assert.deepInclude(committed.source(name(0)), { gaps: 1, ended: true, children: `${shardId(1)},${shardId(2)}` })
      assert.isUndefined(reading.exit)
    })
  )
})

describe("several workers", () => {
  it.effect("read each shard once, children when the others' parents are committed", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 8 })
      const committed = new Committed()
      const workers = 3
      const readings = yield* Effect.forEach([0, 1, 2], (worker) =>
        Effect.flatMap(sourceOf(kinesis, { follow: true, workers, worker }), (source) => startReading(source, committed))
      )
      const seen = readings.map(() => 0)
      // Each commits what it has, now and then.
      const commit = Effect.sync(() => {
        for (const [i, { pages }] of readings.entries()) {
          committed.commit(pages.slice(seen[i]))
          seen[i] = pages.length
        }
      })
      const want = [...(yield* put(kinesis, 200))]
      for (const parent of [0, 1, 2, 3]) kinesis.splitShard("orders", shardId(parent))
      want.push(...(yield* put(kinesis, 200)))
      yield* pass(5)
      yield* commit
      yield* pass(60)
      yield* commit
      complete(
        kinesis,
        readings.flatMap(({ pages }) => textsIn(pages)),
        want
      )
      for (const [worker, { pages }] of readings.entries()) {
        for (const page of pages) assert.isTrue(owns(page.shard, workers, worker))
        for (const page of pages) if (page.resume?.["ended"] === true) assert.isTrue(page.commitNow)
      }
    })
  )

  it.effect("leave a shard alone that another commits, and take it when it stands still", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      const want = [...(yield* put(kinesis, 10))]
      const source = yield* sourceOf(kinesis, { follow: true, restMillis: 60_000, lookMillis: 10_000 })
      const first = yield* startReading(source, committed)
      yield* pass(2)
      committed.commit(first.pages)
      yield* first.stop
      yield* source.disown?.([name(0)]) ?? Effect.void
      want.push(...(yield* put(kinesis, 10)))
      const second = yield* startReading(source, committed)
      yield* pass(50)
      assert.deepStrictEqual(second.pages, [])
      // The other one still moves it.
      const other = yield* readAll(yield* sourceOf(kinesis), committed, 5)
      want.push(...(yield* put(kinesis, 10)))
      yield* pass(40)
      assert.deepStrictEqual(second.pages, [])
      yield* pass(100)
      complete(kinesis, textsIn([...first.pages, ...other, ...second.pages]), want)
    })
  )
})

describe("metrics", () => {
  it.effect("count what was read and what went wrong, and say how far a shard is behind as long as it is read", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 2 })
      const want = yield* put(kinesis, 30)
      const count = (metric: (typeof sourceMetrics)["records"]) =>
        Effect.map(Metric.value(Metric.withAttributes(metric, { stream: "orders" })), (state) => state.count)
      const source = yield* sourceOf(kinesis, { follow: true })
      assert.strictEqual(yield* count(sourceMetrics.records), 0)
      kinesis.failNext("GetRecords", "Throttled", 2)
      kinesis.failNext("GetRecords", "ExpiredIterator")
      const reading = yield* startReading(source)
      yield* pass(10)
      assert.strictEqual(yield* count(sourceMetrics.records), 30)
      // The key is the text itself.
      assert.strictEqual(yield* count(sourceMetrics.bytes), 2 * want.join("").length)
      assert.strictEqual(yield* count(sourceMetrics.throttles), 2)
      assert.strictEqual(yield* count(sourceMetrics.expiredIterators), 1)
      assert.strictEqual(yield* count(sourceMetrics.gaps), 0)
      const behind = Effect.map(Metric.snapshot, (all) => all.filter(({ id }) => id === "sluice_source_behind_seconds"))
      assert.sameMembers(
        (yield* behind).map(({ attributes }) => attributes?.["shard"]),
        [name(0), name(1)]
      )
      yield* reading.stop
      yield* pass(1)
      assert.deepStrictEqual(yield* behind, [])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})
