import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { sendObjects } from "../../src/app/send-objects.ts"
import { putLimits } from "../../src/firehose/api.ts"
import { errorRecordIn } from "../../src/firehose/error-record.ts"
import { type Handling, handleObjects, keyBelow } from "../../src/firehose/messages.ts"
import { sendObject } from "../../src/firehose/send-object.ts"
import { derivedKey, putOnce, structuredDataset, structuredFolder } from "../../src/firehose/structured-objects.ts"
import type { AnnouncedObject } from "../../src/source/announced/envelope.ts"
import { Store } from "../../src/store/store.ts"
import { freshStore } from "../repartition/lake.ts"
import { holdingFirehose } from "./fake-firehose.ts"

const stream = "DataStreamStructured"
const fake = () => holdingFirehose(stream)
const forever = Number.POSITIVE_INFINITY
const writtenAt = Date.UTC(2026, 10, 29, 19)
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))
const content = { dataset: "orders", shard: "s3://raw/a?v1", arrivedAt: writtenAt }
const key = derivedKey(structuredFolder, content, 0, bytesOf("a\n"))
const object = { dataset: "orders", key, writtenAt }
const keysBelow = (prefix: string) =>
  Effect.flatMap(Store, (store) => Effect.map(Stream.runCollect(store.list(prefix)), (all) => all.map(({ key }) => key)))

describe("an object of structured JSON", () => {
  it("has a key that says its dataset and its hour, and is the same for the same content", () => {
    assert.match(key, /^structured_json\/orders\/2026\/11\/29\/19\/[0-9a-f]{40}-0000-[0-9a-f]{32}\.json$/)
    assert.strictEqual(structuredDataset(key), "orders")
    assert.strictEqual(key, derivedKey(structuredFolder, content, 0, bytesOf("a\n")))
    assert.notStrictEqual(key, derivedKey(structuredFolder, { ...content, shard: "s3://raw/a?v2" }, 0, bytesOf("a\n")))
    assert.notStrictEqual(key, derivedKey(structuredFolder, content, 0, bytesOf("b\n")))
    for (const other of [
      "structured_json/orders.json",
      "other/orders/a.json",
      "structured_json/orders/a.parquet",
      "structured_json//a.json"
    ])
      assert.strictEqual(structuredDataset(other), null)
  })

  it.live("is sent line by line, whatever its size and its ends, and what Firehose does not take is a dead letter", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const most = `{"a":"${"x".repeat(putLimits.recordBytes - 9)}"}`
      assert.strictEqual(most.length + 1, putLimits.recordBytes)
      const lines = [
        `{"n":1}`,
        "",
        most,
        `${most.slice(0, -3)}y"}`,
        `${most}z`,
        "  ",
        ...Array.from({ length: 9000 }, (_, i) => `{"é😀":"${"y".repeat(i % 900)}"}`),
        `{"last":true}`
      ]
      yield* store.put(key, new Uint8Array(Buffer.from(lines.join("\n"))))
      const api = fake()
      const sent = yield* sendObject(api, stream, object, forever)
      const expected = lines.filter((line) => line.trim() !== "" && !line.endsWith("z")).map((line) => `${line}\n`)
      assert.deepStrictEqual(sent, { lines: expected.length, deadLetters: 1 })
      assert.deepStrictEqual([...api.held].sort(), [...expected].sort())
      const [errors = ""] = yield* keysBelow("errors/")
      const record = errorRecordIn(Buffer.from(yield* store.get(errors)).toString())
      assert.deepStrictEqual(
        [record?.at, record?.code, record?.letter?.dataset, record?.letter?.letter.size, record?.raw.length],
        ["structuring", "too_large", "orders", most.length + 1, most.length]
      )
      // Again: all of it is there twice, but the dead letter.
      yield* sendObject(api, stream, object, forever)
      assert.strictEqual(api.held.length, 2 * expected.length)
      assert.strictEqual((yield* keysBelow("errors/")).length, 1)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("is said to be done when it is sent, and an object that is none at once", () =>
    Effect.gen(function* () {
      yield* putOnce(structuredFolder, content, 0, ["a\n"])
      const objects = ["raw/a.json", key, `${key.slice(0, -5)}x.json`].map((key) => ({
        ...{ bucket: "lake", key, versionId: null, etag: null, sequencer: null, size: null },
        ...{ eventTime: writtenAt, notification: "" }
      }))
      const done: Array<string> = []
      const handling = { received: () => 1, done: ({ key }: AnnouncedObject) => void done.push(key) }
      const failed = yield* sendObjects(fake(), { orders: stream }, objects, forever, handling)
      assert.deepStrictEqual(done, ["raw/a.json", key])
      assert.deepStrictEqual(
        failed.map(({ object }) => object),
        objects.slice(2)
      )
    }).pipe(Effect.provide([freshStore, Logger.layer([])]))
  )

  it.live("is written once", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* putOnce(structuredFolder, content, 0, ["a\n"]), "created")
      assert.strictEqual(yield* putOnce(structuredFolder, content, 0, ["a\n"]), "exists")
      const api = fake()
      assert.deepStrictEqual(yield* sendObject(api, stream, object, forever), { lines: 1, deadLetters: 0 })
      const failed = yield* Effect.flip(sendObject(api, stream, { ...object, key: `${key}x` }, forever))
      assert.include(failed.message, "there is no such object")
    }).pipe(Effect.provide(freshStore))
  )
})

