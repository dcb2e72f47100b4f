import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { type StreamConsumerOptions, streamConsumer } from "../../src/app/consume-stream.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { text } from "../../src/contract/field.ts"
import { stagePath } from "../../src/lake/layout.ts"
import { positionsOf } from "../../src/lake/positions.ts"
import { streamEvent } from "../../src/source/kinesis/event.ts"
import { eventSource } from "../../src/source/kinesis/event-source.ts"
import { Store } from "../../src/store/store.ts"
import { aggregate } from "../../src/stream/kinesis/aggregation.ts"
import { KinesisError, type StreamRecord } from "../../src/stream/kinesis/api.ts"
import { commitName } from "../../src/table/paths.ts"
import { openTable } from "../../src/table/table.ts"
import { definition } from "../ingest/order.ts"
import {
  contract,
  everyRecordOnce,
  failedChecks,
  lakeContent,
  page,
  pagesSource,
  recordText,
  run,
  temporaryStore
} from "../ingest/support.ts"
import { eventOf } from "../simulation/kinesis/event-of.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"

const hour = Date.UTC(2026, 10, 20, 7)
const shard = "shardId-000000000000"
const decode = { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 }
const never = Number.POSITIVE_INFINITY

const recordOf = (n: number, text = recordText(n - 1)): StreamRecord => ({
  sequenceNumber: String(n),
  partitionKey: `k${n}`,
  data: Buffer.from(text),
  arrivedAt: hour + n
})
/** Records `from` to `to`; every tenth has no key. */
const records = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => recordOf(from + i))
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const event = (from: number, to: number) => eventOf("orders", shard, records(from, to))

const api = Effect.succeed({
  listShards: () => Effect.fail(new KinesisError({ operation: "ListShards", stream: "orders", reason: "Unavailable", detail: "not here" })),
  describeStream: () => Effect.succeed({ arn: "arn", retentionMillis: 365 * 86_400_000 })
})
const consumer = (options: Partial<StreamConsumerOptions> = {}) => {
  const { consume } = streamConsumer({
    contract,
    decode,
    stream: "orders",
    api,
    ...options
  })
  return (given: unknown, deadline = never) => consume(given, deadline, () => Effect.void)
}
const all = { batchItemFailures: [] }
const from = (n: number) => ({ batchItemFailures: [{ itemIdentifier: String(n) }] })

const versions = Effect.gen(function* () {
  return (yield* (yield* openTable(stagePath("order"))).snapshot).version
})
const failureOf = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.result(effect), (result) =>
    Result.isFailure(result) ? result.failure.message : `no failure: ${JSON.stringify(result.success)}`
  )
const withFaults = <A, E>(use: (faults: ReturnType<typeof makeFaultyStore>, bare: Store["Service"]) => Effect.Effect<A, E, Store>) =>
  Effect.gen(function* () {
    const store = yield* Store
    const faults = makeFaultyStore(store)
    return yield* Effect.provideService(use(faults, store), Store, Store.of(faults.store))
  }).pipe(Effect.provide(temporaryStore))

const stageCommit = `${stagePath("order")}/_delta_log/`

