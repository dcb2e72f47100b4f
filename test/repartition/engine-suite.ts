import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, type ContractTable, defineContract, events, versions } from "../../src/contract/contract.ts"
import { long } from "../../src/contract/field.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import type { JobEngine } from "../../src/repartition/job-place.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { randomHistory, start, unlikeStage } from "./histories.ts"
import { actualNotes, type Copy, definition, expectedNotes, freshStore, ingest, orders, rowsOf, winners } from "./lake.ts"
import { newestSuite } from "./newest-suite.ts"

const day = 86_400_000
const hour = 3_600_000

export const withLines: ContractDefinition = {
  ...definition,
  fields: { ...definition.fields, line: long("Line of the order."), revision: long("Version of the line.") }
}

/** Tables of every kind, and what makes their rows the same. */
export const tables: ReadonlyArray<readonly [name: string, table: ContractTable, same: (copy: Copy) => ReadonlyArray<unknown>]> = [
  [
    "versions that are not told by their day, of a key of two columns",
    versions({ key: ["orderId", "line"], version: "revision", by: { day: "lastChange" } }),
    ({ order, values }) => [order, values?.["line"], values?.["revision"]]
  ],
  [
    "versions by hour",
    versions({ key: ["line"], version: "lastChange", by: { hour: "lastChange" } }),
    ({ values, lastChange, creationDate }) => [values?.["line"], lastChange ?? creationDate]
  ],
  [
    "versions by bucket",
    versions({ key: ["orderId", "line"], version: "revision", by: { bucket: 3 } }),
    ({ order, values }) => [order, values?.["line"], values?.["revision"]]
  ],
  ["events by hour", events({ key: ["orderId"], by: { hour: "creationDate" } }), ({ order }) => [order]],
  ["events all together", events({ key: ["line", "orderId"], by: "none" }), ({ order, values }) => [order, values?.["line"]]]
]

const everything = rowsOf("SELECT * FROM consumable_order ORDER BY ALL")
const files = Effect.flatMap(openTable("consumable/order"), ({ snapshot }) => Effect.map(snapshot, (s) => [...s.files.values()]))

/**
 * What an engine must do.
 * @param options for engines that are slow on purpose: which random histories, of how many commits, how many rows of three days are to be sorted, and which kinds of
 * tables are folded
 */
