import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { allShards, day, drain, fill, first, iteratorOf, MiB, reasonOf, records, start, worldOf } from "./support.ts"

const hour = 3_600_000

describe("sequence numbers", () => {
  it.effect("have 56 digits, increase, have holes, and a record that is put again gets a new one", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      const [record] = records(1)
      for (let i = 0; i < 3; i++) yield* api.putRecords("orders", record === undefined ? [] : [record])
      const numbers = kinesis.records("orders").map((stored) => stored.sequenceNumber)
      assert.isTrue(numbers.every((number) => /^[1-9]\d{55}$/.test(number)))
      const [a = 0n, b = 0n, c = 0n] = numbers.map(BigInt)
      assert.isTrue(a + 1n < b && b + 1n < c)
    })
  )

  it.effect("may grow, so that comparing them as text goes wrong", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ sequenceNumbers: "growing" })
      yield* fill(kinesis, 2000, 2)
      const [child] = kinesis.splitShard("orders", first)
      const numbers = kinesis.records("orders").map((stored) => stored.sequenceNumber)
      assert.isTrue(numbers.every((number) => /^(0|[1-9]\d{0,128})$/.test(number)))
      assert.isTrue(numbers.every((number, i) => i === 0 || BigInt(number) > BigInt(numbers[i - 1] ?? "")))
      assert.isTrue(numbers.some((number, i) => i > 0 && number < (numbers[i - 1] ?? "")))
      assert.isAbove(numbers.at(-1)?.length ?? 0, 16)
      assert.isTrue(BigInt(child.startingSequenceNumber) > BigInt(kinesis.shards("orders")[0]?.endingSequenceNumber ?? ""))
    })
  )
})

