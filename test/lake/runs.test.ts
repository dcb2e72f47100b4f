import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, References, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { compact } from "../../src/lake/compact.ts"
import { runsPath } from "../../src/lake/layout.ts"
import { maintain } from "../../src/lake/maintain.ts"
import { queryLake } from "../../src/lake/query.ts"
import { recentRuns } from "../../src/lake/recent-runs.ts"
import { type RecordRunsSettings, type RunRecorder, recordRuns } from "../../src/lake/record-runs.ts"
import { openRuns } from "../../src/lake/runs.ts"
import { lakeStatus } from "../../src/lake/status.ts"
import { verify } from "../../src/lake/verify.ts"
import { leaf } from "../../src/record/column.ts"
import { emptyCounts, type RunEvent, type RunOutput } from "../../src/record/report.ts"
import { Store } from "../../src/store/store.ts"
import { commitName } from "../../src/table/paths.ts"
import { createTable, openTable, type Row, readTable } from "../../src/table/table.ts"
import { contract, page, pagesSource, run, temporaryStore } from "../ingest/support.ts"
import { until, untilTrue, yieldToIo } from "../passing-time.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"

const startedAt = "2026-11-20T07:00:00.000Z"
const runId = (n: number) => `01a1f7c1-4180-7a72-925b-${String(n).padStart(12, "0")}`

const output: RunOutput = {
  uri: "file:///lake/stage/order",
  path: "stage/order",
  version: 7,
  created: false,
  rows: 9,
  bytes: 2000,
  files: 2
}

const completed = (n: number, at: string, outputs: ReadonlyArray<RunOutput> = [output]): RunEvent => ({
  event: "complete",
  at,
  report: {
    kind: "batch",
    runId: runId(n),
    dataset: "order",
    source: { name: "files", location: "file:///data/in" },
    startedAt,
    rotation: "size",
    shards: [],
    counts: { ...emptyCounts(), records: 12, rows: 9, bytes: 5000, empty: 1, deadLetters: { not_json: 2 } },
    files: 2,
    fileBytes: 2000
  },
  inputs: [{ uri: "file:///data/in", rows: 12, bytes: 5000 }],
  outputs
})

const failed = (n: number, at: string, outcome: "fail" | "abort" = "fail"): RunEvent => ({
  event: "fail",
  outcome,
  kind: "repartition",
  runId: runId(n),
  dataset: "order",
  startedAt,
  at,
  message: "no answer for ana@example.com",
  inputs: [{ uri: "file:///lake/stage/order", table: { path: "stage/order", version: 3 } }]
})

const minute = (n: number) => `2026-11-20T07:${String(n).padStart(2, "0")}:00.000Z`

/** Records runs, closes, and gives what was recorded and lost. */
const recording = (events: ReadonlyArray<RunEvent>, settings: RecordRunsSettings = {}) =>
  Effect.flatMap(
    Effect.scoped(
      Effect.tap(recordRuns(settings), ({ record }: RunRecorder) => Effect.forEach(events, (event) => record(event), { discard: true }))
    ),
    ({ counters }) => counters
  )

/** Every row of the table, as it stands in the files. */
const rawRows: Effect.Effect<ReadonlyArray<Row>, never, Store> = Effect.orDie(
  Effect.flatMap(openTable(runsPath), (table) => Stream.runCollect(readTable(table)))
)
const version = Effect.orDie(Effect.flatMap(openTable(runsPath), (table) => Effect.map(table.snapshot, (snapshot) => snapshot.version)))

const recent = (
  filter: { dataset?: string; kind?: "ingest" | "repartition"; outcome?: "complete" | "fail" | "abort"; limit?: number } = {}
) =>
  Effect.scoped(
    Effect.flatMap(openDuckDB({ threads: 1 }), (db) => recentRuns({ dataset: null, kind: null, outcome: null, limit: 100, ...filter }, db))
  )
const idsOf = (rows: ReadonlyArray<{ readonly [column: string]: unknown }> | null) =>
  rows?.map((row) => Number(String(row["run_id"]).slice(-12))) ?? null

const silent = Effect.provideService(References.MinimumLogLevel, "None")

