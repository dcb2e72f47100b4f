import { Effect, Metric, type Scope } from "effect"
import { watchGauge } from "../record/watched-gauge.ts"
import type { CollectCounts } from "./counts.ts"
import { hitProblemNames } from "./hit.ts"
import type { CollectServer } from "./server.ts"

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })
const gauge = (name: string, description: string) => Metric.gauge(name, { description })

/** What a running collector tells. Attributes are statuses, enumerated reasons and nothing of a request. */
export const collectMetrics = {
  requests: counter("sluice_collect_requests_total", "Requests answered, by status; 0: the client had left."),
  hits: counter(
    "sluice_collect_hits_total",
    "Hits, by what became of them: stored, unavailable (answered 503, perhaps stored), refused, dropped."
  ),
  refused: counter("sluice_collect_refused_total", "Hits that cannot be stored, by reason."),
  privacy: counter("sluice_collect_privacy_total", "Hits whose clients ask for privacy, by how: gpc, dnt, aip."),
  robots: counter("sluice_collect_robots_total", "Hits of robots, which are stored with a flag."),
  overrides: counter("sluice_collect_overrides_ignored_total", "Hits that said ua or uip without an API key."),
  bytes: counter("sluice_collect_body_bytes_total", "Bytes of bodies, as they came."),
  broken: counter("sluice_collect_broken_total", "Requests that were no HTTP, too slow, or too large in their head, by status."),
  connectionsRefused: counter("sluice_collect_connections_refused_total", "Connections closed at once, as there were too many."),
  connections: gauge("sluice_collect_connections", "Open connections."),
  queueHits: gauge("sluice_collect_queue_hits", "Hits that wait to be stored, or are on their way."),
  queueBytes: gauge("sluice_collect_queue_bytes", "Bytes held for hits and bodies.")
} as const

/** Every status that there is. */
const statuses = [0, 200, 204, 400, 401, 404, 405, 413, 414, 415, 429, 500, 503]

const unused = () => {}

/** While its scope is open, the metrics tell what the counts say at the moment that they are asked. */
export const watchCollect = (counts: CollectCounts, server: CollectServer): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const watch = (metric: Metric.Counter<number>, attributes: { readonly [name: string]: string }, value: () => number) =>
      Effect.acquireRelease(
        Effect.sync(() =>
          Metric.registerUnsafe(Metric.withAttributes(metric, attributes), context, {
            get: () => ({ count: value(), incremental: true }),
            update: unused,
            modify: unused
          })
        ),
        (registered) => Effect.sync(() => registered.remove())
      )
    const m = collectMetrics
    const sum = (of: ReadonlyMap<unknown, number>) => [...of.values()].reduce((all, n) => all + n, 0)
    yield* watch(m.hits, { result: "refused" }, () => sum(counts.refused))
    yield* watch(m.hits, { result: "dropped" }, () => sum(counts.dropped))
    for (const status of statuses) yield* watch(m.requests, { status: String(status) }, () => counts.requests.get(status) ?? 0)
    for (const status of [400, 408, 431]) yield* watch(m.broken, { status: String(status) }, () => counts.broken.get(status) ?? 0)
    for (const problem of hitProblemNames) yield* watch(m.refused, { reason: problem }, () => counts.refused.get(problem) ?? 0)
    for (const signal of ["gpc", "dnt", "aip"]) yield* watch(m.privacy, { signal }, () => counts.privacy.get(signal) ?? 0)
    yield* watch(m.hits, { result: "stored" }, () => counts.stored)
    yield* watch(m.hits, { result: "unavailable" }, () => counts.unavailable)
    yield* watch(m.robots, {}, () => counts.robots)
    yield* watch(m.overrides, {}, () => counts.overrides)
    yield* watch(m.bytes, {}, () => counts.bytes)
    yield* watch(m.connectionsRefused, {}, () => counts.connectionsRefused)
    yield* watchGauge(m.connections, {}, server.connections)
    yield* watchGauge(m.queueHits, {}, () => server.queue.hits)
    yield* watchGauge(m.queueBytes, {}, () => server.queue.bytes)
  })
