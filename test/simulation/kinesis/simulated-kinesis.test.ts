import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { day, drain, fill, first, iteratorOf, MiB, randomOf, reasonOf, records, start, worldOf } from "./support.ts"

describe("GetRecords", () => {
  it.effect("takes 5 calls a second and shard, over all consumers, and no data with a refusal", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ shards: 2 })
      yield* fill(kinesis, 10)
      const mine = yield* iteratorOf(kinesis)
      const yours = yield* iteratorOf(kinesis)
      const elsewhere = yield* iteratorOf(kinesis, { type: "TRIM_HORIZON" }, "shardId-000000000001")
      for (let i = 0; i < 3; i++) yield* api.getRecords(mine, 1)
      for (let i = 0; i < 2; i++) yield* api.getRecords(yours, 1)
      assert.strictEqual(yield* reasonOf(api.getRecords(yours, 1)), "Throttled")
      assert.strictEqual(yield* reasonOf(api.getRecords(elsewhere, 1)), null)
      yield* TestClock.adjust(999)
      assert.strictEqual(yield* reasonOf(api.getRecords(mine, 1)), "Throttled")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* api.getRecords(mine, 10)).records.length, 10)
      assert.deepStrictEqual(kinesis.counts.GetRecords, { calls: 9, failed: { Throttled: 2 } })
    })
  )

  it.effect("gives 10 MiB and then nothing for 5 s; 2 MiB a second in general", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      yield* fill(kinesis, 40, MiB / 2)
      const page = yield* api.getRecords(yield* iteratorOf(kinesis), 10_000)
      assert.strictEqual(page.records.length, 20)
      const next = page.nextIterator ?? ""
      yield* TestClock.adjust(4999)
      assert.strictEqual(yield* reasonOf(api.getRecords(next, 1)), "Throttled")
      yield* TestClock.adjust(1)
      const third = yield* api.getRecords(next, 3)
      assert.strictEqual(third.records.length, 3)
      const fourth = yield* api.getRecords(third.nextIterator ?? "", 3)
      assert.strictEqual(fourth.records.length, 3)
      yield* TestClock.adjust(1499)
      assert.strictEqual(yield* reasonOf(api.getRecords(fourth.nextIterator ?? "", 1)), "Throttled")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* reasonOf(api.getRecords(fourth.nextIterator ?? "", 1)), null)
    })
  )

  it.effect("gives at most 10,000 records, refuses a higher limit, and one record of 10 MiB is a page", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ maxRecordBytes: 10 * MiB })
      yield* fill(kinesis, 10_001, 2)
      assert.strictEqual(yield* reasonOf(api.getRecords(yield* iteratorOf(kinesis), 10_001)), "Invalid")
      assert.strictEqual(yield* reasonOf(api.getRecords(yield* iteratorOf(kinesis), 0)), "Invalid")
      assert.strictEqual((yield* api.getRecords(yield* iteratorOf(kinesis), 10_000)).records.length, 10_000)
      yield* fill(kinesis, 2, 10 * MiB)
      const { records: large } = yield* drain(kinesis, {
        type: "AT_TIMESTAMP",
        timestamp: kinesis.records("orders")[10_001]?.storedAt ?? 0
      })
      assert.strictEqual(large.length, 2)
    })
  )

  it.effect("says exactly how far behind a reader is", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      for (let i = 0; i < 3; i++) yield* fill(kinesis, 1)
      yield* TestClock.adjust(500)
      const behind: Array<number> = []
      let iterator = yield* iteratorOf(kinesis)
      for (let i = 0; i < 4; i++) {
        const page = yield* api.getRecords(iterator, 1)
        behind.push(page.millisBehindLatest)
        iterator = page.nextIterator ?? ""
      }
      assert.deepStrictEqual(behind, [2500, 1500, 0, 0])
    })
  )
})

