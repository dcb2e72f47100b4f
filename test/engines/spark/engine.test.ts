import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compileContract } from "../../../src/contract/compile.ts"
import { defineContract, latest } from "../../../src/contract/contract.ts"
import { loadOf } from "../../../src/lake/newest-load.ts"
import { duckdbEngine } from "../../../src/repartition/duckdb-engine.ts"
import { repartition } from "../../../src/repartition/repartition.ts"
import { openTable } from "../../../src/table/table.ts"
import { engineSuite } from "../../repartition/engine-suite.ts"
import { unlikeStage } from "../../repartition/histories.ts"
import { type Copy, freshStore, ingest, orders, rowsOf } from "../../repartition/lake.ts"
import { remembered, withDeletes } from "../../repartition/newest-suite.ts"
import { kinds } from "./kinds.ts"
import { openSparkSession } from "./session.ts"

const session = openSparkSession()
afterAll(session.close)
const spark = session.engine
const duckdb = duckdbEngine({ threads: 1 })

engineSuite("spark", spark, { seeds: [1], commits: 3, manyRows: 1000, kinds: [], newestSeeds: [] })

/** How many random histories are tried of each kind of table, side by side in one table. */
const together = Array.from({ length: 50 }, (_, i) => i + 1)
/** And how many more, each in a table of its own: `SLUICE_TEST_SPARK_SEEDS=5 npm run test:engines`. A table takes twenty seconds, however few its rows. */
const alone = Number(process.env["SLUICE_TEST_SPARK_SEEDS"] ?? 0)

/** Times at the edges of what calendars, engines and partitions have, milliseconds since 1970. */
const edges = [
  Date.UTC(1500, 1, 28),
  Date.UTC(1582, 9, 14),
  Date.UTC(1900, 0, 1),
  -62_135_596_800_001,
  -62_135_596_800_000,
  253_402_300_799_999,
  253_402_300_800_000,
  -1,
  0
]

const hour = (n: number): number => Date.UTC(2026, 10, 1, n)

describe("a partition that has most of the rows", () => {
  it.live("becomes several files, and others one each", () =>
    Effect.gen(function* () {
      const copies = Array.from({ length: 3000 }, (_, i) => ({
        order: `order ${Math.imul(i, 0x9e3779b1) >>> 0}`,
        lastChange: Date.UTC(2026, 10, i % 100 === 0 ? 20 : 21),
        arrivedAt: Date.UTC(2026, 10, 22, i % 24),
        sequence: String(i),
        note: `${Math.imul(i, 0x85ebca6b)}`
      }))
      yield* ingest(copies)
      yield* repartition({ contract: orders, engine: spark, targetFileBytes: 16_384 })
      const { files } = yield* Effect.flatMap(openTable("consumable/order"), ({ snapshot }) => snapshot)
      const of = (day: string) => [...files.values()].filter(({ partitionValues }) => partitionValues["change_date"] === day)
      assert.strictEqual(of("2026-11-20").length, 1)
      assert.isAbove(of("2026-11-21").length, 1)
      const rows = [...files.values()].map(({ stats }) => JSON.parse(stats ?? "{}").numRecords)
      assert.strictEqual(
        rows.reduce((total, n) => total + n, 0),
        copies.length
      )
    }).pipe(Effect.provide(freshStore))
  )
})

