import { writeFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Stream } from "effect"
import { objectRegistrar } from "../../src/app/register-objects.ts"
import { sendObjects } from "../../src/app/send-objects.ts"
import { structureObjects } from "../../src/app/structure-objects.ts"
import { structurers } from "../../src/app/structurers.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { errorRecordIn } from "../../src/firehose/error-record.ts"
import { handleObjects } from "../../src/firehose/messages.ts"
import { verify } from "../../src/lake/verify.ts"
import { Random } from "../../src/record/seeded.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import { compiledOrders } from "../contract/orders.ts"
import { settings } from "../decode/support.ts"
import { freshFolder, rowsOf } from "../repartition/lake.ts"
import { ObjectsStandIn } from "../source/announced/world.ts"
import { FakeFirehose } from "./fake-firehose.ts"
import { readByOpenX } from "./openx-serde.ts"
import { glueOf } from "./structured.ts"
import { writeByDuckDB } from "./written-by-duckdb.ts"

const hour = 3_600_000
const start = Date.UTC(2026, 10, 29, 19, 50)
const stream = "DataStreamStructured"

/** Events of S3, in the envelope of SNS. */
const announced = (
  bucket: string,
  keys: ReadonlyArray<string>,
  more: (key: string) => object = () => ({}),
  time: (key: string) => number = () => start
) => ({
  Records: keys.map((key) => ({
    EventSource: "aws:sns",
    Sns: {
      Message: JSON.stringify({
        Records: [
          {
            eventVersion: "2.1",
            eventSource: "aws:s3",
            eventName: "ObjectCreated:Put",
            eventTime: new Date(time(key)).toISOString(),
            s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key).replaceAll("%20", "+"), ...more(key) } }
          }
        ]
      })
    }
  }))
})

