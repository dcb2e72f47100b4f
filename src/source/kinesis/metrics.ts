import { Effect, Metric, type Scope } from "effect"
import { watchGauge } from "../../record/watched-gauge.ts"

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })

/**
 * What a consumer of a stream tells while it reads. Counters count what was read, committed or not: what a crash or another owner makes void is
 * counted again when it is read again. Attributes are `stream`, and `shard` where it is said.
 */
export const sourceMetrics = {
  records: counter("sluice_source_records_total", "Records read, those inside of aggregated ones each."),
  bytes: counter("sluice_source_bytes_total", "Bytes read, partition keys included, as the stream counts them."),
  calls: counter("sluice_source_calls_total", "Calls for records that were answered."),
  behind: Metric.gauge("sluice_source_behind_seconds", {
    description: "How far reading is behind the tip of the shard, the time since its last answer included; by shard."
  }),
  throttles: counter("sluice_source_throttles_total", "Calls that were refused because of too many calls or bytes."),
  failures: counter("sluice_source_failures_total", "Calls that failed and were made again, throttled ones not included."),
  expiredIterators: counter("sluice_source_expired_iterators_total", "Iterators that expired before they were used."),
  outOfRange: counter("sluice_source_out_of_range_total", "Records inside of aggregated ones whose hash key belongs to another shard."),
  gaps: counter("sluice_source_gaps_total", "Spans of time whose records may have been trimmed before they were read.")
} as const

type Name = Exclude<keyof typeof sourceMetrics, "behind">

/** The counters of one stream. */
export interface Meter {
  readonly add: (name: Name, n: number) => Effect.Effect<void>
}

export const meterOf = (stream: string): Meter => ({
  add: (name, n) => (n === 0 ? Effect.void : Metric.update(Metric.withAttributes(sourceMetrics[name], { stream }), n))
})

/**
 * Tells how far reading is behind the tip of a shard, for as long as it is read.
 *
 * @param readUntil until when everything that arrived has been read, by the clock of this process, milliseconds since 1970
 */
export const watchShard = (stream: string, shard: string, readUntil: () => number): Effect.Effect<void, never, Scope.Scope> =>
  watchGauge(sourceMetrics.behind, { stream, shard }, (now) => Math.max(0, now - readUntil()) / 1000)

/** Begins the counters of a stream at 0, so that the first thing counted is seen as a step. */
export const declareSourceMetrics = (stream: string): Effect.Effect<void> => {
  const { behind: _, ...counters } = sourceMetrics
  return Effect.forEach(Object.values(counters), (metric) => Metric.update(Metric.withAttributes(metric, { stream }), 0), { discard: true })
}
