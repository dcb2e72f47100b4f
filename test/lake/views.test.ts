import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { openLake, queryLake } from "../../src/lake/query.ts"
import { openDeadLetters, openStage } from "../../src/lake/tables.ts"
import { leaf } from "../../src/record/column.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { createTable, openTable } from "../../src/table/table.ts"
import { freshStore, ingest, orders, rowsOf } from "../repartition/lake.ts"

const hour = 3_600_000
const start = Date.UTC(2026, 10, 20, 22)
const copies = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({
    order: `o${from + i}`,
    lastChange: start + i,
    arrivedAt: start + (from + i) * hour,
    sequence: String(from + i),
    note: `n${from + i}`
  }))

describe("the views of a lake", () => {
  it.live("show every table, empty ones too, with the types of its log", () =>
    Effect.gen(function* () {
      yield* openStage(orders)
      yield* openDeadLetters
      yield* repartition({ contract: orders })
      const { tables } = yield* Effect.scoped(openLake())
      assert.deepStrictEqual(
        tables.map(({ view }) => view),
        ["consumable_order", "dead_letters", "stage_order"]
      )
      const described = yield* rowsOf(
        "SELECT column_name AS c, data_type AS t FROM information_schema.columns WHERE table_name = 'stage_order' AND column_name IN ('value', 'items', 'last_change', 'ingest_date', 'ingest_hour') ORDER BY ordinal_position"
      )
      assert.deepStrictEqual(described, [
        '{"c":"last_change","t":"TIMESTAMP WITH TIME ZONE"}',
        '{"c":"value","t":"DECIMAL(18,2)"}',
        '{"c":"items","t":"STRUCT(id VARCHAR, price DECIMAL(18,2), tags VARCHAR[])[]"}',
        '{"c":"ingest_date","t":"DATE"}',
        '{"c":"ingest_hour","t":"INTEGER"}'
      ])
      assert.deepStrictEqual(yield* rowsOf("SELECT count(*) AS n FROM dead_letters"), ['{"n":0}'])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("of an empty folder are none", () =>
    Effect.gen(function* () {
      const { tables } = yield* Effect.scoped(openLake())
      assert.deepStrictEqual(tables, [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("type partition columns and read no more files than are asked for", () =>
    Effect.gen(function* () {
      yield* ingest(copies(5))
      const rows = yield* rowsOf(
        "SELECT order_id, ingest_date, ingest_hour FROM stage_order WHERE ingest_date > DATE '2026-11-20' AND ingest_hour < 2 ORDER BY 1"
      )
      assert.deepStrictEqual(rows, [
        '{"order_id":"o2","ingest_date":"2026-11-21","ingest_hour":0}',
        '{"order_id":"o3","ingest_date":"2026-11-21","ingest_hour":1}'
      ])
      // But for the first, files of other hours are not opened: they may as well be damaged.
      const store = yield* Store
      const { snapshot } = yield* openTable("stage/order")
      for (const { path, partitionValues } of (yield* snapshot).files.values()) {
        if (!["22", "0"].includes(partitionValues["ingest_hour"] ?? "")) yield* store.put(`stage/order/${path}`, new Uint8Array(100))
      }
      assert.deepStrictEqual(yield* rowsOf("SELECT order_id FROM stage_order WHERE ingest_hour = 0"), ['{"order_id":"o2"}'])
      assert.deepInclude(yield* Effect.flip(rowsOf("SELECT sum(value) FROM stage_order")), { _tag: "LakeError", reason: "Damaged" })
    }).pipe(Effect.provide(freshStore))
  )

  it.live("believe the log, not the path", () =>
    Effect.gen(function* () {
      yield* ingest(copies(2))
      const stage = yield* openTable("stage/order")
      const read = yield* stage.snapshot
      const store = yield* Store
      const actions = []
      for (const [i, file] of [...read.files.values()].entries()) {
        const path = `ingest_date=1999-01-01/ingest_hour=1/moved it's ${i}.parquet`
        yield* store.put(`stage/order/${path}`, yield* store.get(`stage/order/${file.path}`))
        const partitionValues = i === 0 ? { ingest_date: null, ingest_hour: "7" } : file.partitionValues
        actions.push({ add: { ...file, path, partitionValues } })
      }
      yield* stage.commit({ read, operation: "WRITE", parameters: {}, metrics: {}, actions, isBlindAppend: true })
      assert.deepStrictEqual(yield* rowsOf("SELECT order_id, ingest_date, ingest_hour FROM stage_order ORDER BY ALL"), [
        '{"order_id":"o0","ingest_date":"2026-11-20","ingest_hour":22}',
        '{"order_id":"o0","ingest_date":null,"ingest_hour":7}',
        '{"order_id":"o1","ingest_date":"2026-11-20","ingest_hour":23}',
        '{"order_id":"o1","ingest_date":"2026-11-20","ingest_hour":23}'
      ])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("read one statement and refuse to write", () =>
    Effect.gen(function* () {
      yield* ingest(copies(3))
      const reason = (sql: string) =>
        Effect.map(Effect.flip(Effect.scoped(queryLake(sql))), (error) => (error._tag === "LakeError" ? error.reason : ""))
      assert.strictEqual(yield* reason("COPY stage_order TO '/tmp/never.parquet'"), "ReadOnly")
      assert.strictEqual(yield* reason("EXPLAIN ANALYZE COPY stage_order TO '/tmp/never.parquet'"), "ReadOnly")
      assert.strictEqual(yield* reason("EXPLAIN (ANALYZE) CREATE TABLE x AS FROM stage_order"), "ReadOnly")
      assert.strictEqual(yield* reason("-- why?\n/* * */ EXPLAIN /**/ ANALYZE COPY stage_order TO '/tmp/never.parquet'"), "ReadOnly")
      assert.strictEqual(yield* reason("/* /* */ EXPLAIN SELECT 1 -- */ EXPLAIN ANALYZE DROP VIEW stage_order"), "Invalid")
      assert.strictEqual(yield* reason("DROP VIEW stage_order"), "ReadOnly")
      assert.strictEqual(yield* reason("SET memory_limit = '1TB'"), "ReadOnly")
      assert.strictEqual(yield* reason("SELECT 1; SELECT 2"), "Invalid")
      assert.strictEqual(yield* reason("selec 1"), "Invalid")
      assert.strictEqual(yield* reason(""), "Invalid")
      assert.strictEqual(yield* reason("SELECT nothing FROM stage_order"), "Invalid")
      // DuckDB makes several statements of a PIVOT: nothing else may pass as one.
      const pivot = "PIVOT stage_order ON order_id USING count(*)"
      for (const sql of [
        `${pivot}; SELECT 1`,
        `SELECT 1; ${pivot}`,
        `${pivot}; CREATE TABLE x AS SELECT 1`,
        `CREATE TABLE x AS SELECT 1; ${pivot}`,
        `CREATE TABLE x AS SELECT 1; FROM x`,
        `-- \rCREATE TABLE x AS SELECT 1;\nFROM x`,
        `/* /* */ SELECT */ CREATE TABLE x AS SELECT 1; FROM x`,
        `CREATE TABLE x AS ${pivot}`,
        `EXPLAIN ANALYZE ${pivot}`
      ]) {
        assert.notStrictEqual(yield* reason(sql), "", sql)
      }
      assert.strictEqual(yield* reason("EXPLAIN ANALYZE -- \rCREATE TABLE x AS\nSELECT 1"), "ReadOnly")
      for (const sql of [
        "SHOW TABLES",
        "DESCRIBE stage_order",
        "SUMMARIZE stage_order",
        "EXPLAIN FROM stage_order",
        "/* a */ EXPLAIN SELECT 1",
        "--\n EXPLAIN (ANALYZE)/* b */SELECT 1",
        "WITH x AS (SELECT 1) FROM x",
        "FROM stage_order;",
        pivot,
        `-- which?\n${pivot};`,
        `WITH p AS (${pivot}) SELECT * FROM p`,
        `SELECT * FROM (${pivot}), (PIVOT stage_order ON ingest_hour USING count(*))`
      ]) {
        assert.isAbove((yield* rowsOf(sql)).length, 0, sql)
      }
    }).pipe(Effect.provide(freshStore))
  )

  it.live("tell of a result that breaks off after its first rows", () =>
    Effect.gen(function* () {
      yield* ingest(copies(2))
      const { query } = yield* openLake()
      const all = (sql: string) => Effect.flatMap(query(sql), ({ rows }) => Stream.runCount(rows))
      for (const sql of [
        "SELECT CASE WHEN range < 300000 THEN '1' ELSE 'x' END::INTEGER FROM range(400000)",
        "SELECT CASE WHEN range < 300000 THEN '1' ELSE 'x' END::INTEGER, p.* FROM range(400000), (PIVOT (SELECT order_id FROM stage_order) ON order_id USING count(*)) p"
      ]) {
        const error = yield* Effect.flip(all(sql))
        assert.deepInclude(error, { _tag: "LakeError", reason: "Invalid" })
        assert.match(error.message, /^Conversion Error: Could not convert string 'x' to INT32\. Correct the statement/)
      }
      // What was not read to its end, or failed, is in nobody's way.
      yield* Effect.flatMap(query("FROM range(10000000)"), ({ rows }) => Stream.runDrain(Stream.take(rows, 3)))
      assert.strictEqual(yield* all("FROM range(400000)"), 400_000)
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )

  it.live("work for tables without partitions", () =>
    Effect.gen(function* () {
      yield* createTable("stage/plain", { name: "plain", description: "", columns: [leaf("a", "text", "")], partitions: [] })
      assert.deepStrictEqual(yield* rowsOf("FROM stage_plain"), [])
    }).pipe(Effect.provide(freshStore))
  )
})
