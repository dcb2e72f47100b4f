import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Clock, Effect, Metric, type Scope } from "effect"
import { BadConfig } from "../app/failures.ts"
import { authority } from "../app/setting-types.ts"
import { version } from "../record/version.ts"
import { watchGauge } from "../record/watched-gauge.ts"
import type { Store } from "../store/store.ts"
import { alive, makeReadiness } from "./health.ts"
import type { Shutdown } from "./shutdown.ts"

/** The process itself, under the names that Prometheus' client libraries use, read when they are asked for. */
export const processMetrics: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function* () {
  const context = yield* Effect.context<never>()
  const now = (yield* Clock.currentTimeMillis) / 1000
  const startedAt = now - process.uptime()
  const gauge = (name: string, description: string, value: () => number) => watchGauge(Metric.gauge(name, { description }), {}, value)
  const cpu = Metric.counter("process_cpu_seconds_total", { description: "CPU time of the process, user and system.", incremental: true })
  const seconds = () => {
    const { user, system } = process.cpuUsage()
    return { count: (user + system) / 1e6, incremental: true }
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => Metric.registerUnsafe(cpu, context, { get: seconds, update: unused, modify: unused })),
    (registered) => Effect.sync(() => registered.remove())
  )
  yield* gauge("process_resident_memory_bytes", "Memory of the process.", () => process.memoryUsage.rss())
  yield* gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", () => startedAt)
  const info = Metric.gauge("sluice_info", {
    description: "1; the attribute says which version of Sluice this is.",
    attributes: { version }
  })
  yield* Metric.update(info, 1)
})

const unused = () => {}

/** `/metrics`, `/healthz` (the process runs) and `/readyz` (it can do its work, else 503). */
export const pagesOf = (readiness: Effect.Effect<{ readonly ready: boolean }>): Effect.Effect<Pages> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const startedAt = yield* Clock.currentTimeMillis
    // Not at the top: whoever does not ask for metrics does not wait for it.
    const { PrometheusMetrics } = yield* Effect.promise(() => import("effect/observability"))
    return {
      "/metrics": Effect.sync(() => ({
        type: "text/plain; version=0.0.4; charset=utf-8",
        body: PrometheusMetrics.formatUnsafe(context),
        ok: true
      })),
      "/healthz": Effect.sync(() => jsonPage(alive(context, startedAt), true)),
      "/readyz": Effect.map(readiness, (found) => jsonPage(found, found.ready))
    }
  })

/** Where pages are served. */
interface Address {
  readonly host: string | null
  readonly port: number
}

/** Serves the pages of a command that fills a lake, until its scope is closed. */
export const serveMetrics = (address: Address): Effect.Effect<void, BadConfig, Scope.Scope | Shutdown | Store> =>
  Effect.flatMap(Effect.flatMap(makeReadiness, pagesOf), (pages) => servePages(address, pages))

/** Serves pages until its scope is closed. */
export const servePages = ({ host, port }: Address, pages: Pages): Effect.Effect<void, BadConfig, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const runPage = Effect.runPromiseWith(context)
    const server = yield* Effect.acquireRelease(
      listen(host, port, (request, response) => answer(pages, runPage, request, response)),
      close
    )
    const address = server.address() as AddressInfo // of a server that listens on a port
    yield* Effect.logInfo(`metrics are at http://${authority(host ?? "localhost", address.port)}/metrics`, { port: address.port })
  })

/** What is answered, and whether all is well. */
export interface Page {
  readonly type: string
  readonly body: string
  readonly ok: boolean
}

export type Pages = { readonly [path: string]: Effect.Effect<Page> }

const jsonPage = (value: unknown, ok: boolean): Page => ({ type: "application/json", body: `${JSON.stringify(value)}\n`, ok })

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const answer = (
  pages: Pages,
  runPage: (page: Effect.Effect<Page>) => Promise<Page>,
  request: IncomingMessage,
  response: ServerResponse
): void => {
  const { method = "", url = "" } = request
  const path = url.split("?", 1)[0] ?? ""
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  if (page === undefined) {
    response.writeHead(404, { "content-type": "text/plain" }).end(`There are ${Object.keys(pages).join(", ")}.\n`)
  } else if (method !== "GET" && method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end()
  } else {
    runPage(page).then(
      ({ body, ok, type }) =>
        response
          .writeHead(ok ? 200 : 503, { "content-type": type, "content-length": Buffer.byteLength(body) })
          .end(method === "HEAD" ? undefined : body),
      // A metric that cannot be read is no reason to end the process.
      () => response.writeHead(500).end()
    )
  }
}

const listen = (host: string | null, port: number, handler: Handler): Effect.Effect<Server, BadConfig> =>
  Effect.callback<Server, BadConfig>((resume) => {
    const server = createServer(handler)
    // For as long as it lives: an error later on, such as too many open files, must not end the process.
    server.on("error", (error) => {
      const taken = "code" in error && error.code === "EADDRINUSE"
      resume(
        new BadConfig({
          problem: taken ? `port ${port} for metrics is taken by another program` : `metrics cannot be served: ${error.message}`,
          hint: "Give another --metrics-port (SLUICE_METRICS_PORT); 0 takes any that is free."
        })
      )
    })
    server.listen({ port, ...(host === null ? {} : { host }) }, () => resume(Effect.succeed(server)))
  })

/** Whoever still reads is cut off: the process is about to end. */
const close = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })
