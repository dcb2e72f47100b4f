import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { Effect, Exit, Scope } from "effect"
import { type CollectCounts, noCounts } from "../../src/collect/counts.ts"
import { type CollectOptions, defaultOptions } from "../../src/collect/options.ts"
import { serveCollect } from "../../src/collect/server.ts"
import type { ServerOptions } from "../../src/collect/server-options.ts"
import type { PutAnswer, PutRecord } from "../../src/stream/kinesis/api.ts"
import { KinesisError } from "../../src/stream/kinesis/api.ts"

/** A stream in memory: what it has taken, and what tests make it do. */
export class Taken {
  readonly records: Array<PutRecord> = []
  /** Records of each call. */
  readonly calls: Array<number> = []
  /** Of each record of the next calls: a code with which it is refused, or null. */
  refuse: (record: PutRecord) => string | null = () => null
  /** Why the next calls fail. */
  failing: KinesisError["reason"] | null = null
  /** While it is set, no call is answered. */
  held: Promise<void> | null = null

  readonly putRecords = (_: string, records: ReadonlyArray<PutRecord>): Effect.Effect<ReadonlyArray<PutAnswer>, KinesisError> =>
    Effect.gen({ self: this }, function* () {
      this.calls.push(records.length)
      const { held } = this
      if (held !== null) yield* Effect.promise(() => held)
      if (this.failing !== null)
        return yield* new KinesisError({ operation: "PutRecords", stream: "hits", reason: this.failing, detail: "as the test says" })
      return records.map((record): PutAnswer => {
        const code = this.refuse(record)
        if (code !== null) return { ok: false, code }
        this.records.push(record)
        return { ok: true, sequenceNumber: String(this.records.length), shardId: "shardId-000000000000" }
      })
    })

  /** Holds calls until what it gives is called. */
  hold(): () => void {
    let release = () => {}
    this.held = new Promise((resolve) => {
      release = resolve
    })
    return () => {
      this.held = null
      release()
    }
  }

  /** Parameters of what was taken, in order. */
  hits(): ReadonlyArray<URLSearchParams> {
    return this.records.map(({ data }) => new URLSearchParams(Buffer.from(data).toString()))
  }
}

export interface Started {
  readonly url: string
  readonly port: number
  readonly taken: Taken
  readonly counts: CollectCounts
  readonly failures: Array<string>
  readonly connections: () => number
  /** Bytes that are held for hits and bodies. */
  readonly heldBytes: () => number
  /** Ends in good order. */
  readonly stop: () => Promise<void>
}

/** A collector on a free port. */
export const start = async (collect: Partial<CollectOptions> = {}, more: Partial<ServerOptions> = {}): Promise<Started> => {
  const taken = new Taken()
  const counts = noCounts()
  const failures: Array<string> = []
  const scope = Scope.makeUnsafe()
  const server = await Effect.runPromise(
    Scope.provide(
      serveCollect({
        host: "127.0.0.1",
        port: 0,
        collect: { ...defaultOptions, ...collect },
        counts,
        stream: {
          api: taken,
          name: "hits",
          onPut: (why) => {
            if (why !== null) failures.push(why)
          }
        },
        calls: 2,
        queueHits: 10_000,
        queueBytes: 64 * 1024 * 1024,
        maxConnections: 1_000,
        pages: {},
        onRequest: null,
        ...more
      }),
      scope
    )
  )
  const stop = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const { connections, port, queue } = server
  return { url: `http://127.0.0.1:${port}`, port, taken, counts, failures, connections, heldBytes: () => queue.bytes, stop }
}

/** A socket of a client that keeps to no rules. */
export const rawSocket = async (port: number, options: { readonly allowHalfOpen?: boolean } = {}): Promise<Socket> => {
  const socket = connect({ port, host: "127.0.0.1", ...options })
  // Being cut off is what happens to some.
  socket.on("error", () => {})
  await once(socket, "connect")
  return socket
}

/** Everything that comes on a socket until it ends, or `until` holds. */
export const readAll = (socket: Socket, until: (text: string) => boolean = () => false): Promise<string> =>
  new Promise((resolve) => {
    let text = ""
    const done = () => resolve(text)
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1")
      if (until(text)) done()
    })
    socket.once("close", done)
    socket.once("end", done)
  })

/** Sends bytes on a connection of its own and gives what comes back, until it ends. */
export const exchange = async (port: number, bytes: string | Buffer, until?: (text: string) => boolean): Promise<string> => {
  const socket = await rawSocket(port)
  const answer = readAll(socket, until)
  socket.write(bytes)
  const text = await answer
  socket.destroy()
  return text
}

export const statusesIn = (text: string): ReadonlyArray<number> =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]))
