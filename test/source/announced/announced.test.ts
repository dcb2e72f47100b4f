import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { type CompiledContract, compileContract } from "../../../src/contract/compile.ts"
import { defineContract } from "../../../src/contract/contract.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { ingest } from "../../../src/ingest/ingest.ts"
import { type BatchLimits, defaultBatchLimits } from "../../../src/ingest/options.ts"
import { deadLettersPath, stagePath } from "../../../src/lake/layout.ts"
import type { RetirementLimits } from "../../../src/lake/retire.ts"
import { verify } from "../../../src/lake/verify.ts"
import { announcedSources } from "../../../src/source/announced/announced.ts"
import { Store, type StoreShape } from "../../../src/store/store.ts"
import { openTable, type Row, readTable } from "../../../src/table/table.ts"
import { definition } from "../../ingest/order.ts"
import { Bucket, simulatedStore } from "../../simulation/simulated-store.ts"
import { folderWith } from "../collect.ts"
import { inVirtualTime, notificationOf, ObjectsStandIn, QueueStandIn, start } from "./world.ts"

const orders = compileContract(defineContract({ ...definition, name: "order" }))
const returns = compileContract(defineContract({ ...definition, name: "returns" }))
const takes = (name: string) => (key: string) => key.startsWith(`${name}/`) || key.startsWith("both/")

interface Options {
  readonly limits?: Partial<BatchLimits>
  readonly retirement?: RetirementLimits
  readonly contracts?: ReadonlyArray<CompiledContract>
}

/** One process that reads the queue to its end, by the store that there is. */
const consume = (queue: QueueStandIn, objects: ObjectsStandIn, { limits = {}, retirement, contracts = [orders, returns] }: Options = {}) =>
  Effect.gen(function* () {
    const { sources } = yield* announcedSources({
      queue,
      objects,
      datasets: contracts.map(({ contract }) => ({ takes: takes(contract.name), format: "auto" })),
      follow: false
    })
    return yield* Effect.forEach(
      contracts,
      (contract, i) => {
        const source = sources[i]
        if (source === undefined) return Effect.die("no source")
        return ingest({
          contract,
          source,
          decode: { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 },
          limits: { ...defaultBatchLimits, ...limits },
          ...(retirement === undefined ? {} : { retirement }),
          stop: Effect.never,
          onEvent: () => Effect.void,
          onProgress: () => {}
        })
      },
      { concurrency: "unbounded" }
    )
  }).pipe(Effect.scoped)

const rowsOf = (path: string) =>
  Effect.flatMap(openTable(path), (table) => Stream.runCollect(readTable(table))).pipe(
    Effect.catch(() => Effect.succeed<ReadonlyArray<Row>>([]))
  )

const idsOf = (name: string) => Effect.map(rowsOf(stagePath(name)), (rows) => rows.map((row) => String(row["order_id"])).sort())
const lettersOf = Effect.map(rowsOf(deadLettersPath), (rows) =>
  rows.map((row) => ({
    dataset: row["dataset"],
    reason: row["reason"],
    shard: String(row["_shard"]),
    at: row["_sequence_number"],
    raw: Buffer.from(row["raw"] instanceof Uint8Array ? row["raw"] : []).toString()
  }))
)

const sound = Effect.scoped(
  Effect.gen(function* () {
    const checks = yield* verify([orders, returns], yield* openDuckDB())
    assert.deepStrictEqual(
      checks.filter(({ ok }) => !ok).map(({ table, check, detail }) => `${table} ${check}: ${detail}`),
      []
    )
  })
).pipe(Effect.orDie)

const inStore = <A, E>(program: (store: StoreShape) => Effect.Effect<A, E, Store>) =>
  Effect.flatMap(folderWith({}), (folder) => {
    const store = simulatedStore(new Bucket(() => start, folder))
    return Effect.provideService(program(store), Store, store)
  }).pipe(Effect.scoped)

const line = (id: string) => `${JSON.stringify({ orderId: id, lastChange: "2026-11-20T07:00:00Z", value: "1.50" })}\n`