const shuffled = <A>(random: Random, all: ReadonlyArray<A>): ReadonlyArray<A> =>
  all
    .map((one) => ({ one, at: random.below(1 << 30) }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)

/** A bucket of raw objects: key → content, and what must become of it. */
const rawObjects = (count: number, random: Random) => {
  const bodies = new Map<string, string>()
  const versions = new Set<string>()
  let letters = 0
  for (let i = 0; i < count; i++) {
    const order = random.below(Math.ceil(count / 2))
    const lastChange = `2026-11-${String(1 + random.below(28)).padStart(2, "0")}T07:00:00.${String(i).padStart(6, "0")}Z`
    const isBad = random.chance(0.05)
    const key = `raw/Orders/id/ü ${i}+.json`
    bodies.set(
      key,
      isBad
        ? `{"orderId":"o-${order}"`
        : JSON.stringify({ OrderId: `o-${order}`, LastChange: lastChange, Value: String(i), Items: '[{"id":"1"}]' })
    )
    if (isBad) letters++
    else versions.add(`o-${order} ${lastChange}`)
  }
  return { bodies, versions, letters }
}

describe("the managed way, from raw objects to the table for users", () => {
  it.live("has each version once, whatever is announced twice, put twice, out of order, or fails on its way", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const folder = yield* freshFolder()
        const random = new Random(16, 1)
        const { bodies, versions, letters } = rawObjects(80, random)
        const reader = new ObjectsStandIn()
        const etags = new Map([...bodies].map(([key, body]) => [key, reader.put("raw", key, body)]))
        const duckdb = yield* openDuckDB({ threads: 1 })
        let now = start
        const firehose = new FakeFirehose({
          stream,
          prefix: "stage/orders/ingest_date=!{timestamp:yyyy-MM-dd}/ingest_hour=!{timestamp:HH}/",
          errorPrefix: "errors/!{firehose:error-output-type}/orders/",
          extension: ".parquet",
          bufferBytes: 6_000,
          bufferMillis: 300_000,
          convert: (line) => readByOpenX(line, glueOf(compiledOrders)),
          writeParquet: (key, lines) => Effect.runPromise(writeByDuckDB(duckdb, glueOf(compiledOrders), lines, join(folder, key))),
          writeText: async (key, text) => {
            await mkdir(dirname(join(folder, key)), { recursive: true })
            writeFileSync(join(folder, key), text)
          },
          now: () => now
        })
        const shares = [{ contract: compiledOrders, takes: (key: string) => key.includes("/id/") }]
        const options = { shares, reader, maxRecordBytes: 1 << 20, structurers: structurers(settings) }
        /** Lambda tries an event that failed again. */
        const withRetries = <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.retry(work, { times: 5 })

        yield* Effect.gen(function* () {
          const store = yield* Store
          const keysBelow = (prefix: string) => Effect.map(Stream.runCollect(store.list(prefix)), (all) => all.map(({ key }) => key))

          const keys = [...bodies.keys(), ...[...bodies.keys()].filter(() => random.chance(0.1)), "raw/Orders/other.json"]
          for (const key of shuffled(random, keys)) {
            const chance = random.below(20)
            if (chance === 0) reader.refuse(key, "SlowDown", 503, 2)
            yield* withRetries(
              handleObjects(
                announced(
                  "raw",
                  [key],
                  () => ({ eTag: etags.get(key), sequencer: "00" }),
                  () => start + 60_000
                ),
                (objects, handling) => structureObjects(options, objects, handling),
                Number.POSITIVE_INFINITY
              )
            )
          }
          const structured = yield* keysBelow("structured_json/")
          assert.strictEqual(structured.length, bodies.size - letters)

          for (const key of shuffled(random, [...structured, ...structured.filter(() => random.chance(0.1))])) {
            const chance = random.below(10)
            if (chance === 0) firehose.next.push("lost answer")
            if (chance === 1) firehose.next.push(() => false)
            now += 12_000
            yield* withRetries(
              handleObjects(
                announced("lake", [key]),
                (objects, handling) => sendObjects(firehose, { orders: stream }, objects, Number.POSITIVE_INFINITY, handling),
                Number.POSITIVE_INFINITY
              )
            )
            yield* Effect.promise(() => firehose.deliver())
          }
          now += hour
          yield* Effect.promise(() => firehose.deliver())
          assert.isAbove(firehose.delivered.length, 3)
          assert.isTrue(firehose.delivered.some((key) => key.includes("/ingest_hour=20/")))

          const registrars = [objectRegistrar([compiledOrders], settings.hashKey), objectRegistrar([compiledOrders], settings.hashKey)]
          const events = shuffled(random, [...firehose.delivered, ...firehose.delivered.filter(() => random.chance(0.3))])
          yield* Effect.forEach(
            events,
            (key, i) =>
              handleObjects(
                announced("lake", [key]),
                (objects, handling) => registrars[i % 2]?.register(objects, () => Effect.void, handling) ?? Effect.succeed([]),
                Number.POSITIVE_INFINITY
              ),
            { concurrency: 3 }
          )
          yield* repartition({ contract: compiledOrders })

          const rows = (yield* rowsOf(
            "SELECT order_id || ' ' || strftime(last_change, '%Y-%m-%dT%H:%M:%S.%fZ') AS version FROM consumable_orders"
          )).map((row) => String(JSON.parse(row).version))
          assert.deepStrictEqual([...rows].sort(), [...versions].sort())
          const errors = (yield* Effect.forEach(yield* keysBelow("errors/"), (key) => store.get(key))).flatMap((bytes) =>
            Buffer.from(bytes).toString().trim().split("\n")
          )
          assert.deepStrictEqual(
            errors.map((line) => errorRecordIn(line)?.letter?.letter.reason),
            Array.from({ length: letters }, () => "truncated")
          )
          const checks = yield* verify([compiledOrders], duckdb)
          assert.deepStrictEqual(
            checks.filter(({ ok }) => !ok),
            []
          )
        }).pipe(Effect.provide([Layer.orDie(localStore(folder)), Logger.layer([])]))
      })
    )
  )
})