describe("the table of runs", () => {
  it.live("has a row for each run that ended, in one commit where they end close together", () =>
    Effect.gen(function* () {
      const begun: RunEvent = { event: "start", kind: "batch", runId: runId(1), dataset: "order", at: startedAt, inputs: [] }
      const counters = yield* recording([begun, completed(1, minute(1)), failed(2, minute(2)), completed(3, "2026-11-21T00:00:00.000Z")])
      assert.deepStrictEqual(counters, { recorded: 3, lost: 0 })
      assert.strictEqual(yield* version, 1)
      const rows = yield* recent()
      assert.deepStrictEqual(idsOf(rows), [3, 2, 1])
      assert.deepStrictEqual(rows?.[2], {
        run_id: runId(1),
        kind: "ingest",
        dataset: "order",
        outcome: "complete",
        begun_at: "2026-11-20T07:00:00.000000Z",
        ended_at: "2026-11-20T07:01:00.000000Z",
        records: 12,
        rows: 9,
        dead_letters: 2,
        empty: 1,
        duplicates: null,
        bytes_read: 5000,
        files: 2,
        bytes_written: 2000,
        inputs: [{ uri: "file:///data/in", table: null, version: null }],
        outputs: [{ table: "stage/order", version: 7, rows: 9, files: 2, bytes: 2000 }],
        tests: [],
        error: null,
        run_date: "2026-11-20"
      })
      assert.deepInclude(rows?.[1], {
        kind: "repartition",
        outcome: "fail",
        records: null,
        inputs: [{ uri: "file:///lake/stage/order", table: "stage/order", version: 3 }],
        outputs: [],
        error: "no answer for [e-mail]"
      })
      assert.deepInclude(rows?.[0], { run_date: "2026-11-21" })
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("shows a run once, as the end whose work stands, whoever failed at it before or gave it up after", () =>
    Effect.gen(function* () {
      yield* recording([failed(1, minute(1)), failed(2, minute(1)), completed(3, minute(1)), completed(4, minute(2), [])])
      yield* recording([completed(1, minute(2)), failed(2, minute(3), "abort"), failed(3, minute(4), "abort"), completed(4, minute(1))])
      assert.strictEqual((yield* rawRows).length, 8)
      const rows = yield* recent()
      assert.deepStrictEqual(
        rows?.map((row) => [...(idsOf([row]) ?? []), row["outcome"], row["files"]]),
        [
          [2, "abort", null],
          [1, "complete", 2],
          [4, "complete", 2],
          [3, "complete", 2]
        ]
      )
      const view = Effect.scoped(
        Effect.flatMap(queryLake("SELECT run_id, outcome FROM runs ORDER BY run_id", { threads: 1 }), ({ rows }) => Stream.runCollect(rows))
      )
      assert.deepStrictEqual(
        (yield* view).map(([, outcome]) => outcome),
        ["complete", "abort", "complete", "complete"]
      )
      assert.deepStrictEqual(idsOf(yield* recent({ outcome: "abort" })), [2])
      assert.deepStrictEqual(idsOf(yield* recent({ kind: "ingest", limit: 2 })), [1, 4])
      assert.deepStrictEqual(idsOf(yield* recent({ dataset: "o'rder" })), [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("gathers what ends within some seconds, and writes it without being closed", () =>
    Effect.gen(function* () {
      const { record, counters } = yield* recordRuns()
      yield* record(completed(1, minute(1)))
      yield* TestClock.adjust("9 seconds")
      yield* record(completed(2, minute(2)))
      assert.deepStrictEqual(yield* counters, { recorded: 0, lost: 0 })
      yield* TestClock.adjust("1 second")
      // Files take real time.
      yield* untilTrue(Effect.map(counters, ({ recorded }) => recorded === 2))
      assert.strictEqual(yield* version, 1)
    }).pipe(Effect.scoped, Effect.provide(temporaryStore))
  )

  it.live("counts what it cannot write, says so once, and goes on", () =>
    Effect.gen(function* () {
      const faults = makeFaultyStore(yield* Store)
      faults.failNext("putIfAbsent", "runs/_delta_log/", "Denied", 2)
      const said: Array<string> = []
      const log = Logger.make(({ message }) => void said.push(String(message)))
      const counters = yield* Effect.scoped(
        Effect.gen(function* () {
          const runs = yield* recordRuns({ gatherMillis: 0 })
          for (let n = 1; n <= 3; n++) {
            yield* runs.record(completed(n, minute(n)))
            yield* untilTrue(Effect.map(runs.counters, ({ recorded, lost }) => recorded + lost === n))
          }
          return yield* runs.counters
        })
      ).pipe(Effect.provideService(Store, Store.of(faults.store)), Effect.provideService(Logger.CurrentLoggers, new Set([log])))
      assert.deepStrictEqual(counters, { recorded: 1, lost: 2 })
      assert.lengthOf(said, 2)
      assert.match(said[0] ?? "", /^runs are not recorded: .*Denied.* The data is not affected\.$/)
      assert.strictEqual(said[1], "runs are recorded again; lost: 2")
      assert.deepStrictEqual(idsOf(yield* rawRows), [3])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("costs who tells of a run nothing, even where nobody could write it", () =>
    Effect.gen(function* () {
      const broken = failed(1, "no time")
      assert.deepStrictEqual(yield* recording([broken, completed(2, minute(2))]), { recorded: 1, lost: 1 })
      assert.deepStrictEqual(idsOf(yield* rawRows), [2])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("holds no more than it may, and drops the oldest", () =>
    Effect.gen(function* () {
      const events = Array.from({ length: 12 }, (_, n) => completed(n, minute(n)))
      assert.deepStrictEqual(yield* recording(events, { capacity: 5 }), { recorded: 5, lost: 7 })
      assert.deepStrictEqual(idsOf(yield* recent()), [11, 10, 9, 8, 7])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("is not waited for where the store never answers, neither by data nor for long by the end", () =>
    Effect.gen(function* () {
      const faults = makeFaultyStore(yield* Store)
      faults.beforeNext("putIfAbsent", "runs/_delta_log/", Effect.never)
      const fiber = yield* Effect.forkChild(recording([completed(1, minute(1))]).pipe(Effect.provideService(Store, Store.of(faults.store))))
      yield* until(() => faults.calls.some((call) => call.startsWith("putIfAbsent")))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { recorded: 0, lost: 1 })
    }).pipe(silent, Effect.provide(temporaryStore))
  )

  it.effect("counts a run once that was given up when its command ended, and stands all the same", () =>
    Effect.gen(function* () {
      const faults = makeFaultyStore(yield* Store)
      const scope = yield* Scope.make()
      const { record, counters } = yield* recordRuns().pipe(
        Effect.provideService(Scope.Scope, scope),
        Effect.provideService(Store, Store.of(faults.store))
      )
      yield* record(completed(1, minute(1)))
      faults.beforeNext("putIfAbsent", `runs/_delta_log/${commitName(1)}`, Effect.sleep("1 minute"))
      const fiber = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* until(() => faults.calls.some((call) => call.startsWith("putIfAbsent") && call.includes(commitName(1))))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* counters, { recorded: 0, lost: 1 })
      yield* TestClock.adjust("1 minute")
      yield* untilTrue(Effect.map(version, (now) => now === 1))
      // Nothing tells that something was not counted again: who would do so has the time to.
      for (let i = 0; i < 20; i++) yield* yieldToIo
      assert.deepStrictEqual(yield* counters, { recorded: 0, lost: 1 })
    }).pipe(silent, Effect.provide(temporaryStore))
  )

  it.live("is read of nothing but its log when it is written to", () =>
    Effect.gen(function* () {
      for (let n = 1; n <= 5; n++) yield* recording([completed(n, minute(n))])
      const faults = makeFaultyStore(yield* Store)
      yield* recording([completed(6, minute(6))]).pipe(Effect.provideService(Store, Store.of(faults.store)))
      assert.deepStrictEqual(
        faults.calls.filter((call) => /^(get|getRange|head) .*\.parquet/.test(call)),
        []
      )
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("becomes one file a day by maintenance, whose runs stand in it, too", () =>
    Effect.gen(function* () {
      yield* run(pagesSource([page("a", 0, 5)]))
      yield* run(pagesSource([page("b", 0, 5)]))
      for (let n = 1; n <= 3; n++) yield* recording([completed(n, minute(n))])
      const events: Array<RunEvent> = []
      const maintained = Effect.scoped(
        Effect.flatMap(recordRuns(), ({ record }) =>
          maintain({
            onEvent: (event) =>
              Effect.andThen(
                Effect.sync(() => void events.push(event)),
                record(event)
              )
          })
        )
      )
      const tables = yield* maintained
      assert.deepInclude(tables.find(({ table }) => table === runsPath)?.compacted, { filesBefore: 3, filesAfter: 1 })
      // A start and an end for each table.
      assert.deepStrictEqual(
        events.map(({ event }) => event),
        ["start", "complete", "start", "complete", "start", "complete"]
      )
      const rows = (yield* recent())?.filter((row) => row["kind"] === "maintain") ?? []
      assert.deepStrictEqual(rows.map((row) => row["dataset"]).sort(), ["dead_letters", "order", "runs"])
      const stage = rows.find((row) => row["dataset"] === "order")
      assert.deepInclude(stage, { outcome: "complete", files: 3 })
      assert.include(JSON.stringify(stage?.["inputs"]), '"version":2')
      // A commit for each hour; the last of them.
      assert.include(JSON.stringify(stage?.["outputs"]), '"table":"stage/order","version":5,"rows":10,"files":3')
      assert.deepStrictEqual(idsOf((yield* recent())?.filter((row) => row["kind"] === "ingest") ?? null), [3, 2, 1])
      const { runs } = yield* lakeStatus("", ["order"])
      assert.deepInclude(runs, { path: "runs", rows: 6, files: 2, partitions: 2 })
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("has a run of maintenance that failed, a defect too", () =>
    Effect.gen(function* () {
      yield* run(pagesSource([page("a", 0, 5)]))
      const events: Array<RunEvent> = []
      const onEvent = (event: RunEvent) => Effect.sync(() => void events.push(event))
      const broken = Store.of({ ...(yield* Store), sweep: () => Effect.die(new Error("ana@example.com")) })
      const exit = yield* Effect.exit(maintain({ onEvent })).pipe(Effect.provideService(Store, broken))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(
        events.map(({ event }) => event),
        ["start", "fail"]
      )
      assert.notInclude(JSON.stringify(events), "ana@")
    }).pipe(Effect.provide(temporaryStore))
  )
})

describe("a lake with a table of runs", () => {
  const checks = Effect.scoped(Effect.flatMap(openDuckDB({ threads: 1 }), (db) => verify([contract], db)))

  it.live("verifies, and verify sees where a file of it is gone", () =>
    Effect.gen(function* () {
      yield* recording([completed(1, minute(1))])
      const before = yield* checks
      assert.deepStrictEqual(
        before.map(({ table, check, ok }) => [table, check, ok]),
        [
          ["runs", "files are there", true],
          ["runs", "log is whole", true]
        ]
      )
      const store = yield* Store
      const { files } = yield* (yield* openRuns).snapshot
      yield* store.delete([...files.keys()].map((path) => `runs/${path}`))
      assert.deepStrictEqual(
        (yield* checks).map(({ ok }) => ok),
        [false, true]
      )
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("is not one where a file has its name, which harms nobody", () =>
    Effect.gen(function* () {
      yield* (yield* Store).put(runsPath, new Uint8Array())
      yield* run(pagesSource([page("a", 0, 5)]))
      assert.deepStrictEqual(yield* silent(recording([completed(1, minute(1))])), { recorded: 0, lost: 1 })
      assert.deepStrictEqual(yield* recent(), null)
      assert.deepStrictEqual(
        (yield* checks).filter(({ ok }) => !ok),
        []
      )
      assert.deepStrictEqual((yield* lakeStatus("", ["order"])).others, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("is not one that has another program's table of that name, which is left as it is", () =>
    Effect.gen(function* () {
      yield* createTable(runsPath, { name: "t", description: "", columns: [leaf("id", "text", "Id.")], partitions: [] })
      assert.deepStrictEqual(yield* silent(recording([completed(1, minute(1))])), { recorded: 0, lost: 1 })
      assert.strictEqual(yield* version, 0)
      assert.deepStrictEqual(yield* recent(), null)
      assert.deepStrictEqual(
        (yield* checks).map(({ table, check, ok }) => [table, check, ok]),
        [["runs", "is known", false]]
      )
      const { others, runs } = yield* lakeStatus("", [])
      assert.deepStrictEqual([runs, others.map(({ path, note }) => `${path}: ${note}`)], [undefined, ["runs: not made by Sluice"]])
      assert.deepStrictEqual(yield* maintain({ onEvent: () => Effect.void }), [])
      assert.deepStrictEqual(yield* Effect.map(compact(yield* openTable(runsPath)), ({ version }) => version), null)
    }).pipe(Effect.provide(temporaryStore))
  )
})
