import { createServer, type IncomingMessage } from "node:http"
import { Effect } from "effect"
import type { FakeFirehose } from "../../firehose/fake-firehose.ts"

export interface FirehoseServer {
  readonly endpoint: string
  readonly stop: () => Promise<void>
}

/** Delivery streams behind the API of Firehose over HTTP, by their names. */
export const startFirehose = async (streams: ReadonlyMap<string, FakeFirehose>): Promise<FirehoseServer> => {
  const answer = async (request: IncomingMessage): Promise<{ readonly status: number; readonly body: object }> => {
    const chunks: Array<Buffer> = []
    for await (const chunk of request) chunks.push(chunk)
    const target = request.headers["x-amz-target"]
    const { DeliveryStreamName, Records } = JSON.parse(Buffer.concat(chunks).toString())
    const stream = streams.get(DeliveryStreamName)
    if (target !== "Firehose_20150804.PutRecordBatch") return { status: 400, body: { __type: "UnknownOperationException" } }
    if (stream === undefined) return { status: 400, body: { __type: "ResourceNotFoundException", message: "There is no such stream" } }
    const records = Records.map(({ Data }: { readonly Data: string }) => new Uint8Array(Buffer.from(Data, "base64")))
    const exit = await Effect.runPromise(Effect.result(stream.putRecordBatch(DeliveryStreamName, records)))
    if (exit._tag === "Failure") return { status: exit.failure.reason === "Invalid" ? 400 : 503, body: { __type: exit.failure.name } }
    const RequestResponses = exit.success.map((code, i) =>
      code === null ? { RecordId: `r${i}` } : { ErrorCode: code, ErrorMessage: code }
    )
    return { status: 200, body: { FailedPutCount: exit.success.filter((code) => code !== null).length, RequestResponses } }
  }
  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body)),
      () => response.socket?.destroy()
    )
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped())
        server.closeAllConnections()
      })
  }
}
