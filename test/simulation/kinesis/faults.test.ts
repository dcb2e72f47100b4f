import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { type Faults, noFaults } from "./faults.ts"
import { drain, fill, first, iteratorOf, reasonOf, records, start, worldOf } from "./support.ts"

const always = (fault: keyof Faults): Faults => ({ ...noFaults, [fault]: 1 })

describe("faults", () => {
  it.effect("throttle and unavailable leave nothing behind", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      for (const [fault, reason] of [
        ["throttle", "Throttled"],
        ["unavailable", "Unavailable"]
      ] as const) {
        kinesis.faults = always(fault)
        assert.strictEqual(yield* reasonOf(api.describeStream("orders")), reason)
        assert.strictEqual(yield* reasonOf(api.listShards("orders", null)), reason)
        assert.strictEqual(yield* reasonOf(iteratorOf(kinesis)), reason)
        assert.strictEqual(yield* reasonOf(api.putRecords("orders", records(1))), reason)
      }
      assert.strictEqual(kinesis.records("orders").length, 0)
      kinesis.faults = noFaults
      assert.strictEqual(yield* reasonOf(api.putRecords("orders", records(1))), null)
    })
  )

  it.effect("a probability is one", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ faults: { throttle: 0.3 } })
      let refused = 0
      for (let i = 0; i < 900; i++) if ((yield* reasonOf(api.listShards("orders", null))) !== null) refused++
      assert.isTrue(refused > 200 && refused < 340, `${refused} of 900`)
      assert.strictEqual(kinesis.counts.ListShards.failed.Throttled, refused)
    })
  )

  it.effect("a lost answer: the records are in the stream, nobody was told, and the quota is used", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      kinesis.faults = always("lostAnswer")
      assert.strictEqual(yield* reasonOf(api.putRecords("orders", records(1))), "Unavailable")
      kinesis.faults = noFaults
      yield* api.putRecords("orders", records(1))
      assert.deepStrictEqual(
        kinesis.records("orders").map((record) => record.acknowledged),
        [false, true]
      )
      const iterator = yield* iteratorOf(kinesis)
      kinesis.failNext("GetRecords", "LostAnswer", 5)
      for (let i = 0; i < 5; i++) assert.strictEqual(yield* reasonOf(api.getRecords(iterator, 1)), "Unavailable")
      assert.strictEqual(yield* reasonOf(api.getRecords(iterator, 1)), "Throttled")
      yield* TestClock.adjust(1000)
      assert.strictEqual((yield* api.getRecords(iterator, 10)).records.length, 2)
      assert.deepStrictEqual(kinesis.violations, [])
    })
  )

  it.effect("a record of a put fails by itself", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ faults: { putFailure: 0.5 } })
      const answers = yield* api.putRecords("orders", records(100))
      const failed = answers.filter((answer) => !answer.ok && answer.code === "InternalFailure").length
      assert.isTrue(failed > 20 && failed < 80)
      assert.strictEqual(kinesis.records("orders").length, 100 - failed)
    })
  )

  it.effect("empty and short pages lose nothing", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      yield* fill(kinesis, 200)
      kinesis.faults = { ...noFaults, emptyPage: 0.5, shortPage: 0.5 }
      const { pages, records: got } = yield* drain(kinesis, { type: "TRIM_HORIZON" }, first, 100)
      assert.deepStrictEqual(
        got.map((record) => record.sequenceNumber),
        kinesis.records("orders").map((record) => record.sequenceNumber)
      )
      const empty = pages.filter((page) => page.records.length === 0)
      assert.isAbove(empty.length, 0)
      assert.isTrue(empty.every((page) => page.millisBehindLatest > 0 && page.nextIterator !== null))
      assert.isAbove(pages.filter((page) => page.records.length > 0 && page.records.length < 100).length, 0)
    })
  )

  it.effect("an iterator that expires before its time stays so", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      const iterator = yield* iteratorOf(kinesis)
      kinesis.faults = always("expireEarly")
      assert.strictEqual(yield* reasonOf(api.getRecords(iterator, 1)), "ExpiredIterator")
      kinesis.faults = noFaults
      assert.strictEqual(yield* reasonOf(api.getRecords(iterator, 1)), "ExpiredIterator")
      assert.strictEqual(yield* reasonOf(api.getRecords(yield* iteratorOf(kinesis), 1)), null)
    })
  )

  it.effect("a null iterator without children says nothing, and asking again is no violation", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      yield* fill(kinesis, 1)
      const iterator = yield* iteratorOf(kinesis)
      kinesis.faults = always("nullIteratorWithoutChildren")
      const page = yield* api.getRecords(iterator, 1)
      assert.deepStrictEqual([page.nextIterator, page.childShards, page.records.length], [null, [], 1])
      kinesis.faults = noFaults
      assert.isNotNull((yield* api.getRecords(iterator, 1)).nextIterator)
      assert.deepStrictEqual(kinesis.violations, [])
    })
  )

  it.effect("the end of a shard may come on a page of its own", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ faults: { lateEnd: 1 } })
      yield* fill(kinesis, 1)
      kinesis.splitShard("orders", first)
      const { pages } = yield* drain(kinesis)
      assert.deepStrictEqual(
        pages.map((page) => [page.records.length, page.nextIterator === null, page.childShards.length]),
        [
          [1, false, 0],
          [0, true, 2]
        ]
      )
    })
  )

  it.effect("failNext orders failures, one per call", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      kinesis.failNext("ListShards", "Denied")
      kinesis.failNext("ListShards", "ExpiredToken", 2)
      const seen = []
      for (let i = 0; i < 4; i++) seen.push(yield* reasonOf(api.listShards("orders", null)))
      assert.deepStrictEqual(seen, ["Denied", "ExpiredToken", "ExpiredToken", null])
      assert.strictEqual(yield* reasonOf(api.describeStream("orders")), null)
    })
  )

  it.effect("a connection that breaks under way: carried out, but nobody knows", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ latencyMillis: [100, 100] })
      const put = yield* Effect.forkChild(reasonOf(api.putRecords("orders", records(1))))
      yield* TestClock.adjust(60)
      kinesis.disconnect()
      yield* TestClock.adjust(40)
      assert.strictEqual(yield* Fiber.join(put), "Unavailable")
      assert.deepStrictEqual(
        kinesis.records("orders").map((record) => [record.storedAt - start, record.acknowledged]),
        [[50, false]]
      )
      const refused = yield* Effect.forkChild(reasonOf(api.putRecords("orders", records(1))))
      yield* TestClock.adjust(100)
      assert.strictEqual(yield* Fiber.join(refused), "Unavailable")
      assert.strictEqual(kinesis.records("orders").length, 1)
      kinesis.reconnect()
      kinesis.latencyMillis = [0, 0]
      assert.strictEqual(yield* reasonOf(api.putRecords("orders", records(1))), null)
    })
  )

  it.effect("a caller that dies under way leaves what it did, not acknowledged", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ latencyMillis: [100, 100] })
      for (const wait of [40, 60]) {
        const put = yield* Effect.forkChild(api.putRecords("orders", records(1)))
        yield* TestClock.adjust(wait)
        yield* Fiber.interrupt(put)
      }
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(
        kinesis.records("orders").map((record) => record.acknowledged),
        [false]
      )
    })
  )

  it.effect("the service keeps its own time, whatever its caller believes", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      const clock = yield* Clock.clockWith(Effect.succeed)
      const early: Clock.Clock = { ...clock, currentTimeMillisUnsafe: () => 0, currentTimeMillis: Effect.succeed(0) }
      yield* api.putRecords("orders", records(1)).pipe(Effect.provideService(Clock.Clock, early))
      assert.strictEqual(kinesis.records("orders")[0]?.storedAt, start)
    })
  )
})

