import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { copiesIn, localCopies } from "../../src/duckdb/local-copies.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { compact } from "../../src/lake/compact.ts"
import { openLake, queryLake } from "../../src/lake/query.ts"
import { verify } from "../../src/lake/verify.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { freshStore, ingest, orders, rowsOf } from "../repartition/lake.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"

const rowsIn = Stream.runCollect

const start = Date.UTC(2026, 10, 20, 22)
const copies = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ order: `o${i}`, lastChange: start + i, arrivedAt: start, sequence: String(i), note: `n${i}` }))

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-copies-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** The same lake, as if it lay on another machine. */
const away = <A, E, R>(effect: Effect.Effect<A, E, R | Store>) =>
  Effect.updateService(effect, Store, (store) => ({ ...store, localPath: () => null }))

describe("local copies", () => {
  it.live("are the objects, in pieces of what memory holds, once; of a local store they are the files themselves", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const { store: counted, calls } = makeFaultyStore({ ...store, localPath: () => null })
      const scratch = yield* folder
      const content = Uint8Array.from({ length: 16 * 1024 * 1024 }, (_, i) => (i * 7 + (i >> 12)) & 255)
      yield* store.put("t/d=1/large", content)
      yield* store.put("t/empty", new Uint8Array(0))
      const keys = ["t/d=1/large", "t/empty", "t/empty"]
      const pathOf = yield* localCopies(counted, scratch, keys)
      assert.isTrue(readFileSync(pathOf("t/d=1/large")).equals(content))
      assert.strictEqual(readFileSync(pathOf("t/empty")).byteLength, 0)
      // Paths say partitions.
      assert.isTrue(pathOf("t/d=1/large").endsWith("/t/d=1/large"))
      assert.strictEqual(calls.filter((call) => call.startsWith("getRange")).length, 4)
      yield* localCopies(counted, scratch, keys)
      assert.strictEqual(calls.filter((call) => call.startsWith("getRange")).length, 4)
      const own = yield* localCopies(store, scratch, keys)
      assert.strictEqual(own("t/empty"), store.localPath("t/empty"))
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )

  it.live("that broke off are not taken for whole", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const faulty = makeFaultyStore({ ...store, localPath: () => null })
      const scratch = yield* folder
      yield* store.put("t/x", new Uint8Array(9 * 1024 * 1024))
      faulty.beforeNext("getRange", "t/x", Effect.void)
      faulty.failNext("getRange", "t/x", "Unavailable")
      const error = yield* Effect.flip(localCopies(faulty.store, scratch, ["t/x"]))
      assert.strictEqual(error._tag, "StoreError")
      assert.deepStrictEqual(readdirSync(join(copiesIn(scratch), "t")), [])
      const pathOf = yield* localCopies(faulty.store, scratch, ["t/x"])
      assert.strictEqual(readFileSync(pathOf("t/x")).byteLength, 9 * 1024 * 1024)
      const missing = yield* Effect.flip(localCopies(faulty.store, scratch, ["t/none"]))
      assert.deepStrictEqual([missing._tag, missing.reason], ["LakeError", "Missing"])
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )
})

describe("a lake on another machine", () => {
  it.live("is asked, repartitioned, compacted and verified like one that is here, and leaves nothing here", () =>
    Effect.gen(function* () {
      const scratch = yield* folder
      const settings = { tempDirectory: scratch }
      for (let i = 0; i < 3; i++)
        yield* ingest(copies(5).map((copy) => ({ ...copy, order: `${i}-${copy.order}`, sequence: `${i}${copy.sequence}` })))
      const rows = "SELECT * FROM stage_order ORDER BY ALL"
      const before = yield* rowsOf(rows)
      assert.deepStrictEqual(yield* away(rowsOf(rows)), before)
      const done = yield* away(compact(yield* openTable("stage/order"), settings))
      assert.deepStrictEqual([done.filesBefore, done.filesAfter, done.overtaken], [3, 1, 0])
      assert.isAbove(done.bytesAfter, 0)
      assert.deepStrictEqual(yield* away(rowsOf(rows)), before)
      yield* away(repartition({ contract: orders }))
      assert.strictEqual((yield* rowsOf("SELECT * FROM consumable_order")).length, 15)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const checks = yield* away(Effect.flatMap(openDuckDB(settings), (db) => verify([orders], db, 0)))
          assert.isTrue(checks.some(({ check }) => check === "rows are those of stage"))
          assert.deepStrictEqual(
            checks.filter(({ ok, check }) => !ok && check !== "ranges tile").map(({ check }) => check),
            (yield* verify([orders], yield* openDuckDB(settings), 0))
              .filter(({ ok, check }) => !ok && check !== "ranges tile")
              .map(({ check }) => check)
          )
        })
      )
      assert.deepStrictEqual(readdirSync(scratch), [])
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )

  it.live("gives the files of the tables that a statement names, and no others", () =>
    Effect.gen(function* () {
      const scratch = yield* folder
      yield* ingest(copies(5))
      yield* repartition({ contract: orders })
      const fetched = () =>
        readdirSync(scratch).flatMap((name) =>
          existsSync(copiesIn(join(scratch, name))) ? readdirSync(copiesIn(join(scratch, name))) : []
        )
      yield* away(
        Effect.gen(function* () {
          const { query, tables } = yield* openLake({ tempDirectory: scratch })
          assert.strictEqual(tables.length, 2)
          const count = (sql: string) => Effect.flatMap(query(sql), ({ rows }) => Effect.map(rowsIn(rows), (all) => all.length))
          assert.strictEqual(
            yield* count("DESCRIBE stage_order"),
            (yield* openTable("stage/order").pipe(Effect.flatMap(({ snapshot }) => snapshot))).schema.fields.length
          )
          assert.deepStrictEqual(fetched(), [])
          assert.strictEqual(yield* count('WITH s AS (SELECT * FROM "STAGE_order") SELECT * FROM s WHERE EXISTS (FROM s)'), 5)
          assert.deepStrictEqual(fetched(), ["stage"])
          assert.strictEqual(yield* count("SELECT * FROM main.consumable_order JOIN stage_order USING (order_id)"), 5)
          assert.deepStrictEqual(fetched(), ["consumable", "stage"])
        })
      )
      // Names may be made when the statement runs: then everything is fetched, or the statement fails. No table looks empty.
      const made = (sql: string) => away(Effect.flatMap(queryLake(sql, { tempDirectory: scratch }), ({ rows }) => rowsIn(rows)))
      assert.deepStrictEqual(yield* made("SELECT count(*) FROM query_table('stage_' || 'order')"), [[5]])
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )
})
