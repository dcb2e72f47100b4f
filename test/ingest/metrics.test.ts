import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { TestClock } from "effect/testing"
import { declareMetrics, metrics, recordBatch, recordConflict, recordRepartition, watchBatch } from "../../src/ingest/metrics.ts"
import { type BatchReport, emptyCounts } from "../../src/record/report.ts"
import { page, pagesSource, run, temporaryStore } from "./support.ts"

/** The series of this test's own registry: `name{attributes}` → value. */
const series = Effect.map(Metric.snapshot, (all) =>
  Object.fromEntries(
    all.map(({ id, attributes = {}, type, state }) => {
      const { dataset: _, ...rest } = attributes
      const name = [id, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(" ")
      switch (type) {
        case "Counter":
          return [name, Number(state.count)]
        case "Gauge":
          return [name, Number(state.value)]
        case "Histogram":
          return [name, state.count]
        default:
          return [name, Number.NaN]
      }
    })
  )
)

const report: BatchReport = {
  kind: "batch",
  runId: "r",
  dataset: "order",
  source: { name: "memory", location: "memory:" },
  startedAt: "2026-11-20T07:00:00.000Z",
  rotation: "age",
  shards: [],
  counts: {
    ...emptyCounts(),
    records: 9,
    rows: 6,
    bytes: 900,
    empty: 1,
    deadLetters: { not_json: 2 },
    drops: { password: 3 },
    drift: { a: 1, b: 2 },
    quality: { positive: 2 }
  },
  files: 1,
  fileBytes: 70
}

describe("metrics", () => {
  it.effect("count each committed batch once, and when it was committed", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 20, 7))
      yield* declareMetrics("order")
      assert.deepInclude(yield* series, { sluice_records_total: 0, sluice_commit_conflicts_total: 0, sluice_batch_age_seconds: 0 })
      // The first of these is what alarms are for: without a 0 before it, it is no increase.
      assert.deepInclude(yield* series, { sluice_repartition_failures_total: 0, "sluice_dead_letters_total reason=truncated": 0 })
      assert.notProperty(yield* series, "sluice_last_commit_timestamp_seconds")
      yield* recordBatch(report, 1500)
      yield* recordBatch(report, 20)
      yield* recordConflict("order")
      assert.deepInclude(yield* series, {
        sluice_records_total: 18,
        sluice_bytes_total: 1800,
        sluice_rows_total: 12,
        sluice_empty_total: 2,
        "sluice_dead_letters_total reason=not_json": 4,
        "sluice_drops_total rule=password": 6,
        sluice_unknown_fields_total: 6,
        "sluice_quality_total expectation=positive": 4,
        "sluice_batches_total rotation=age": 2,
        sluice_files_total: 2,
        sluice_file_bytes_total: 140,
        sluice_commit_seconds: 2,
        sluice_commit_conflicts_total: 1,
        sluice_last_commit_timestamp_seconds: Date.UTC(2026, 10, 20, 7) / 1000
      })
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("tell age and size of the open batch as of the moment they are asked, and 0 without one", () =>
    Effect.gen(function* () {
      const of = Effect.map(series, (all) => [all["sluice_batch_age_seconds"], all["sluice_batch_bytes"]])
      yield* declareMetrics("order")
      let bytes = 10
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* watchBatch("order", 0, () => bytes)
          yield* TestClock.adjust("42 seconds")
          bytes = 500
          assert.deepStrictEqual(yield* of, [42, 500])
        })
      )
      assert.deepStrictEqual(yield* of, [0, 0])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("of a repartition with nothing to do say that the consumable is up to date", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5000)
      yield* recordRepartition("order", null, 30)
      assert.deepInclude(yield* series, {
        sluice_repartition_seconds: 1,
        sluice_repartition_rows_total: 0,
        sluice_last_repartition_timestamp_seconds: 5
      })
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.live("of a real ingest are what it committed, and name no value of a record", () =>
    Effect.gen(function* () {
      const { counts, commits } = yield* run(pagesSource([page("a", 0, 30), page("b", 0, 20)]), {
        limits: { bytes: 2000, ageMillis: 60_000, hours: 48, bufferBytes: 1_000_000 }
      })
      const all = yield* series
      assert.isAbove(commits, 1)
      assert.deepInclude(all, {
        sluice_records_total: 50,
        sluice_rows_total: counts.rows,
        "sluice_dead_letters_total reason=missing_key": 5,
        sluice_bytes_total: counts.bytes,
        sluice_commit_seconds: commits,
        sluice_batch_bytes: 0
      })
      const known = new Set(Object.values(metrics).map(({ id }) => id))
      const snapshot = yield* Metric.snapshot
      for (const { id, attributes } of snapshot) {
        assert.isTrue(known.has(id))
        assert.strictEqual(attributes?.["dataset"], "order")
      }
      assert.notInclude(JSON.stringify(snapshot), "o-1")
    }).pipe(Effect.provide(temporaryStore), Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})
