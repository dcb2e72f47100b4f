import { STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import type { Answer } from "./answers.ts"
import type { Wire } from "./exchange.ts"
import { type WholeRequest, wholeRequest } from "./whole-request.ts"

export interface LaneOptions {
  /** Is told of each request, one at a time of a connection. */
  readonly take: (request: WholeRequest, wire: Wire) => void
  /** Gets a connection on which something else comes, for good, with the bytes there are. */
  readonly handOver: (socket: Socket) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds until the first request, and between requests. */
  readonly head: number
  readonly idle: number
}

/**
 * Connections on which nothing but plain requests for hits come, each whole with its packet: nearly all there are. They are read and answered without the streams and objects that Node's
 * server makes of a request, which cost twice as much as all else that is done for a hit. What is anything else is Node's, with all that came.
 */
export class Lane {
  readonly options: LaneOptions
  readonly connections = new Set<Connection>()
  readonly #timer: NodeJS.Timeout
  #second = 0
  #ending = ""
  /** What was written last: nearly always the same again. */
  #last: { readonly answer: Answer; readonly cors: Answer["headers"] | null; readonly text: string } | null = null

  constructor(options: LaneOptions) {
    this.options = options
    const sweep = () => {
      const now = performance.now()
      for (const each of this.connections) if (each.isIdle(now)) each.socket.destroy()
    }
    this.#timer = setInterval(sweep, Math.min(1_000, options.head / 2)).unref()
  }

  add(socket: Socket): void {
    this.connections.add(new Connection(this, socket))
  }

  /** Those that wait for a request after another. */
  closeIdle(): void {
    for (const each of this.connections) if (each.waits) each.socket.destroy()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** The head of an answer, up to what {@link ending} has. */
  headOf(answer: Answer, cors: Answer["headers"] | null): string {
    if (this.#last?.answer === answer && this.#last.cors === cors) return this.#last.text
    let text = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n`
    for (const [name, value] of Object.entries({ ...answer.headers, ...cors })) text += `${name}: ${value}\r\n`
    this.#last = { answer, cors, text }
    return text
  }

  /** The headers that each answer has which keeps its connection, and the end of the head. */
  get ending(): string {
    const second = Math.floor(this.options.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      const date = new Date(second * 1000).toUTCString()
      this.#ending = `Date: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(this.options.idle / 1000)}\r\n\r\n`
    }
    return this.#ending
  }
}

class Connection implements Wire {
  readonly socket: Socket
  readonly #lane: Lane
  #headers: ReadonlyMap<string, string> = new Map()
  /** Something came behind a request that is not answered yet. */
  #hasMore = false
  #isBusy = false
  #isUsed = false
  #hasEnded = false
  #since = performance.now()

  constructor(lane: Lane, socket: Socket) {
    this.#lane = lane
    this.socket = socket
    socket.on("data", this.#onData)
    socket.on("end", this.#onEnd)
    socket.on("error", ignored)
    socket.on("close", this.#onClose)
  }

  get waits(): boolean {
    return this.#isUsed && !this.#isBusy && !this.#hasMore
  }

  isIdle(now: number): boolean {
    const { head, idle } = this.#lane.options
    return !this.#isBusy && now - this.#since > (this.#isUsed ? idle : head)
  }

  get remote(): string {
    return this.socket.remoteAddress ?? ""
  }

  header(name: string): string | undefined {
    return this.#headers.get(name)
  }

  write(answer: Answer, cors: Answer["headers"] | null, body: string): void {
    this.#isBusy = false
    const { socket } = this
    if (socket.destroyed) return
    const closes = answer.closes === true
    const ending = closes ? `Date: ${new Date(this.#lane.options.now()).toUTCString()}\r\nConnection: close\r\n\r\n` : this.#lane.ending
    const encoding = body === "" || answer.isBinary === true ? "latin1" : "utf8"
    const hasRoom = socket.write(this.#lane.headOf(answer, cors) + ending + body, encoding)
    this.#since = performance.now()
    if (closes) socket.destroySoon()
    else if (!this.#hasMore) {
      if (this.#hasEnded) socket.end()
    } else if (hasRoom) setImmediate(this.#goOn)
    else socket.once("drain", this.#goOn)
  }

  /** Leaves bytes in the socket until there is time: so it tells of no end before they were looked at. */
  #keep(bytes: Buffer): void {
    this.#hasMore = true
    this.socket.pause()
    this.socket.unshift(bytes)
  }

  readonly #goOn = (): void => {
    this.#hasMore = false
    this.socket.resume()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isBusy) this.#keep(chunk)
    else this.#next(chunk)
  }

  #next(bytes: Buffer): void {
    const request = wholeRequest(bytes)
    if (request === null) {
      this.#leave(bytes)
      return
    }
    const { headers, length } = request
    this.#headers = headers
    this.#isBusy = true
    this.#isUsed = true
    if (length < bytes.length) this.#keep(bytes.subarray(length))
    this.#lane.options.take(request, this)
  }

  /** Something else comes. */
  #leave(bytes: Buffer): void {
    const { socket } = this
    socket.off("data", this.#onData).off("end", this.#onEnd).off("error", ignored).off("close", this.#onClose)
    this.#onClose()
    socket.unshift(bytes)
    this.#lane.options.handOver(socket)
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true
    // What was asked is answered first.
    if (!this.#isBusy) this.socket.end()
  }

  readonly #onClose = (): void => {
    this.#lane.connections.delete(this)
  }
}

/** It closes by itself. */
const ignored = (): void => {}
