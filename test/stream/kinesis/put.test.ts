import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { checkout } from "../../../schemas/vtex/checkout.ts"
import type { RecordPage } from "../../../src/record/record.ts"
import { SourceError } from "../../../src/record/source-error.ts"
import { deaggregate, hashKeyOf } from "../../../src/stream/kinesis/aggregation.ts"
import type { StreamRecord } from "../../../src/stream/kinesis/api.ts"
import { type PutError, type PutOptions, partitionKeyOf, putAll } from "../../../src/stream/kinesis/put.ts"
import { parcels } from "../../contract/parcels.ts"
import { SimulatedKinesis } from "../../simulation/kinesis/simulated-kinesis.ts"

const seeded = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

const pageOf = (texts: ReadonlyArray<string>, first = 0): RecordPage => {
  const parts = texts.map((text) => Buffer.from(text))
  const ends: Array<number> = []
  for (const part of parts) ends.push((ends.at(-1) ?? 0) + part.length)
  return {
    shard: "input",
    count: texts.length,
    bytes: Buffer.concat(parts),
    starts: ends.map((end, i) => end - (parts[i]?.length ?? 0)),
    ends,
    sequenceNumbers: texts.map((_, i) => String(first + i)),
    arrivedAt: 0
  }
}

/** `key:number` and then whatever fills it up. */
const keyOf = (record: Uint8Array): string | null => {
  const text = Buffer.from(record).toString()
  return text.includes(":") ? text.slice(0, text.indexOf(":")) : null
}

const orders = (keys: number, versions: number, fill = ""): ReadonlyArray<string> =>
  Array.from({ length: keys * versions }, (_, i) => `k${i % keys}:${Math.floor(i / keys)}:${fill}`)

const world = (seed: number, shards: number, options: Partial<ConstructorParameters<typeof SimulatedKinesis>[1]> = {}) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(1_700_000_000_000)
    const kinesis = yield* SimulatedKinesis.make({ random: seeded(seed), latencyMillis: [5, 50], ...options })
    kinesis.createStream("orders", { shards })
    return kinesis
  })

/** Lets time pass until it is done. */
const passing = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let i = 0; i < 100_000 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust(50)
    assert.isDefined(fiber.pollUnsafe(), "it did not end")
    return yield* Fiber.join(fiber)
  })

const put = (kinesis: SimulatedKinesis, texts: ReadonlyArray<string>, options: Partial<PutOptions> = {}, perPage = 700) => {
  const pages: Array<RecordPage> = []
  for (let i = 0; i < texts.length; i += perPage) pages.push(pageOf(texts.slice(i, i + perPage), i))
  return passing(putAll(kinesis.api, "orders", Stream.fromIterable(pages), { keyOf, ...options }))
}

/** What is in the stream, in the order of arrival, with the key that it was put by. */
const arrived = (records: ReadonlyArray<StreamRecord>): ReadonlyArray<readonly [key: string, text: string]> =>
  records.flatMap(({ data, partitionKey }) => {
    const found = deaggregate(data)
    if (found === null) return [[partitionKey, Buffer.from(data).toString()] as const]
    return Array.from(
      { length: found.count },
      (_, i) =>
        [
          found.partitionKeys[found.partitionKeyIndexes[i] ?? -1] ?? "",
          Buffer.from(data.subarray(found.starts[i], found.ends[i])).toString()
        ] as const
    )
  })

/** Every text at least once, and the first arrivals of each key in the order in which they were put. */
const inOrder = (kinesis: SimulatedKinesis, texts: ReadonlyArray<string>) => {
  const first = [...new Set(arrived(kinesis.records("orders")).map(([, text]) => text))]
  assert.deepStrictEqual(new Set(first), new Set(texts))
  const byKey = (all: ReadonlyArray<string>) => Map.groupBy(all, (text) => text.slice(0, text.indexOf(":")))
  const put = byKey(texts)
  for (const [key, got] of byKey(first)) assert.deepStrictEqual(got, put.get(key), key)
}

const failed = <A>(effect: Effect.Effect<A, PutError>) => Effect.flip(effect)

