import type { IncomingMessage, ServerResponse } from "node:http"
import type { Answer } from "./answers.ts"
import type { CollectRequest } from "./collector.ts"

/** One request and its answer, which is sent once. */
export class Exchange implements CollectRequest {
  readonly request: IncomingMessage
  readonly #response: ServerResponse
  readonly #onEnd: (status: number) => void
  readonly method: string
  readonly path: string
  readonly query: string
  cors: Readonly<Record<string, string>> | null = null
  isSent = false
  hits = 0
  bytes = 0

  constructor(request: IncomingMessage, response: ServerResponse, onEnd: (status: number) => void) {
    this.request = request
    this.#response = response
    this.#onEnd = onEnd
    const { method = "", url = "" } = request
    // A client that takes us for its proxy says the whole URL.
    const target = /^https?:\/\/[^/?#]*/i.exec(url)?.[0] ?? ""
    const local = target === "" ? url : url.slice(target.length)
    const mark = local.indexOf("?")
    this.method = method
    this.path = mark < 0 ? local : local.slice(0, mark)
    this.query = mark < 0 ? "" : local.slice(mark + 1)
  }

  get remote(): string {
    return this.request.socket.remoteAddress ?? ""
  }

  readonly header = (name: string): string | undefined => {
    const value = this.request.headers[name]
    return Array.isArray(value) ? value.join(", ") : value
  }

  send({ body, closes, headers, isBinary, status }: Answer): void {
    if (this.isSent) return
    this.isSent = true
    const response = this.#response
    if (!response.destroyed) {
      if (closes === true) response.shouldKeepAlive = false
      response.writeHead(status, this.cors === null ? headers : { ...headers, ...this.cors })
      response.end(this.method === "HEAD" ? "" : body, isBinary === true ? "latin1" : "utf8")
    }
    this.#onEnd(status)
  }

  /** Nobody waits for the answer. */
  leave(): void {
    if (this.isSent) return
    this.isSent = true
    this.#onEnd(0)
  }
}