describe("iterators", () => {
  it.effect("live for 300 s", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf()
      const iterator = yield* iteratorOf(kinesis)
      yield* TestClock.adjust(299_999)
      assert.strictEqual(yield* reasonOf(api.getRecords(iterator, 1)), null)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* reasonOf(api.getRecords(iterator, 1)), "ExpiredIterator")
      assert.strictEqual(yield* reasonOf(api.getRecords("AAAA", 1)), "Invalid")
    })
  )

  it.effect("are given 5 times a second and shard", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      for (let i = 0; i < 5; i++) yield* iteratorOf(kinesis)
      assert.strictEqual(yield* reasonOf(iteratorOf(kinesis)), "Throttled")
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* reasonOf(iteratorOf(kinesis)), null)
    })
  )

  it.effect("start at, after, at the horizon, at the tip and at a time", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      yield* fill(kinesis, 3, MiB)
      const numbers = kinesis.records("orders").map((record) => record.sequenceNumber)
      const from = (it: Parameters<typeof drain>[1]) =>
        Effect.map(drain(kinesis, it), ({ records: got }) => got.map((record) => numbers.indexOf(record.sequenceNumber)))
      const second = numbers[1] ?? ""
      assert.deepStrictEqual(yield* from({ type: "TRIM_HORIZON" }), [0, 1, 2])
      assert.deepStrictEqual(yield* from({ type: "LATEST" }), [])
      assert.deepStrictEqual(yield* from({ type: "AT_SEQUENCE_NUMBER", sequenceNumber: second }), [1, 2])
      assert.deepStrictEqual(yield* from({ type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: second }), [2])
      const sequenceNumber = kinesis.shards("orders")[0]?.startingSequenceNumber ?? ""
      assert.deepStrictEqual(yield* from({ type: "AT_SEQUENCE_NUMBER", sequenceNumber }), [0, 1, 2])
      assert.deepStrictEqual(yield* from({ type: "AT_TIMESTAMP", timestamp: start + 1 }), [1, 2])
      assert.deepStrictEqual(yield* from({ type: "AT_TIMESTAMP", timestamp: start - 2 * day }), [0, 1, 2])
    })
  )

  it.effect("are not given for sequence numbers of elsewhere, for a shard's end, and for the future", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ shards: 2 })
      yield* fill(kinesis, 1)
      for (let i = 0; i < 20; i++)
        yield* api.putRecords("orders", [{ partitionKey: "k", explicitHashKey: `${2n ** 127n}`, data: new Uint8Array(1) }])
      kinesis.splitShard("orders", first)
      const sequenceNumber = kinesis.records("orders")[0]?.sequenceNumber ?? ""
      const at = (shardId: string, number: string) =>
        reasonOf(api.getShardIterator("orders", shardId, { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: number }))
      assert.strictEqual(yield* at(first, sequenceNumber), null)
      assert.strictEqual(yield* at("shardId-000000000001", sequenceNumber), "Invalid")
      assert.strictEqual(yield* at(first, `${BigInt(sequenceNumber) + (1n << 120n)}`), "Invalid")
      assert.strictEqual(yield* at(first, kinesis.shards("orders")[0]?.endingSequenceNumber ?? ""), "Invalid")
      assert.strictEqual(yield* at(first, "007"), "Invalid")
      const now = yield* Clock.currentTimeMillis
      assert.strictEqual(
        yield* reasonOf(iteratorOf(kinesis, { type: "AT_TIMESTAMP", timestamp: now + 1 }, "shardId-000000000001")),
        "Invalid"
      )
      assert.strictEqual(yield* reasonOf(api.getShardIterator("orders", "shardId-000000000009", { type: "LATEST" })), "NotFound")
      assert.strictEqual(yield* reasonOf(api.getShardIterator("other", first, { type: "LATEST" })), "NotFound")
    })
  )
})

