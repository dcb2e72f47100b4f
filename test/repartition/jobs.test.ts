import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Latch, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ownObjects } from "../../src/lake/maintain.ts"
import { openConsumable } from "../../src/lake/tables.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { SparkJob } from "../../src/repartition/job-place.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store, type StoreShape } from "../../src/store/store.ts"
import { vacuum } from "../../src/table/maintenance.ts"
import { openTable } from "../../src/table/table.ts"
import { drive, testPlace } from "./job-driver.ts"
import { actualNotes, type Copy, expectedNotes, freshStore, ingest, orders } from "./lake.ts"

const start = Date.UTC(2026, 10, 20)
const day = 86_400_000

const copy = (order: string, note: string, days = 0): Copy => ({
  order,
  lastChange: start + days * day,
  arrivedAt: start + note.length,
  sequence: String(note.length),
  note
})
const first = [copy("a", "a1"), copy("b", "b1", 1)]
const second = [copy("a", "a22"), copy("c", "c1", 2)]

const run = (engine: Parameters<typeof repartition>[0]["engine"], more: object = {}) => repartition({ contract: orders, engine, ...more })
/** Objects below the consumable that are neither its log nor its data. */
const left = Effect.gen(function* () {
  const store = yield* Store
  const objects = yield* Stream.runCollect(store.list("consumable/order/"))
  return objects.flatMap(({ key }) => (/\/_repartition\/|\/fold-[^/]*\/_delta_log\//.test(key) ? [key] : []))
})
const version = Effect.flatMap(openTable("consumable/order"), ({ snapshot }) => Effect.map(snapshot, (s) => s.version))

describe("jobs", () => {
  it.live("are submitted by one run, refused by name while under way, and committed by a later one", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      const begun = yield* run(at.engine(false))
      assert.deepInclude(begun, { kind: "submitted", dataset: "order", engine: "spark", run: "run 1", says: "RUNNING", toVersion: 1 })
      // What has come since does not make another job of it.
      yield* ingest(second)
      const refused = yield* Effect.flip(run(at.engine(false)))
      assert.strictEqual(refused.reason, "UnderWay")
      assert.match(refused.message, /run 1 is under way \(RUNNING\), begun at 2.*--wait/)
      assert.strictEqual(at.runs.length, 1)
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "x")
      const next = yield* run(at.engine(false))
      assert.deepInclude(next, { kind: "submitted", run: "run 2", toVersion: 2, stageFiles: 1 })
      const done = next.kind === "submitted" ? next.committed : null
      assert.deepInclude(done, { kind: "repartition", engine: "spark", rowsAdded: 2, rowsRead: 2, toVersion: 1, fromVersion: -1 })
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
      yield* drive(store, at.runs[1]?.job ?? { id: "" }, "y")
      assert.deepInclude(yield* run(at.engine(true)), { kind: "repartition", rowsAdded: 1, duplicates: 1, fromVersion: 1, toVersion: 2 })
      assert.deepStrictEqual(yield* actualNotes, expectedNotes([...first, ...second]))
      assert.strictEqual((yield* run(at.engine(true))).kind, "up-to-date")
      assert.deepStrictEqual(yield* left, [])
      assert.strictEqual(at.runs.length, 2)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that fail are told with reason and log, and the next run makes another attempt; a late first one does no harm", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      at.onStart = () => Effect.succeed("failed")
      yield* ingest(first)
      yield* run(at.engine(false))
      const failed = yield* Effect.flip(run(at.engine(false)))
      assert.strictEqual(failed.reason, "Engine")
      assert.match(failed.message, /run 1 failed without a result: out of memory.*\/logs\/1/)
      assert.strictEqual((yield* run(at.engine(false))).kind, "submitted")
      assert.deepStrictEqual(
        at.runs.map(({ job }) => job.id),
        [at.runs[0]?.job.id, at.runs[0]?.job.id]
      )
      // Who waits starts what has failed again, at once.
      at.onStart = (job) => Effect.as(Effect.andThen(drive(store, job, "zombie"), drive(store, job, "third")), "done")
      assert.strictEqual((yield* run(at.engine(true))).kind, "repartition")
      assert.strictEqual(at.runs.length, 3)
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("are not believed by a result from before they were outstanding", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(at.engine(false))
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "x")
      const [begun] = at.runs
      if (begun !== undefined) begun.state = { ...begun.state, phase: "done" }
      // A vacuum took what is old: the note and the files, and not yet the result.
      const objects = yield* Stream.runCollect(store.list("consumable/order/"))
      yield* store.delete(objects.flatMap(({ key }) => (/\/outstanding\.json$|\/fold-/.test(key) ? [key] : [])))
      at.onStart = (job) => Effect.as(drive(store, job, "y"), "done")
      assert.deepInclude(yield* run(at.engine(true)), { kind: "repartition", rowsAdded: 2 })
      assert.strictEqual(at.runs.length, 2)
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("of a backfill are told before they are begun, and not by who finds them", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(duckdbEngine({ threads: 1 }))
      const told: Array<unknown> = []
      const onPlan = (plan: unknown) => Effect.sync(() => void told.push([plan, at.runs.length]))
      const options = { rebuild: true, onPlan }
      const planned = yield* run(at.engine(false), { rebuild: true, dryRun: true })
      assert.strictEqual((yield* run(at.engine(false), options)).kind, "submitted")
      assert.deepStrictEqual(told, [[planned, 0]])
      assert.deepInclude(planned, { rows: 2, days: [], replacedFiles: 2 })
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "x")
      assert.deepInclude(yield* run(at.engine(false), options), { kind: "repartition", rebuild: true, rowsAdded: 2 })
      assert.strictEqual(told.length, 1)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("whose start or state is not known are asked for again", () =>
    Effect.gen(function* () {
      const at = testPlace()
      yield* ingest(first)
      at.failNext = true
      assert.match((yield* Effect.flip(run(at.engine(false)))).message, /no answer/)
      assert.strictEqual((yield* run(at.engine(false))).kind, "submitted")
      at.failNext = true
      assert.match((yield* Effect.flip(run(at.engine(false)))).message, /no answer/)
      assert.strictEqual((yield* Effect.flip(run(at.engine(false)))).reason, "UnderWay")
      assert.strictEqual(at.runs.length, 1)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("of which what is noted is damaged, or another version's, are made anew", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      for (const text of ["{", '{"format":99}', "null", ""]) {
        yield* store.put("consumable/order/_repartition/outstanding.json", new TextEncoder().encode(text))
        at.runs.length = 0
        assert.strictEqual((yield* run(at.engine(false))).kind, "submitted")
      }
      const { id = "" } = at.runs[0]?.job ?? {}
      yield* store.put(`consumable/order/_repartition/${id}/result.json`, new TextEncoder().encode('{"found":'))
      at.onStart = (job) => Effect.as(drive(store, job, "whole"), "done")
      at.runs.length = 0
      assert.strictEqual((yield* run(at.engine(true))).kind, "repartition")
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
      assert.deepStrictEqual(yield* left, [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("whose start is refused are not outstanding: another engine may be asked then", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const another = { ...at.engine(false), name: "emr" as const }
      yield* ingest(first)
      for (const wait of [false, true]) {
        at.isClosed = true
        assert.match((yield* Effect.flip(run(at.engine(wait)))).message, /closed/)
        assert.deepStrictEqual(yield* left, [])
        // Nor where its state cannot be asked for, as long as nobody can have started it.
        at.failNext = true
        assert.match((yield* Effect.flip(run(at.engine(wait)))).message, /no answer/)
        assert.deepStrictEqual(yield* left, [])
      }
      at.isClosed = false
      assert.strictEqual((yield* run(another)).kind, "submitted")
      // What may be under way elsewhere is not forgotten; the way out is told.
      const refused = yield* Effect.flip(run(at.engine(false)))
      assert.match(refused.message, /--engine emr.* delete consumable\/order\/_repartition\/outstanding\.json/)
      yield* Effect.flatMap(Store, (store) => store.delete(["consumable/order/_repartition/outstanding.json"]))
      at.runs.length = 0
      assert.strictEqual((yield* run(at.engine(false))).kind, "submitted")
    }).pipe(Effect.provide(freshStore))
  )

  it.effect("that are lost from sight while they are waited for are asked for again", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      at.onStart = (job) => {
        if (at.runs.length === 1) return Effect.succeed("waiting")
        return Effect.as(drive(store, job, "again"), "done")
      }
      let looks = 0
      const place = {
        ...at.place,
        // Announced for a while, and then there was nothing.
        find: (job: SparkJob) => (looks++ < 2 ? at.place.find(job) : Effect.succeed(null))
      }
      const fiber = yield* Effect.forkChild(run({ ...at.engine(true), place }))
      yield* Effect.forever(Effect.andThen(TestClock.adjust("1 second"), Effect.yieldNow)).pipe(Effect.raceFirst(Fiber.join(fiber)))
      assert.strictEqual(at.runs.length, 2)
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("of which a vacuum has taken what they made are told so, and made anew", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(at.engine(false))
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "taken")
      const made = (yield* Stream.runCollect(store.list("consumable/order/fold-taken/"))).filter(({ key }) => key.endsWith(".parquet"))
      yield* store.delete(made.slice(1).map(({ key }) => key))
      assert.strictEqual((yield* Effect.flip(run(at.engine(false)))).reason, "Vacuumed")
      assert.deepStrictEqual(yield* left, [])
      at.runs.length = 0
      at.onStart = (job) => Effect.as(drive(store, job, "anew"), "done")
      yield* run(at.engine(true))
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("whose work another engine has done meanwhile come to nothing, and leave nothing", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(at.engine(false))
      yield* ingest(second)
      yield* run(duckdbEngine({ threads: 1 }))
      const before = yield* version
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "late")
      assert.strictEqual((yield* run(at.engine(false))).kind, "up-to-date")
      assert.strictEqual(yield* version, before)
      assert.deepStrictEqual(yield* actualNotes, expectedNotes([...first, ...second]))
      assert.deepStrictEqual(yield* left, [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that rest on files which another commit has replaced conflict by name, and are made anew", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(duckdbEngine({ threads: 1 }))
      yield* ingest(second)
      yield* run(at.engine(false))
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "old")
      yield* run(duckdbEngine({ threads: 1 }), { from: "2026-11-20", to: "2026-11-20" })
      assert.strictEqual((yield* Effect.flip(run(at.engine(false)))).reason, "Conflict")
      assert.deepStrictEqual(yield* left, [])
      at.onStart = (job) => Effect.as(drive(store, job, "new"), "done")
      yield* run(at.engine(true))
      assert.deepStrictEqual(yield* actualNotes, expectedNotes([...first, ...second]))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("rest on nothing but the partitions that they touch", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(duckdbEngine({ threads: 1 }))
      yield* ingest(second)
      yield* run(at.engine(false))
      yield* run(duckdbEngine({ threads: 1 }), { from: "2026-11-21", to: "2026-11-21" })
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "still")
      assert.deepInclude(yield* run(at.engine(false)), { kind: "repartition", rowsAdded: 1, duplicates: 1 })
      assert.deepStrictEqual(yield* actualNotes, expectedNotes([...first, ...second]))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("of other work are committed before what is asked for now", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(at.engine(false))
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "asked-before")
      at.onStart = (job) => Effect.as(drive(store, job, "rebuilt"), "done")
      assert.deepInclude(yield* run(at.engine(true), { rebuild: true }), { kind: "repartition", rebuild: true, rowsAdded: 2 })
      assert.strictEqual(yield* version, 2)
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that were committed by a run which ended before it could say so are not committed again", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(at.engine(false))
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "once")
      const objects = yield* Stream.runCollect(store.list("consumable/order/"))
      const kept = yield* Effect.forEach(
        objects.filter(({ key }) => /\/_repartition\/|\/fold-[^/]*\/_delta_log\//.test(key)),
        ({ key }) => Effect.map(store.get(key), (bytes) => ({ key, bytes }))
      )
      yield* run(at.engine(false))
      const before = yield* version
      yield* Effect.forEach(kept, ({ key, bytes }) => store.put(key, bytes))
      assert.strictEqual((yield* run(at.engine(false))).kind, "up-to-date")
      assert.strictEqual(yield* version, before)
      assert.deepStrictEqual(yield* left, [])
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that two runs commit at once are committed by one, whose files the other leaves alone", () =>
    Effect.gen(function* () {
      for (const rebuild of [false, true]) {
        const at = testPlace()
        const store = yield* Store
        yield* ingest(rebuild ? second : first)
        yield* run(at.engine(false), { rebuild })
        yield* drive(store, at.runs[0]?.job ?? { id: "" }, `both-${rebuild}`)
        // Neither knows of the other before both of them have come to the commit point.
        const both = yield* Latch.make()
        let waiting = 0
        const putIfAbsent: StoreShape["putIfAbsent"] = (key, bytes) =>
          Effect.gen(function* () {
            if (key.startsWith("consumable/order/_delta_log/") && ++waiting === 2) yield* both.open
            if (key.startsWith("consumable/order/_delta_log/")) yield* both.await
            return yield* store.putIfAbsent(key, bytes)
          })
        const collect = Effect.result(run(at.engine(false), { rebuild }))
        const outcomes = yield* Effect.all([collect, collect], { concurrency: 2 }).pipe(
          Effect.provideService(Store, { ...store, putIfAbsent })
        )
        assert.strictEqual(waiting, 2)
        const told = outcomes.map((each) => (each._tag === "Success" ? each.success.kind : each.failure.reason)).sort()
        assert.deepStrictEqual(told, rebuild ? ["Conflict", "repartition"] : ["repartition", "up-to-date"])
        assert.deepStrictEqual(yield* actualNotes, expectedNotes(rebuild ? [...first, ...second] : first))
        assert.deepStrictEqual(yield* left, [])
      }
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that another run takes while one looks what they made are not told as failed, and what is outstanding by then stays so", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(at.engine(false))
      const [begun] = at.runs
      yield* drive(store, begun?.job ?? { id: "" }, "taken")
      // The other one commits, and begins what has come since.
      let other = Effect.gen(function* () {
        yield* ingest(second)
        yield* run(at.engine(false))
      }).pipe(Effect.provideService(Store, store), Effect.orDie)
      const otherFirst = (asked: string) =>
        Effect.suspend(() => {
          if (!/\/fold-taken\/_delta_log\//.test(asked)) return Effect.void
          const now = other
          other = Effect.void
          return now
        })
      const get: StoreShape["get"] = (key, ...range) => Effect.andThen(otherFirst(key), store.get(key, ...range))
      const list: StoreShape["list"] = (prefix, ...more) => Stream.unwrap(Effect.as(otherFirst(prefix), store.list(prefix, ...more)))
      const beaten = run(at.engine(false)).pipe(Effect.provideService(Store, { ...store, get, list }))
      for (const each of [beaten, run(at.engine(false))]) assert.match((yield* Effect.flip(each)).message, /run 2 is under way/)
      assert.strictEqual(at.runs.length, 2)
      yield* drive(store, at.runs[1]?.job ?? { id: "" }, "next")
      yield* run(at.engine(false))
      assert.deepStrictEqual(yield* actualNotes, expectedNotes([...first, ...second]))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that another run commits while one waits for them are done for both", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(at.engine(false))
      const [begun] = at.runs
      if (begun === undefined) return assert.fail("nothing was started")
      const find = (job: SparkJob) =>
        Effect.gen(function* () {
          yield* drive(store, job, "quick")
          assert.strictEqual((yield* run(at.engine(false))).kind, "repartition")
          return { ...begun.state, phase: "done" as const }
        }).pipe(Effect.provideService(Store, store), Effect.orDie)
      let looks = 0
      const place = { ...at.place, find: (job: SparkJob) => (looks++ === 1 ? find(job) : at.place.find(job)) }
      const events: Array<string> = []
      const onEvent = ({ event }: { readonly event: string }) => Effect.sync(() => void events.push(event))
      assert.strictEqual((yield* run({ ...at.engine(true), place }, { onEvent })).kind, "up-to-date")
      assert.deepStrictEqual(events, ["start", "complete"])
      assert.strictEqual(at.runs.length, 1)
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
      assert.deepStrictEqual(yield* left, [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("whose commit never comes leave nothing that maintain does not remove", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const store = yield* Store
      yield* ingest(first)
      yield* run(at.engine(false))
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "never")
      const { table } = yield* openConsumable(orders, orders.consumableColumns, true)
      const all = (now: number) =>
        Effect.gen(function* () {
          const clock = yield* Clock.clockWith(Effect.succeed)
          const later = {
            ...clock,
            currentTimeMillis: Effect.sync(() => Date.now() + now),
            currentTimeMillisUnsafe: () => Date.now() + now
          }
          yield* Effect.provideService(vacuum(table, { own: ownObjects(table) }), Clock.Clock, later)
          return (yield* Stream.runCollect(store.list("consumable/order/"))).map(({ key }) => key)
        })
      const before = yield* all(0)
      assert.isTrue(before.some((key) => key.endsWith("outstanding.json")))
      assert.isTrue(before.some((key) => /fold-never\/change_date/.test(key)))
      assert.deepStrictEqual(
        (yield* all(8 * day)).filter((key) => !key.startsWith("consumable/order/_delta_log/")),
        []
      )
      // And the next run begins anew.
      assert.strictEqual((yield* run(at.engine(false))).kind, "submitted")
    }).pipe(Effect.provide(freshStore))
  )

  it.live("are one, of several runs that start at once", () =>
    Effect.gen(function* () {
      const at = testPlace()
      yield* ingest(first)
      const outcomes = yield* Effect.all(
        Array.from({ length: 4 }, () => Effect.result(run(at.engine(false)))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(at.runs.length, 1)
      assert.isTrue(outcomes.some(({ _tag }) => _tag === "Success"))
      assert.strictEqual(new Set(at.runs.map(({ job }) => job.id)).size, 1)
    }).pipe(Effect.provide(freshStore))
  )
})