describe("shards", () => {
  it.effect("come in pages, whose tokens live for 300 s and belong to one stream", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ shards: 7, listPageSize: 3 })
      kinesis.createStream("other", { shards: 1 })
      const { shards, pages } = yield* allShards(kinesis)
      assert.strictEqual(pages, 3)
      assert.strictEqual(new Set(shards.map((shard) => shard.shardId)).size, 7)
      assert.isTrue(
        shards.every((shard, i) => i === 0 || BigInt(shard.startingHashKey) === BigInt(shards[i - 1]?.endingHashKey ?? "") + 1n)
      )
      assert.deepStrictEqual([shards[0]?.startingHashKey, shards[6]?.endingHashKey], ["0", "340282366920938463463374607431768211455"])
      const { nextToken } = yield* api.listShards("orders", null)
      assert.strictEqual(yield* reasonOf(api.listShards("other", nextToken)), "Invalid")
      yield* TestClock.adjust(299_999)
      assert.strictEqual(yield* reasonOf(api.listShards("orders", nextToken)), null)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* reasonOf(api.listShards("orders", nextToken)), "ExpiredToken")
    })
  )

  it.effect("are listed and described at limited rates", () =>
    Effect.gen(function* () {
      const { api } = yield* worldOf()
      for (let i = 0; i < 1000; i++) yield* api.listShards("orders", null)
      assert.strictEqual(yield* reasonOf(api.listShards("orders", null)), "Throttled")
      for (let i = 0; i < 20; i++) assert.strictEqual((yield* api.describeStream("orders")).retentionMillis, day)
      assert.strictEqual(yield* reasonOf(api.describeStream("orders")), "Throttled")
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* reasonOf(api.listShards("orders", null)), null)
      assert.strictEqual(yield* reasonOf(api.describeStream("orders")), null)
    })
  )

  it.effect("split: the parent keeps what it has and ends with its children, who take the rest", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      yield* fill(kinesis, 5)
      const [low, high] = kinesis.splitShard("orders", first)
      yield* fill(kinesis, 2)
      const parent = yield* drain(kinesis)
      assert.strictEqual(parent.records.length, 5)
      assert.strictEqual((yield* drain(kinesis, { type: "TRIM_HORIZON" }, first, 2)).records.length, 5)
      assert.deepStrictEqual(parent.last, {
        records: parent.records,
        nextIterator: null,
        millisBehindLatest: 0,
        servedAt: parent.last?.servedAt,
        childShards: [low, high].map(({ shardId }) => ({ shardId, parentShardIds: [first] }))
      })
      assert.strictEqual((yield* drain(kinesis, { type: "TRIM_HORIZON" }, low.shardId)).records.length, 2)
      const { shards } = yield* allShards(kinesis)
      assert.deepStrictEqual(
        shards.map((shard) => [shard.parentShardId, shard.adjacentParentShardId, shard.endingSequenceNumber === null]),
        [
          [null, null, false],
          [first, null, true],
          [first, null, true]
        ]
      )
      assert.deepStrictEqual([shards[1]?.startingHashKey, shards[2]?.endingHashKey], [shards[0]?.startingHashKey, shards[0]?.endingHashKey])
      assert.strictEqual(BigInt(shards[2]?.startingHashKey ?? ""), BigInt(shards[1]?.endingHashKey ?? "") + 1n)
      // A closed shard still gives iterators, at its tip, too.
      const tip = yield* api.getRecords(yield* iteratorOf(kinesis, { type: "LATEST" }), 1)
      assert.strictEqual(tip.nextIterator, null)
      assert.strictEqual(tip.childShards.length, 2)
      assert.throws(() => kinesis.splitShard("orders", first))
    })
  )

  it.effect("merge: the child names both parents, and both name it; only neighbours merge", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 3 })
      assert.throws(() => kinesis.splitShard("orders", first, 0n))
      assert.throws(() => kinesis.splitShard("orders", first, 2n ** 127n))
      assert.throws(() => kinesis.mergeShards("orders", first, "shardId-000000000002"))
      const child = kinesis.mergeShards("orders", "shardId-000000000001", first)
      const { shards } = yield* allShards(kinesis)
      const listed = shards.find((shard) => shard.shardId === child.shardId)
      assert.deepStrictEqual([listed?.parentShardId, listed?.adjacentParentShardId], ["shardId-000000000001", first])
      assert.deepStrictEqual([listed?.startingHashKey, listed?.endingHashKey], [shards[0]?.startingHashKey, shards[1]?.endingHashKey])
      const end = { shardId: child.shardId, parentShardIds: ["shardId-000000000001", first] }
      assert.deepStrictEqual((yield* drain(kinesis)).last?.childShards, [end])
      assert.deepStrictEqual((yield* drain(kinesis, { type: "TRIM_HORIZON" }, "shardId-000000000001")).last?.childShards, [end])
    })
  )

  it.effect("are forgotten when they have been closed for longer than records are kept", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      yield* fill(kinesis, 1)
      kinesis.splitShard("orders", first)
      yield* TestClock.adjust(day - 1)
      assert.strictEqual((yield* allShards(kinesis)).shards.length, 3)
      const iterator = yield* iteratorOf(kinesis)
      yield* TestClock.adjust(1)
      const { shards } = yield* allShards(kinesis)
      assert.deepStrictEqual(
        shards.map((shard) => shard.parentShardId),
        [first, first]
      )
      assert.strictEqual(yield* reasonOf(iteratorOf(kinesis)), "NotFound")
      assert.strictEqual(yield* reasonOf(kinesis.api.getRecords(iterator, 1)), "NotFound")
    })
  )

  it.effect("may be listed late", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ listLagMillis: 5000 })
      yield* TestClock.adjust(1)
      kinesis.splitShard("orders", first)
      yield* TestClock.adjust(4999)
      const before = yield* allShards(kinesis)
      assert.deepStrictEqual(
        before.shards.map((shard) => shard.endingSequenceNumber),
        [null]
      )
      yield* TestClock.adjust(1)
      const after = yield* allShards(kinesis)
      assert.deepStrictEqual(
        after.shards.map((shard) => shard.endingSequenceNumber === null),
        [false, true, true]
      )
    })
  )
})

