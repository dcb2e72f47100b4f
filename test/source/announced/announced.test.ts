import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { replay } from "../../../src/ingest/replay.ts"
import { deadLettersPath, stagePath } from "../../../src/lake/layout.ts"
import { PositionReader } from "../../../src/lake/position-reader.ts"
import { retiredPages } from "../../../src/lake/retired.ts"
import type { AnnouncedSources } from "../../../src/source/announced/announced.ts"
import { Store, type StoreShape } from "../../../src/store/store.ts"
import { openTable } from "../../../src/table/table.ts"
import { Bucket, simulatedStore } from "../../simulation/simulated-store.ts"
import { type FaultyStore, makeFaultyStore } from "../../store/faulty-store.ts"
import { folderWith } from "../collect.ts"
import { type Consuming, consume, expectSound, idsOf, letters, line, orders, returns, withLake } from "./support.ts"
import { etagOf, inVirtualTime, notificationOf, ObjectsStandIn, QueueStandIn, start } from "./world.ts"

const make = () => {
  const queue = new QueueStandIn()
  const objects = new ObjectsStandIn()
  /** Writes an object of these records, and announces it. @returns the message's id */
  const announce = (key: string, ids: ReadonlyArray<string>, more: Parameters<typeof notificationOf>[2] = {}) => {
    const body = ids.map(line).join("")
    objects.put("raw", key, body)
    return queue.send(notificationOf(key, body, more))
  }
  return { queue, objects, announce }
}

const minutes = 60_000
const hours = 60 * minutes