describe("putAll", () => {
  it.effect("puts every record once where nothing goes wrong, and counts", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(1, 4)
      const texts = orders(2_000, 1)
      const counts = yield* put(kinesis, texts)
      assert.deepStrictEqual(new Set(arrived(kinesis.records("orders")).map(([, text]) => text)), new Set(texts))
      assert.strictEqual(kinesis.records("orders").length, 2_000)
      assert.deepInclude(counts, { records: 2_000, entries: 2_000, retries: 0, withoutKey: 0, bytes: texts.join("").length })
      assert.deepStrictEqual(
        counts.shards,
        Object.fromEntries(kinesis.shards("orders").map(({ shardId, records }) => [shardId, records.length]))
      )
      for (const { partitionKey, data } of kinesis.records("orders")) assert.strictEqual(partitionKey, keyOf(data))
    })
  )

  for (const aggregate of [undefined, 2_000])
    it.effect(`keeps the order of each key whatever fails${aggregate === undefined ? "" : ", aggregated"}`, () =>
      Effect.gen(function* () {
        for (let seed = 1; seed <= 12; seed++) {
          const kinesis = yield* world(seed, 3, {
            faults: { putFailure: 0.2, throttle: 0.1, unavailable: 0.1, lostAnswer: 0.1 },
            latencyMillis: [1, 400]
          })
          const texts = orders(150, 20, "x".repeat(seed * 20))
          const counts = yield* put(kinesis, texts, { aggregate, attempts: 40 })
          inOrder(kinesis, texts)
          assert.strictEqual(counts.records, texts.length, "each is counted once")
          assert.isAbove(counts.retries, 0)
          assert.isAtLeast(kinesis.records("orders").length, counts.entries)
        }
      })
    )

  for (const aggregate of [undefined, 2_000])
    it.effect(
      `ends when it is stopped, whatever the stream refuses, and counts what is left${aggregate === undefined ? "" : ", aggregated"}`,
      () =>
        Effect.gen(function* () {
          const kinesis = yield* world(1, 1)
          const stop = yield* Deferred.make<void>()
          const texts = orders(500, 1, "x".repeat(10_000))
          // The stream takes 1 MiB a second: most is refused when the stop is asked for, after the first call.
          const counts = yield* put(kinesis, texts, {
            aggregate,
            stop: Deferred.await(stop),
            onProgress: () => Deferred.doneUnsafe(stop, Effect.void)
          })
          assert.strictEqual(counts.records + counts.left, texts.length)
          assert.isAbove(counts.left, 100)
          assert.strictEqual(arrived(kinesis.records("orders")).length, counts.records)
        })
    )

  it.effect("paces itself by what the stream takes", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(3, 2)
      // 20 MB into two shards that take 1 MiB a second each.
      const texts = orders(1_000, 1, "x".repeat(20_000))
      const counts = yield* put(kinesis, texts)
      inOrder(kinesis, texts)
      assert.strictEqual(kinesis.records("orders").length, 1_000)
      assert.isBelow(counts.retries, 2_000)
    })
  )

  it.effect("keeps to the limits of a call with records of any size", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(4, 8)
      const texts = Array.from({ length: 60 }, (_, i) => `k${i}:0:${"x".repeat((i * 104_729) % 1_040_000)}`)
      yield* put(kinesis, texts, {}, 10)
      inOrder(kinesis, texts)
      yield* put(kinesis, orders(5_000, 1), {}, 5_000)
      assert.strictEqual(kinesis.records("orders").length, 5_060)
    })
  )

  it.effect("packs what goes to the same shard, and asks for the shards anew when they have changed", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(5, 4)
      const page = (name: string) => pageOf(orders(400, 5).map((text) => text.replace(":", `:${name} `)))
      const pages = Stream.make(page("a")).pipe(
        Stream.concat(
          Stream.fromEffect(
            Effect.sync(() => {
              kinesis.splitShard("orders", kinesis.shards("orders")[0]?.shardId ?? "")
              return page("b")
            }).pipe(Effect.delay(5_000))
          )
        ),
        Stream.concat(Stream.fromEffect(Effect.delay(Effect.succeed(page("c")), 5_000)))
      )
      const counts = yield* passing(putAll(kinesis.api, "orders", pages, { keyOf, aggregate: 1_000 }))
      assert.isBelow(counts.entries, 450)
      assert.strictEqual(counts.records, 6_000)
      for (const record of kinesis.records("orders")) assert.isAtMost(record.bytes, 1_000)
      const ranges = new Map(kinesis.shards("orders").map(({ shardId, range }) => [shardId, range]))
      const astray = { a: 0, b: 0, c: 0 }
      for (const record of kinesis.records("orders"))
        for (const [key, text] of arrived([record])) {
          const range = ranges.get(record.shardId)
          assert.isDefined(range)
          if (range !== undefined && (hashKeyOf(key) < range.from || hashKeyOf(key) > range.to))
            astray[/:([abc]) /.exec(text)?.[1] as "a" | "b" | "c"]++
        }
      assert.deepInclude(astray, { a: 0, c: 0 })
      assert.isAbove(astray.b, 0)
    })
  )

  it.effect("gives a record without a key the hash of its bytes", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(6, 2)
      // Equal records without a key need not wait for each other.
      const texts = [...Array.from({ length: 3_000 }, () => ""), "no key", "k1:0:", "no key"]
      const counts = yield* put(kinesis, texts)
      assert.strictEqual(counts.withoutKey, 3_002)
      assert.strictEqual(kinesis.records("orders").length, 3_003)
      const keys = new Set(kinesis.records("orders").map(({ partitionKey }) => partitionKey))
      const md5 = (text: string) => createHash("md5").update(text).digest("hex")
      assert.deepStrictEqual(keys, new Set(["k1", md5(""), md5("no key")]))
    })
  )

  it.effect("stops at a record that is too large, having put what stands before it, and quotes nothing of it", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(7, 2)
      const error = yield* failed(put(kinesis, [...orders(10, 1), `secret:${"x".repeat(1024 * 1024)}`, "k:9:"]))
      assert.strictEqual(error.reason, "TooLarge")
      assert.strictEqual(error.put, 10)
      assert.include(error.message, "record at 10 of input")
      assert.notInclude(error.message, "secret")
      assert.strictEqual(kinesis.records("orders").length, 10)
      yield* put(yield* world(7, 2, { maxRecordBytes: 2 * 1024 * 1024 }), [`k:${"x".repeat(1024 * 1024)}`], {
        maxRecordBytes: 2 * 1024 * 1024
      })
    })
  )

  it.effect("gives up after so many attempts, and says what was put", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(8, 2)
      const down = passing(
        putAll(
          kinesis.api,
          "orders",
          Stream.make(pageOf(orders(10, 1))).pipe(
            Stream.concat(
              Stream.fromEffect(
                Effect.sync(() => {
                  kinesis.faults = { ...kinesis.faults, unavailable: 1 }
                  return pageOf(["z:1:"], 10)
                }).pipe(Effect.delay(1_000))
              )
            )
          ),
          { keyOf, attempts: 5 }
        )
      )
      const error = yield* failed(down)
      assert.strictEqual(error.reason, "Unavailable")
      assert.strictEqual(error.put, 10)
      assert.include(error.message, "refused 5 times")
    })
  )

  it.effect("does not try again what cannot succeed", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(9, 1)
      for (const aggregate of [undefined, 1_000]) {
        const before = yield* Clock.currentTimeMillis
        const error = yield* failed(passing(putAll(kinesis.api, "nowhere", Stream.make(pageOf(orders(3, 1))), { keyOf, aggregate })))
        assert.strictEqual(error.reason, "NotFound")
        assert.strictEqual(error.put, 0)
        assert.isBelow((yield* Clock.currentTimeMillis) - before, 1_000)
      }
    })
  )

  it.effect("puts what an input gave before it failed, and then says why", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(10, 1)
      const broken = new SourceError({
        source: "files",
        reason: "Unreadable",
        location: "/in/a.gz",
        detail: "The file is cut",
        hint: "Copy it again."
      })
      const pages = Stream.make(pageOf(orders(30, 1))).pipe(Stream.concat(Stream.fail(broken)))
      const error = yield* failed(passing(putAll(kinesis.api, "orders", pages, { keyOf })))
      assert.strictEqual(error.reason, "Input")
      assert.strictEqual(error.put, 30)
      assert.include(error.message, "/in/a.gz")
    })
  )

  it.effect("gives pages back when they are put", () =>
    Effect.gen(function* () {
      const kinesis = yield* world(11, 1)
      let released = 0
      const pages = [0, 1, 2].map(
        (i): RecordPage => ({
          ...pageOf([`k${i}:0:`]),
          release: () => {
            released++
            assert.isAtLeast(kinesis.records("orders").length, i + 1)
          }
        })
      )
      yield* passing(putAll(kinesis.api, "orders", Stream.fromIterable(pages), { keyOf }))
      assert.strictEqual(released, 3)
    })
  )
})

