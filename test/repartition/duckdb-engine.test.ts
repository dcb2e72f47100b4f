import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref, Stream } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract, latest } from "../../src/contract/contract.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { EnginePlan, RepartitionEngine } from "../../src/repartition/engine.ts"
import { defaultTargetFileBytes } from "../../src/repartition/options.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store, StoreError, type Upload } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { engineSuite } from "./engine-suite.ts"
import { actualNotes, expectedNotes, freshFolder, freshStore, ingest, orders } from "./lake.ts"
import { withDeletes } from "./newest-suite.ts"

engineSuite("duckdb", duckdbEngine())
// As if memory held a few rows only, and one.
engineSuite("duckdb in several slices", duckdbEngine({ sliceBytes: 16_000, threads: 1 }), {
  seeds: [5, 6],
  manyRows: 60,
  kinds: [],
  newestSeeds: []
})
engineSuite("duckdb in tiny slices", duckdbEngine({ sliceBytes: 1, threads: 1 }), { seeds: [7], manyRows: 3, kinds: [], newestSeeds: [] })

/** As if the lake lay on another machine: its files have to be fetched. */
const away = <A, E, R>(effect: Effect.Effect<A, E, R | Store>) =>
  Effect.updateService(effect, Store, (store) => ({ ...store, localPath: () => null }))
const onCopies = ({ name, survey, run }: RepartitionEngine): RepartitionEngine => ({
  name,
  survey: (plan) => away(survey(plan)),
  run: (plan, onProgress) => away(run(plan, onProgress))
})
engineSuite("duckdb on copies", onCopies(duckdbEngine()), { seeds: [8], manyRows: 60, kinds: [], newestSeeds: [12] })

describe("many small partitions", () => {
  const copies = Array.from({ length: 70 }, (_, i) => ({
    order: `o${i}`,
    lastChange: Date.UTC(2026, 0, 1 + i),
    arrivedAt: Date.UTC(2026, 10, 20),
    sequence: String(i),
    note: `n${i}`
  }))

  it.live("are finished several at a time, and named in their order", () =>
    Effect.gen(function* () {
      yield* ingest(copies)
      const [seen, most] = [yield* Ref.make(0), yield* Ref.make(0)]
      const around = <A, E>(finish: Effect.Effect<A, E>) =>
        Effect.gen(function* () {
          const now = yield* Ref.updateAndGet(seen, (n) => n + 1)
          yield* Ref.update(most, (n) => Math.max(n, now))
          // The later one was begun, the sooner it is whole.
          yield* Effect.sleep(Math.max(0, 40 - 2 * now))
          return yield* Effect.ensuring(
            finish,
            Ref.update(seen, (n) => n - 1)
          )
        })
      yield* withFinish((_, finish) => around(finish), repartition({ contract: orders, engine: duckdbEngine() }))
      const { files } = yield* (yield* openTable("consumable/order")).snapshot
      const days = [...files.values()].map(({ partitionValues }) => partitionValues["last_change_date"])
      assert.strictEqual(days.length, 70)
      assert.deepStrictEqual(days, days.toSorted())
      assert.isAbove(yield* Ref.get(most), 8)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("leave nothing behind where one of them cannot be finished", () =>
    Effect.gen(function* () {
      yield* ingest(copies)
      const fails = (key: string) => key.includes("2026-01-05")
      const error = new StoreError({ operation: "upload", key: "x", reason: "Unavailable", hint: "This is a test." })
      const { problem } = yield* Effect.flip(
        withFinish((key, finish) => (fails(key) ? Effect.fail(error) : finish), repartition({ contract: orders, engine: duckdbEngine() }))
      )
      assert.include(problem, "did not answer")
      const store = yield* Store
      const left = (yield* Stream.runCollect(store.list("consumable/order/"))).map(({ key }) => key)
      assert.deepStrictEqual(
        left.filter((key) => key.endsWith(".parquet")),
        []
      )
    }).pipe(Effect.provide(freshStore))
  )
})

/** @param around what becomes of the end of an upload */
const withFinish = <A, E, R>(around: (key: string, finish: Upload["finish"]) => Upload["finish"], effect: Effect.Effect<A, E, R | Store>) =>
  Effect.updateService(effect, Store, (store) => ({
    ...store,
    upload: (key) => Effect.map(store.upload(key), (upload) => ({ ...upload, finish: around(key, upload.finish) }))
  }))

describe("the names of folders", () => {
  it.live.each(["order_id=x", "job=1", "a 'quoted' [name]?* 100%#{é}"])("never become values: %s", (name) =>
    Effect.gen(function* () {
      const root = join(yield* freshFolder(), name)
      const tempDirectory = join(root, "tmp")
      yield* Effect.promise(() => mkdir(tempDirectory, { recursive: true }))
      // Days of few rows are written to one file first, and read again from there.
      const copies = Array.from({ length: 10 }, (_, i) => ({
        order: `o${i}`,
        lastChange: Date.UTC(2026, 10, 1 + (i % 8)),
        arrivedAt: Date.UTC(2026, 10, 20),
        sequence: String(i),
        note: `n${i}`
      }))
      yield* Effect.gen(function* () {
        yield* ingest(copies)
        yield* repartition({ contract: orders, engine: duckdbEngine({ tempDirectory }) })
        assert.deepStrictEqual(yield* actualNotes, expectedNotes(copies))
        const { files } = yield* (yield* openTable("consumable/order")).snapshot
        const told = [...files.values()].map(({ stats }) => JSON.parse(stats ?? "{}").minValues.order_id)
        assert.deepStrictEqual(
          told.sort(),
          [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `o${n}`)
        )
      }).pipe(Effect.provide(localStore(join(root, "lake"))))
    }).pipe(Effect.scoped)
  )
})

describe("a table of very many partitions", () => {
  // One look for each of the partitions would take minutes.
  it.live(
    "is looked through once for the files of those that are touched",
    () =>
      Effect.gen(function* () {
        const table = latest({ key: ["orderId"], order: "revision", deleted: "removed", by: { bucket: 10_000 } })
        const contract = compileContract(defineContract({ ...withDeletes, table }))
        const arrivedAt = Date.UTC(2026, 10, 20)
        // Nothing is to be written but what is remembered.
        const values = { removed: true, revision: 1n }
        const copies = Array.from({ length: 20_000 }, (_, i) => ({
          order: `o${i}`,
          lastChange: 0,
          arrivedAt,
          sequence: `${i}`,
          note: "",
          values
        }))
        yield* ingest(copies, contract)
        const { files } = yield* (yield* openTable("stage/order")).snapshot
        const plan: EnginePlan = {
          dataset: "order",
          tablePath: "consumable/order",
          columns: stageColumns(contract.consumableColumns),
          identity: contract.identity,
          inputs: [...files.values()].map(({ path, size }) => ({ key: `stage/order/${path}`, size })),
          existing: Array.from({ length: 300_000 }, (_, i) => {
            const path = `other-${i}.parquet`
            return { key: `consumable/order/${path}`, path, size: 1, partition: `b${1000 + (i % 9000)}`.slice(0, 4) }
          }),
          tombstones: [],
          load: null,
          bounds: null,
          targetFileBytes: defaultTargetFileBytes
        }
        const { rowsRead, tombstones, partitions } = yield* duckdbEngine().run(plan, () => {})
        assert.deepStrictEqual([rowsRead, tombstones.map(({ rows }) => rows)], [20_000, [20_000]])
        assert.isAbove(partitions.length, 8_000)
      }).pipe(Effect.provide(freshStore)),
    60_000
  )
})
