import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect, Schema, type Scope } from "effect"
import { LakeError } from "../duckdb/errors.ts"
import { jsonText } from "../record/json-text.ts"
import type { Problem } from "./api.ts"
import { type Asking, type Guard, securityHeaders } from "./guard.ts"
import { QueryFailure } from "./query-pool.ts"
import type { SiteFile } from "./site.ts"

/** What a route answers. */
export interface Reply {
  readonly status?: number
  readonly type: string
  readonly body: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** Tells this answer from others of the same address: whoever has it already is told so. */
  readonly etag?: string
}

export interface Asked {
  readonly path: string
  readonly search: URLSearchParams
  /** The value of a body that was posted. */
  readonly body: unknown
  readonly header: (name: string) => string | undefined
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}

export interface Routes {
  /** The answer of an address below `/api/`; null: there is none. */
  readonly get: (asked: Asked) => Promise<Reply> | null
  readonly post: (asked: Asked) => Promise<Reply> | null
  /** Takes an open answer for events. */
  readonly events: (send: (text: string) => void, closed: AbortSignal) => void
}

export interface ConsoleServerOptions {
  readonly host: string
  readonly port: number
  /** Known when the port is. */
  readonly guardOf: (port: number) => Guard
  readonly site: ReadonlyMap<string, SiteFile>
  readonly routes: Routes
  /** Told of what is nobody's fault who asks. */
  readonly onError: (cause: unknown) => void
}

/** It cannot listen. */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

const mostBodyBytes = 1_000_000
const mostConnections = 256
const mostEvents = 64

export const json = (value: unknown, status = 200): Reply => ({ status, type: "application/json", body: `${jsonText(value)}\n` })
const problem = (status: number, text: string, hint: string): Reply => json({ problem: text, hint } satisfies Problem, status)

/** Serves the console until its scope is closed. */
export const serveConsole = (
  options: ConsoleServerOptions
): Effect.Effect<{ readonly port: number; readonly guard: Guard }, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    let handle: ((request: IncomingMessage, response: ServerResponse) => void) | null = null
    const server = yield* Effect.acquireRelease(
      listen(options, (request, response) => handle?.(request, response)),
      close
    )
    const { port } = server.address() as AddressInfo // of a server that listens on a port
    const guard = options.guardOf(port)
    const desk = new Desk(options, guard)
    handle = (request, response) => void desk.take(request, response)
    return { port, guard }
  })

class Desk {
  readonly #options: ConsoleServerOptions
  readonly #guard: Guard
  #events = 0

