import { createCipheriv, createDecipheriv } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { streamProbe } from "../../src/cli/doctor-probes.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { type KinesisOptions, kinesisSource } from "../../src/source/kinesis/kinesis.ts"
import { aggregate } from "../../src/stream/kinesis/aggregation.ts"
import type { KinesisApi } from "../../src/stream/kinesis/api.ts"
import { awsKinesis } from "../../src/stream/kinesis/aws-kinesis.ts"
import { until } from "../passing-time.ts"
import { Committed, textsIn } from "../source/kinesis/consume.ts"
import { type Emulator, emulatorEnvironment, startKinesisLocal } from "./kinesis-local.ts"

let emulator: Emulator
const before = { ...process.env }
beforeAll(async () => {
  Object.assign(process.env, emulatorEnvironment)
  emulator = await startKinesisLocal()
})
afterAll(async () => {
  process.env = before
  await emulator.stop()
})

let streams = 0
const shardId = (n: number) => `shardId-${String(n).padStart(12, "0")}`
const middle = 2n ** 127n

/** A stream of its own, with its API over HTTP. */
const withStream = (shards: number) =>
  Effect.gen(function* () {
    const stream = `orders-${streams++}`
    yield* Effect.promise(() => emulator.createStream(stream, shards))
    const api = yield* awsKinesis({ endpoint: emulator.endpoint })
    let next = 0
    const put = (count: number) =>
      Effect.gen(function* () {
        const texts = Array.from({ length: count }, () => `r${next++}`)
        const records = texts.map((text) => ({ partitionKey: text, data: Buffer.from(text) }))
        const answers = yield* api.putRecords(stream, records)
        assert.isTrue(answers.every(({ ok }) => ok))
        return texts
      })
    const source = (options: Partial<KinesisOptions> = {}) =>
      kinesisSource({
        api,
        stream,
        initial: { type: "TRIM_HORIZON" },
        follow: false,
        callMillis: 0,
        pollMillis: 20,
        lookMillis: 100,
        ...options
      })
    const read = (committed: Committed, options: Partial<KinesisOptions> = {}) =>
      Effect.gen(function* () {
        const pages = yield* Stream.runCollect((yield* source(options)).pages(committed.resume))
        committed.commit(pages)
        return pages
      })
    return { stream, api, put, source, read, name: (n: number) => `${stream}/${shardId(n)}` }
  })

const sorted = (texts: ReadonlyArray<string>) => [...texts].sort()

