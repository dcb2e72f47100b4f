import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Stream } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract, events } from "../../src/contract/contract.ts"
import { document, long, text, timestamp } from "../../src/contract/field.ts"
import type { PartitionBy } from "../../src/contract/table.ts"
import { compact } from "../../src/lake/compact.ts"
import type { RunEvent } from "../../src/record/report.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { actualNotes, type Copy, definition, expectedNotes, freshStore, ingest, orders, rowsOf } from "./lake.ts"

const day = 86_400_000
const start = Date.UTC(2026, 10, 20)
const copy = (order: string, note: string, more: Partial<Copy> = {}): Copy => ({
  order,
  lastChange: start,
  arrivedAt: start,
  sequence: "1",
  note,
  ...more
})
const run = repartition({ contract: orders })
const versionOf = (path: string) => Effect.flatMap(openTable(path), ({ snapshot }) => Effect.map(snapshot, ({ version }) => version))
const filesIn = (path: string) =>
  Effect.flatMap(Store, (store) =>
    Effect.map(Stream.runCollect(store.list(path)), (all) => all.map(({ key }) => key).filter((key) => key.endsWith(".zstd.parquet")))
  )

describe("repartition", () => {
  it.live("says that there is no stage", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run)
      assert.strictEqual(error.reason, "NoStage")
      assert.include(error.message, "Ingest")
    }).pipe(Effect.provide(freshStore))
  )

  it.live("has nothing to do the second time, and with an empty stage", () =>
    Effect.gen(function* () {
      yield* ingest([])
      assert.strictEqual((yield* run).kind, "up-to-date")
      assert.deepStrictEqual(yield* rowsOf("SELECT count(*) AS n FROM consumable_order"), ['{"n":0}'])
      yield* ingest([copy("a", "1")])
      assert.strictEqual((yield* run).kind, "repartition")
      const version = yield* versionOf("consumable/order")
      const again = yield* run
      assert.deepStrictEqual(again, { kind: "up-to-date", dataset: "order", version: 2 })
      yield* ingest([])
      assert.strictEqual((yield* run).kind, "up-to-date")
      assert.strictEqual(yield* versionOf("consumable/order"), version)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("notes that copies which all lost were taken", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "new", { arrivedAt: start + 5 })])
      yield* run
      yield* ingest([copy("a", "old", { arrivedAt: start })])
      const outcome = yield* run
      assert.deepInclude(outcome, { kind: "repartition", rowsRead: 1, rowsAdded: 0, duplicates: 1, files: 0, toVersion: 2 })
      assert.strictEqual((yield* run).kind, "up-to-date")
      assert.deepStrictEqual(yield* actualNotes, ["a 2026-11-20 new"])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("takes hours that arrive late, whenever they are committed", () =>
    Effect.gen(function* () {
      const all = [copy("a", "1", { arrivedAt: start + 9 * 3_600_000 }), copy("b", "2", { arrivedAt: start })]
      for (const one of all) {
        yield* ingest([one])
        yield* run
      }
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(all))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("folds some days anew, and leaves the others and its place alone", () =>
    Effect.gen(function* () {
      yield* ingest([0, 1, 2].map((n) => copy("a", `${n}`, { lastChange: start + n * day })))
      yield* run
      const before = yield* Effect.flatMap(openTable("consumable/order"), ({ snapshot }) => snapshot)
      yield* ingest([0, 1, 2].map((n) => copy("b", `${n}`, { lastChange: start + n * day })))
      const outcome = yield* repartition({ contract: orders, from: "2026-11-21", to: "2026-11-21" })
      assert.deepInclude(outcome, { rowsRead: 2, rowsAdded: 2, days: ["2026-11-21"] })
      assert.deepStrictEqual(yield* actualNotes, ["a 2026-11-20 0", "a 2026-11-21 1", "a 2026-11-22 2", "b 2026-11-21 1"])
      const after = yield* Effect.flatMap(openTable("consumable/order"), ({ snapshot }) => snapshot)
      assert.deepStrictEqual(after.transactions, before.transactions)
      assert.strictEqual([...after.files.keys()].filter((path) => before.files.has(path)).length, 2)
      assert.deepInclude(yield* run, { rowsRead: 3, rowsAdded: 2, duplicates: 1 })
      assert.strictEqual((yield* actualNotes).length, 6)
    }).pipe(Effect.provide(freshStore))
  )

  it.live.each<[string, PartitionBy]>([
    ["by 4 buckets of the key", { bucket: 4 }],
    ["not partitioned", "none"]
  ])("refuses days of a table that has none: %s", ([words, by]) =>
    Effect.gen(function* () {
      const contract = compileContract(defineContract({ ...definition, table: events({ key: ["orderId"], by }) }))
      yield* ingest([copy("a", "1"), copy("b", "2")], contract)
      const refused = yield* Effect.flip(repartition({ contract, from: "2026-11-20" }))
      assert.include(refused.message, `its table is ${words}, and has no days to fold anew`)
      assert.deepInclude(yield* repartition({ contract, dryRun: true }), { rows: 2, days: [] })
      assert.deepInclude(yield* repartition({ contract }), { rowsAdded: 2, days: [] })
    }).pipe(Effect.provide(freshStore))
  )

  it.live("refuses days that are none", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(repartition({ contract: orders, from: "tomorrow" }))
      assert.strictEqual(error.reason, "Invalid")
      assert.include(error.message, "YYYY-MM-DD")
    }).pipe(Effect.provide(freshStore))
  )

  it.live("rebuilds in one commit, for which a reader of the old version has no need", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1"), copy("b", "2")])
      yield* run
      const before = yield* actualNotes
      const version = yield* versionOf("consumable/order")
      const outcome = yield* repartition({ contract: orders, rebuild: true })
      assert.deepInclude(outcome, { rebuild: true, fromVersion: -1, rowsRead: 2, rowsAdded: 2 })
      assert.strictEqual(yield* versionOf("consumable/order"), version + 1)
      assert.deepStrictEqual(yield* actualNotes, before)
      assert.strictEqual((yield* run).kind, "up-to-date")
    }).pipe(Effect.provide(freshStore))
  )

  it.live("gives old rows null in columns that the contract has since", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1")])
      yield* run
      const wider = compileContract(
        defineContract({
          ...definition,
          fields: {
            ...definition.fields,
            note: text("New."),
            shipping: document("Where to.", {
              city: text("City."),
              phone: text("Phone."),
              weight: long("Weight."),
              zip: text("New."),
              since: timestamp("New.")
            })
          }
        })
      )
      yield* ingest([copy("b", "22"), copy("a", "3", { arrivedAt: start + 1, lastChange: start + day })], wider)
      yield* repartition({ contract: wider })
      const rows = "SELECT order_id, note, shipping.city AS city, shipping.zip AS zip FROM consumable_order ORDER BY change_date, order_id"
      const expected = [
        '{"order_id":"a","note":null,"city":"Ünï 1","zip":null}',
        '{"order_id":"b","note":"22","city":"Ünï 22","zip":null}',
        '{"order_id":"a","note":"3","city":"Ünï 3","zip":null}'
      ]
      assert.deepStrictEqual(yield* rowsOf(rows), expected)
      yield* repartition({ contract: wider, rebuild: true })
      assert.deepStrictEqual(yield* rowsOf(rows), expected)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("reads what was compacted between two runs, vacuumed or not", () =>
    Effect.gen(function* () {
      const first = [copy("a", "1"), copy("b", "2")]
      yield* ingest(first)
      yield* run
      const more = [copy("c", "3"), copy("a", "4", { arrivedAt: start + 9 })]
      for (const one of more) yield* ingest([one])
      const stage = yield* openTable("stage/order")
      const old = [...(yield* stage.snapshot).files.keys()]
      assert.deepInclude(yield* compact(stage), { filesBefore: 3, filesAfter: 1, overtaken: 0 })
      const store = yield* Store
      yield* store.delete(old.map((path) => `stage/order/${path}`))
      assert.deepInclude(yield* run, { rowsAdded: 1 })
      assert.deepStrictEqual(yield* actualNotes, expectedNotes([...first, ...more]))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("says how to go on when stage rows were deleted", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1")])
      yield* run
      const stage = yield* openTable("stage/order")
      const read = yield* stage.snapshot
      const removes = [...read.files.values()].map(({ path, partitionValues, size }) => ({
        remove: { path, partitionValues, size, deletionTimestamp: 1, dataChange: true }
      }))
      yield* stage.commit({ read, operation: "DELETE", parameters: {}, metrics: {}, actions: removes, isBlindAppend: false })
      const error = yield* Effect.flip(run)
      assert.strictEqual(error.reason, "Rewritten")
      assert.include(error.message, "--rebuild")
      assert.deepInclude(yield* repartition({ contract: orders, rebuild: true }), { rowsAdded: 0 })
      assert.deepStrictEqual(yield* actualNotes, [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("sees a stage that was made anew, however many versions it has by then", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1")])
      yield* run
      const store = yield* Store
      const old = yield* Stream.runCollect(store.list("stage/order/"))
      yield* store.delete(old.map(({ key }) => key))
      const all = [copy("b", "2"), copy("c", "3"), copy("d", "4")]
      for (const one of all) yield* ingest([one])
      for (const bounds of [{}, { from: "2026-11-20" }]) {
        const error = yield* Effect.flip(repartition({ contract: orders, ...bounds }))
        assert.strictEqual(error.reason, "Rewritten")
        assert.include(error.message, "--rebuild")
      }
      yield* repartition({ contract: orders, rebuild: true })
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(all))
      assert.strictEqual((yield* run).kind, "up-to-date")
    }).pipe(Effect.provide(freshStore))
  )

  it.live("is refused with a contract that does not know columns of the stage, and begins nothing", () =>
    Effect.gen(function* () {
      const wider = compileContract(defineContract({ ...definition, fields: { ...definition.fields, note: text("New.") } }))
      yield* ingest([copy("a", "1")], wider)
      const error = yield* Effect.flip(run)
      assert.strictEqual(error.reason, "Table")
      assert.include(error.message, "does not know: note.")
      assert.deepStrictEqual(yield* filesIn("consumable/"), [])
      yield* repartition({ contract: wider })
      assert.deepStrictEqual(yield* actualNotes, ["a 2026-11-20 1"])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("is run again after a crash between upload and commit", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1")])
      const real = duckdbEngine()
      const crashing: RepartitionEngine = { ...real, run: (plan, tell) => Effect.andThen(real.run(plan, tell), Effect.die("power cut")) }
      const exit = yield* Effect.exit(repartition({ contract: orders, engine: crashing }))
      assert.strictEqual(exit._tag, "Failure")
      assert.strictEqual((yield* filesIn("consumable/")).length, 1)
      assert.deepStrictEqual(yield* actualNotes, [])
      yield* run
      assert.deepStrictEqual(yield* actualNotes, ["a 2026-11-20 1"])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("doubles nothing when two run at once", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1"), copy("b", "2", { lastChange: start + day })])
      yield* run
      yield* ingest([copy("c", "3"), copy("a", "4", { arrivedAt: start + 9 })])
      const outcomes = yield* Effect.all([run, run, run], { concurrency: 3 })
      assert.strictEqual(outcomes.filter(({ kind }) => kind === "repartition").length, 1)
      assert.deepStrictEqual(yield* actualNotes, ["a 2026-11-20 4", "b 2026-11-21 2", "c 2026-11-20 3"])
      // The losers took their files away: 2 of the first run, of which one is replaced, and 1 of the second.
      assert.strictEqual((yield* filesIn("consumable/")).length, 3)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("does not commit over another's rebuild", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1")])
      yield* run
      const real = duckdbEngine()
      const slow: RepartitionEngine = {
        ...real,
        run: (plan, tell) => Effect.tap(real.run(plan, tell), () => Effect.orDie(repartition({ contract: orders, rebuild: true })))
      }
      const error = yield* Effect.flip(repartition({ contract: orders, engine: slow, rebuild: true }))
      assert.strictEqual(error.reason, "Conflict")
      assert.deepStrictEqual(yield* actualNotes, ["a 2026-11-20 1"])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("ends its run where another took the same versions meanwhile", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1")])
      const events: Array<RunEvent> = []
      const real = duckdbEngine()
      const slow: RepartitionEngine = { ...real, run: (plan, tell) => Effect.tap(real.run(plan, tell), () => Effect.orDie(run)) }
      const onEvent = (event: RunEvent) => Effect.sync(() => void events.push(event))
      assert.strictEqual((yield* repartition({ contract: orders, engine: slow, onEvent })).kind, "up-to-date")
      const [begun, ended, ...more] = events
      if (begun?.event !== "start" || ended?.event !== "complete") return assert.fail("other events")
      assert.deepInclude(ended.report, { runId: begun.runId, rowsRead: 1, rowsAdded: 0, duplicates: 1, files: 0, days: [] })
      assert.deepStrictEqual([ended.outputs, more], [[], []])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("tells what it begins, completes and fails", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a", "1")])
      const events: Array<RunEvent> = []
      const onEvent = (event: RunEvent) => Effect.sync(() => void events.push(event))
      const broken: RepartitionEngine = { ...duckdbEngine(), run: () => Effect.die(new Error("broken")) }
      const exit = yield* Effect.exit(repartition({ contract: orders, engine: broken, onEvent }))
      assert.isTrue(exit._tag === "Failure" && Cause.hasDies(exit.cause))
      yield* repartition({ contract: orders, onEvent })
      yield* repartition({ contract: orders, onEvent })
      assert.deepStrictEqual(
        events.map(({ event }) => event),
        ["start", "fail", "start", "complete"]
      )
      const [first, failed, , complete] = events
      // A defect may quote data.
      assert.deepInclude(failed, { message: "an unexpected error; see the log of the process", kind: "repartition", dataset: "order" })
      if (first?.event !== "start" || complete?.event !== "complete") return assert.fail("other events")
      assert.deepInclude(first.inputs[0], { files: 1, rows: 1, table: { path: "stage/order", version: 1 } })
      assert.strictEqual(complete.report.runId, first.runId)
      assert.deepInclude(complete.outputs[0], { path: "consumable/order", version: 1, created: true, rows: 1, files: 1 })
    }).pipe(Effect.provide(freshStore))
  )
})
