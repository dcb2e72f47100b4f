import { Clock, Effect, Metric, type Scope } from "effect"
import { deadLetterReasons } from "../record/dead-letter-reasons.ts"
import { type BatchReport, type RepartitionReport, sumOf } from "../record/report.ts"
import { watchGauge } from "../record/watched-gauge.ts"

/**
 * What a running process tells about its ingest, in the registry of the fiber that it runs in. Counters count what is committed: a batch that
 * a crash or another owner of its shards has made void is counted by whoever commits its records. Attributes are names of datasets, of
 * contracts and of enumerations, never values of records.
 */
const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })
const gauge = (name: string, description: string) => Metric.gauge(name, { description })
const timer = (name: string, description: string) =>
  Metric.histogram(name, { description, boundaries: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900] })

/** Every metric of ingest and repartition by its role. Each has the attribute `dataset`; further ones are named in its description. */
export const metrics = {
  records: counter("sluice_records_total", "Records committed, as rows, dead letters or nothing."),
  bytes: counter("sluice_bytes_total", "Raw bytes of the records committed."),
  rows: counter("sluice_rows_total", "Rows committed to stage."),
  deadLetters: counter("sluice_dead_letters_total", "Records that could not become rows, by reason."),
  empty: counter("sluice_empty_total", "Records that are nothing by definition: empty lines, empty objects."),
  drops: counter("sluice_drops_total", "Values left out, by drop rule of the contract."),
  rescued: counter("sluice_rescued_total", "Values that did not fit their column and are kept as text."),
  drift: counter("sluice_unknown_fields_total", "Fields that the contract does not know."),
  quality: counter("sluice_quality_total", "Rows for which an expectation of the contract does not hold, by expectation."),
  handedOver: counter("sluice_slow_path_total", "Values that the fast path of decoding left to the slow one."),
  batches: counter("sluice_batches_total", "Batches committed, by what closed them: size, age, hours, source, end, drain."),
  files: counter("sluice_files_total", "Files committed to stage."),
  fileBytes: counter("sluice_file_bytes_total", "Bytes of the files committed to stage."),
  batchAge: gauge("sluice_batch_age_seconds", "Age of the open batch; 0 without one."),
  batchBytes: gauge("sluice_batch_bytes", "Raw bytes in the open batch; 0 without one."),
  commit: timer("sluice_commit_seconds", "Time that the commits of a batch took, dead letters and stage."),
  conflicts: counter("sluice_commit_conflicts_total", "Batches made void by another process that committed one of their shards."),
  lastCommit: gauge(
    "sluice_last_commit_timestamp_seconds",
    "When a batch was last committed, in seconds since 1970; absent before the first."
  ),
  repartition: timer("sluice_repartition_seconds", "Time that repartitions took, those with nothing to do included."),
  repartitionFailures: counter("sluice_repartition_failures_total", "Repartitions that failed; the next one takes up what they left."),
  repartitionRows: counter("sluice_repartition_rows_total", "Rows that repartitions added to the consumable."),
  repartitionDuplicates: counter("sluice_repartition_duplicates_total", "Copies of a version that the consumable does not take."),
  lastRepartition: gauge(
    "sluice_last_repartition_timestamp_seconds",
    "When the consumable was last brought up to its stage, in seconds since 1970; absent before the first time."
  )
} as const

/** Adds to a metric under attributes, or sets it where it is a gauge. */
const update = (metric: Metric.Metric<number, unknown>, attributes: Metric.Metric.AttributeSet, value: number): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(metric, attributes), value)

/** One series per name that was counted. */
const updateEach = (
  metric: Metric.Metric<number, unknown>,
  dataset: string,
  attribute: string,
  counts: { readonly [name: string]: number | undefined }
): Effect.Effect<void> =>
  Effect.forEach(Object.entries(counts), ([name, n]) => update(metric, { dataset, [attribute]: name }, n ?? 0), { discard: true })

const nowSeconds = Effect.map(Clock.currentTimeMillis, (millis) => millis / 1000)

/** Begins the counters of a dataset at 0, so that the first thing counted is seen as a step. To be called when ingest starts. */
export const declareMetrics = (dataset: string): Effect.Effect<void> =>
  Effect.forEach(
    [
      metrics.records,
      metrics.bytes,
      metrics.rows,
      metrics.empty,
      metrics.rescued,
      metrics.drift,
      metrics.handedOver,
      metrics.files,
      metrics.fileBytes,
      metrics.batchAge,
      metrics.batchBytes,
      metrics.conflicts,
      metrics.repartitionFailures
    ],
    (metric) => update(metric, { dataset }, 0),
    { discard: true }
  ).pipe(
    Effect.andThen(
      updateEach(metrics.deadLetters, dataset, "reason", Object.fromEntries(Object.keys(deadLetterReasons).map((reason) => [reason, 0])))
    )
  )

/**
 * While its scope is open, the gauges of the open batch tell its age and its size as of the moment that they are asked; afterwards 0.
 *
 * @param startedAt when the batch began, milliseconds since 1970
 * @param bytes raw bytes in it by now
 */
export const watchBatch = (dataset: string, startedAt: number, bytes: () => number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const watch = (metric: Metric.Gauge<number>, value: (now: number) => number) =>
      Effect.andThen(
        Effect.addFinalizer(() => update(metric, { dataset }, 0)),
        watchGauge(metric, { dataset }, value)
      )
    yield* watch(metrics.batchAge, (now) => Math.max(0, now - startedAt) / 1000)
    yield* watch(metrics.batchBytes, bytes)
  })

/** Counts a batch that is committed. @param commitMillis how long its commits took */
export const recordBatch = (report: BatchReport, commitMillis: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { counts, dataset } = report
    const add = (metric: Metric.Metric<number, unknown>, n: number) => update(metric, { dataset }, n)
    yield* add(metrics.records, counts.records)
    yield* add(metrics.bytes, counts.bytes)
    yield* add(metrics.rows, counts.rows)
    yield* add(metrics.empty, counts.empty)
    yield* add(metrics.rescued, sumOf(counts.rescued))
    yield* add(metrics.drift, sumOf(counts.drift))
    yield* add(metrics.handedOver, sumOf(counts.handedOver))
    yield* add(metrics.files, report.files)
    yield* add(metrics.fileBytes, report.fileBytes)
    yield* updateEach(metrics.deadLetters, dataset, "reason", counts.deadLetters)
    yield* updateEach(metrics.drops, dataset, "rule", counts.drops)
    yield* updateEach(metrics.quality, dataset, "expectation", counts.quality)
    yield* updateEach(metrics.batches, dataset, "rotation", { [report.rotation]: 1 })
    yield* add(metrics.commit, commitMillis / 1000)
    yield* add(metrics.lastCommit, yield* nowSeconds)
  })

/** Counts a batch that became void because another process committed one of its shards. */
export const recordConflict = (dataset: string): Effect.Effect<void> => update(metrics.conflicts, { dataset }, 1)

/** Counts a repartition that brought the consumable up to its stage. @param report what it committed; null: there was nothing to do */
export const recordRepartition = (dataset: string, report: RepartitionReport | null, millis: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* update(metrics.repartition, { dataset }, millis / 1000)
    yield* update(metrics.repartitionRows, { dataset }, report?.rowsAdded ?? 0)
    yield* update(metrics.repartitionDuplicates, { dataset }, report?.duplicates ?? 0)
    yield* update(metrics.lastRepartition, { dataset }, yield* nowSeconds)
  })

/** Counts a repartition that failed. */
export const recordRepartitionFailure = (dataset: string): Effect.Effect<void> => update(metrics.repartitionFailures, { dataset }, 1)