describe("announced objects", () => {
  it.live("become rows once each, of every dataset that takes them, and their messages are removed", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        for (let i = 0; i < 40; i++) announce(`order/id/${i} +é.json`, [`o-${i}`])
        announce("returns/1.ndjson", ["r-1", "r-2"])
        announce("both/1.ndjson", ["b-1", "b-2"])
        announce("neither/1.json", ["n-1"])
        announce("order/empty.json", [])
        queue.send({ Service: "Amazon S3", Event: "s3:TestEvent" })
        queue.send(notificationOf("order/id/0", "", { event: "ObjectRemoved:Delete" }))
        queue.send({ Records: [] })
        // Again, in another envelope.
        queue.send({ Type: "Notification", Message: JSON.stringify(notificationOf("order/id/1 +é.json", line("o-1"))) })
        const counted: Array<AnnouncedSources["told"]> = []
        const opened: Consuming["opened"] = ({ told }) => counted.push(told)
        const results = yield* inVirtualTime(() => Effect.provideService(consume(queue, objects, { opened }), Store, store))
        assert.deepStrictEqual(
          results.map(({ failure, stopped }) => [failure, stopped]),
          [
            [null, "end"],
            [null, "end"]
          ]
        )
        assert.deepStrictEqual(
          counted.map((told) => told()),
          [{ received: 48, removed: 48, unremoved: 0, returned: 0, test: 1, deleted: 1, other: 1, not_taken: 1 }]
        )
        assert.deepStrictEqual(yield* idsOf("order"), [...Array.from({ length: 40 }, (_, i) => `o-${i}`), "b-1", "b-2"].sort())
        assert.deepStrictEqual(yield* idsOf("returns"), ["b-1", "b-2", "r-1", "r-2"])
        assert.strictEqual(queue.sent.size, 0)
        yield* expectSound
      })
    )
  )

  it.live("that cannot be read are dead letters with their notifications, and poison does not come again", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        const damaged = "PK\u0003\u0004 and so on"
        objects.put("raw", "order/damaged.json", damaged)
        objects.put("raw", "order/replaced.json", "another")
        objects.refuse("order/denied.json", "AccessDenied", 403)
        objects.refuse("order/slow.json", "InternalError", 500, 6)
        const gone = notificationOf("order/gone.json", line("x"))
        queue.send(gone)
        queue.send(notificationOf("order/damaged.json", damaged))
        queue.send(notificationOf("order/replaced.json", line("x")))
        announce("order/slow.json", ["slow"])
        announce("order/good.json", ["good"])
        queue.send("no JSON")
        const denied = announce("order/denied.json", ["d"])
        const stop = Effect.sleep(16 * minutes)
        yield* inVirtualTime(() => Effect.provideService(consume(queue, objects, { follow: true, stop }), Store, store))
        // After 1, 2, 4 and 8 minutes.
        assert.strictEqual(queue.given.get(denied), 5)
        yield* inVirtualTime(() => Effect.provideService(consume(queue, objects), Store, store))
        assert.strictEqual(queue.sent.size, 0)
        const all = yield* letters
        assert.deepStrictEqual(all.map(({ reason }) => reason).sort(), [
          "not_announcement",
          "object_denied",
          "object_gone",
          "object_gone",
          "object_unreadable"
        ])
        const [first] = all.filter(({ shard }) => shard.includes("order/gone.json"))
        assert.deepStrictEqual(first && JSON.parse(first.raw), gone)
        assert.deepStrictEqual(yield* idsOf("order"), ["good", "slow"])
        // There is no record that could become a row.
        const decode = { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 }
        const replayed = yield* replay({ contract: orders, decode, onEvent: () => Effect.void })
        assert.deepStrictEqual(replayed, { letters: 5, rows: 0, left: 5, cut: 0, unread: 5, structured: 0 })
        yield* expectSound
      })
    )
  )

  it.live(
    "since S3 denies them are lost only where it has denied them to this process for long, however often their messages came before",
    () =>
      withLake((store) =>
        Effect.gen(function* () {
          const { queue, objects, announce } = make()
          /** Processes that ended have been given it, which S3 denies from now on so often. */
          const denied = (id: string, times: number) => {
            const message = queue.sent.get(announce(`order/${id}.json`, [id]))
            if (message !== undefined) message.received = 7
            objects.refuse(`order/${id}.json`, "AccessDenied", 403, times)
          }
          const run = (options: Consuming) => inVirtualTime(() => Effect.provideService(consume(queue, objects, options), Store, store))
          denied("followed", 2)
          yield* run({ follow: true, stop: Effect.sleep(20 * minutes) })
          denied("bounded", 5)
          yield* run({})
          assert.deepStrictEqual([yield* letters, queue.sent.size], [[], 0])
          assert.deepStrictEqual(yield* idsOf("order"), ["bounded", "followed"])
          denied("never", Number.POSITIVE_INFINITY)
          yield* run({})
          denied("never again", Number.POSITIVE_INFINITY)
          yield* run({ follow: true, stop: Effect.sleep(30 * minutes) })
          assert.deepStrictEqual([(yield* letters).map(({ reason }) => reason), queue.sent.size], [["object_denied", "object_denied"], 0])
          yield* expectSound
        })
      )
  )

  it.live("are not read again however late they are announced again, and S3 is not asked for them", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        const keys = Array.from({ length: 90 }, (_, i) => `order/${i}.ndjson`)
        for (const [i, key] of keys.entries()) announce(key, [`o-${i}-a`, `o-${i}-b`], { time: start - i * hours })
        const options: Consuming = { limits: { shards: 20 }, retirement: { live: 8, page: 16, atOnce: 8 } }
        const run = inVirtualTime(() => Effect.provideService(consume(queue, objects, options), Store, store))
        yield* run
        objects.asked.length = 0
        for (const [i, key] of keys.entries())
          queue.send(notificationOf(key, line(`o-${i}-a`) + line(`o-${i}-b`), { time: start - i * hours }))
        announce("order/0.ndjson", ["new"], { time: start, sequencer: "0056" })
        const [again] = yield* run
        assert.deepStrictEqual([again?.counts.records, queue.sent.size], [1, 0])
        assert.deepStrictEqual([...new Set(objects.asked.map((asked) => asked.split(" ")[0]))], ["order/0.ndjson"])
        assert.strictEqual((yield* idsOf("order")).length, 181)
        yield* expectSound
      })
    )
  )

  it.live("are told from new ones by each page of retired positions once, in whatever order they are announced again", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        const places = Array.from({ length: 90 }, (_, i) => ({ key: `order/${i}`, time: start - i * hours }))
        for (const { key, time } of places) announce(key, [key], { time })
        const retirement = { live: 8, page: 4, atOnce: 8 }
        const consuming = (of: StoreShape) =>
          inVirtualTime(() => Effect.provideService(consume(queue, objects, { retirement, contracts: [orders] }), Store, of))
        yield* consuming(store)
        const table = yield* openTable(stagePath("order"))
        const { domains } = yield* table.snapshot
        const pages = retiredPages(domains).length
        assert.isAtLeast(pages, 12)
        const shuffled = places.map((_, i) => places[(i * 37) % places.length] ?? assert.fail())
        for (const { key, time } of shuffled) queue.send(notificationOf(key, line(key), { time }))
        const fetchesOf = ({ calls }: FaultyStore) =>
          calls.filter((call) => call.startsWith("get ") && call.includes("/_positions/")).length
        const again = makeFaultyStore(store)
        yield* consuming(again.store)
        assert.strictEqual(queue.sent.size, 0)
        assert.isAtMost(fetchesOf(again), pages)
        // What there is room for bounds what is kept.
        const fetches = (most?: number) =>
          Effect.gen(function* () {
            const counted = makeFaultyStore(store)
            const reader = new PositionReader(table, counted.store, most)
            for (const { key, time } of shuffled) {
              const shard = `${new Date(time).toISOString().slice(0, 13)}/s3://raw/${key}#${etagOf(line(key))}/0055`
              assert.isNotNull(yield* reader.find(domains, "announced", shard))
            }
            return fetchesOf(counted)
          })
        assert.isAtMost(yield* fetches(), pages)
        assert.isAbove(yield* fetches(4 * 600), 2 * pages)
      })
    )
  )

  it.live("of many hours become a file an hour, though their messages come mixed", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        for (let i = 0; i < 480; i++) announce(`order/${i}`, [`o-${i}`], { time: start - ((i * 37) % 120) * hours })
        const [done] = yield* inVirtualTime(() => Effect.provideService(consume(queue, objects, { contracts: [orders] }), Store, store))
        const { files } = yield* (yield* openTable(stagePath("order"))).snapshot
        assert.deepStrictEqual([done?.commits, files.size], [1, 120])
        assert.strictEqual((yield* idsOf("order")).length, 480)
      })
    )
  )
})

