import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { readLakeFacts } from "../../src/docs/lake-facts.ts"
import { martAt, runsPath } from "../../src/lake/layout.ts"
import { builtProperty } from "../../src/lake/log-keys.ts"
import { putMartView } from "../../src/lake/marts.ts"
import { runColumns } from "../../src/lake/runs.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import { type Column, leaf, type Value } from "../../src/record/column.ts"
import { Store } from "../../src/store/store.ts"
import { createTable } from "../../src/table/table.ts"
import { temporaryStore } from "../ingest/support.ts"

/** As a lake has them that no build has written to since they have tests. */
const older = runColumns.filter(({ name }) => name !== "tests")

type Values = { readonly [column: string]: Value }

/** Makes a table and commits rows to it, a file a commit. */
const write = (path: string, columns: ReadonlyArray<Column>, ...commits: ReadonlyArray<ReadonlyArray<Values>>) =>
  Effect.gen(function* () {
    // A mart is there once its first build is.
    const configuration = martAt(path) === null ? {} : { [builtProperty]: JSON.stringify({ text: "", inputs: {} }) }
    const settings = {
      name: path.replace("/", "_"),
      description: "A table.",
      columns,
      partitions: [],
      configuration,
      admit: () => ({})
    }
    const { table } = yield* createTable(path, settings)
    for (const [i, rows] of commits.entries()) {
      const builders = new ColumnBuilders(columns)
      for (const row of rows) builders.append(columns.map(({ name }) => row[name] ?? null))
      const name = `part-${i}.zstd.parquet`
      const file = openParquetFile(columns, yield* (yield* Store).upload(`${path}/${name}`))
      yield* file.write(builders)
      const { size, stats } = yield* Effect.scoped(file.finish)
      const modificationTime = yield* Clock.currentTimeMillis
      yield* table.commit({
        read: yield* table.snapshot,
        operation: "WRITE",
        parameters: { mode: "Append" },
        metrics: {},
        actions: [{ add: { path: name, partitionValues: {}, size, stats, modificationTime, dataChange: true } }],
        isBlindAppend: true
      })
    }
  }).pipe(Effect.scoped)

const at = (minute: number): bigint => BigInt(Date.UTC(2026, 10, 20, 7, minute)) * 1000n

const run = (runId: string, kind: string, dataset: string, outcome: string, minute: number, more: Values = {}): Values => ({
  run_id: runId,
  kind,
  dataset,
  outcome,
  begun_at: at(minute - 1),
  ended_at: at(minute),
  inputs: [],
  outputs: [],
  ...more
})

const test = (name: string, status: string, failures: bigint, check = "unique"): Value => ({
  name,
  model: "daily",
  column: "day",
  check,
  severity: "error",
  status,
  failures
})

const names = { datasets: ["orders", "nothing"], models: ["daily"] }
const facts = readLakeFacts(names, { threads: 1 })
const column = [leaf("day", "long", "Day.")]

describe("what a lake says", () => {
  it.effect("is the rows, files and version of each table, as its log has them", () =>
    Effect.gen(function* () {
      const none = yield* facts
      assert.deepStrictEqual([none.tables.size, none.runs, none.tests.size], [0, [], 0])
      yield* write("consumable/orders", column, [{ day: 1n }, { day: 2n }], [{ day: 3n }])
      yield* write("marts/daily", column, [{ day: 1n }])
      yield* write("marts/other", column, [{ day: 1n }])
      const { tables, runs, tests } = yield* facts
      assert.deepStrictEqual([...tables.keys()], ["consumable/orders", "marts/daily"])
      const { bytes, ...orders } = tables.get("consumable/orders") ?? { bytes: 0 }
      assert.deepStrictEqual(orders, { version: 2, rows: 3, files: 2, columns: [{ name: "day", type: "long" }] })
      assert.isAbove(bytes, 0)
      assert.deepStrictEqual([runs, tests.size], [[], 0])
      // What is a view now has no rows, whatever is left of its table.
      yield* putMartView({ model: "daily", sql: "SELECT 1", reads: [], built: { text: "", inputs: {} } })
      assert.deepStrictEqual([...(yield* facts).tables.keys()], ["consumable/orders"])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("is the last run of each kind on each dataset, of a lake that has no place for tests", () =>
    Effect.gen(function* () {
      yield* write(runsPath, older, [
        run("1", "ingest", "orders", "complete", 1, { records: 5n }),
        run("2", "ingest", "orders", "fail", 3),
        // Somebody else did the same work.
        run("2", "ingest", "orders", "complete", 2, { records: 7n, rows: 6n, dead_letters: 1n }),
        run("3", "repartition", "orders", "abort", 4)
      ])
      const { runs, tests } = yield* facts
      assert.deepStrictEqual(
        runs.map(({ kind, outcome, endedAt, records, rows, deadLetters }) => [kind, outcome, endedAt, records, rows, deadLetters]),
        [
          ["repartition", "abort", "2026-11-20T07:04:00.000000Z", null, null, null],
          ["ingest", "complete", "2026-11-20T07:02:00.000000Z", 7, 6, 1]
        ]
      )
      assert.strictEqual(tests.size, 0)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("is what each test found when it was run last, whatever became of the build", () =>
    Effect.gen(function* () {
      yield* write(
        runsPath,
        runColumns,
        [
          run("1", "build", "daily", "complete", 1, { tests: [test("a", "pass", 0n), test("b", "fail", 4n), test("gone", "pass", 0n)] }),
          run("2", "build", "daily", "complete", 2, { tests: [test("b", "pass", 0n), test("a", "pass", 0n, "unit")] })
        ],
        [
          // The newest end of a run that ended before, and one that tested nothing.
          run("1", "build", "daily", "fail", 3, { tests: [test("a", "fail", 12_345n), test("c", "warn", 1n)] }),
          run("4", "build", "daily", "complete", 4),
          run("5", "ingest", "orders", "complete", 5, { tests: [test("b", "fail", 9n)] })
        ]
      )
      const { tests, unitTests } = yield* facts
      assert.deepStrictEqual([...unitTests.keys(), unitTests.get("a")?.status], ["a", "pass"])
      assert.deepStrictEqual(
        [...tests].sort().map(([name, { status, failures, endedAt }]) => [name, status, failures, endedAt.slice(11, 16)]),
        [
          ["a", "fail", 12_345, "07:03"],
          ["b", "pass", 0, "07:02"],
          ["c", "warn", 1, "07:03"],
          ["gone", "pass", 0, "07:01"]
        ]
      )
    }).pipe(Effect.provide(temporaryStore))
  )
})