describe("objects that an event announces", () => {
  const record = (name: string) => ({
    eventVersion: "2.1",
    eventName: "ObjectCreated:Put",
    eventTime: "2026-11-29T19:00:00Z",
    s3: { bucket: { name: "lake" }, object: { key: name } }
  })
  const ofQueue = (bodies: ReadonlyArray<unknown>) => ({
    Records: bodies.map((body, i) => ({
      messageId: `m${i}`,
      eventSource: "aws:sqs",
      body: typeof body === "string" ? body : JSON.stringify(body)
    }))
  })
  const failing = (objects: ReadonlyArray<AnnouncedObject>) =>
    Effect.succeed(objects.flatMap((object) => (object.key.startsWith("bad") ? [{ object, problem: `${object.key} is bad.` }] : [])))

  it.effect("are answered message by message to a queue", () =>
    Effect.gen(function* () {
      const event = ofQueue([
        { Records: [record("a"), record("bad+1")] },
        { Records: [record("b")] },
        "no JSON",
        { Event: "s3:TestEvent" },
        { Type: "Notification", Message: JSON.stringify({ Records: [record("bad%202")] }) }
      ])
      const { batchItemFailures } = yield* handleObjects(event, failing, forever)
      assert.deepStrictEqual(
        batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
        ["m0", "m2", "m4"]
      )
      assert.deepStrictEqual(yield* handleObjects(ofQueue([]), failing, forever), { batchItemFailures: [] })
    })
  )

  it.effect("fail as a whole otherwise, behind all that could be done", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const use = (objects: ReadonlyArray<AnnouncedObject>) => {
        seen.push(...objects.map(({ key }) => key))
        return failing(objects)
      }
      const error = yield* Effect.flip(handleObjects({ Records: [record("bad"), record("a")] }, use, forever))
      assert.include(error.message, "1 object of 2 failed, first: bad is bad")
      assert.deepStrictEqual(seen, ["bad", "a"])
      assert.deepStrictEqual(yield* handleObjects({ Records: [record("a")] }, use, forever), { batchItemFailures: [] })
      for (const event of [null, {}, "x", { Records: [{ kinesis: {} }] }])
        assert.strictEqual((yield* Effect.flip(handleObjects(event, use, forever)))._tag, "ObjectsFailed")
    })
  )

  it.effect("that are not done when time is over come again, and those alone", () =>
    Effect.gen(function* () {
      const deadline = (yield* Clock.currentTimeMillis) + 10_000
      const event = ofQueue([
        { Records: [record("a"), record("b")] },
        { Records: [record("c"), record("slow")] },
        { Records: [record("slow")] },
        { Records: [record("d")] }
      ])
      const use = (objects: ReadonlyArray<AnnouncedObject>, { done }: Handling) =>
        Effect.forEach(objects, (object) => (object.key === "slow" ? Effect.never : Effect.sync(() => done(object))), {
          concurrency: 2
        }).pipe(Effect.as([]))
      const answered = yield* Effect.forkChild(handleObjects(event, use, deadline))
      // Two slow ones are all that is under way: of the last nobody has begun.
      yield* TestClock.adjust(9_900)
      assert.deepStrictEqual(answered.pollUnsafe()?._tag, "Success")
      assert.deepStrictEqual(yield* Fiber.join(answered), {
        batchItemFailures: ["m1", "m2", "m3"].map((itemIdentifier) => ({ itemIdentifier }))
      })
      const whole = yield* Effect.forkChild(Effect.flip(handleObjects({ Records: [record("a"), record("slow")] }, use, deadline + 10_000)))
      yield* TestClock.adjust(10_000)
      assert.include((yield* Fiber.join(whole)).message, "1 object of 2 failed, first: s3://lake/slow: the time was over")
    })
  )

  it("lie below the lake or elsewhere", () => {
    const at = (root: string, bucket: string, key: string) => keyBelow(root, { bucket, key })
    assert.strictEqual(at("s3://lake", "lake", "a/b"), "a/b")
    assert.strictEqual(at("s3://lake/x/y", "lake", "x/y/a"), "a")
    assert.strictEqual(at("s3://lake/x/y", "lake", "x/yz/a"), null)
    assert.strictEqual(at("s3://lake/x", "other", "x/a"), null)
    assert.strictEqual(at("file:///tmp/lake", "any", "a/b"), "a/b")
  })
})