describe("a message", () => {
  it.live("stays hidden until what it announces is committed, of each dataset", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        const both = announce("both/1.ndjson", ["b"])
        const order = announce("order/1.ndjson", ["o"])
        const limits = { ageMillis: 40 * minutes }
        yield* inVirtualTime((time) =>
          Effect.gen(function* () {
            const consuming = yield* Effect.forkChild(
              Effect.provideService(consume(queue, objects, { follow: true, limits, stop: Effect.sleep(60 * minutes) }), Store, store)
            )
            yield* Effect.sleep(39 * minutes)
            assert.strictEqual(queue.sent.size, 2)
            for (const { visibleAt } of queue.sent.values()) assert.isAbove(visibleAt, time.now)
            yield* Effect.sleep(3 * minutes)
            assert.strictEqual(queue.sent.size, 0)
            yield* Fiber.join(consuming)
          })
        )
        assert.deepStrictEqual([queue.given.get(both), queue.given.get(order)], [1, 1])
        assert.deepStrictEqual([yield* idsOf("order"), yield* idsOf("returns")], [["b", "o"], ["b"]])
      })
    )
  )

  it.live("beyond those that may be held does not wait for the age of a batch, nor is the queue left before its end", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        for (let i = 0; i < 45; i++) announce(`${["order", "returns", "both"][i % 3]}/${i}.ndjson`, [`${i}`])
        const limits = { ageMillis: 60 * minutes }
        yield* inVirtualTime((time) =>
          Effect.gen(function* () {
            const results = yield* Effect.provideService(consume(queue, objects, { limits, most: 10 }), Store, store)
            assert.deepStrictEqual(
              results.map(({ failure }) => failure ?? null),
              [null, null]
            )
            assert.isBelow(time.now - start, 2 * minutes)
          })
        )
        assert.strictEqual(queue.sent.size, 0)
        assert.deepStrictEqual([(yield* idsOf("order")).length, (yield* idsOf("returns")).length], [30, 30])
        yield* expectSound
      })
    )
  )

  it.live("of a dataset that is not carried stays in the queue, behind what it has for one that is", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        const left = [announce("both/1.ndjson", ["b"]), announce("returns/1.ndjson", ["r"])]
        announce("order/1.ndjson", ["o"])
        const alone = (contracts: NonNullable<Consuming["contracts"]>) =>
          inVirtualTime(() => Effect.provideService(consume(queue, objects, { contracts }), Store, store))
        yield* alone([orders])
        assert.deepStrictEqual([...queue.sent.keys()], left)
        assert.deepStrictEqual([yield* idsOf("order"), yield* idsOf("returns")], [["b", "o"], []])
        for (const message of queue.sent.values()) message.visibleAt = 0
        yield* alone([orders, returns])
        assert.deepStrictEqual([queue.sent.size, yield* idsOf("order"), yield* idsOf("returns")], [0, ["b", "o"], ["b", "r"]])
        yield* expectSound
      })
    )
  )

  it.live("that was not hidden in time comes again and is read once; so does one that was held for 12 hours", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        const forgotten = announce("order/1.ndjson", ["o"])
        queue.forgetsHides = true
        yield* inVirtualTime(() =>
          Effect.provideService(
            consume(queue, objects, { follow: true, limits: { ageMillis: 10 * minutes }, stop: Effect.sleep(12 * minutes) }),
            Store,
            store
          )
        )
        assert.isAbove(queue.given.get(forgotten) ?? 0, 2)
        queue.forgetsHides = false
        const long = announce("order/2.ndjson", ["long"])
        yield* inVirtualTime(() =>
          Effect.provideService(
            consume(queue, objects, { follow: true, limits: { ageMillis: 20 * hours }, stop: Effect.sleep(21 * hours) }),
            Store,
            store
          )
        )
        assert.strictEqual(queue.given.get(long), 2)
        assert.strictEqual(queue.sent.size, 0)
        assert.deepStrictEqual(yield* idsOf("order"), ["long", "o"])
        yield* expectSound
      })
    )
  )

  it.live("of an object that S3 never answers for holds up no other, and is given back when the process is told to stop", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        objects.refuse("order/never.json", "InternalError", 500)
        const held = announce("order/never.json", ["never"])
        announce("order/done.json", ["done"])
        yield* inVirtualTime((time) =>
          Effect.gen(function* () {
            yield* Effect.provideService(consume(queue, objects, { follow: true, stop: Effect.sleep(3 * minutes) }), Store, store)
            assert.deepStrictEqual([...queue.sent.keys()], [held])
            assert.isAtMost(queue.sent.get(held)?.visibleAt ?? 0, time.now)
          })
        )
        assert.deepStrictEqual(yield* idsOf("order"), ["done"])
      })
    )
  )
})

describe("a bucket that does not answer", () => {
  it.live("holds up no other, is asked seldom, and is read when it answers again", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects } = make()
        const ids = { bad: [] as Array<string>, good: [] as Array<string> }
        for (let i = 0; i < 240; i++) {
          const bucket = i % 4 === 3 ? "good" : "bad"
          const [key, body] = [`order/${bucket}-${i}`, line(`${bucket}-${i}`)]
          ids[bucket].push(`${bucket}-${i}`)
          objects.put(bucket, key, body)
          if (bucket === "bad") objects.refuse(key, "InternalError", 500)
          queue.send(notificationOf(key, body, { bucket }))
        }
        const options: Consuming = { follow: true, limits: { ageMillis: 10_000 }, stop: Effect.sleep(60 * minutes) }
        yield* inVirtualTime(() =>
          Effect.gen(function* () {
            const consuming = yield* Effect.forkChild(Effect.provideService(consume(queue, objects, options), Store, store))
            yield* Effect.sleep(minutes)
            assert.deepStrictEqual(yield* Effect.provideService(idsOf("order"), Store, store), ids.good.sort())
            yield* Effect.sleep(29 * minutes)
            // What was opened at once before it was known, and then one at a time, at least every half minute.
            const tries = objects.asked.filter((asked) => asked.startsWith("order/bad"))
            assert.isAtLeast(tries.length, 60)
            assert.isAtMost(tries.length, 32 + 10 + 120)
            objects.refusals.clear()
            yield* Effect.sleep(minutes)
            assert.deepStrictEqual(yield* Effect.provideService(idsOf("order"), Store, store), [...ids.bad, ...ids.good].sort())
            yield* Fiber.join(consuming)
          })
        )
        assert.strictEqual(queue.sent.size, 0)
      })
    )
  )
})

describe("a queue that fails", () => {
  it.live.each([
    ["receive", "Denied"],
    ["receive", "NotFound"],
    ["remove", "Denied"]
  ] as const)("for good ends the sources: %s, %s", ([operation, reason]) =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        announce("order/1.json", ["o"])
        queue.failNext = { operation, reason, times: 1000 }
        const stop = Effect.sleep(30 * minutes)
        const results = yield* inVirtualTime(() => Effect.provideService(consume(queue, objects, { follow: true, stop }), Store, store))
        assert.deepStrictEqual(
          results.map(({ failure }) => failure?.reason),
          [reason, reason]
        )
      })
    )
  )

  it.live("for good ends the sources, whatever S3 does not answer for meanwhile", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        for (let i = 0; i < 50; i++) {
          objects.refuse(`order/${i}.json`, "InternalError", 500)
          announce(`order/${i}.json`, ["o"])
        }
        queue.failNext = { operation: "hide", reason: "Denied", times: 1000 }
        const stop = Effect.sleep(300 * minutes)
        const results = yield* inVirtualTime(() => Effect.provideService(consume(queue, objects, { follow: true, stop }), Store, store))
        assert.deepStrictEqual(
          results.map(({ failure }) => failure?.reason),
          ["Denied", "Denied"]
        )
      })
    )
  )

  it.live("for a while is asked again", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue, objects, announce } = make()
        announce("order/1.json", ["o"])
        for (const operation of ["receive", "hide", "remove"]) {
          queue.failNext = { operation, reason: "Unavailable", times: 3 }
          yield* inVirtualTime(() => Effect.provideService(consume(queue, objects), Store, store))
        }
        queue.failNext = { operation: "receive", reason: "Throttled", times: 1000 }
        const [bounded] = yield* inVirtualTime(() => Effect.provideService(consume(queue, objects), Store, store))
        assert.strictEqual(bounded?.failure?.reason, "Unavailable")
        assert.deepStrictEqual([yield* idsOf("order"), queue.sent.size], [["o"], 0])
      })
    )
  )
})

describe("several processes on one queue", () => {
  it.live("read each object once though both are given it, and lose nothing of either", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue: first, objects } = make()
        const queues = [first, new QueueStandIn()]
        for (let i = 0; i < 60; i++) {
          const [key, body] = [`order/${i}.ndjson`, Array.from({ length: 3 }, (_, j) => line(`o-${i}-${j}`)).join("")]
          objects.put("raw", key, body)
          for (const [q, queue] of queues.entries()) if (q === 0 ? i < 40 : i >= 20) queue.send(notificationOf(key, body))
        }
        const options: Consuming = { limits: { shards: 7 }, retirement: { live: 8, page: 16, atOnce: 8 } }
        yield* inVirtualTime(() =>
          Effect.forEach(queues, (queue) => Effect.provideService(consume(queue, objects, options), Store, store), {
            concurrency: "unbounded"
          })
        )
        assert.deepStrictEqual(yield* idsOf("order"), Array.from({ length: 180 }, (_, i) => `o-${Math.floor(i / 3)}-${i % 3}`).sort())
        for (const queue of queues) assert.strictEqual(queue.sent.size, 0)
        yield* expectSound
      })
    )
  )

  it.live("give up nothing where both remove the same positions of dead letters", () =>
    withLake((store) =>
      Effect.gen(function* () {
        const { queue: first, objects } = make()
        const second = new QueueStandIn()
        const put = (queue: QueueStandIn, key: string, time: number) => {
          const body = `no JSON\n${line(key)}`
          objects.put("raw", key, body)
          queue.send(notificationOf(key, body, { time }))
        }
        const consuming = (queue: QueueStandIn, of: StoreShape, retirement: NonNullable<Consuming["retirement"]>) =>
          inVirtualTime(() => Effect.provideService(consume(queue, objects, { contracts: [orders], retirement }), Store, of))
        for (let i = 0; i < 20; i++) put(first, `order/${i}`, start - 5 * hours)
        yield* consuming(first, store, { live: 1000, page: 16, atOnce: 8 })
        put(first, "order/first", start)
        put(second, "order/second", start)
        objects.asked.length = 0
        const few = { live: 8, page: 16, atOnce: 8 }
        const faults = makeFaultyStore(store)
        faults.beforeNext("putIfAbsent", `${deadLettersPath}/_delta_log/`, Effect.orDie(consuming(second, store, few)))
        yield* consuming(first, faults.store, few)
        // What is given up is read again.
        assert.deepStrictEqual(objects.asked.map((asked) => asked.split(" ")[0]).sort(), ["order/first", "order/second"])
        assert.strictEqual((yield* letters).length, 22)
        yield* expectSound
      })
    )
  )

  /** One has read an object, and has yet to commit it, when it is deleted; another finds it gone, and dies before `diesAt` is written to the log of a table. */
  const lost = (diesAt: "stage" | "dead_letters" | "second stage") =>
    Effect.gen(function* () {
      const folder = yield* folderWith({})
      const bucket = new Bucket(() => start, folder)
      const store = simulatedStore(bucket)
      const { queue, objects, announce } = make()
      announce("order/1.ndjson", ["o-1", "o-2"])
      const other = new QueueStandIn()
      other.send(notificationOf("order/1.ndjson", line("o-1") + line("o-2")))
      let stageCommits = 0
      const dying = simulatedStore(bucket, {
        carry: ({ operation, key }, request) => {
          const isCommit = operation === "putIfAbsent" && /_delta_log\/\d+\.json$/.test(key)
          if (isCommit && key.startsWith("stage/order/") && !key.endsWith("0.json")) stageCommits++
          const dies =
            isCommit &&
            (diesAt === "dead_letters"
              ? key.startsWith("dead_letters/") && !key.endsWith("0.json")
              : key.startsWith("stage/order/") && stageCommits === (diesAt === "stage" ? 1 : 2))
          return dies ? Effect.never : request
        }
      })
      yield* inVirtualTime(() =>
        Effect.gen(function* () {
          const slow = yield* Effect.forkChild(
            Effect.provideService(
              consume(queue, objects, { follow: true, limits: { ageMillis: 30 * minutes }, stop: Effect.sleep(70 * minutes) }),
              Store,
              store
            )
          )
          yield* Effect.sleep(1 * minutes)
          objects.delete("raw", "order/1.ndjson")
          // It is never heard of again.
          yield* Effect.forkDetach(Effect.provideService(consume(other, objects), Store, dying))
          yield* Fiber.join(slow)
        })
      )
      assert.strictEqual(queue.sent.size, 0)
      yield* inVirtualTime(() => Effect.provideService(consume(other, objects), Store, store), 1)
      for (const message of other.sent.values()) message.visibleAt = 0
      yield* inVirtualTime(() => Effect.provideService(consume(other, objects), Store, store), 1)
      assert.strictEqual(other.sent.size, 0)
      const ids = yield* Effect.provideService(idsOf("order"), Store, store)
      const all = yield* Effect.provideService(letters, Store, store)
      yield* Effect.provideService(expectSound, Store, store)
      return [ids, all.map(({ reason }) => reason)]
    }).pipe(Effect.scoped)

  it.live("count the dead letters of an object that one has read in part of its commits, when another finds it gone", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({})
      const bucket = new Bucket(() => start, folder)
      const store = simulatedStore(bucket)
      const { queue, objects } = make()
      const body = `no JSON\n${line("o-1")}no JSON either\n`
      objects.put("raw", "order/1.ndjson", body)
      const id = queue.send(notificationOf("order/1.ndjson", body))
      const dying = simulatedStore(bucket, {
        carry: ({ operation, key }, request) =>
          operation === "putIfAbsent" && /^stage\/order\/_delta_log\/0*1\.json$/.test(key) ? Effect.never : request
      })
      yield* inVirtualTime(() =>
        Effect.andThen(Effect.forkDetach(Effect.provideService(consume(queue, objects), Store, dying)), Effect.sleep(2 * minutes))
      )
      objects.delete("raw", "order/1.ndjson")
      const message = queue.sent.get(id)
      if (message !== undefined) message.visibleAt = 0
      yield* inVirtualTime(() => Effect.provideService(consume(queue, objects), Store, store))
      assert.strictEqual(queue.sent.size, 0)
      const all = yield* Effect.provideService(letters, Store, store)
      assert.deepStrictEqual(all.map(({ reason, at }) => `${at} ${reason}`).sort(), [
        "0 not_json",
        `${8 + line("o-1").length} not_json`,
        `${8 + line("o-1").length + 1} object_gone`
      ])
      yield* Effect.provideService(expectSound, Store, store)
    }).pipe(Effect.scoped)
  )

  it.live("agree on an object that one has read and the other finds gone: rows, or a dead letter, wherever one of them dies", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lost("stage"), [["o-1", "o-2"], []])
      assert.deepStrictEqual(yield* lost("dead_letters"), [[], ["object_gone"]])
      assert.deepStrictEqual(yield* lost("second stage"), [[], ["object_gone"]])
    })
  )
})