describe("over the wire", () => {
  it.live("what is put is read once, plain and aggregated, and goes on where it stopped", () =>
    Effect.gen(function* () {
      const { api, put, read, stream } = yield* withStream(3)
      const committed = new Committed()
      const want = [...(yield* put(300))]
      assert.deepStrictEqual(sorted(textsIn(yield* read(committed))), sorted(want))
      const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256)
      const data = aggregate(["x", "y"].map((partitionKey) => ({ partitionKey, data: Buffer.from(partitionKey) })))
      yield* api.putRecords(stream, [
        { partitionKey: "kpl", data },
        { partitionKey: '"Data":"', data: bytes }
      ])
      const pages = yield* read(committed)
      assert.includeMembers([...textsIn(pages)], ["x", "y"])
      assert.isTrue(pages.some((page) => Buffer.from(page.bytes).includes(Buffer.from(bytes))))
      assert.deepStrictEqual(yield* read(committed), [])
    })
  )

  it.live("doctor is told whether a stream can be read, or what is wrong", () =>
    Effect.gen(function* () {
      const { stream } = yield* withStream(2)
      const ask = (name: string) => streamProbe({ stream: name, endpoint: emulator.endpoint, region: null }) ?? Effect.die("no stream")
      assert.strictEqual(yield* ask(stream), `${stream} can be read: 2 shards, kept for 24 h`)
      const { message } = yield* Effect.flip(ask("nothing"))
      assert.include(message, "DescribeStreamSummary failed")
      assert.include(message, "Look at the names of stream, region and account")
    })
  )

  it.live("children come after their parents, through a split and a merge", () =>
    Effect.gen(function* () {
      const { put, read, stream, name } = yield* withStream(2)
      const want = [...(yield* put(100))]
      yield* Effect.promise(() => emulator.splitShard(stream, shardId(0), String(middle / 2n)))
      want.push(...(yield* put(100)))
      yield* Effect.promise(() => emulator.mergeShards(stream, shardId(3), shardId(1)))
      want.push(...(yield* put(100)))
      const committed = new Committed()
      const pages = yield* read(committed)
      assert.deepStrictEqual(sorted(textsIn(pages)), sorted(want))
      const order = pages.map((page) => page.shard)
      for (const [parent, child] of [
        [0, 2],
        [0, 3],
        [3, 4],
        [1, 4]
      ] as const)
        assert.isBelow(order.lastIndexOf(name(parent)), order.indexOf(name(child)))
      for (const ended of [0, 1, 3]) assert.isTrue(committed.source(name(ended))?.["ended"])
      for (const open of [2, 4]) assert.isUndefined(committed.source(name(open))?.["ended"])
    })
  )

  it.live("a follower takes what comes while shards are split, from the latest record on", () =>
    Effect.gen(function* () {
      const { put, source, stream } = yield* withStream(1)
      yield* put(10)
      const pages: Array<RecordPage> = []
      const following = yield* source({ follow: true, initial: { type: "LATEST" } })
      const fiber = yield* Stream.runForEach(following.pages(new Committed().resume), (page) => Effect.sync(() => pages.push(page))).pipe(
        Effect.forkScoped
      )
      // What comes behind the first answer, though it was empty, is later than the latest.
      yield* until(() => pages.length > 0)
      const want = [...(yield* put(50))]
      yield* Effect.promise(() => emulator.splitShard(stream, shardId(0), String(middle)))
      want.push(...(yield* put(50)))
      yield* until(() => textsIn(pages).length >= want.length)
      assert.deepStrictEqual(sorted(textsIn(pages)), sorted(want))
      yield* Fiber.interrupt(fiber)
    })
  )

  it.live("an iterator that expired is replaced, and nothing is read twice", () =>
    Effect.gen(function* () {
      const { api, put, source } = yield* withStream(1)
      const want = yield* put(20)
      let aged = 0
      // Every other call comes with an iterator that is too old.
      const late: KinesisApi = {
        ...api,
        getRecords: (iterator, limit) => api.getRecords(aged++ % 2 === 0 ? agedIterator(iterator) : iterator, Math.min(limit, 7))
      }
      const pages = yield* Stream.runCollect((yield* source({ api: late })).pages(new Committed().resume))
      assert.deepStrictEqual(textsIn(pages), want)
      assert.isAtLeast(aged, 4)
    })
  )

  it.live("the API means what it says", () =>
    Effect.gen(function* () {
      const { api, put, stream } = yield* withStream(2)
      yield* put(10)
      const iterator = yield* api.getShardIterator(stream, shardId(0), { type: "TRIM_HORIZON" })
      const reason = <A>(call: Effect.Effect<A, { readonly reason: string }>) => Effect.map(Effect.flip(call), (error) => error.reason)
      assert.strictEqual(yield* reason(api.getRecords(agedIterator(iterator), 10)), "ExpiredIterator")
      assert.strictEqual(yield* reason(api.describeStream("nothing")), "NotFound")
      assert.strictEqual(yield* reason(api.listShards("nothing", null)), "NotFound")
      assert.strictEqual(yield* reason(api.getShardIterator(stream, shardId(7), { type: "TRIM_HORIZON" })), "NotFound")
      const future = { type: "AT_TIMESTAMP", timestamp: Date.now() + 60_000 } as const
      assert.strictEqual(yield* reason(api.getShardIterator(stream, shardId(0), future)), "Invalid")
      const page = yield* api.getRecords(iterator, 3)
      assert.strictEqual(page.records.length, 3)
      assert.approximately(page.records[0]?.arrivedAt ?? 0, Date.now(), 60_000)
      assert.strictEqual((yield* api.describeStream(stream)).retentionMillis, 86_400_000)
      yield* Effect.promise(() => emulator.splitShard(stream, shardId(0), "1000"))
      const rest = yield* api.getRecords(page.nextIterator ?? "", 10_000)
      assert.isNull(rest.nextIterator)
      assert.deepStrictEqual(
        rest.childShards.map((child) => [child.shardId, ...child.parentShardIds]),
        [
          [shardId(2), shardId(0)],
          [shardId(3), shardId(0)]
        ]
      )
    })
  )

  it.live("many shards are listed by pages, and read", () =>
    Effect.gen(function* () {
      const { api, put, read } = yield* withStream(101)
      let lists = 0
      const want = yield* put(150)
      const paged: KinesisApi = {
        ...api,
        listShards: (name, token) => Effect.tap(api.listShards(name, token), () => Effect.sync(() => lists++))
      }
      assert.deepStrictEqual(sorted(textsIn(yield* read(new Committed(), { api: paged, lookMillis: 60_000 }))), sorted(want))
      // Once to begin, once at the end. The emulator gives 100 on a page, the service 1,000.
      assert.strictEqual(lists, 4)
    })
  )

  it.live("a port where nobody listens is unavailable", () =>
    Effect.gen(function* () {
      const api = yield* awsKinesis({ endpoint: "http://127.0.0.1:9" })
      assert.strictEqual((yield* Effect.flip(api.listShards("orders", null))).reason, "Unavailable")
    })
  )

  it.live("a call that is interrupted ends at once", () =>
    Effect.gen(function* () {
      const { createServer } = yield* Effect.promise(() => import("node:http"))
      // Begins its answer and never ends it.
      const begun = yield* Deferred.make<void>()
      const server = createServer((_, response) => {
        response.writeHead(200, { "content-length": "1000" }).write('{"Records":[')
        Deferred.doneUnsafe(begun, Effect.void)
      })
      yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
      const address = server.address()
      if (address === null || typeof address === "string") throw new Error("no port")
      const api = yield* awsKinesis({ endpoint: `http://127.0.0.1:${address.port}` })
      const fiber = yield* Effect.forkScoped(api.getRecords("iterator", 10))
      yield* Deferred.await(begun)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      yield* Fiber.interrupt(fiber)
      // The connection of the request has gone with it.
      yield* Effect.promise(() => closed)
    })
  )
})

/** The emulator's iterators are its own notes, encrypted with a key that stands in its code; the first of them is the time of issue. */
const agedIterator = (iterator: string): string => {
  const key = Buffer.from("1133a5a833666b49abf28c8ba302930f0b2fb240dccd43cf4dfbc0ca91f17751", "hex")
  const iv = Buffer.from("7bf139dbabbea2d9995d6fcae1dff7da", "hex")
  const bytes = Buffer.from(iterator, "base64")
  const decipher = createDecipheriv("aes-256-cbc", key, iv)
  const notes = Buffer.concat([decipher.update(bytes.subarray(8)), decipher.final()]).toString()
  const aged = notes.replace(/^\d+/, (millis) => String(Number(millis) - 301_000).padStart(millis.length, "0"))
  const cipher = createCipheriv("aes-256-cbc", key, iv)
  return Buffer.concat([bytes.subarray(0, 8), cipher.update(aged), cipher.final()]).toString("base64")
}
