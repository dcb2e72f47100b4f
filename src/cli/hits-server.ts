import { Effect, Exit, Scope } from "effect"
import { collectOptionsOf } from "../app/collect-options.ts"
import type { hitsNames } from "../app/collect-settings.ts"
import { BadConfig, type Unreachable, type UsageError } from "../app/failures.ts"
import { openHitStream } from "../app/hit-stream.ts"
import { type Address, authority } from "../app/setting-types.ts"
import type { Values } from "../app/settings.ts"
import type { Answer } from "../collect/answers.ts"
import { type CollectCounts, noCounts } from "../collect/counts.ts"
import { watchCollect } from "../collect/metrics.ts"
import { serveCollect } from "../collect/server.ts"
import type { AccessLine } from "../collect/server-options.ts"
import { type Page, type Pages, pagesOf } from "./metrics-server.ts"
import { Shutdown } from "./shutdown.ts"

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

export interface HitsServer {
  /** What became of hits so far. */
  readonly counts: CollectCounts
  /** How it does, for who asks. */
  readonly pages: Pages
}

/**
 * Takes hits over HTTP until its scope is closed; tells where, and when hits are not stored.
 *
 * @param to the stream: a folder, or `kinesis:NAME`
 * @param isDraining does the command end?
 */
export const serveHits = (
  to: string,
  at: Address,
  values: Values<(typeof hitsNames)[number]>,
  isDraining: () => boolean
): Effect.Effect<HitsServer, BadConfig | UsageError | Unreachable, Scope.Scope> =>
  Effect.gen(function* () {
    const collect = yield* collectOptionsOf(values, values)
    const counts = noCounts()
    const { calls, location, stream, trouble } = yield* openHitStream(to, values)
    const readiness = Effect.map(trouble, (why) => ({
      ready: !isDraining() && why === null,
      state: isDraining() ? "draining" : "running",
      stream: why ?? "takes hits"
    }))
    const pages = yield* pagesOf(readiness)
    const context = yield* Effect.context<never>()
    const run = Effect.runPromiseWith(context)
    // Where they have a port of their own, metrics are not for everybody.
    const shown = Object.entries(pages).filter(([path]) => path !== "/metrics" || values.metricsPort === null)
    const server = yield* serveCollect({
      ...at,
      collect,
      counts,
      stream,
      calls,
      queueHits: values.queueHits,
      queueBytes: values.queueBytes,
      maxConnections: yield* connectionsFor(values.maxConnections),
      pages: Object.fromEntries(shown.map(([path, page]) => [path, () => run(Effect.map(page, answerOf))])),
      onRequest: values.accessLog === "on" ? accessLog() : null
    }).pipe(Effect.mapError(({ problem, hint }) => new BadConfig({ problem, hint })))
    yield* watchCollect(counts, server)
    yield* Effect.forkScoped(tellTrouble(trouble))
    const address = `http://${authority(at.host ?? "localhost", server.port)}/collect`
    yield* Effect.logInfo(`taking hits at ${address} into ${location}; stop with Ctrl-C or SIGTERM`, { port: server.port })
    return { counts, pages }
  })

/** The same until the command is asked to stop, or the scope is closed: what was acknowledged by then is in the stream. */
export const serveHitsUntilStopped = (
  to: string,
  at: Address,
  values: Values<(typeof hitsNames)[number]>
): Effect.Effect<HitsServer, BadConfig | UsageError | Unreachable, Scope.Scope | Shutdown> =>
  Effect.gen(function* () {
    const shutdown = yield* Shutdown
    const own = yield* Scope.make()
    let isDraining = false
    const stop = Effect.suspend(() => {
      isDraining = true
      return Scope.close(own, Exit.void)
    })
    yield* Effect.addFinalizer(() => stop)
    const server = yield* Scope.provide(
      serveHits(to, at, values, () => isDraining),
      own
    )
    yield* Effect.forkScoped(Effect.andThen(shutdown.requested, stop))
    return server
  })

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
