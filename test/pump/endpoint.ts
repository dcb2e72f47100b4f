import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** What an endpoint got in one request. */
export interface Got {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly hits: ReadonlyArray<URLSearchParams>
  /** 0: the first request. */
  readonly index: number
}

/** An HTTP server that answers as it is told to, for what sends hits. */
export const endpoint = async (
  answer: (got: Got, response: ServerResponse) => void
): Promise<AsyncDisposable & { readonly url: URL; readonly got: ReadonlyArray<Got> }> => {
  const got: Array<Got> = []
  const server: Server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const lines = Buffer.concat(chunks).toString().split("\n")
      const one = {
        path: request.url ?? "",
        headers: request.headers,
        hits: lines.map((line) => new URLSearchParams(line)),
        index: got.length
      }
      got.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}/collect`),
    got,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
