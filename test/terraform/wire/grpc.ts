/** A server of gRPC's plainest calls, one message each way, on a port of the loopback: HTTP/2 without TLS, and five bytes before each message. */
import { once } from "node:events"
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2"

/** Answers a message with a message. What it throws is the call's error. */
export type Call = (request: Uint8Array) => Promise<Uint8Array>

export interface GrpcServer {
  readonly port: number
  readonly stop: () => Promise<void>
}

const unimplemented = 12
const internal = 13

/** Serves calls by their path, `/package.Service/Method`. */
export const serveGrpc = async (calls: ReadonlyMap<string, Call>): Promise<GrpcServer> => {
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({ settings: { initialWindowSize: 1 << 20 } })
  server.on("session", (session) => {
    sessions.add(session)
    session.on("close", () => sessions.delete(session))
    // Whoever hangs up in the middle gets no answer.
    session.on("error", () => undefined)
  })
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined)
    const path = String(headers[constants.HTTP2_HEADER_PATH])
    const call = calls.get(path)
    if (call === undefined) return end(stream, unimplemented, `there is no ${path} here`)
    received(stream)
      .then(call)
      .then(
        (answer) => end(stream, 0, "", answer),
        (error: unknown) => end(stream, internal, error instanceof Error ? error.message : String(error))
      )
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return {
    port: address.port,
    stop: async () => {
      const closed = once(server, "close")
      server.close()
      for (const session of sessions) session.destroy()
      await closed
    }
  }
}

const received = async (stream: ServerHttp2Stream): Promise<Uint8Array> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of stream) chunks.push(chunk)
  const frame = Buffer.concat(chunks)
  if (frame.length < 5 || frame.readUInt32BE(1) !== frame.length - 5) throw new Error("the call is no single message")
  if (frame[0] !== 0) throw new Error("the message is compressed, which this server did not offer")
  return frame.subarray(5)
}

const end = (stream: ServerHttp2Stream, status: number, message: string, answer?: Uint8Array): void => {
  if (stream.destroyed) return
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true })
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": String(status), "grpc-message": encodeURIComponent(message) }))
  if (answer === undefined) return void stream.end()
  const head = Buffer.alloc(5)
  head.writeUInt32BE(answer.length, 1)
  stream.end(Buffer.concat([head, answer]))
}
