import { Effect, Metric, type Scope } from "effect"
import { watchGauge } from "../../record/watched-gauge.ts"
import type { Ledger } from "./ledger.ts"
import type { Ignored } from "./wanted.ts"

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })

/** What a consumer of a queue tells while it reads. The attribute `queue` is the queue's URL; `reason` says why an announcement was ignored. */
export const queueMetrics = {
  received: counter("sluice_queue_received_total", "Messages received, those that come again each time."),
  removed: counter("sluice_queue_removed_total", "Messages removed: all that they announce is committed, or is nothing to be read."),
  unremoved: counter("sluice_queue_unremoved_total", "Messages that the queue did not remove when it was asked to: they come again."),
  returned: counter("sluice_queue_returned_total", "Messages given back, to be received again."),
  ignored: counter("sluice_queue_ignored_total", "Announcements of which nothing is read, by reason: test, deleted, other, not_taken."),
  held: Metric.gauge("sluice_queue_held_messages", { description: "Messages received and not removed yet." }),
  oldest: Metric.gauge("sluice_queue_oldest_seconds", { description: "Age of the oldest message that is held, since it was sent." })
} as const

const counted = ["received", "removed", "unremoved", "returned"] as const
type Counted = (typeof counted)[number]

/** What was counted so far of one queue. */
export type QueueTally = { readonly [what in Counted | Ignored]: number }

/** The counters of one queue. */
export interface QueueMeter {
  readonly add: (name: Counted, n: number) => Effect.Effect<void>
  readonly ignored: (reasons: ReadonlyArray<Ignored>) => Effect.Effect<void>
  readonly tally: QueueTally
}

export const queueMeter = (queue: string): QueueMeter => {
  const tally = { received: 0, removed: 0, unremoved: 0, returned: 0, test: 0, deleted: 0, other: 0, not_taken: 0 }
  return {
    tally,
    add: (name, n) => {
      tally[name] += n
      return n === 0 ? Effect.void : Metric.update(Metric.withAttributes(queueMetrics[name], { queue }), n)
    },
    ignored: (reasons) => {
      for (const reason of reasons) tally[reason]++
      return Effect.forEach(reasons, (reason) => Metric.update(Metric.withAttributes(queueMetrics.ignored, { queue, reason }), 1), {
        discard: true
      })
    }
  }
}

const ignoredReasons: ReadonlyArray<Ignored> = ["test", "deleted", "other", "not_taken"]

/** Begins the counters at 0, so that the first thing counted is seen as a step, and tells what is held, while the scope is open. */
export const watchQueue = (queue: string, { held }: Pick<Ledger, "held">): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    for (const name of counted) yield* Metric.update(Metric.withAttributes(queueMetrics[name], { queue }), 0)
    for (const reason of ignoredReasons) yield* Metric.update(Metric.withAttributes(queueMetrics.ignored, { queue, reason }), 0)
    yield* watchGauge(queueMetrics.held, { queue }, () => held.size)
    yield* watchGauge(queueMetrics.oldest, { queue }, (now) => {
      let oldest = now
      for (const { sentAt } of held.values()) oldest = Math.min(oldest, sentAt)
      return (now - oldest) / 1000
    })
  })
