import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, type ContractTable, defineContract, events, latest, versions } from "../../src/contract/contract.ts"
import { document, list, long, text, timestamp } from "../../src/contract/field.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { compact } from "../../src/lake/compact.ts"
import { openStage } from "../../src/lake/tables.ts"
import { verify } from "../../src/lake/verify.ts"
import type { Column } from "../../src/record/column.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { openTable } from "../../src/table/table.ts"
import { pageOf } from "../decode/support.ts"
import { pagesSource, run, temporaryStore } from "../ingest/support.ts"
import { rowsOf } from "../repartition/lake.ts"

const first: ContractDefinition = {
  name: "order",
  title: "Orders",
  owner: "tests",
  sensitivity: "internal",
  description: "A small order.",
  fields: {
    id: text("Key."),
    number: text("Another name of it."),
    changed: timestamp("When this version was made."),
    status: text("Where it stands."),
    count: long("A count."),
    place: document("Where to.", { city: text("City.") }),
    items: list("Items.", document("An item.", { sku: text("What."), note: text("More.") }))
  },
  table: versions({ key: ["id"], version: "changed", by: { day: "changed" } }),
  eventTime: { field: "changed" },
  drops: [],
  expectations: [],
  keepUnknown: false
}

const { status, count, place, items, ...rest } = first.fields
const contract = (change: Partial<ContractDefinition> = {}, fields: ContractDefinition["fields"] = {}): CompiledContract =>
  compileContract(defineContract({ ...first, ...change, fields: { ...(change.fields ?? first.fields), ...fields } }))
const before = contract()
const told = (key: string, version = "changed") => ({ table: versions({ key: [key], version, by: { day: "changed" } }) })

let sequence = 0
/** Ingests records of one day each. */
const ingest = (by: CompiledContract, ...records: ReadonlyArray<object>) => {
  const texts = records.map((record) => JSON.stringify(record))
  const sequenceNumbers = records.map(() => String(++sequence))
  const page = pageOf(texts, { shard: `shard-${sequence}`, sequenceNumbers, arrivedAt: Date.UTC(2026, 10, 20, 7) })
  return run(pagesSource([page]), { contract: by })
}
const record = (id: string, day: number, more: object = {}) => ({ id, changed: `2026-11-${day}T07:00:00Z`, ...more })
const old = record("a", 20, {
  status: "new",
  count: 3,
  place: { city: "Ulm" },
  items: [{ sku: "x", note: "n" }, null, {}],
  number: "a"
})

const failed = (by: CompiledContract) =>
  Effect.scoped(
    Effect.gen(function* () {
      const checks = yield* verify([by], yield* openDuckDB({ threads: 1 }))
      assert.isAbove(checks.length, 10)
      return checks.filter(({ ok }) => !ok).map(({ check, detail }) => `${check}: ${detail}`)
    })
  )
/** What refuses a contract: the ingest's and the repartition's words. */
const refusals = (by: CompiledContract, rebuild = false) =>
  Effect.gen(function* () {
    const stage = yield* Effect.flip(openStage(by))
    const folded = yield* Effect.flip(repartition({ contract: by, rebuild }))
    return [stage.message, folded.message] as const
  })
const inLake = <A, E>(name: string, test: Effect.Effect<A, E, Effect.Services<typeof temporaryLake>>) =>
  it.live(name, () => Effect.provide(test, temporaryStore))
const temporaryLake = Effect.andThen(openTable("x"), Effect.void)