describe("violations", () => {
  it.effect("an iterator whose page was delivered is used again", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      const iterator = yield* iteratorOf(kinesis)
      const page = yield* api.getRecords(iterator, 1)
      yield* api.getRecords(page.nextIterator ?? "", 1)
      assert.deepStrictEqual(kinesis.violations, [])
      yield* api.getRecords(iterator, 1)
      assert.deepStrictEqual(
        kinesis.violations.map(({ rule, shardId, at }) => [rule, shardId, at]),
        [["iterator-reused", first, start]]
      )
    })
  )

  it.effect("a child is read before its parent's end", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      yield* fill(kinesis, 2)
      const page = yield* api.getRecords(yield* iteratorOf(kinesis), 1)
      const [child] = kinesis.splitShard("orders", first)
      yield* fill(kinesis, 1)
      const readChild = () => drain(kinesis, { type: "TRIM_HORIZON" }, child.shardId)
      assert.strictEqual((yield* readChild()).records.length, 1)
      assert.deepStrictEqual(
        kinesis.violations.map(({ rule, shardId }) => [rule, shardId]),
        [["child-before-parent", child.shardId]]
      )
      yield* api.getRecords(page.nextIterator ?? "", 1)
      yield* readChild()
      assert.strictEqual(kinesis.violations.length, 1)
    })
  )

  it.effect("but not after it", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      yield* fill(kinesis, 2)
      const [child] = kinesis.splitShard("orders", first)
      yield* fill(kinesis, 1)
      yield* drain(kinesis)
      yield* drain(kinesis, { type: "TRIM_HORIZON" }, child.shardId)
      assert.deepStrictEqual(kinesis.violations, [])
    })
  )

  it.effect("a shard is asked on and on though it refuses", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ throttlesAllowed: 3 })
      const iterator = yield* iteratorOf(kinesis)
      kinesis.failNext("GetRecords", "LostAnswer", 5)
      for (let i = 0; i < 8; i++) yield* reasonOf(api.getRecords(iterator, 1))
      assert.deepStrictEqual(kinesis.violations, [])
      yield* reasonOf(api.getRecords(iterator, 1))
      assert.deepStrictEqual(
        kinesis.violations.map(({ rule }) => rule),
        ["throttled-in-a-row"]
      )
      assert.deepInclude(kinesis.shards("orders")[0]?.seen, { throttled: 4, throttledInARow: 4, pages: 0 })
      yield* TestClock.adjust(1000)
      yield* api.getRecords(iterator, 1)
      assert.deepInclude(kinesis.shards("orders")[0]?.seen, { throttled: 4, throttledInARow: 0, pages: 1 })
    })
  )
})