export const engineSuite = (
  name: string,
  engine: RepartitionEngine | JobEngine,
  {
    seeds = [1, 2, 3, 4],
    commits = 6,
    manyRows = 5000,
    kinds = tables,
    newestSeeds = [1, 2, 3, 4, 5]
  }: {
    readonly seeds?: ReadonlyArray<number>
    readonly commits?: number
    readonly manyRows?: number
    readonly kinds?: typeof tables
    /** Random histories of tables that have the newest row of each key. */
    readonly newestSeeds?: ReadonlyArray<number>
  } = {}
): void => {
  const run = Effect.suspend(() => repartition({ contract: orders, engine }))

  describe(`engine ${name}`, () => {
    for (const seed of seeds) {
      it.live(`folds a random history step by step as at once, and as the definition says (seed ${seed})`, () =>
        Effect.gen(function* () {
          const seen: Array<Copy> = []
          for (const copies of randomHistory(seed, commits, 14)) {
            yield* ingest(copies)
            seen.push(...copies)
            const outcome = yield* run
            assert.deepStrictEqual(yield* actualNotes, expectedNotes(seen))
            if (outcome.kind === "repartition") assert.strictEqual(outcome.rowsAdded + outcome.duplicates, copies.length)
          }
          const stepByStep = yield* everything
          const rebuilt = yield* repartition({ contract: orders, engine, rebuild: true })
          assert.strictEqual(rebuilt.kind, "repartition")
          assert.deepStrictEqual(yield* everything, stepByStep)
          if (rebuilt.kind === "repartition") assert.strictEqual(rebuilt.rowsAdded, stepByStep.length)
        }).pipe(Effect.provide(freshStore))
      )
    }

    for (const [what, table, same] of kinds) {
      const contract = compileContract(defineContract({ ...withLines, table }))
      const names = contract.identity.partition.columns.map(({ name }) => name)
      const where = names.length === 0 ? "''" : `concat_ws('/', ${names.join(", ")})`
      it.live(`folds ${what}, step by step as at once, and as verify counts them`, () =>
        Effect.gen(function* () {
          const seen: Array<Copy> = []
          for (const history of randomHistory(9, 3, 20)) {
            const copies = history.map((copy, i) => ({ ...copy, values: { line: BigInt(i % 3), revision: BigInt(i % 4) } }))
            yield* ingest(copies, contract)
            seen.push(...copies)
            yield* repartition({ contract, engine })
            const notes = yield* rowsOf(`SELECT raw::JSON->>'note' AS note FROM consumable_order ORDER BY note`)
            assert.deepStrictEqual(
              notes.map((row) => JSON.parse(row).note),
              winners(seen, same)
                .map(({ note }) => note)
                .sort()
            )
          }
          const stepByStep = yield* rowsOf(`SELECT *, ${where} AS place FROM consumable_order ORDER BY ALL`)
          assert.isAbove(stepByStep.length, 5)
          yield* repartition({ contract, engine, rebuild: true })
          assert.deepStrictEqual(yield* rowsOf(`SELECT *, ${where} AS place FROM consumable_order ORDER BY ALL`), stepByStep)
          const folders = new Set((yield* files).map(({ partitionValues }) => Object.values(partitionValues).join("/")))
          assert.deepStrictEqual(folders, new Set(stepByStep.map((row) => JSON.parse(row).place)))
          assert.deepStrictEqual(yield* unlikeStage(contract), [])
        }).pipe(Effect.provide(freshStore))
      )
    }

    newestSuite(engine, newestSeeds)

    it.live("keeps every value as it is in the stage", () =>
      Effect.gen(function* () {
        const copies = Array.from({ length: 30 }, (_, i) => ({
          order: `o${i}${"x".repeat(i)}`,
          lastChange: start + i * hour,
          arrivedAt: start + i * hour,
          sequence: String(i),
          note: "n".repeat(i)
        }))
        yield* ingest(copies)
        yield* run
        const columns = "* EXCLUDE (change_date)"
        const before = yield* rowsOf("SELECT * EXCLUDE (ingest_date, ingest_hour) FROM stage_order ORDER BY order_id")
        assert.deepStrictEqual(yield* rowsOf(`SELECT ${columns} FROM consumable_order ORDER BY order_id`), before)
        assert.strictEqual(before.length, 30)
      }).pipe(Effect.provide(freshStore))
    )

    it.live("keeps rows whole, over days small and large", () =>
      Effect.gen(function* () {
        const rows = Math.min(6000, manyRows)
        const copies = Array.from({ length: rows }, (_, i) => ({
          order: `o${(i * 7919) % rows}`,
          // A hundred days of some ten rows, and one of thousands.
          lastChange: start + (i % 5 === 0 ? i % 100 : 3) * day + i,
          arrivedAt: start + (i % 3) * hour,
          sequence: String(i),
          note: `${i}`
        }))
        yield* ingest(copies)
        yield* run
        const torn = yield* rowsOf(
          `SELECT count(*) AS n, count(*) FILTER (email <> 'hash-of-' || (raw::JSON->>'note') OR _sequence_number <> (raw::JSON->>'note')
             OR shipping.city <> 'Ünï ' || (raw::JSON->>'note') OR items[1].id <> (raw::JSON->>'note')) AS torn FROM consumable_order`
        )
        assert.deepStrictEqual(torn, [`{"n":${rows},"torn":0}`])
      }).pipe(Effect.provide(freshStore))
    )

    it.live("writes rows sorted by key and version, one file per day", () =>
      Effect.gen(function* () {
        const copies = Array.from({ length: manyRows }, (_, i) => ({
          order: `o${(i * 7919) % manyRows}`,
          lastChange: start + (i % 3) * day + (i % 5),
          arrivedAt: start + (i % 4) * hour,
          sequence: String(i),
          note: `${i}`
        }))
        yield* ingest(copies)
        yield* run
        const written = yield* files
        assert.deepStrictEqual(written.map(({ partitionValues }) => partitionValues["change_date"]).sort(), [
          "2026-11-20",
          "2026-11-21",
          "2026-11-22"
        ])
        const { localPath } = yield* Store
        const disorder = yield* Effect.scoped(
          Effect.flatMap(openDuckDB(), (db) =>
            db.rows(
              `SELECT count(*) AS n FROM (
                 SELECT order_id, last_change, lag((order_id, last_change)) OVER (PARTITION BY filename ORDER BY file_row_number) AS before
                 FROM read_parquet('${localPath("consumable/order")}/**/*.parquet', filename = true, file_row_number = true))
               WHERE (order_id, last_change) < before`
            )
          )
        )
        assert.deepStrictEqual(disorder, [{ n: 0 }])
      }).pipe(Effect.provide(freshStore))
    )

    it.live("says in the log what the files hold, and nothing of sensitive columns", () =>
      Effect.gen(function* () {
        yield* ingest([
          { order: "b", lastChange: start + 1, arrivedAt: start, sequence: "1", note: "x" },
          { order: "a", lastChange: start + 2, arrivedAt: start, sequence: "2", note: "yy" }
        ])
        yield* run
        const [file] = yield* files
        const stats = JSON.parse(file?.stats ?? "{}")
        assert.strictEqual(stats.numRecords, 2)
        assert.deepInclude(stats.minValues, { order_id: "a", last_change: "2026-11-20T00:00:00.001Z", _sequence_number: "1" })
        assert.deepInclude(stats.maxValues, { order_id: "b", _sequence_number: "2" })
        // Where an engine has cut what is behind the millisecond, the next one is the bound.
        assert.include(["2026-11-20T00:00:00.002Z", "2026-11-20T00:00:00.003Z"], stats.maxValues.last_change)
        assert.deepInclude(stats.nullCount, { creation_date: 2, order_id: 0 })
        assert.include([1, undefined], stats.nullCount.items)
        assert.match(file?.stats ?? "", /"count":9007199254741001/)
        assert.match(file?.stats ?? "", /"total":12345678901234567890123456\.789020/)
        assert.notMatch(file?.stats ?? "", /email|phone/)
      }).pipe(Effect.provide(freshStore))
    )

    it.live("rewrites only the files that a late copy beats", () =>
      Effect.gen(function* () {
        const copy = (order: string, arrivedAt: number, note: string, dayOf = 0): Copy => ({
          order,
          lastChange: start + dayOf * day,
          arrivedAt: start + arrivedAt * hour,
          sequence: "5",
          note
        })
        yield* ingest([copy("a", 1, "a1"), copy("b", 5, "b5"), copy("z", 1, "z1", 1)])
        yield* run
        const first = (yield* files).map(({ path }) => path)
        // b arrives late, with an earlier arrival time: it loses. z is elsewhere and stays.
        yield* ingest([copy("b", 2, "b2"), copy("c", 2, "c2")])
        const lost = yield* run
        assert.deepInclude(lost, { rowsRead: 2, rowsAdded: 1, duplicates: 1, files: 1 })
        const second = (yield* files).map(({ path }) => path)
        assert.includeMembers(second, first)
        // a has a newer copy now: the file that held the old one is rewritten, with b5.
        yield* ingest([copy("a", 9, "a9")])
        const won = yield* run
        assert.deepInclude(won, { rowsRead: 1, rowsAdded: 0, duplicates: 1, files: 1 })
        const third = (yield* files).map(({ path }) => path)
        assert.strictEqual(third.filter((path) => second.includes(path)).length, 2)
        assert.deepStrictEqual(yield* actualNotes, ["a 2026-11-20 a9", "b 2026-11-20 b5", "c 2026-11-20 c2", "z 2026-11-21 z1"])
      }).pipe(Effect.provide(freshStore))
    )

    it.live("keeps rows that have no event time, under no day", () =>
      Effect.gen(function* () {
        yield* ingest([{ order: "a", lastChange: null, arrivedAt: start, sequence: "1", note: "n" }])
        yield* run
        yield* ingest([{ order: "a", lastChange: null, arrivedAt: start + 1, sequence: "1", note: "m" }])
        yield* run
        assert.deepStrictEqual(yield* rowsOf("SELECT raw, change_date FROM consumable_order"), [
          '{"raw":"{\\"note\\":\\"m\\"}","change_date":null}'
        ])
      }).pipe(Effect.provide(freshStore))
    )

    it.live("keeps rows of times that no calendar day stands for, under no day", () =>
      Effect.gen(function* () {
        const [before, first, last, after] = [-62_135_596_800_001, -62_135_596_800_000, 253_402_300_799_999, 253_402_300_800_000]
        const times = [before, first, last, after]
        yield* ingest(times.map((lastChange, i) => ({ order: `o${i}`, lastChange, arrivedAt: start, sequence: String(i), note: "n" })))
        yield* run
        assert.deepStrictEqual(yield* rowsOf("SELECT order_id, change_date::VARCHAR AS day FROM consumable_order ORDER BY order_id"), [
          '{"order_id":"o0","day":null}',
          '{"order_id":"o1","day":"0001-01-01"}',
          '{"order_id":"o2","day":"9999-12-31"}',
          '{"order_id":"o3","day":null}'
        ])
      }).pipe(Effect.provide(freshStore))
    )

    it.live("surveys without writing", () =>
      Effect.gen(function* () {
        yield* ingest([
          { order: "a", lastChange: start, arrivedAt: start, sequence: "1", note: "n" },
          { order: "a", lastChange: start, arrivedAt: start, sequence: "2", note: "n" },
          { order: "a", lastChange: start + day, arrivedAt: start, sequence: "3", note: "n" }
        ])
        const plan = yield* repartition({ contract: orders, engine, dryRun: true })
        assert.deepInclude(plan, {
          kind: "plan",
          engine: engine.name,
          rows: 3,
          stageFiles: 1,
          // What only a job would find out is not told.
          days:
            "place" in engine
              ? []
              : [
                  { day: "2026-11-20", rows: 2 },
                  { day: "2026-11-21", rows: 1 }
                ]
        })
        assert.strictEqual((yield* Effect.flip(openTable("consumable/order"))).reason, "NotFound")
      }).pipe(Effect.provide(freshStore))
    )
  })
}