describe("a contract that has another identity than its tables", () => {
  inLake(
    "is refused by ingest and by repartition, by name, with what to do",
    Effect.gen(function* () {
      yield* ingest(before, old)
      yield* repartition({ contract: before })
      for (const [change, words] of [
        [told("number"), "the key is id in the table and number in the contract"],
        [told("id", "count"), "the version is changed in the table and count in the contract"]
      ] as const)
        for (const message of yield* refusals(contract(change), true)) {
          assert.include(message, words)
          assert.include(message, "Give the dataset another name")
        }
      assert.deepStrictEqual(yield* failed(before), [])
    })
  )
  inLake(
    "is refused where the newest row is another one: by arrival, or by a field",
    Effect.gen(function* () {
      const byArrival = contract({ table: latest({ key: ["id"], by: "none" }) })
      yield* ingest(byArrival, old)
      yield* repartition({ contract: byArrival })
      const byField = contract({ table: latest({ key: ["id"], order: "count", by: "none" }) })
      for (const message of yield* refusals(byField, true))
        assert.include(message, "the order is _arrived_at in the table and count in the contract")
      assert.deepStrictEqual(yield* failed(byArrival), [])
    })
  )
  inLake(
    "is what the dataset is, once the consumable is moved away and all of stage has the new key",
    Effect.gen(function* () {
      yield* ingest(before, old, record("b", 21, { number: "a" }), record("c", 20, { number: "a" }))
      const after = contract(told("number"))
      yield* repartition({ contract: after })
      assert.deepStrictEqual(yield* rowsOf("SELECT number, count(*) AS n FROM consumable_order GROUP BY ALL"), ['{"number":"a","n":2}'])
      yield* ingest(after, record("d", 22, { number: "d" }))
      yield* repartition({ contract: after })
      assert.include((yield* Effect.flip(openStage(before))).message, "the key is number in the table and id in the contract")
    })
  )
  inLake(
    "loses no row that has not the new key",
    Effect.gen(function* () {
      yield* ingest(before, old, record("b", 20), record("c", 20))
      const error = yield* Effect.flip(repartition({ contract: contract(told("number")) }))
      assert.include(error.message, "2 rows of stage have no number, which is the key of order")
      assert.include((yield* Effect.flip(openStage(contract(told("number"))))).message, "the key is id in the table")
      // What was begun stands in nobody's way.
      yield* repartition({ contract: before })
      assert.deepStrictEqual(yield* failed(before), [])
    })
  )
  inLake(
    "is told by kind, by every part of a key, and by where rows lie",
    Effect.gen(function* () {
      yield* ingest(before, old)
      yield* repartition({ contract: before })
      const other = (table: ContractTable) => contract({ table })
      for (const message of yield* refusals(other(versions({ key: ["id", "number"], version: "changed", by: { day: "changed" } }))))
        assert.include(message, "the key is id in the table and id, number in the contract")
      for (const message of yield* refusals(other(events({ key: ["id"], by: { day: "changed" } }))))
        assert.include(
          message,
          "the table is versions in the table and events in the contract, the version is changed in the table and none"
        )
      const elsewhere = other(versions({ key: ["id"], version: "changed", by: { bucket: 4 } }))
      // Stage has its rows by arrival, whatever becomes of them.
      yield* ingest(elsewhere, record("b", 21))
      for (const options of [{}, { rebuild: true }, { dryRun: true }])
        assert.include(
          (yield* Effect.flip(repartition({ contract: elsewhere, ...options }))).message,
          "its rows do not lie by 4 buckets of the key, as the contract says. Move the folder consumable/order of the lake away"
        )
      assert.include((yield* failed(elsewhere)).join(), "its rows do not lie by 4 buckets of the key")
      yield* repartition({ contract: before })
      assert.deepStrictEqual(yield* failed(before), [])
    })
  )
  inLake(
    "says in its tables what it always said, where there is nothing new to say",
    Effect.gen(function* () {
      const said = (by: CompiledContract) =>
        Effect.flatMap(openStage(by), ({ table }) =>
          Effect.map(table.snapshot, ({ metaData }) => metaData.configuration["sluice.identity"])
        )
      assert.strictEqual(yield* said(before), '{"key":"id","version":"changed","eventTime":["changed"]}')
      const by = { bucket: 4 }
      const more = contract({ name: "more", table: events({ key: ["id", "number"], by }) })
      assert.strictEqual(yield* said(more), '{"key":["id","number"],"eventTime":["changed"],"table":"events","by":{"bucket":4}}')
      yield* openStage(more)
    })
  )
  inLake(
    "tables of before take the record on with the next write",
    Effect.gen(function* () {
      const { table } = yield* openStage(before)
      const read = yield* table.snapshot
      const metaData = { ...read.metaData, configuration: {} }
      yield* table.commit({
        read,
        operation: "SET TBLPROPERTIES",
        parameters: {},
        metrics: {},
        actions: [{ metaData }],
        isBlindAppend: false
      })
      yield* openStage(before)
      assert.include((yield* Effect.flip(openStage(contract(told("number"))))).message, "the key is id")
      const { version } = yield* table.snapshot
      yield* openStage(before)
      assert.strictEqual((yield* table.snapshot).version, version)
    })
  )
})

describe("a contract that lacks columns of its tables", () => {
  inLake(
    "is refused by ingest and by repartition, at any depth, and nothing is nulled",
    Effect.gen(function* () {
      yield* ingest(before, old)
      yield* repartition({ contract: before })
      const after = contract({
        fields: { ...rest, state: text("S."), count, place, items: list("I.", document("I.", { note: text("N.") })) } as never
      })
      for (const message of yield* refusals(after)) {
        assert.include(message, "status, items.sku")
        assert.include(message, "formerly")
      }
      assert.include(
        (yield* failed(after)).join(),
        "is as its contract says: it has columns that the contract of order does not know: status, items.sku"
      )
      // A rebuild by it would be as bad.
      assert.include((yield* Effect.flip(repartition({ contract: after, rebuild: true }))).message, "status, items.sku")
      assert.deepStrictEqual(yield* failed(before), [])
    })
  )
  inLake(
    "keeps the values of those that are retired, in days that are written anew, and after a rebuild",
    Effect.gen(function* () {
      yield* ingest(before, old)
      yield* repartition({ contract: before })
      const fields = { ...rest, count, place, items: list("Items.", document("An item.", { sku: text("What.") })) } as never
      const after = contract({ fields, retired: ["status", "items.note"] })
      const kept = rowsOf("SELECT id, status, items[1].note AS note FROM consumable_order ORDER BY id")
      yield* ingest(after, record("b", 20, { status: "gone", items: [{ sku: "y", note: "gone" }] }), { ...old, count: 4 })
      for (const rebuild of [false, true]) {
        yield* repartition({ contract: after, rebuild })
        assert.deepStrictEqual(yield* kept, ['{"id":"a","status":null,"note":null}', '{"id":"b","status":null,"note":null}'])
        assert.deepStrictEqual(yield* failed(after), [])
      }
      yield* ingest(before, record("c", 20, { status: "late", items: [{ sku: "z", note: "kept" }] }))
      for (const rebuild of [false, true]) {
        yield* repartition({ contract: after, rebuild })
        assert.include(yield* kept, '{"id":"c","status":"late","note":"kept"}')
        assert.deepStrictEqual(yield* failed(after), [])
      }
    })
  )
})

