import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { Effect } from "effect"
import { type Answer, laterAnswer, pageMethods, problemAnswer, retrySeconds } from "./answers.ts"
import { unpack } from "./body.ts"
import { type Collector, hitPaths, type Reading, type Refused, type Taken } from "./collector.ts"
import { addTo } from "./counts.ts"
import { Exchange, nodeWire, type Wire } from "./exchange.ts"
import { Lane } from "./lane.ts"
import type { PutQueue } from "./put-queue.ts"
import { type Limits, ListenError, type ServerOptions } from "./server-options.ts"
import type { WholeRequest } from "./whole-request.ts"

/** A page that robots look for. */
const robots: Answer = { status: 200, headers: { "content-type": "text/plain" }, body: "User-agent: *\nDisallow: /\n" }

/** The HTTP server: reads requests, and answers them when the collector and the queue have their say. */
export class Door {
  readonly #options: ServerOptions
  readonly #limits: Limits
  readonly #collector: Collector
  readonly #queue: PutQueue
  readonly #server: Server
  readonly #lane: Lane
  readonly #sockets = new Set<Socket>()
  /** Of connections that are Node's, what is not answered. */
  readonly #asked = new WeakMap<Socket, Map<IncomingMessage, ServerResponse>>()
  readonly #broken = new WeakSet<Socket>()
  #open = 0
  #isDraining = false
  #unpacking = 0
  readonly #toUnpack: Array<() => void> = []