describe("consumeStream", () => {
  it.live("takes an event in one commit, and answers for all of it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* consumer()(event(1, 40)), all)
      assert.strictEqual(yield* versions, 1)
      yield* everyRecordOnce(numbers(1, 40))
      const { domains } = yield* (yield* openTable(stagePath("order"))).snapshot
      const { sequenceNumber, source } = positionsOf(domains, "kinesis").get(`orders/${shard}`) ?? assert.fail()
      assert.strictEqual(sequenceNumber, "40")
      assert.deepInclude(source, { readUntil: new Date(hour + 40).toISOString() })
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("takes what comes again once, in this process and in another", () =>
    Effect.gen(function* () {
      const consume = consumer()
      yield* consume(event(1, 20))
      assert.deepStrictEqual(yield* consume(event(1, 20)), all)
      assert.deepStrictEqual(yield* consumer()(event(11, 30)), all)
      assert.deepStrictEqual(yield* consume(event(1, 5)), all)
      assert.strictEqual(yield* versions, 2)
      yield* everyRecordOnce(numbers(1, 30))
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("knows what is nothing by definition again, which is in no table", () =>
    Effect.gen(function* () {
      const blank = eventOf("orders", shard, [recordOf(1), recordOf(2, " "), recordOf(3, ""), recordOf(4)])
      assert.deepStrictEqual(yield* consumer()(blank), all)
      assert.deepStrictEqual(yield* consumer()(blank), all)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("goes on within an aggregated record", () =>
    Effect.gen(function* () {
      const packed = aggregate(records(1, 6))
      const whole = { ...recordOf(7), data: packed }
      const half = { ...recordOf(7), data: aggregate(records(1, 3)) }
      // Another consumer has committed the first three of them.
      const read = eventSource({
        event: yield* streamEvent(eventOf("orders", shard, [half])),
        api,
        requireKept: () => Effect.void
      })
      yield* run(read)
      assert.deepStrictEqual(yield* consumer()(eventOf("orders", shard, [whole, recordOf(8)])), all)
      assert.deepStrictEqual((yield* lakeContent).rows, [7, 7, 7, 7, 7, 7, 8])
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("fails where nothing is kept, and names the first that is not where something is", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        const consume = consumer()
        faults.failNext("putIfAbsent", `${stageCommit}00000000000000000001`, "Full")
        assert.include(yield* failureOf(consume(event(1, 20))), "failed (Full)")
        assert.deepStrictEqual(yield* consume(event(1, 20)), all)
        faults.failNext("putIfAbsent", `${stageCommit}00000000000000000002`, "Full")
        assert.deepStrictEqual(yield* consume(event(11, 30)), from(21))
        assert.deepStrictEqual(yield* consume(event(21, 30)), all)
        yield* everyRecordOnce(numbers(1, 30))
      })
    )
  )

  it.live("does not wait beyond its time for a commit, which may stand all the same", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        const consume = consumer()
        yield* consume(event(1, 5))
        // It hangs before the commit is sent.
        faults.beforeNext("get", `${stageCommit}00000000000000000002`, Effect.never)
        assert.deepStrictEqual(yield* consume(event(1, 20), Date.now() + 300), from(1))
        assert.deepStrictEqual(yield* consume(event(1, 20)), all)
        faults.ambiguousNext("putIfAbsent", `${stageCommit}00000000000000000003`)
        assert.deepStrictEqual(yield* consume(event(21, 30)), all)
        yield* everyRecordOnce(numbers(1, 30))
      })
    )
  )

  it.live("sees what another process has committed meanwhile", () =>
    withFaults((faults, store) =>
      Effect.gen(function* () {
        const consume = consumer()
        yield* consume(event(1, 10))
        const other = Effect.provideService(consumer()(event(11, 15)), Store, store)
        faults.beforeNext("putIfAbsent", `${stageCommit}00000000000000000002`, Effect.ignore(other))
        assert.deepStrictEqual(yield* consume(event(11, 30)), all)
        yield* everyRecordOnce(numbers(1, 30))
      })
    )
  )

  it.live("asks the store seldom when it is warm", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        const consume = consumer()
        yield* consume(event(1, 9))
        const before = faults.calls.length
        yield* consume(event(11, 19))
        // Is there something new, in both tables, and is the log as it was; then the commit. The data file is written beside.
        assert.deepStrictEqual(
          faults.calls
            .slice(before)
            .map((call) => call.replace(/0{10,}/, "…"))
            .sort(),
          [
            "get dead_letters/_delta_log/…1.json",
            "get stage/order/_delta_log/…2.json",
            "head dead_letters/_delta_log/….json",
            "head stage/order/_delta_log/…1.json",
            "putIfAbsent stage/order/_delta_log/…2.json"
          ]
        )
      })
    )
  )

  it.live("refuses records that a position has passed over, and takes nothing of their event", () =>
    Effect.gen(function* () {
      // Two slices of a shard at once.
      const slice = (...of: ReadonlyArray<number>) =>
        eventOf(
          "orders",
          shard,
          of.map((n) => recordOf(n))
        )
      assert.deepStrictEqual(yield* consumer()(slice(1, 4, 7)), all)
      const message = yield* failureOf(consumer()(slice(2, 3, 4, 9)))
      assert.include(message, `2 records of orders/${shard} stand at or before its position`)
      assert.include(message, "ParallelizationFactor to 1")
      assert.deepStrictEqual((yield* lakeContent).rows, [1, 4, 7])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("does not answer for an event of which it cannot be told what the lake has", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        yield* consumer()(event(1, 20))
        faults.failNext("get", "part-", "Unavailable")
        assert.include(yield* failureOf(consumer()(event(11, 30))), "Whether the lake has what was read before cannot be told")
        assert.deepStrictEqual(yield* consumer()(event(11, 30)), all)
        yield* everyRecordOnce(numbers(1, 30))
      })
    )
  )

  it.live("says so when its time is over while it searches the lake for what comes again", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        const two = { Records: [...event(1, 9).Records, ...eventOf("orders", "shardId-000000000001", records(11, 19)).Records] }
        const consume = consumer()
        yield* consume(two)
        faults.beforeNext("get", "part-", Effect.never)
        const message = yield* failureOf(consume(two, Date.now() + 1500))
        assert.include(message, "while the lake was searched for 9 records of orders/shardId-000000000000")
        assert.deepStrictEqual(yield* consume(two), all)
      })
    )
  )

  it.live("answers for nothing that the lake has not got, whatever slices of a shard it is given at once", () =>
    Effect.gen(function* () {
      const slices = [0, 1, 2]
      const answered: Array<number> = []
      let refused = 0
      const give = (slice: number) =>
        Effect.gen(function* () {
          const consume = consumer()
          const own = numbers(1, 120).filter((n) => (n * 7) % slices.length === slice)
          for (let at = 0; at < own.length; at += 4) {
            const batch = own.slice(at, at + 4)
            const answer = yield* Effect.result(
              consume(
                eventOf(
                  "orders",
                  shard,
                  batch.map((n) => recordOf(n))
                )
              )
            )
            if (Result.isSuccess(answer)) {
              assert.deepStrictEqual(answer.success, all)
              answered.push(...batch)
              continue
            }
            // It would come again, and be refused again.
            assert.include(answer.failure.message, "ParallelizationFactor")
            refused++
            return
          }
        })
      yield* Effect.forEach(slices, give, { concurrency: slices.length })
      const { rows, deadLetters } = yield* lakeContent
      const kept = [...rows, ...deadLetters]
      assert.strictEqual(new Set(kept).size, kept.length)
      assert.deepStrictEqual(
        answered.filter((n) => !kept.includes(n)),
        []
      )
      // Dead letters are committed first, and one slice may have come between them and their rows.
      assert.isTrue(rows.every((n) => answered.includes(n)))
      assert.isAbove(refused, 0)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("takes several shards of one event, all or none", () =>
    withFaults((faults) =>
      Effect.gen(function* () {
        const two = { Records: [...event(1, 9).Records, ...eventOf("orders", "shardId-000000000001", records(11, 19)).Records] }
        const consume = consumer()
        faults.failNext("putIfAbsent", `${stageCommit}00000000000000000001`, "Full")
        assert.include(yield* failureOf(consume(two)), "failed (Full)")
        assert.deepStrictEqual(yield* consume(two), all)
        yield* everyRecordOnce([...numbers(1, 9), ...numbers(11, 19)])
      })
    )
  )

  it.live("goes on when it has stood still for so long that the log it knew is gone", () =>
    Effect.gen(function* () {
      const consume = consumer()
      yield* consume(event(1, 10))
      const other = consumer()
      for (let n = 11; n <= 130; n++) yield* other(event(n, n))
      const store = yield* Store
      yield* store.delete(Array.from({ length: 100 }, (_, version) => stageCommit + commitName(version)))
      assert.deepStrictEqual(yield* consume(event(121, 140)), all)
      yield* everyRecordOnce(numbers(1, 140))
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("stops when another process has gone on with another hash key", () =>
    Effect.gen(function* () {
      const keyed = (key: string) => ({ ...decode, hashKey: Buffer.from(key) })
      const fields = { ...definition.fields, email: text("E-mail.", { sensitive: "hash" }) }
      const hashing = compileContract(defineContract({ ...definition, fields }))
      const consume = consumer({ contract: hashing, decode: keyed("the first of all keys") })
      assert.deepStrictEqual(yield* consume(event(1, 5)), all)
      yield* run(pagesSource([page("a", 0, 5)]), { contract: hashing, decode: keyed("the second of all keys"), changeHashKey: true })
      assert.include(yield* failureOf(consume(event(6, 8))), "hashed with another key")
      assert.lengthOf((yield* lakeContent).rows, 10)
    }).pipe(Effect.provide(temporaryStore))
  )
})
