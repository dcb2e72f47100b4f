import type { IncomingMessage, ServerResponse } from "node:http"
import type { Answer } from "./answers.ts"
import type { CollectRequest } from "./collector.ts"

/** Where a request came from, and where its answer goes. */
export interface Wire {
  readonly remote: string
  header(name: string): string | undefined
  /** @param cors what else is in its head */
  write(answer: Answer, cors: Answer["headers"] | null, body: string): void
}

/** The wire of Node's server. */
export const nodeWire = (request: IncomingMessage, response: ServerResponse): Wire => ({
  get remote() {
    return request.socket.remoteAddress ?? ""
  },
  header(name) {
    const value = request.headers[name]
    return Array.isArray(value) ? value.join(", ") : value
  },
  write({ closes, headers, isBinary, status }, cors, body) {
    if (response.destroyed) return
    if (closes === true) response.shouldKeepAlive = false
    response.writeHead(status, cors === null ? headers : { ...headers, ...cors })
    response.end(body, isBinary === true ? "latin1" : "utf8")
  }
})

/** One request and its answer, which is sent once. */
export class Exchange implements CollectRequest {
  readonly #wire: Wire
  readonly #onEnd: (exchange: Exchange, status: number) => void
  readonly method: string
  readonly path: string
  readonly query: string
  cors: Readonly<Record<string, string>> | null = null
  isSent = false
  hits = 0
  bytes = 0
  /** When it came, by `performance.now()`, where somebody wants to know. */
  begun = 0

  constructor(method: string, url: string, wire: Wire, onEnd: (exchange: Exchange, status: number) => void) {
    this.#wire = wire
    this.#onEnd = onEnd
    // A client that takes us for its proxy says the whole URL.
    const target = url.startsWith("/") ? "" : (/^https?:\/\/[^/?#]*/i.exec(url)?.[0] ?? "")
    const local = target === "" ? url : url.slice(target.length)
    const mark = local.indexOf("?")
    this.method = method
    this.path = mark < 0 ? local : local.slice(0, mark)
    this.query = mark < 0 ? "" : local.slice(mark + 1)
  }

  get remote(): string {
    return this.#wire.remote
  }

  header(name: string): string | undefined {
    return this.#wire.header(name)
  }

  send(answer: Answer): void {
    if (this.isSent) return
    this.isSent = true
    this.#wire.write(answer, this.cors, this.method === "HEAD" ? "" : answer.body)
    this.#onEnd(this, answer.status)
  }

  /** Nobody waits for the answer. */
  leave(): void {
    if (this.isSent) return
    this.isSent = true
    this.#onEnd(this, 0)
  }
}