describe("announced objects", () => {
  it.live("become rows once each, of every dataset that takes them, and their messages are removed", () =>
    inStore((store) =>
      Effect.gen(function* () {
        const queue = new QueueStandIn()
        const objects = new ObjectsStandIn()
        const announce = (key: string, body: string | Uint8Array) => {
          objects.put("raw", key, body)
          queue.send(notificationOf(key, body))
        }
        for (let i = 0; i < 40; i++) announce(`order/id/${i} +é.json`, line(`o-${i}`))
        announce("returns/1.ndjson", line("r-1") + line("r-2"))
        announce("both/1.ndjson", line("b-1") + line("b-2"))
        announce("neither/1.json", line("n-1"))
        announce("order/empty.json", "")
        queue.send({ Service: "Amazon S3", Event: "s3:TestEvent" })
        queue.send(notificationOf("order/id/0", "", { event: "ObjectRemoved:Delete" }))
        // Again, in another envelope.
        queue.send({ Type: "Notification", Message: JSON.stringify(notificationOf("order/id/1 +é.json", line("o-1"))) })
        const results = yield* inVirtualTime(() => Effect.provideService(consume(queue, objects), Store, store))
        assert.deepStrictEqual(
          results.map(({ failure, stopped }) => [failure, stopped]),
          [
            [null, "end"],
            [null, "end"]
          ]
        )
        assert.deepStrictEqual(yield* idsOf("order"), [...Array.from({ length: 40 }, (_, i) => `o-${i}`), "b-1", "b-2"].sort())
        assert.deepStrictEqual(yield* idsOf("returns"), ["b-1", "b-2", "r-1", "r-2"])
        assert.strictEqual(queue.sent.size, 0)
        yield* sound
      })
    )
  )

  it.live("that cannot be read are dead letters with their notifications, and poison does not come again", () =>
    inStore((store) =>
      Effect.gen(function* () {
        const queue = new QueueStandIn()
        const objects = new ObjectsStandIn()
        const damaged = "PK\u0003\u0004 and so on"
        objects.put("raw", "order/damaged.json", damaged)
        objects.put("raw", "order/replaced.json", "another")
        objects.put("raw", "order/denied.json", line("d"))
        objects.put("raw", "order/slow.json", line("slow"))
        objects.refuse("order/denied.json", "AccessDenied", 403)
        objects.refuse("order/slow.json", "InternalError", 500, 6)
        objects.put("raw", "order/good.json", line("good"))
        const gone = notificationOf("order/gone.json", line("x"))
        queue.send(gone)
        queue.send(notificationOf("order/damaged.json", damaged))
        queue.send(notificationOf("order/replaced.json", line("x")))
        queue.send(notificationOf("order/slow.json", line("slow")))
        queue.send(notificationOf("order/good.json", line("good")))
        queue.send("no JSON")
        const denied = queue.send(notificationOf("order/denied.json", line("d")))
        yield* inVirtualTime(() => Effect.provideService(consume(queue, objects), Store, store))
        assert.deepStrictEqual([...queue.sent.keys()], [denied])
        for (let i = 0; i < 4; i++) {
          const message = queue.sent.get(denied)
          if (message !== undefined) message.visibleAt = 0
          yield* inVirtualTime(() => Effect.provideService(consume(queue, objects), Store, store))
        }
        assert.strictEqual(queue.given.get(denied), 5)
        assert.strictEqual(queue.sent.size, 0)
        const letters = yield* lettersOf
        assert.deepStrictEqual(letters.map(({ reason }) => reason).sort(), [
          "not_announcement",
          "object_denied",
          "object_gone",
          "object_gone",
          "object_unreadable"
        ])
        const [first] = letters.filter(({ shard }) => shard.includes("order/gone.json"))
        assert.deepStrictEqual(first && JSON.parse(first.raw), gone)
        assert.deepStrictEqual(
          (yield* idsOf("order")).filter((id) => id !== "x"),
          ["good", "slow"]
        )
        yield* sound
      })
    )
  )

  it.live("are read once by two processes that are both given them, and nothing of either is lost", () =>
    inStore((store) =>
      Effect.gen(function* () {
        const objects = new ObjectsStandIn()
        const queues = [new QueueStandIn(), new QueueStandIn()]
        for (let i = 0; i < 60; i++) {
          const [key, body] = [`order/${i}.ndjson`, Array.from({ length: 3 }, (_, j) => line(`o-${i}-${j}`)).join("")]
          objects.put("raw", key, body)
          for (const [q, queue] of queues.entries()) if (q === 0 ? i < 40 : i >= 20) queue.send(notificationOf(key, body))
        }
        const limits = { shards: 7 }
        const retirement = { live: 8, page: 16, atOnce: 8 }
        yield* inVirtualTime(() =>
          Effect.forEach(queues, (queue) => Effect.provideService(consume(queue, objects, { limits, retirement }), Store, store), {
            concurrency: "unbounded"
          })
        )
        assert.deepStrictEqual(yield* idsOf("order"), Array.from({ length: 180 }, (_, i) => `o-${Math.floor(i / 3)}-${i % 3}`).sort())
        for (const queue of queues) assert.strictEqual(queue.sent.size, 0)
        yield* sound
      })
    )
  )
})
