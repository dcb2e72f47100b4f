import { connect, type Socket } from "node:net"
import { Latencies } from "../src/pump/latencies.ts"

export interface OpenLoop {
  readonly url: URL
  readonly bodies: ReadonlyArray<string>
  readonly perSecond: number
  readonly seconds: number
}

/** What requests at a fixed rate came to. */
export interface OpenLoopResult {
  /** As many as were sent. */
  readonly perSecond: number
  readonly acknowledged: number
  readonly failed: number
  /** From when each was to be sent. */
  readonly latency: Latencies
}

/** Connections at most: more requests than this that are open wait for one, and that counts. */
const connections = 128
const answered = "\r\n\r\n"

/** A request that was due, and is on its way or waits for a connection. */
interface Due {
  readonly at: number
  readonly bytes: Buffer
}

/**
 * Sends requests at a rate, whether the ones before are answered or not, and times each from when it was due: of a server that stops, all that came meanwhile are late, also those that a
 * driver which waits for answers would not have sent (coordinated omission). Requests are bytes that are made before, and answers are looked at no further than their head, since a driver
 * that costs more than the server would measure itself.
 */
export const openLoop = async ({ url, bodies, perSecond, seconds }: OpenLoop): Promise<OpenLoopResult> => {
  const latency = new Latencies()
  const total = Math.floor(perSecond * seconds)
  const requests = bodies.map((body) =>
    Buffer.from(
      `POST ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: text/plain;charset=UTF-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    )
  )
  let [acknowledged, failed] = [0, 0]
  const waiting: Array<Due> = []
  let first = 0
  const free: Array<Connection> = []
  const open = new Set<Connection>()

  class Connection {
    readonly #socket: Socket
    #now: Due | null = null
    #head = ""

    constructor() {
      open.add(this)
      this.#socket = connect(Number(url.port), url.hostname)
      this.#socket.setNoDelay(true)
      this.#socket.on("data", (chunk: Buffer) => this.#read(chunk.toString("latin1")))
      this.#socket.on("error", () => {})
      this.#socket.on("close", () => {
        open.delete(this)
        if (this.#now !== null) failed++
      })
    }

    take(due: Due): void {
      this.#now = due
      this.#head = ""
      this.#socket.write(due.bytes)
    }

    close(): void {
      this.#socket.destroy()
    }

    #read(text: string): void {
      this.#head += text
      const due = this.#now
      if (due === null || !this.#head.includes(answered)) return
      // Only an answer without a body leaves the connection as it was.
      if (!this.#head.startsWith("HTTP/1.1 204 ")) {
        this.close()
        return
      }
      acknowledged++
      latency.add(performance.now() - due.at)
      this.#now = null
      const next = waiting[first]
      if (next === undefined) free.push(this)
      else {
        first++
        this.take(next)
      }
    }
  }

  const start = performance.now()
  const send = (index: number): void => {
    const bytes = requests[index % requests.length]
    if (bytes === undefined) return
    const due = { at: start + (index / perSecond) * 1000, bytes }
    const connection = free.pop() ?? (open.size < connections ? new Connection() : null)
    if (connection === null) waiting.push(due)
    else connection.take(due)
  }
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * perSecond) + 1)
    while (sent < due) send(sent++)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const took = (performance.now() - start) / 1000
  const patience = performance.now() + 30_000
  while (acknowledged + failed < total && open.size > 0 && performance.now() < patience)
    await new Promise((resolve) => setTimeout(resolve, 5))
  for (const each of open) each.close()
  return { perSecond: total / took, acknowledged, failed: total - acknowledged, latency }
}