describe("retention", () => {
  const staleReader = (stalePosition: "emptyLoop" | "horizon") =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ stalePosition })
      yield* fill(kinesis, 2, MiB)
      const position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: kinesis.records("orders")[0]?.sequenceNumber ?? "" } as const
      yield* TestClock.setTime(start + day)
      yield* fill(kinesis, 1)
      // Now both of the first two are gone, and one is there.
      assert.strictEqual((yield* drain(kinesis)).records.length, 1)
      return yield* Effect.gen(function* () {
        let iterator = yield* iteratorOf(kinesis, position)
        const seen: Array<readonly [number, boolean, number]> = []
        for (let i = 0; i < 3; i++) {
          const page = yield* api.getRecords(iterator, 10)
          seen.push([page.records.length, page.nextIterator !== null, page.millisBehindLatest])
          iterator = page.nextIterator ?? ""
          yield* TestClock.adjust(1000)
        }
        return seen
      })
    })

  it.effect("a position older than the horizon reads nothing, for ever", () =>
    Effect.gen(function* () {
      const stuck = [0, true, day] as const
      assert.deepStrictEqual(yield* staleReader("emptyLoop"), [stuck, stuck, stuck])
    })
  )

  it.effect("or goes on at the horizon", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* staleReader("horizon"), [
        [1, true, 0],
        [0, true, 0],
        [0, true, 0]
      ])
    })
  )

  it.effect("what holds for positions holds for a reader whom the horizon overtakes", () =>
    Effect.gen(function* () {
      for (const [stalePosition, seen] of [
        ["emptyLoop", [0, day]],
        ["horizon", [2, 0]]
      ] as const) {
        const { kinesis, api } = yield* worldOf({ stalePosition })
        for (let i = 0; i < 4; i++) yield* fill(kinesis, 1)
        yield* TestClock.setTime(start + day - 1)
        const page = yield* api.getRecords(yield* iteratorOf(kinesis), 1)
        assert.strictEqual(page.records.length, 1)
        yield* TestClock.adjust(1001)
        const next = yield* api.getRecords(page.nextIterator ?? "", 10)
        assert.deepStrictEqual([next.records.length, next.millisBehindLatest], [...seen])
      }
    })
  )

  it.effect("the last position of a stream that was idle is as stale as any, and an iterator at the horizon never", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      yield* fill(kinesis, 2)
      const position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: kinesis.records("orders")[1]?.sequenceNumber ?? "" } as const
      yield* TestClock.setTime(start + day - 1)
      const horizon = yield* iteratorOf(kinesis)
      assert.strictEqual((yield* api.getRecords(yield* iteratorOf(kinesis, position), 1)).millisBehindLatest, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* api.getRecords(yield* iteratorOf(kinesis, position), 1)).millisBehindLatest, day)
      assert.strictEqual((yield* api.getRecords(horizon, 1)).millisBehindLatest, 0)
      assert.deepStrictEqual(
        kinesis.records("orders").map((record) => record.expiresAt),
        [start + day, start + day]
      )
    })
  )

  it.effect("keeping records for longer does not bring back what has gone, and for a shorter time lets go at once", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      const left = Effect.map(drain(kinesis), ({ records }) => records.length)
      yield* fill(kinesis, 2)
      yield* TestClock.setTime(start + day - hour)
      yield* fill(kinesis, 3)
      kinesis.splitShard("orders", first)
      yield* TestClock.setTime(start + day + hour)
      kinesis.retain("orders", 2 * day)
      assert.strictEqual((yield* api.describeStream("orders")).retentionMillis, 2 * day)
      assert.strictEqual(yield* left, 3)
      yield* TestClock.setTime(start + 3 * day - 2 * hour)
      assert.strictEqual(yield* left, 3)
      assert.strictEqual((yield* api.listShards("orders", null)).shards.length, 3)
      kinesis.retain("orders", day)
      assert.strictEqual((yield* api.listShards("orders", null)).shards.length, 2)
      kinesis.retain("orders", 2 * day)
      assert.strictEqual((yield* api.listShards("orders", null)).shards.length, 2)
    })
  )
})