describe("the partition key of a record", () => {
  const keyOfOrder = partitionKeyOf(checkout)
  const of = (text: string) => keyOfOrder(Buffer.from(text))

  it("is the contract's key, as decoding finds it", () => {
    assert.strictEqual(of('{"orderId":"v123-01","a":1}'), "v123-01")
    assert.strictEqual(of('{"orderid":"a","ORDERID":"b"}'), "b")
    assert.strictEqual(of('{"orderId":1160}'), "1160")
    assert.strictEqual(of('{"orderId":"\\"v123\\""}'), "v123")
    assert.strictEqual(of('{"orderId":"\\"v123"}'), '"v123')
    assert.strictEqual(of(`{"orderId":"${"x".repeat(257)}"}`)?.length, 32)
  })

  it("is all of a key of several columns, by the names that they have or had", () => {
    const keyOfParcel = partitionKeyOf(parcels)
    const of = (text: string) => keyOfParcel(Buffer.from(text))
    assert.strictEqual(of('{"parcelNumber":7,"carrier":"dhl"}'), "dhl/7")
    assert.strictEqual(of('{"number":"7","carrier":"dhl"}'), "dhl/7")
    assert.isNull(of('{"Number":"7","CARRIER":"dhl"}'))
    for (const text of ['{"carrier":"dhl"}', '{"parcelNumber":7}', '{"carrier":"","parcelNumber":7}']) assert.isNull(of(text), text)
  })

  it("is null where there is none", () => {
    for (const text of [
      "",
      "{}",
      "null",
      "[1]",
      '"orderId"',
      '{"orderId":null}',
      '{"orderId":""}',
      '{"orderId":{}}',
      '{"orderId":"a"',
      '{"id":"a"}'
    ])
      assert.isNull(of(text), text)
    assert.isNull(keyOfOrder(Uint8Array.of(0x7b, 0xff, 0x7d)))
  })
})