  constructor(options: ConsoleServerOptions, guard: Guard) {
    this.#options = options
    this.#guard = guard
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const header = (name: string): string | undefined => {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(", ") : value
    }
    const { method = "", url = "/" } = request
    const mark = url.indexOf("?")
    const path = mark < 0 ? url : url.slice(0, mark)
    const search = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1))
    const gone = new AbortController()
    response.on("close", () => gone.abort())
    try {
      const reply = await this.#answer(request, response, { method, path, header }, search, gone.signal)
      if (reply !== null) send(response, reply, header("if-none-match"), method === "HEAD")
    } catch (cause) {
      if (response.headersSent) response.destroy()
      else send(response, this.#failed(cause), undefined, false)
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    asking: Asking,
    search: URLSearchParams,
    signal: AbortSignal
  ): Promise<Reply | null> {
    const { header, method, path } = asking
    if (path === "/healthz" && isReading(method)) return json({ ok: true })
    if (!isReading(method) && method !== "POST")
      return { ...problem(405, `${method} is not for here`, "There are GET and POST."), headers: { allow: "GET, HEAD, POST" } }
    if (path.startsWith("/login/") && method === "GET") return this.#login(asking)
    const refusal = this.#guard.refusal(asking)
    if (refusal !== null) {
      const headers: Record<string, string> = refusal.status === 401 ? { "www-authenticate": "Bearer" } : {}
      return { ...problem(refusal.status, refusal.problem, refusal.hint), headers }
    }
    const { routes, site } = this.#options
    if (path === "/api/events" && method === "GET") return this.#openEvents(response, signal)
    if (method === "POST") {
      const body = await bodyOf(request)
      const found = routes.post({ path, search, body, header, signal })
      return found ?? problem(404, `nothing is posted to ${path}`, "See docs/console.md.")
    }
    if (path.startsWith("/api/")) {
      const found = routes.get({ path, search, body: null, header, signal })
      return found ?? problem(404, `there is nothing at ${path}`, "See docs/console.md.")
    }
    const file = site.get(path)
    if (file === undefined) return problem(404, "there is no such page", "Begin at /.")
    const cache = file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache"
    return { type: file.type, body: file.bytes, etag: file.etag, headers: { "cache-control": cache } }
  }

  #login(asking: Asking): Reply {
    const host = this.#guard.wrongHost(asking)
    if (host !== null) return problem(host.status, host.problem, host.hint)
    const cookie = this.#guard.useLink(asking.path)
    if (cookie === null)
      return problem(
        401,
        "this link was used, or is none of this console's",
        "Start the console again for another one, or send authorization: Bearer TOKEN."
      )
    return { status: 303, type: "text/plain; charset=utf-8", body: "", headers: { location: "/", "set-cookie": cookie } }
  }

  #openEvents(response: ServerResponse, signal: AbortSignal): Reply | null {
    if (this.#events >= mostEvents) return problem(503, "too many listen", "Close other pages of the console.")
    this.#events++
    response.writeHead(200, {
      ...securityHeaders,
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no"
    })
    response.write(": here\n\n")
    const beat = setInterval(() => response.write(": here\n\n"), 20_000)
    signal.addEventListener("abort", () => {
      this.#events--
      clearInterval(beat)
    })
    this.#options.routes.events((text) => response.write(text), signal)
    return null
  }

  #failed(cause: unknown): Reply {
    if (cause instanceof QueryFailure) {
      const headers: Record<string, string> = cause.status === 503 ? { "retry-after": "2" } : {}
      return { ...problem(cause.status, cause.message, cause.hint), headers }
    }
    this.#options.onError(cause)
    if (cause instanceof LakeError) return problem(503, "the lake cannot be read", "The console's log says why.")
    return problem(500, "it failed", "The console's log says why.")
  }
}

const isReading = (method: string): boolean => method === "GET" || method === "HEAD"

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Array<Buffer> = []
  let size = 0
  for await (const part of request) {
    if (!(part instanceof Uint8Array)) continue
    size += part.length
    if (size > mostBodyBytes) throw new QueryFailure(413, "the body is too large", "Send less.")
    parts.push(Buffer.from(part))
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"))
  } catch {
    throw new QueryFailure(400, "the body is no JSON", "Send a JSON object.")
  }
}

/** Tells answers apart by what they are made of. */
export const etagOf = (...parts: ReadonlyArray<unknown>): string =>
  `"${createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22)}"`

const send = (response: ServerResponse, reply: Reply, known: string | undefined, isHead: boolean): void => {
  if (response.destroyed) return
  const { body, etag, headers, status = 200, type } = reply
  const all: Record<string, string> = {
    ...securityHeaders,
    // An answer with a mark may be kept, and asked for again by it; others are nobody's to keep.
    "cache-control": etag === undefined ? "no-store" : "private, no-cache",
    ...(etag === undefined ? {} : { etag }),
    ...headers
  }
  if (etag !== undefined && known?.split(",").some((each) => each.trim() === etag) === true) {
    response.writeHead(304, all).end()
    return
  }
  response.writeHead(status, { ...all, "content-type": type, "content-length": String(Buffer.byteLength(body)) })
  response.end(isHead ? undefined : body)
}

const listen = (
  { host, port }: ConsoleServerOptions,
  handler: (request: IncomingMessage, response: ServerResponse) => void
): Effect.Effect<Server, ListenError> =>
  Effect.callback<Server, ListenError>((resume) => {
    const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16_384, requireHostHeader: true }, handler)
    server.maxConnections = mostConnections
    // For as long as it lives: an error later on, such as too many open files, must not end the process.
    server.on("error", (error) => {
      const taken = "code" in error && error.code === "EADDRINUSE"
      const text = taken ? `port ${port} is taken by another program` : `the console cannot be served: ${error.message}`
      resume(Effect.fail(new ListenError({ problem: text, hint: "Give another --port; 0 takes any that is free." })))
    })
    server.listen({ port, host }, () => resume(Effect.succeed(server)))
  })

const close = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })
