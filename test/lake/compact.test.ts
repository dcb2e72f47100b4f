import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, type ContractTable, defineContract, latest, versions } from "../../src/contract/contract.ts"
import { boolean, document, long, text } from "../../src/contract/field.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { parquetFiles } from "../../src/duckdb/sql.ts"
import { compact } from "../../src/lake/compact.ts"
import { identityProperty } from "../../src/lake/log-keys.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { tables } from "../repartition/engine-suite.ts"
import { randomHistory, start, unlikeStage } from "../repartition/histories.ts"
import { type Copy, definition, freshStore, ingest, orders, rowsOf } from "../repartition/lake.ts"
import { newestTables, remembered, withChanges, withDeletes } from "../repartition/newest-suite.ts"

const hour = 3_600_000
const evening = start + 22 * hour
/** Rows of as many hours, from ten in the evening. */
const copies = (count: number): ReadonlyArray<Copy> =>
  Array.from({ length: count }, (_, i) => ({
    order: `o${i}`,
    lastChange: evening + i,
    arrivedAt: evening + i * hour,
    sequence: String(i),
    note: `n${i}`
  }))

describe("compaction", () => {
  const everything = rowsOf("FROM stage_order ORDER BY ALL")

  it.live("makes one file of many without changing a row, once", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 4; i++) yield* ingest(copies(2).map((one) => ({ ...one, order: `${one.order}-${i}`, sequence: `${i}` })))
      const stage = yield* openTable("stage/order")
      const [before, read] = [yield* everything, yield* stage.snapshot]
      const planned = yield* compact(stage, { dryRun: true })
      assert.deepInclude(planned, { filesBefore: 8, filesAfter: 2, bytesAfter: 0, version: null })
      assert.strictEqual((yield* stage.snapshot).version, read.version)

      const done = yield* compact(stage)
      assert.deepInclude(done, { filesBefore: 8, filesAfter: 2, overtaken: 0, version: read.version + 2 })
      assert.deepStrictEqual(yield* everything, before)
      const after = yield* stage.snapshot
      assert.deepStrictEqual(after.domains, read.domains)
      assert.strictEqual(after.files.size, 2)
      const moved = yield* Stream.runCollect(stage.changes(read.version, after.version))
      for (const { actions } of moved)
        for (const action of actions) {
          if ("add" in action) assert.isFalse(action.add.dataChange)
          if ("remove" in action) assert.isFalse(action.remove.dataChange)
        }
      for (const { stats } of after.files.values()) {
        assert.strictEqual(JSON.parse(stats ?? "").numRecords, 4)
        assert.deepInclude(JSON.parse(stats ?? "").minValues, { _sequence_number: "0" })
        assert.deepInclude(JSON.parse(stats ?? "").maxValues, { _sequence_number: "3" })
        assert.notMatch(stats ?? "", /email|phone/)
      }
      assert.deepInclude(yield* compact(stage), { filesBefore: 0, version: null })
    }).pipe(Effect.provide(freshStore))
  )

  it.live("leaves partitions alone that it is not asked to look at", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 2; i++) yield* ingest(copies(2))
      const stage = yield* openTable("stage/order")
      const done = yield* compact(stage, { where: (partition) => partition["ingest_hour"] === "22" })
      assert.deepInclude(done, { filesBefore: 2, filesAfter: 1 })
      assert.strictEqual((yield* stage.snapshot).files.size, 3)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("gives way to whoever was faster, and takes its file away", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 3; i++) yield* ingest(copies(1))
      const stage = yield* openTable("stage/order")
      const before = yield* everything
      const both = yield* Effect.all([compact(stage), compact(yield* openTable("stage/order"))], { concurrency: 2 })
      assert.deepStrictEqual(both.map(({ overtaken }) => overtaken).sort(), [0, 1])
      assert.deepStrictEqual(yield* everything, before)
      const store = yield* Store
      const files = yield* Stream.runCollect(store.list("stage/order/ingest"))
      assert.strictEqual(files.length, 4)
    }).pipe(Effect.provide(freshStore))
  )
})

const consumable = Effect.flatMap(openTable("consumable/order"), ({ snapshot }) => snapshot)
const consumableRows = rowsOf("FROM consumable_order ORDER BY ALL")

