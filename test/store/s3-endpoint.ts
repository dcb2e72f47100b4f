import { createServer, type IncomingHttpHeaders } from "node:http"
import { Effect, type Scope } from "effect"

/** What programs need to speak to a stand-in, which takes any. Whatever this machine may have is none of the tests' business. */
export const anyCredentials = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: "eu-west-1",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null"
} as const

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Answer {
  /** The answer does not arrive: the connection ends. */
  readonly isLost?: boolean
  readonly status?: number
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A place to send S3's requests to, which answers what a test says: it shows what the store asks for, and how it takes an answer. It is no S3;
 * what a store must do is shown with `storeSuite`, against servers that are meant to be one.
 */
export const s3Endpoint = (
  answer: (asked: Asked) => Answer | Promise<Answer>
): Effect.Effect<{ readonly endpoint: string; readonly asked: Array<Asked> }, never, Scope.Scope> =>
  Effect.gen(function* () {
    const asked: Array<Asked> = []
    const server = createServer(async (incoming, response) => {
      const chunks: Array<Buffer> = []
      for await (const chunk of incoming) chunks.push(chunk)
      const url = new URL(incoming.url ?? "/", "http://endpoint")
      const one: Asked = {
        method: incoming.method ?? "",
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(chunks)
      }
      asked.push(one)
      const { isLost = false, status = 200, body = "", headers = {} } = await answer(one)
      if (isLost) {
        response.destroy()
        return
      }
      response.writeHead(status, { "content-type": "application/xml", ...headers })
      response.end(one.method === "HEAD" ? "" : body)
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))),
      () =>
        Effect.promise(
          () =>
            new Promise<void>((closed) => {
              server.close(() => closed())
              server.closeAllConnections()
            })
        )
    )
    const address = server.address()
    const port = address !== null && typeof address !== "string" ? address.port : 0
    return { endpoint: `http://127.0.0.1:${port}`, asked }
  })

/** S3's form of an error. */
export const s3Error = (status: number, code: string, more = ""): Answer => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>It is so.</Message>${more}</Error>`
})