  /** @param now milliseconds since 1970 */
  constructor(options: ServerOptions, limits: Limits, collector: Collector, queue: PutQueue, now: () => number) {
    this.#options = options
    this.#limits = limits
    this.#collector = collector
    this.#queue = queue
    const server = createServer(
      {
        maxHeaderSize: limits.headBytes,
        headersTimeout: limits.head,
        requestTimeout: limits.request,
        keepAliveTimeout: limits.idle,
        connectionsCheckingInterval: Math.min(1_000, limits.head / 2),
        requireHostHeader: true
      },
      (request, response) => this.#take(request, response)
    )
    server.maxConnections = options.maxConnections
    // Node keeps no type of it: who has said all and listens is answered, and not ended at once.
    Object.assign(server, { httpAllowHalfOpen: true })
    server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      // What is too large is refused before it is sent.
      if (Number(request.headers["content-length"] ?? 0) <= options.collect.maxBodyBytes) response.writeContinue()
      this.#take(request, response)
    })
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.#refuseBroken(error, socket))
    // Each connection begins in the lane, and comes to Node's own listeners where it has to.
    const ofNode = server.listeners("connection")
    server.removeAllListeners("connection")
    this.#lane = new Lane({
      take: (request, wire) => this.#takeWhole(request, wire),
      handOver: (socket) => {
        for (const listener of ofNode) Reflect.apply(listener, server, [socket])
      },
      now,
      head: limits.head,
      idle: limits.idle
    })
    server.on("connection", (socket) => {
      this.#sockets.add(socket)
      socket.once("close", () => this.#sockets.delete(socket))
      this.#lane.add(socket)
    })
    server.on("drop", () => {
      options.counts.connectionsRefused++
      // There is room for those that ask where others only stay.
      server.closeIdleConnections()
      this.#lane.closeIdle()
    })
    this.#server = server
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo | null // of a server that listens on a port
    return address?.port ?? 0
  }

  get connections(): number {
    return this.#sockets.size
  }

  readonly listen: Effect.Effect<void, ListenError> = Effect.callback<void, ListenError>((resume) => {
    const { host, port } = this.#options
    // For as long as it lives: an error later on, such as too many open files, must not end the process.
    this.#server.on("error", (error) => {
      const taken = "code" in error && error.code === "EADDRINUSE"
      resume(
        Effect.fail(
          new ListenError({
            problem: taken ? `port ${port} is taken by another program` : `hits cannot be taken on port ${port}: ${error.message}`,
            hint: "Give another --port (SLUICE_PORT); 0 takes any that is free."
          })
        )
      )
    })
    this.#server.listen({ port, ...(host === null ? {} : { host }), backlog: 1024 }, () => resume(Effect.void))
  })

  readonly drain: Effect.Effect<void> = Effect.callback<void>((resume) => {
    this.#isDraining = true
    // What hangs is cut off.
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, this.#limits.drain)
    this.#server.close(() => {
      clearTimeout(timer)
      this.#lane.close()
      resume(Effect.void)
    })
    this.#closeWhenEmpty()
  })

  /** When nothing is asked any more: each connection ends behind what is written to it. */
  #closeWhenEmpty(): void {
    if (this.#isDraining && this.#open === 0) for (const socket of this.#sockets) socket.destroySoon()
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", socket, url = "" } = request
    const asked = this.#asked.get(socket) ?? new Map()
    this.#asked.set(socket, asked.set(request, response))
    response.once("close", () => asked.delete(request))
    const exchange = this.#begin(method, url, nodeWire(request, response))
    guarded(exchange, () => this.#handle(exchange, request))
  }

  #takeWhole(request: WholeRequest, wire: Wire): void {
    const exchange = this.#begin(request.method, request.target, wire)
    guarded(exchange, () => this.#handleHits(exchange, null, request.body))
  }

  #begin(method: string, target: string, wire: Wire): Exchange {
    this.#open++
    const exchange = new Exchange(method, target, wire, this.#ended)
    if (this.#options.onRequest !== null) exchange.begun = performance.now()
    return exchange
  }

  readonly #ended = (exchange: Exchange, status: number): void => {
    this.#open--
    addTo(this.#options.counts.requests, status)
    this.#options.onRequest?.({
      method: knownMethods.has(exchange.method) ? exchange.method : "other",
      path: this.#knownPath(exchange.path),
      status,
      hits: exchange.hits,
      bytes: exchange.bytes,
      millis: Math.round((performance.now() - exchange.begun) * 10) / 10
    })
    if (this.#isDraining) setImmediate(() => this.#closeWhenEmpty())
  }

  #knownPath(path: string): string {
    const isKnown = isHitPath(path) || path === "/robots.txt" || Object.hasOwn(this.#options.pages, path)
    return isKnown ? path : "other"
  }

  #handle(exchange: Exchange, request: IncomingMessage): void {
    if (isHitPath(exchange.path)) this.#handleHits(exchange, request, null)
    else {
      request.resume()
      this.#page(exchange)
    }
  }

  /** @param body null: it must be read from the request */
  #handleHits(exchange: Exchange, request: IncomingMessage | null, body: Buffer | null): void {
    exchange.cors = this.#collector.corsFor(exchange)
    if (this.#isDraining) {
      exchange.send(laterAnswer("this collector ends", retrySeconds, true))
      if (request !== null) this.#discard(request)
      return
    }
    const begun = this.#collector.begin(exchange)
    if (begun.kind !== "reading") this.#go(exchange, begun)
    else if (body !== null) this.#readWhole(exchange, begun, body)
    else if (request !== null) this.#read(exchange, request, begun)
    if (exchange.method !== "POST") request?.resume()
  }

  #readWhole(exchange: Exchange, reading: Reading, body: Buffer): void {
    exchange.bytes = body.length
    this.#options.counts.bytes += body.length
    if (body.length > this.#options.collect.maxBodyBytes) exchange.send(reading.refuse("too-large").answer)
    else this.#go(exchange, reading.read(body))
  }

  #page(exchange: Exchange): void {
    const { method, path } = exchange
    const page = Object.hasOwn(this.#options.pages, path) ? this.#options.pages[path] : undefined
    if (page === undefined && path !== "/robots.txt") {
      exchange.send(problemAnswer(404, "there is nothing here", `Hits go to ${hitPaths.join(" and ")}.`))
    } else if (method !== "GET" && method !== "HEAD") {
      exchange.send(problemAnswer(405, "this page is read", `Use one of ${pageMethods}.`, { allow: pageMethods }))
    } else if (page === undefined) {
      exchange.send(robots)
    } else {
      page().then(
        (answer) => exchange.send(answer),
        () => exchange.send({ status: 500, headers: {}, body: "" })
      )
    }
  }

  #go(exchange: Exchange, taken: Taken | Refused): void {
    if (taken.kind === "answer") {
      exchange.send(taken.answer)
      return
    }
    exchange.hits = taken.records.length
    const isThere = this.#queue.offer(taken.records, (isStored) => exchange.send(taken.answer(isStored)))
    if (!isThere) exchange.send(laterAnswer("there is no room for more hits", retrySeconds))
  }

  /** Reads the body, of which no more is kept than may be. */
  #read(exchange: Exchange, request: IncomingMessage, reading: Reading): void {
    const most = this.#options.collect.maxBodyBytes
    if (Number(request.headers["content-length"] ?? 0) > most) {
      exchange.send(reading.refuse("too-large").answer)
      this.#discard(request)
      return
    }
    const chunks: Array<Buffer> = []
    let held = 0
    const letGo = () => {
      this.#queue.release(held)
      held = 0
      chunks.length = 0
    }
    const end = (answer: Answer) => {
      request.off("data", onData)
      letGo()
      exchange.send(answer)
      this.#discard(request)
    }
    const onData = (chunk: Buffer) => {
      if (held + chunk.length > most) end(reading.refuse("too-large").answer)
      else if (!this.#queue.hold(chunk.length)) end(laterAnswer("there is no room for more hits", retrySeconds, true))
      else {
        held += chunk.length
        chunks.push(chunk)
      }
    }
    request.on("data", onData)
    request.once("end", () => {
      if (exchange.isSent) return
      const [first] = chunks
      const body = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
      exchange.bytes = body.length
      this.#options.counts.bytes += body.length
      guarded(exchange, () => this.#unpacked(exchange, reading, body, letGo))
    })
    // It left, or was sent away, before the body was there.
    request.once("close", () => {
      if (!request.complete) {
        letGo()
        exchange.leave()
      }
    })
  }

  /** Lets a body go by, so that its sender gets to read the answer; one that goes on and on is cut off. */
  #discard(request: IncomingMessage): void {
    let left = this.#options.collect.maxBodyBytes
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) request.socket.destroy()
    })
  }

  #unpacked(exchange: Exchange, reading: Reading, body: Buffer, letGo: () => void): void {
    const go = (unpacked: Buffer) => {
      const taken = reading.read(unpacked)
      letGo()
      this.#go(exchange, taken)
    }
    if (reading.encoding === "identity") {
      go(body)
      return
    }
    const { encoding } = reading
    const begin = () => {
      this.#unpacking++
      unpack(encoding, body, this.#options.collect.maxBodyBytes, (result) => {
        this.#unpacking--
        this.#toUnpack.shift()?.()
        if (typeof result !== "string") guarded(exchange, () => go(result))
        else {
          letGo()
          exchange.send(reading.refuse(result).answer)
        }
      })
    }
    // What others come to is in memory: few at a time. Those that wait are as small as they came.
    if (this.#unpacking < mostUnpacking) begin()
    else this.#toUnpack.push(begin)
  }

  /** What is no HTTP, or comes too slowly. */
  #refuseBroken(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy()
      return
    }
    if (this.#broken.has(socket)) return
    this.#broken.add(socket)
    this.#refuseBehind(error, socket)
  }

  /** What came whole before it has its own answer first: this one must not be taken for it. */
  #refuseBehind(error: NodeJS.ErrnoException, socket: Socket): void {
    for (const [request, response] of this.#asked.get(socket) ?? []) {
      if (!request.complete) continue
      response.once("close", () => this.#refuseBehind(error, socket))
      return
    }
    if (!socket.writable) socket.destroy()
    else this.#refuse(error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400, socket)
  }

  #refuse(status: number, socket: Socket): void {
    addTo(this.#options.counts.broken, status)
    socket.end(`HTTP/1.1 ${status} ${reasons[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy())
  }
}

/** Whatever goes wrong is answered. */
const guarded = (exchange: Exchange, handle: () => void): void => {
  try {
    handle()
  } catch {
    exchange.send({ status: 500, headers: {}, body: "", closes: true })
  }
}

/** Bodies that are unpacked at the same time. */
const mostUnpacking = 8

const reasons: { readonly [status: number]: string } = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large"
}
const knownMethods = new Set(["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"])
const isHitPath = (path: string): boolean => path === "/collect" || path === "/batch"
