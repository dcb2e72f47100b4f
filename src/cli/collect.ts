import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { collectOptionsOf } from "../app/collect-options.ts"
import { collectNames } from "../app/collect-settings.ts"
import { BadConfig } from "../app/failures.ts"
import { openHitStream } from "../app/hit-stream.ts"
import { authority } from "../app/setting-types.ts"
import { localStreamNames } from "../app/streams.ts"
import type { Answer } from "../collect/answers.ts"
import { type CollectCounts, noCounts } from "../collect/counts.ts"
import { watchCollect } from "../collect/metrics.ts"
import { serveCollect } from "../collect/server.ts"
import type { AccessLine } from "../collect/server-options.ts"
import { count } from "../record/count.ts"
import { json } from "./common.ts"
import { type Page, pagesOf, processMetrics, servePages } from "./metrics-server.ts"
import { print } from "./output.ts"
import { use } from "./settings.ts"
import { Shutdown } from "./shutdown.ts"

const settings = use(
  "port",
  ...collectNames,
  "trustedProxies",
  "hitsPerSecond",
  "maxConnections",
  "queueHits",
  "queueBytes",
  "accessLog",
  "metricsPort",
  "endpoint",
  "region",
  ...localStreamNames
)

/** Descriptors that a process needs beside its connections: files of the stream, its log, the network of Kinesis. */
const otherFiles = 200

/** As many as may be, where the process may have fewer open files than connections were asked for. */
const connectionsFor = (asked: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    const report: unknown = process.report.getReport()
    const limits = typeof report === "object" && report !== null && "userLimits" in report ? report.userLimits : null
    const text = JSON.stringify(limits)
    const files = Number(/"open_files":\{"soft":"?(\d+)/.exec(text)?.[1] ?? Number.POSITIVE_INFINITY)
    const most = Math.max(1, files - otherFiles)
    if (most >= asked) return asked
    yield* Effect.logWarning(`this process may have ${files} open files, and so takes ${most} connections at most, not ${asked}`)
    return most
  })

/** Lines that are written together: each by itself would cost more than what it tells of. */
const accessLog = (): ((line: AccessLine) => void) => {
  let lines = ""
  return (line) => {
    if (lines === "")
      setTimeout(() => {
        process.stderr.write(lines)
        lines = ""
      }, 100)
    lines += `${JSON.stringify(line)}\n`
  }
}

const answerOf = ({ body, ok, type }: Page): Answer => ({
  status: ok ? 200 : 503,
  headers: { "content-type": type, "content-length": String(Buffer.byteLength(body)), "cache-control": "no-store" },
  body
})

const summary = (counts: CollectCounts) => {
  const sum = (of: ReadonlyMap<unknown, number>) => [...of.values()].reduce((all, n) => all + n, 0)
  return {
    requests: sum(counts.requests),
    stored: counts.stored,
    unavailable: counts.unavailable,
    refused: sum(counts.refused),
    dropped: sum(counts.dropped)
  }
}

export const collect = Command.make(
  "collect",
  {
    to: Flag.String("to").pipe(
      Flag.withDescription("Where hits go: the folder of a local stream, which is made if it is not there, or kinesis:NAME."),
      Flag.withMetavar("DIR")
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const options = yield* collectOptionsOf(values, values)
    const shutdown = yield* Shutdown
    const counts = noCounts()
    yield* Effect.gen(function* () {
      const { calls, location, stream, trouble } = yield* openHitStream(flags.to, values)
      let isDraining = false
      const readiness = Effect.map(trouble, (why) => ({
        ready: !isDraining && why === null,
        state: isDraining ? "draining" : "running",
        stream: why ?? "takes hits"
      }))
      const pages = yield* pagesOf(readiness)
      const context = yield* Effect.context<never>()
      const run = Effect.runPromiseWith(context)
      // Where they have a port of their own, metrics are not for everybody.
      const shown = Object.entries(pages).filter(([path]) => path !== "/metrics" || values.metricsPort === null)
      yield* shutdown.drain
      const server = yield* serveCollect({
        ...values.port,
        collect: options,
        counts,
        stream,
        calls,
        queueHits: values.queueHits,
        queueBytes: values.queueBytes,
        maxConnections: yield* connectionsFor(values.maxConnections),
        pages: Object.fromEntries(shown.map(([path, page]) => [path, () => run(Effect.map(page, answerOf))])),
        onRequest: values.accessLog === "on" ? accessLog() : null
      }).pipe(Effect.mapError(({ problem, hint }) => new BadConfig({ problem, hint })))
      yield* processMetrics
      yield* watchCollect(counts, server)
      if (values.metricsPort !== null) yield* servePages(values.metricsPort, pages)
      yield* Effect.forkScoped(tellTrouble(trouble))
      const at = `http://${authority(values.port.host ?? "localhost", server.port)}/collect`
      yield* Effect.logInfo(`taking hits at ${at} into ${location}; stop with Ctrl-C or SIGTERM`, { port: server.port })
      yield* shutdown.requested
      isDraining = true
    }).pipe(Effect.scoped)
    const done = summary(counts)
    yield* print(flags.json, done, () =>
      [
        `${count(done.stored, "hit was", "hits were")} stored, of ${count(done.requests, "request")}.`,
        ...(done.refused === 0 ? [] : [`${count(done.refused, "hit was", "hits were")} refused, as they cannot be stored.`]),
        ...(done.dropped === 0 ? [] : [`${count(done.dropped, "hit was", "hits were")} dropped, as their clients ask for privacy.`]),
        ...(done.unavailable === 0 ? [] : [`${count(done.unavailable, "hit was", "hits were")} answered 503, and may be stored or not.`])
      ].join("\n")
    )
  })
).pipe(
  Command.withDescription("Take hits over HTTP into a stream. What is answered 2xx is stored."),
  Command.withExamples([
    { description: "Into a stream in a folder", command: "sluice collect --to hits --port 8080" },
    { description: "Into a stream of Kinesis", command: "sluice collect --to kinesis:shop-hits --region eu-west-1 --trusted-proxies 1" }
  ])
)

/** Says when hits begin not to be stored, and when they are again. */
const tellTrouble = (trouble: Effect.Effect<string | null>): Effect.Effect<never> => {
  let told: string | null = null
  return trouble.pipe(
    Effect.tap((why) => {
      if ((why === null) === (told === null)) return Effect.void
      told = why
      return why === null ? Effect.logInfo("hits are stored again") : Effect.logError(`hits are not stored: ${why}`)
    }),
    Effect.andThen(Effect.sleep("1 second")),
    Effect.forever
  )
}