describe("PutRecords", () => {
  it.effect("routes by explicit hash key, else by the MD5 of the partition key", () =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({ shards: 4 })
      const keys = Array.from({ length: 100 }, (_, i) => `order-${i}`)
      yield* api.putRecords(
        "orders",
        keys.map((partitionKey) => ({ partitionKey, data: new Uint8Array(1) }))
      )
      const expected = keys.map((key) => `shardId-00000000000${(createHash("md5").update(key).digest()[0] ?? 0) >>> 6}`)
      assert.deepStrictEqual(
        kinesis.records("orders").map((record) => record.shardId),
        expected
      )
      assert.strictEqual(new Set(expected).size, 4)
      const top = `${2n ** 128n - 1n}`
      const [answer] = yield* api.putRecords("orders", [{ partitionKey: "order-0", explicitHashKey: top, data: new Uint8Array(1) }])
      assert.deepInclude(answer, { ok: true, shardId: "shardId-000000000003" })
    })
  )

  it.effect("refuses whole calls that it cannot understand", () =>
    Effect.gen(function* () {
      const { api, kinesis } = yield* worldOf()
      const put = (batch: ReturnType<typeof records>) => reasonOf(api.putRecords("orders", batch))
      assert.strictEqual(yield* put(records(0)), "Invalid")
      assert.strictEqual(yield* put(records(501)), "Invalid")
      assert.strictEqual(yield* put(records(1, MiB + 2)), "Invalid")
      assert.strictEqual(yield* put(records(11, MiB)), "Invalid")
      assert.strictEqual(yield* put([{ partitionKey: "", explicitHashKey: "0", data: new Uint8Array(1) }]), "Invalid")
      assert.strictEqual(yield* put([{ partitionKey: "k", explicitHashKey: `${2n ** 128n}`, data: new Uint8Array(1) }]), "Invalid")
      assert.strictEqual(yield* reasonOf(api.putRecords("other", records(1))), "NotFound")
      assert.strictEqual(kinesis.records("orders").length, 0)
      assert.strictEqual(yield* put(records(1, MiB + 1)), null)
    })
  )

  it.effect("takes 1,000 records and 1 MiB a second and shard, and refuses the rest of a call record by record", () =>
    Effect.gen(function* () {
      const { api } = yield* worldOf({ shards: 2 })
      const accepted = (batch: ReturnType<typeof records>) =>
        Effect.map(api.putRecords("orders", batch), (answers) => answers.filter(({ ok }) => ok).length)
      assert.strictEqual(yield* accepted(records(500)), 500)
      assert.strictEqual(yield* accepted(records(499)), 499)
      const other = { partitionKey: "k", explicitHashKey: `${2n ** 127n}`, data: new Uint8Array(1) }
      const mixed = yield* api.putRecords("orders", [...records(2), other])
      assert.deepStrictEqual(
        mixed.map((answer) => (answer.ok ? answer.shardId : answer.code)),
        [first, "ProvisionedThroughputExceededException", "shardId-000000000001"]
      )
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* accepted(records(5, MiB / 4)), 4)
    })
  )

  it.effect("arrival times are near the truth, and not in order, if so wished", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ arrivalJitterMillis: 2000 })
      yield* fill(kinesis, 50, MiB)
      const stored = kinesis.records("orders")
      assert.isTrue(stored.every((record) => Math.abs(record.arrivedAt - record.storedAt) <= 2000))
      assert.isTrue(stored.some((record, i) => record.arrivedAt < (stored[i - 1]?.arrivedAt ?? 0)))
    })
  )
})

describe("one seed", () => {
  const transcript = (seed: number) =>
    Effect.gen(function* () {
      const { kinesis, api } = yield* worldOf({
        random: randomOf(seed),
        shards: 2,
        arrivalJitterMillis: 1000,
        latencyMillis: [1, 40],
        faults: { throttle: 0.1, unavailable: 0.1, lostAnswer: 0.1, putFailure: 0.1, emptyPage: 0.2, shortPage: 0.2, expireEarly: 0.05 }
      })
      const lines: Array<string> = []
      const note = (call: Effect.Effect<unknown, unknown>) =>
        call.pipe(
          Effect.result,
          Effect.map((result) => lines.push(JSON.stringify(result)))
        )
      const run = Effect.gen(function* () {
        let iterator: string | null = null
        for (let i = 0; i < 60; i++) {
          yield* note(api.putRecords("orders", records(3)))
          if (i === 30) kinesis.splitShard("orders", first)
          const page: Effect.Success<ReturnType<typeof api.getRecords>> | null = yield* (
            iterator === null ? Effect.flatMap(iteratorOf(kinesis), (it) => api.getRecords(it, 10)) : api.getRecords(iterator, 10)
          ).pipe(Effect.orElseSucceed(() => null))
          lines.push(JSON.stringify(page))
          iterator = page?.nextIterator ?? null
          yield* Effect.sleep(300)
        }
      })
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust(60_000)
      yield* Fiber.join(fiber)
      return lines.join("\n")
    })

  it.effect("is one run, and another seed another", () =>
    Effect.gen(function* () {
      const once = yield* transcript(7)
      assert.isAbove(once.length, 5000)
      assert.strictEqual(yield* transcript(7), once)
      assert.notStrictEqual(yield* transcript(8), once)
    })
  )
})