describe("an object that cannot be structured", () => {
  const store = Layer.unwrap(Effect.map(freshFolder(), (folder) => localStore(folder)))
  const errorsOf = Effect.gen(function* () {
    const store = yield* Store
    const keys = (yield* Stream.runCollect(store.list(""))).map(({ key }) => key)
    const texts = yield* Effect.forEach(keys, (key) => store.get(key))
    return texts.map((bytes) => errorRecordIn(Buffer.from(bytes).toString().trim()))
  })
  /** @param received how often the queue has given it; 0: it comes by no queue */
  const structure = (reader: ObjectsStandIn, key: string, etag: string, received = 5) => {
    const event = announced("raw", [key], () => ({ eTag: etag, sequencer: "0A" }))
    const attributes = { ApproximateReceiveCount: String(received) }
    const message = { messageId: "m", eventSource: "aws:sqs", attributes, body: JSON.stringify(event) }
    return handleObjects(
      received === 0 ? event : { Records: [message] },
      (objects, handling) =>
        structureObjects(
          { shares: [{ contract: compiledOrders, takes: null }], reader, maxRecordBytes: 1 << 20, structurers: structurers(settings) },
          objects,
          handling
        ),
      Number.POSITIVE_INFINITY
    )
  }

  it.live.each([
    ["object_gone", (reader: ObjectsStandIn) => reader.delete("raw", "a")],
    ["object_gone", (reader: ObjectsStandIn) => reader.put("raw", "a", "another")],
    ["object_denied", (reader: ObjectsStandIn) => reader.refuse("a", "AccessDenied", 403)]
  ] as const)("is a dead letter, once: %s", ([reason, change]) =>
    Effect.gen(function* () {
      const reader = new ObjectsStandIn()
      const etag = reader.put("raw", "a", "{}")
      change(reader)
      yield* structure(reader, "a", etag)
      yield* structure(reader, "a", etag)
      const errors = yield* errorsOf
      assert.deepStrictEqual(
        errors.map((record) => [record?.code, record?.letter?.dataset]),
        [[reason, "orders"]]
      )
      assert.include(Buffer.from(errors[0]?.raw ?? []).toString(), '"sequencer":"0A"')
    }).pipe(Effect.provide([store, Logger.layer([])]))
  )

  it.live("since it is denied comes again, without a dead letter, until the queue has given it five times", () =>
    Effect.gen(function* () {
      const reader = new ObjectsStandIn()
      const etag = reader.put("raw", "a", '{"orderId":"a","lastChange":"2024-01-01T10:00:00Z"}')
      reader.refuse("a", "AccessDenied", 403, 5)
      for (const received of [1, 2, 3, 4])
        assert.deepStrictEqual(yield* structure(reader, "a", etag, received), { batchItemFailures: [{ itemIdentifier: "m" }] })
      // An event of no queue is tried again by Lambda, and ends at the destination for failures.
      assert.include((yield* Effect.flip(structure(reader, "a", etag, 0))).message, "S3 does not give the object")
      assert.deepStrictEqual(yield* errorsOf, [])
      // Rights came late, and nothing is lost.
      assert.deepStrictEqual(yield* structure(reader, "a", etag, 5), { batchItemFailures: [] })
      const store = yield* Store
      const [written, ...more] = (yield* Stream.runCollect(store.list(""))).map(({ key }) => key)
      assert.deepStrictEqual([written?.startsWith("structured_json/orders/"), more.length], [true, 0])
    }).pipe(Effect.provide([store, Logger.layer([])]))
  )

  it.live("is not done, and those that are, or that no dataset takes, are said to be", () =>
    Effect.gen(function* () {
      const reader = new ObjectsStandIn()
      const etags = new Map(["good", "denied", "other"].map((key) => [key, reader.put("raw", key, "{}")]))
      reader.refuse("denied", "AccessDenied", 403)
      const done: Array<string> = []
      const shares = [{ contract: compiledOrders, takes: (key: string) => key !== "other" }]
      const options = { shares, reader, maxRecordBytes: 1 << 20, structurers: structurers(settings) }
      const event = announced("raw", [...etags.keys()], (key) => ({ eTag: etags.get(key), sequencer: "0A" }))
      const failed = yield* handleObjects(
        event,
        (objects, { received }) => structureObjects(options, objects, { received, done: ({ key }) => void done.push(key) }),
        Number.POSITIVE_INFINITY
      ).pipe(Effect.flip)
      assert.include(failed.message, "1 object of 3 failed, first: s3://raw/denied")
      assert.deepStrictEqual(done.sort(), ["good", "other"])
    }).pipe(Effect.provide([store, Logger.layer([])]))
  )
})
