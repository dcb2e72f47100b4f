import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import { statusText } from "../../src/cli/status.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { text } from "../../src/contract/field.ts"
import { replay } from "../../src/ingest/replay.ts"
import { hashKeysOf } from "../../src/lake/hash-key.ts"
import { stagePath } from "../../src/lake/layout.ts"
import { lakeStatus } from "../../src/lake/status.ts"
import { Store } from "../../src/store/store.ts"
import { commitName } from "../../src/table/paths.ts"
import { openTable, readTable } from "../../src/table/table.ts"
import { pageOf } from "../decode/support.ts"
import { definition } from "../ingest/order.ts"
import { pagesSource, run, temporaryStore } from "../ingest/support.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"

const contractOf = (name: string) =>
  compileContract(defineContract({ ...definition, name, fields: { ...definition.fields, email: text("E-mail.", { sensitive: "hash" }) } }))
const [order, invoice] = [contractOf("order"), contractOf("invoice")]

const keys = { first: "the first of all keys", second: "the second of all keys", none: null } as const
type Key = keyof typeof keys
const decodeWith = (key: Key) => {
  const secret = keys[key]
  return { hashKey: secret === null ? null : new TextEncoder().encode(secret), maxDepth: 64, maxRecordBytes: 1024 * 1024 }
}
const record = (id: string) => JSON.stringify({ orderId: id, lastChange: "2026-11-20T07:00:00Z", email: "p@e.example" })

/** Ingests one record of a shard; gives what refused it, null where nothing did. */
const refusal = (key: Key, shard: string, { change = false, contract = order } = {}) =>
  run(pagesSource([{ ...pageOf([record(shard)]), shard }]), { contract, decode: decodeWith(key), changeHashKey: change }).pipe(
    Effect.as(null),
    Effect.catchTag("TableError", (error) => Effect.succeed(error))
  )

const rows = (dataset = "order") =>
  Effect.map(
    Effect.flatMap(openTable(stagePath(dataset)), (table) => Stream.runCollect(readTable(table))),
    (all) => new Set(all.map(({ email }) => email)).size
  )
const noted = Effect.flatMap(openTable(stagePath("order")), (table) => Effect.map(table.snapshot, ({ metaData }) => hashKeysOf(metaData)))

describe("the hash key of a lake", () => {
  const refused: ReadonlyArray<readonly [Key, Key, string]> = [
    ["first", "second", "hashed with another key"],
    ["first", "none", "neither SLUICE_HASH_KEY nor SLUICE_HASH_KEY_SECRET is set"],
    ["none", "first", "SLUICE_HASH_KEY or SLUICE_HASH_KEY_SECRET is set now"]
  ]
  it.live.each(refused)("%s is not followed by %s, unless that is asked for", ([before, after, words]) =>
    Effect.gen(function* () {
      assert.isNull(yield* refusal(before, "a"))
      const error = yield* refusal(after, "b")
      assert.strictEqual(error?.reason, "Invalid")
      assert.include(error?.message, words)
      assert.include(error?.message, "--change-hash-key")
      // A replay hashes, too.
      const replayed = yield* Effect.flip(replay({ contract: order, decode: decodeWith(after), onEvent: () => Effect.void }))
      assert.strictEqual(replayed.message, error?.message)
      assert.isNull(yield* refusal(before, "b"))
      assert.strictEqual(yield* rows(), 1)

      assert.isNull(yield* refusal(after, "c", { change: true }))
      // The new one holds from here on, and asking again changes nothing.
      assert.isNull(yield* refusal(after, "d", { change: true }))
      assert.isNotNull(yield* refusal(before, "e"))
      assert.strictEqual((yield* noted).length, 2)
      assert.strictEqual(yield* rows(), 2)
      const status = yield* lakeStatus("", ["order"])
      assert.strictEqual(status.datasets[0]?.hashKeys, 2)
      assert.include(statusText(status), "filled with 2 hash keys")
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("is noted so that it cannot be read, nor two lakes be told to share it", () =>
    Effect.gen(function* () {
      const note = Effect.andThen(refusal("first", "a"), noted)
      const lakes = yield* Effect.all([note.pipe(Effect.provide(temporaryStore, { local: true })), note], { concurrency: 2 })
      assert.deepStrictEqual(
        lakes.map(({ length }) => length),
        [1, 1]
      )
      assert.notDeepEqual(lakes[0], lakes[1])
      assert.notInclude(JSON.stringify(lakes), keys.first)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("is one for all datasets", () =>
    Effect.gen(function* () {
      assert.isNull(yield* refusal("first", "a"))
      const error = yield* refusal("second", "a", { contract: invoice })
      assert.deepStrictEqual([error?.table, error?.reason], ["stage/order", "Invalid"])
      assert.isTrue(Result.isFailure(yield* Effect.result(openTable(stagePath("invoice")))))
      assert.isNull(yield* refusal("first", "a", { contract: invoice }))
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("may be any while there are no rows, and is noted where an older version has not", () =>
    Effect.gen(function* () {
      yield* run(pagesSource([]), { contract: order, decode: decodeWith("first") })
      assert.isNull(yield* refusal("second", "a"))
      assert.strictEqual((yield* noted).length, 1)

      const table = yield* openTable(stagePath("order"))
      const read = yield* table.snapshot
      yield* table.commit({
        read,
        operation: "SET TBLPROPERTIES",
        parameters: {},
        metrics: {},
        actions: [{ metaData: { ...read.metaData, configuration: {} } }],
        isBlindAppend: false
      })
      assert.deepStrictEqual(yield* noted, [])
      assert.isNull(yield* refusal("first", "b"))
      assert.isNotNull(yield* refusal("second", "c"))
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live.each([
    ["two processes begin a lake with", false],
    ["one process changes it under another, which has", true]
  ] as const)("is one where %s another key", ([, change]) =>
    Effect.gen(function* () {
      const store = yield* Store
      const faults = makeFaultyStore(store)
      if (change) assert.isNull(yield* refusal("first", "a"))
      // The other one is done between this one's reading of the log and its commit.
      const other = Effect.ignore(Effect.provideService(refusal("second", "b", { change }), Store, store))
      faults.beforeNext("putIfAbsent", `${stagePath("order")}/_delta_log/${commitName(change ? 2 : 1)}`, other)
      const error = yield* refusal("first", "c").pipe(Effect.provideService(Store, Store.of(faults.store)))
      assert.deepStrictEqual([error?.reason, error?.conflict], ["Conflict", "metaData"])
      assert.strictEqual(yield* rows(), change ? 2 : 1)
      assert.include((yield* refusal("first", "c"))?.message, "hashed with another key")
    }).pipe(Effect.provide(temporaryStore))
  )
})