describe("a contract that renames", () => {
  const renamed = contract({}, {})
  const fields = {
    ...rest,
    orderStatus: text("Where it stands.", { formerly: ["status"] }),
    total: text("A count.", { formerly: ["count"] }),
    address: document("Where to.", { town: text("City.", { formerly: ["city"] }), zip: text("New.") }, { formerly: ["place"] }),
    items: list("Items.", document("An item.", { product: text("What.", { formerly: ["sku"] }), note: text("More.") }))
  } as never
  const after = contract({ fields })
  const columns = "id, order_status, total, address.town AS town, address.zip AS zip, [i.product FOR i IN items]::VARCHAR AS products"
  const folded = rowsOf(`SELECT ${columns} FROM consumable_order ORDER BY id, changed`)
  const expected = [
    '{"id":"a","order_status":"new","total":"3","town":"Ulm","zip":null,"products":"[x, NULL, NULL]"}',
    '{"id":"b","order_status":"done","total":"4","town":"Bonn","zip":"53111","products":"[y]"}',
    '{"id":"c","order_status":"late","total":"5","town":"Kiel","zip":null,"products":"[z]"}'
  ]
  inLake(
    "folds what was written before and after as one column, after one rebuild, and takes records of both spellings",
    Effect.gen(function* () {
      yield* ingest(renamed, old)
      yield* repartition({ contract: renamed })
      yield* ingest(
        after,
        record("b", 20, { orderStatus: "done", total: "4", address: { town: "Bonn", zip: "53111" }, items: [{ product: "y" }] }),
        record("c", 21, { status: "late", count: 5, place: { city: "Kiel" }, items: [{ sku: "z" }] })
      )
      for (const dryRun of [true, false]) {
        const refused = yield* Effect.flip(repartition({ contract: after, dryRun }))
        assert.include(refused.message, "status (now order_status)")
        assert.include(refused.message, "--rebuild")
      }
      yield* repartition({ contract: after, rebuild: true })
      assert.deepStrictEqual(yield* folded, expected)
      assert.deepStrictEqual(yield* failed(after), [])
      const { snapshot } = yield* openTable("consumable/order")
      const names = (yield* snapshot).schema.fields.map(({ name }) => name)
      assert.notIncludeMembers(names, ["status", "count", "place"])
      // The view of stage shows it, too; and a compaction changes nothing.
      const stage = rowsOf(`SELECT ${columns} FROM stage_order ORDER BY id, changed`)
      assert.deepStrictEqual(yield* stage, expected)
      yield* compact(yield* openTable("stage/order"), { threads: 1 })
      assert.deepStrictEqual(yield* stage, expected)
      assert.deepStrictEqual(yield* rowsOf("SELECT id FROM stage_order WHERE order_status = 'new'"), ['{"id":"a"}'])
      yield* ingest(after, record("a", 22, { orderStatus: "sent" }))
      yield* repartition({ contract: after })
      assert.deepStrictEqual(
        (yield* folded).filter((_, i) => i !== 1),
        expected
      )
      assert.deepStrictEqual(yield* failed(after), [])
      // An older process does not begin again.
      assert.include((yield* Effect.flip(openStage(renamed))).message, "does not know: items.product, order_status, total, address")
    })
  )
  inLake(
    "may rename the key, and is refused where a type would lose values",
    Effect.gen(function* () {
      yield* ingest(before, old)
      yield* repartition({ contract: before })
      const { id: _, ...others } = first.fields
      const key = contract({ ...told("orderId"), fields: { orderId: text("Key.", { formerly: ["id"] }), ...others } as never })
      yield* ingest(key, record("b", 20))
      yield* repartition({ contract: key, rebuild: true })
      assert.deepStrictEqual(yield* rowsOf("SELECT order_id FROM consumable_order ORDER BY ALL"), ['{"order_id":"a"}', '{"order_id":"b"}'])
      assert.deepStrictEqual(yield* failed(key), [])
      const { status: __, ...withoutStatus } = key.contract.fields
      const fields = { ...withoutStatus, state: long("S.", { formerly: ["status"] }) } as never
      for (const message of yield* refusals(contract({ ...told("orderId"), fields })))
        assert.include(message, "the column status is string, and cannot become long without loss")
      const forgetful = contract({ ...told("orderId"), fields: { orderId: text("K."), ...others, id: text("x") } as never })
      assert.include((yield* Effect.flip(openStage(forgetful))).message, "order_id was id before")
    })
  )
})

describe("verify", () => {
  inLake(
    "sees a column of the consumable that has lost values against stage, beside what is left out, too",
    Effect.gen(function* () {
      const fields = { items: list("Items.", document("An item.", { sku: text("What."), note: text("More."), size: text("S.") })) }
      const hiding = contract({ drops: [{ name: "sku", reason: "r", path: "items[].sku", from: "consumable" }] }, fields)
      yield* ingest(hiding, old)
      // A repartition that lacks a column of stage, as those of before a contract was held to its tables.
      const lossy: RepartitionEngine = {
        ...duckdbEngine(),
        run: (plan, tell) => duckdbEngine().run({ ...plan, columns: without(plan.columns, "note") }, tell)
      }
      yield* repartition({ contract: hiding, engine: lossy })
      assert.deepStrictEqual(yield* failed(hiding), ["rows are those of stage: 1 row unlike stage in items"])
      yield* repartition({ contract: hiding, rebuild: true })
      assert.deepStrictEqual(yield* failed(hiding), [])
      const whole: RepartitionEngine = {
        ...lossy,
        run: (plan, tell) => duckdbEngine().run({ ...plan, columns: without(plan.columns, "status") }, tell)
      }
      yield* repartition({ contract: hiding, engine: whole, rebuild: true })
      assert.deepStrictEqual(yield* failed(hiding), ["rows are those of stage: 1 row unlike stage in status (1 row lost its value)"])
    })
  )
})

/** Columns without one of this name, at any depth. */
const without = (columns: ReadonlyArray<Column>, gone: string): ReadonlyArray<Column> =>
  columns.flatMap((column) => {
    const below = (each: Column): Column =>
      each.kind === "struct"
        ? { ...each, fields: without(each.fields, gone) }
        : each.kind === "list"
          ? { ...each, element: below(each.element) }
          : each
    return column.name === gone ? [] : [below(column)]
  })