describe("Spark, DuckDB and the definition", () => {
  it.live("agree on values at the edges of their types", () =>
    Effect.gen(function* () {
      const everything = rowsOf("SELECT *, change_date::VARCHAR AS place FROM consumable_order ORDER BY ALL")
      const copies = [...edges, null].flatMap(
        (lastChange, i): ReadonlyArray<Copy> =>
          ["k".repeat(1500), "k'\\ {{touched}} \u{1F600}", "\uffff/é"].map((order, j) => ({
            order,
            lastChange,
            creationDate: null,
            arrivedAt: Date.UTC(2026, 10, 20) + i,
            sequence: `${10 ** i}${j}`,
            note: `${i}.${j}`,
            values: { total: i % 2 === 0 ? 99999999999999999999999999999999999999n : -1n, ratio: [Number.NaN, Infinity, -0][j] ?? 0 }
          }))
      )
      const tables: Array<ReadonlyArray<string>> = []
      for (const engine of [spark, duckdb]) {
        const rows = Effect.gen(function* () {
          yield* ingest(copies)
          yield* repartition({ contract: orders, engine })
          yield* ingest(copies.map((copy) => ({ ...copy, arrivedAt: copy.arrivedAt + 1, note: `${copy.note}!` })))
          yield* repartition({ contract: orders, engine })
          return yield* everything
        })
        tables.push(yield* Effect.provide(rows, freshStore))
      }
      assert.strictEqual(tables[0]?.length, copies.length)
      assert.deepStrictEqual(tables[0], tables[1])
    })
  )

  it.live("agree on a table that comes whole: what a newer load lacks is gone, and stays so", () =>
    Effect.gen(function* () {
      const loads = { files: ["LOAD*"], begin: ["LOAD1"], at: "lastChange" }
      const table = latest({ key: ["orderId"], order: "revision", deleted: "removed", by: { day: "creationDate" }, loads })
      const contract = compileContract(defineContract({ ...withDeletes, table }))
      let sequence = 0
      /** @param at hour of the change, or of the load's beginning */
      const row = (order: string, at: number, shard: string, arrived = at, removed = false): Copy => ({
        order,
        lastChange: hour(at),
        creationDate: hour(at * 7),
        arrivedAt: hour(arrived),
        sequence: `${sequence++}`,
        shard,
        note: `${order} ${at} ${shard}`,
        values: { revision: BigInt(sequence % 3), removed }
      })
      const steps = [
        // Changes before there is any load, of which one takes a key away.
        [row("early", 1, "c1"), row("gone", 1, "c1"), row("gone", 2, "c1", 2, true), row("kept", 2, "c1")],
        // A load, in two files, and what changed since.
        [row("kept", 10, "LOAD1"), row("b", 10, "LOAD2"), row("c", 10, "LOAD2"), row("c", 10, "c2", 11), row("d", 12, "c2", 12, true)],
        // A newer one without some; late ones of the older and of changes before; one that was deleted is back.
        [
          row("kept", 20, "LOAD1"),
          row("d", 20, "LOAD2"),
          row("late", 10, "LOAD2", 21),
          row("late", 19, "c3", 21),
          row("new", 20, "c3", 22)
        ],
        // A part of an older load begins late, one more key goes, and one of an older age comes back never.
        [row("old", 15, "LOAD1", 30), row("kept", 25, "c4", 30, true), row("b", 19, "c4", 30), row("new", 24, "c4", 30)]
      ]
      const seen = []
      for (const engine of [spark, duckdb]) {
        const folds = Effect.forEach(steps, (copies) =>
          Effect.gen(function* () {
            yield* ingest(copies, contract)
            const outcome = yield* repartition({ contract, engine })
            const counts =
              outcome.kind === "repartition" ? [outcome.rowsAdded, outcome.rowsReplaced, outcome.rowsDeleted, outcome.duplicates] : []
            const { metaData } = yield* Effect.flatMap(openTable("consumable/order"), ({ snapshot }) => snapshot)
            const rows = yield* rowsOf("SELECT *, change_date::VARCHAR AS place FROM consumable_order ORDER BY ALL")
            return { counts, load: loadOf({ metaData }), rows, remembered: yield* remembered, unlike: yield* unlikeStage(contract) }
          })
        )
        seen.push(yield* Effect.provide(folds, freshStore))
      }
      const [bySpark = [], byDuckDB = []] = seen
      assert.deepStrictEqual(bySpark, byDuckDB)
      const orders = bySpark.map(({ rows }) => rows.map((row) => JSON.parse(row).order_id).sort())
      assert.deepStrictEqual(orders, [
        ["early", "kept"],
        ["b", "c", "kept"],
        ["d", "kept", "new"],
        ["d", "new"]
      ])
      assert.deepStrictEqual(
        bySpark.map(({ load }) => load?.at),
        [undefined, ...[10, 20, 20].map((at) => String(hour(at) * 1000))]
      )
      assert.deepStrictEqual(
        bySpark.flatMap(({ unlike }) => unlike),
        []
      )
    })
  )

  for (const [i, { what, contract, history, won }] of kinds.entries()) {
    for (const seeds of [together, ...Array.from({ length: alone }, (_, n) => [together.length + 1 + i + n * kinds.length])]) {
      const named = seeds.length === 1 ? `seed ${seeds}` : `seeds ${seeds[0]} to ${seeds.at(-1)}`
      it.live(`agree on ${what}, in turn on one table and each alone (${named})`, () =>
        Effect.gen(function* () {
          const { columns } = contract.identity.partition
          const place = columns.length === 0 ? "''" : `concat_ws('/', ${columns.map(({ name }) => name).join(", ")})`
          const everything = rowsOf(`SELECT *, ${place} AS place FROM consumable_order ORDER BY ALL`)
          const seen: Array<Copy> = []
          // Three commits: each engine goes on with what the other has made.
          for (const [step, copies] of history(seeds).slice(0, 3).entries()) {
            yield* ingest(copies, contract)
            seen.push(...copies)
            yield* repartition({ contract, engine: (step + i) % 2 === 0 ? spark : duckdb })
            const { rows, deleted } = won(seen)
            assert.deepStrictEqual(
              (yield* everything).map((row) => JSON.parse(JSON.parse(row).raw).note).sort(),
              rows.map(({ note }) => note).sort()
            )
            assert.strictEqual(yield* remembered, deleted)
          }
          const inTurn = yield* everything
          for (const engine of [spark, duckdb]) {
            yield* repartition({ contract, engine, rebuild: true })
            assert.deepStrictEqual(yield* everything, inTurn)
            assert.strictEqual(yield* remembered, won(seen).deleted)
            assert.deepStrictEqual(yield* unlikeStage(contract), [])
          }
        }).pipe(Effect.provide(freshStore))
      )
    }
  }
})