/** Rows of the files of a table as they stand there, file by file. */
const inOrder = Effect.fn(function* (path: string, columns: string) {
  const store = yield* Store
  const { files } = yield* Effect.flatMap(openTable(path), ({ snapshot }) => snapshot)
  const db = yield* openDuckDB({ threads: 1 })
  return yield* Effect.forEach(
    [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    (file) =>
      Effect.map(
        db.rows(
          `SELECT ${columns} FROM ${parquetFiles([store.localPath(`${path}/${file.path}`) ?? ""], "file_row_number = true")} ORDER BY file_row_number`
        ),
        (rows) => ({ file, rows: rows.map((row) => Object.values(row).map(String).join(" ")) })
      )
  )
}, Effect.scoped)

const kinds: ReadonlyArray<readonly [name: string, table: ContractTable, sortedBy: string]> = [
  [
    "versions by day",
    versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
    "order_id, coalesce(last_change, creation_date)"
  ],
  ...tables.map(([name, table]) => [name, table, sortedBy(table)] as const),
  ...newestTables.map(({ what, table }) => [`the newest row of each key, ${what}`, latest(table), sortedBy(latest(table))] as const)
]

function sortedBy(table: ContractTable): string {
  const columns = table.key.map((field) => (field === "orderId" ? "order_id" : field))
  if (table.kind !== "versions") return columns.join(", ")
  return [...columns, table.version === "lastChange" ? "coalesce(last_change, creation_date)" : table.version].join(", ")
}

describe("compaction of a table for users", () => {
  for (const [i, [name, table, order]] of kinds.entries())
    it.live(`sorts rows as the fold does, and changes none: ${name}`, () =>
      Effect.gen(function* () {
        const contract = compileContract(defineContract({ ...withDeletes, table }))
        // Keys that come again, and keys that are new with each commit: so there are files that stay.
        const [last = [], ...history] = withChanges(i + 1, randomHistory(i + 1, 4, 12)).map((copies, commit) =>
          copies.map((copy, i) => (i % 2 === 0 ? copy : { ...copy, order: `${copy.order}-${commit}` }))
        )
        for (const copies of history) {
          yield* ingest(copies, contract)
          yield* repartition({ contract })
        }
        const [before, read, gone] = [yield* consumableRows, yield* consumable, yield* remembered]
        const done = yield* compact(yield* openTable("consumable/order"))
        const after = yield* consumable
        assert.isAbove(done.filesBefore, 1)
        assert.strictEqual(after.files.size, new Set([...after.files.values()].map((file) => JSON.stringify(file.partitionValues))).size)
        assert.deepStrictEqual(yield* consumableRows, before)
        assert.deepStrictEqual([after.metaData, after.transactions, yield* remembered], [read.metaData, read.transactions, gone])
        assert.deepInclude(yield* compact(yield* openTable("consumable/order")), { filesBefore: 0, version: null })
        const store = yield* Store
        const db = yield* openDuckDB({ threads: 1 })
        for (const { path, stats } of after.files.values()) {
          const from = parquetFiles([store.localPath(`consumable/order/${path}`) ?? ""], "file_row_number = true")
          assert.deepStrictEqual(
            yield* db.rows(`SELECT file_row_number AS r FROM ${from} ORDER BY file_row_number`),
            yield* db.rows(`SELECT file_row_number AS r FROM ${from} ORDER BY ${order}`)
          )
          const [told = {}] = yield* db.rows(
            `SELECT count(*) AS n, min(order_id) AS low, max(order_id) AS high, count(*) - count(shipping.city) AS without FROM ${from}`
          )
          const { numRecords, minValues, maxValues, nullCount } = JSON.parse(stats ?? "")
          assert.deepStrictEqual(
            [numRecords, minValues.order_id, maxValues.order_id, nullCount.shipping.city].map(String),
            [told["n"], told["low"], told["high"], told["without"]].map(String)
          )
          assert.notMatch(stats ?? "", /email|phone/)
        }
        // What comes afterwards meets rows that lie elsewhere now.
        yield* ingest(last, contract)
        yield* repartition({ contract })
        assert.deepStrictEqual(yield* unlikeStage(contract), [])
      }).pipe(Effect.scoped, Effect.provide(freshStore))
    )

  it.live("beside a repartition: whoever commits last gives way by name, and nothing is lost", () =>
    Effect.gen(function* () {
      const at = (order: string, sequence: number, note: string): Copy => ({
        order,
        lastChange: start,
        arrivedAt: start,
        sequence: `${sequence}`,
        note
      })
      yield* ingest([at("a", 1, "a1")])
      yield* repartition({ contract: orders })
      yield* ingest([at("b", 2, "b1")])
      yield* repartition({ contract: orders })
      const correction = at("a", 3, "a2")
      yield* ingest([correction])
      const real = duckdbEngine({ threads: 1 })
      const table = yield* openTable("consumable/order")
      const compacted: RepartitionEngine = {
        ...real,
        run: (plan, tell) => Effect.tap(real.run(plan, tell), () => Effect.orDie(compact(table)))
      }
      const refused = yield* Effect.flip(repartition({ contract: orders, engine: compacted }))
      assert.deepInclude(refused, { reason: "Conflict" })
      assert.include(refused.message, "another process changed the table meanwhile")
      assert.deepInclude(yield* repartition({ contract: orders }), { rowsRead: 1 })
      assert.deepStrictEqual(yield* unlikeStage(orders), [])
      // And the other way round: the compaction knows the table as it was before a fold.
      yield* ingest([at("c", 4, "c1")])
      yield* repartition({ contract: orders })
      const before = yield* table.snapshot
      yield* ingest([at("a", 5, "a3"), at("c", 6, "c2")])
      yield* repartition({ contract: orders })
      assert.deepInclude(yield* compact({ ...table, snapshot: Effect.succeed(before) }), { overtaken: 1, version: null })
      assert.deepStrictEqual(yield* unlikeStage(orders), [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("keeps the order of rows where the table does not say what its key is, and of stage", () =>
    Effect.gen(function* () {
      const copy = (order: string, sequence: number): Copy => ({
        order,
        lastChange: start,
        arrivedAt: start,
        sequence: `${sequence}`,
        note: order
      })
      for (const [i, order] of ["c", "a", "b"].entries()) {
        yield* ingest([copy(order, 2 * i), copy(`${order}0`, 2 * i + 1)], orders)
        yield* repartition({ contract: orders })
      }
      const table = yield* openTable("consumable/order")
      const read = yield* table.snapshot
      const { [identityProperty]: _, ...configuration } = read.metaData.configuration
      const metaData = { ...read.metaData, configuration }
      yield* table.commit({
        read,
        operation: "SET TBLPROPERTIES",
        parameters: {},
        metrics: {},
        actions: [{ metaData }],
        isBlindAppend: false
      })
      for (const path of ["consumable/order", "stage/order"]) {
        const before = (yield* inOrder(path, "order_id")).sort(
          (a, b) => a.file.modificationTime - b.file.modificationTime || (a.file.path < b.file.path ? -1 : 1)
        )
        yield* compact(yield* openTable(path))
        const after = yield* inOrder(path, "order_id")
        assert.strictEqual(after.length, 1)
        assert.deepStrictEqual(
          after[0]?.rows,
          before.flatMap(({ rows }) => rows)
        )
      }
    }).pipe(Effect.provide(freshStore))
  )

  it.live("tells of a column that older files lack what newer ones tell, and of sensitive ones nothing", () =>
    Effect.gen(function* () {
      const { shipping: _, ...fields } = definition.fields
      const before: ContractDefinition = { ...definition, fields: { ...fields, shipping: document("Where to.", { city: text("City.") }) } }
      const after: ContractDefinition = {
        ...definition,
        fields: {
          ...definition.fields,
          gift: boolean("A gift?"),
          weight: long("Weight."),
          secret: text("S.", { sensitive: "keep" }),
          shipping: document("Where to.", { city: text("City."), zip: text("Zip."), phone: text("Phone.", { sensitive: "hash" }) })
        }
      }
      const copy = (order: string, values: Copy["values"] = {}): Copy => ({
        order,
        lastChange: start,
        arrivedAt: start,
        sequence: order,
        note: order,
        values: { email: "nobody", ...values }
      })
      const [old, now] = [compileContract(defineContract(before)), compileContract(defineContract(after))]
      const shipped = { shipping: { city: "Bonn" } }
      yield* ingest([copy("1", shipped), copy("2", shipped)], old)
      yield* repartition({ contract: old })
      const shipping = { city: "Ulm", zip: "89073", phone: "hidden" }
      yield* ingest(
        [copy("3", { gift: true, weight: 5n, secret: "hidden", shipping }), copy("4", { weight: 7n, secret: "hidden", shipping: null })],
        now
      )
      yield* repartition({ contract: now })
      for (const path of ["stage/order", "consumable/order"]) {
        assert.deepInclude(yield* compact(yield* openTable(path)), { filesBefore: 2, filesAfter: 1, rows: 4 })
        const { files } = yield* Effect.flatMap(openTable(path), ({ snapshot }) => snapshot)
        const [stats = ""] = [...files.values()].map(({ stats }) => stats ?? "")
        const { minValues, maxValues, nullCount } = JSON.parse(stats)
        assert.deepInclude(minValues, { gift: true, weight: 5, order_id: "1" })
        assert.deepInclude(maxValues, { gift: true, weight: 7, order_id: "4" })
        assert.deepInclude(nullCount, { gift: 3, weight: 2, order_id: 0 })
        assert.deepStrictEqual([minValues.shipping.zip, nullCount.shipping.zip], ["89073", 3])
        assert.notMatch(stats, /email|phone|secret|hidden|nobody/)
        const [file] = yield* inOrder(path, "order_id")
        const store = yield* Store
        const db = yield* openDuckDB({ threads: 1 })
        const local = store.localPath(`${path}/${file?.file.path}`) ?? ""
        const told = yield* db.rows(
          `SELECT path_in_schema AS path FROM parquet_metadata('${local}') WHERE stats_min_value IS NOT NULL AND regexp_matches(path_in_schema, 'email|phone|secret')`
        )
        assert.deepStrictEqual(told, [])
      }
      // A file that the log tells nothing of takes what is told of all from those that it is compacted with.
      const table = yield* openTable("consumable/order")
      const read = yield* table.snapshot
      const actions = [...read.files.values()].map((add) => ({ add: { ...add, stats: null } }))
      yield* table.commit({ read, operation: "WRITE", parameters: {}, metrics: {}, actions, isBlindAppend: false })
      yield* ingest([copy("5", { weight: 9n, shipping: null })], now)
      yield* repartition({ contract: now })
      yield* compact(yield* openTable("consumable/order"))
      const [stats] = [...(yield* consumable).files.values()].map(({ stats }) => JSON.parse(stats ?? ""))
      assert.deepInclude(stats, { numRecords: 5, minValues: {}, maxValues: {} })
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )
})
