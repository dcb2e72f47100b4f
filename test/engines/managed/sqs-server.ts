import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type Server } from "node:http"
import { Clock, Effect } from "effect"
import type { CallFailed } from "../../../src/record/aws-call.ts"
import type { Random } from "../../../src/record/seeded.ts"
import { SimulatedQueue } from "../../simulation/simulated-queue.ts"

export interface SqsServer {
  readonly endpoint: string
  /** Puts messages into a queue of this name. Gives its URL. */
  readonly send: (name: string, bodies: ReadonlyArray<string>) => string
  readonly stop: () => Promise<void>
}

/** What SQS is allowed to do, and seldom does. Messages that it did not hide would come again and again as long as a batch is open: a run that ends with the queue would wait for that. */
const faults = { throttle: 0.01, unavailable: 0.01, lostAnswer: 0, short: 0.1, double: 0.02, revive: 0.01, refuse: 0 }

/** Whatever server stands in front of this one. */
const nameOf = (url: string): string => new URL(url).pathname.split("/").at(-1) ?? ""

const md5 = (text: string): string => createHash("md5").update(text).digest("hex")

/** Simulated queues behind the API of SQS over HTTP, on the clock of the machine: quick with any number of messages. @param given queues that there are already, by their names */
export const startSqs = async (random: Random, given: ReadonlyMap<string, SimulatedQueue> = new Map()): Promise<SqsServer> => {
  const clock = await Effect.runPromise(Clock.Clock)
  const queues = new Map(given)
  const answer = async (request: IncomingMessage): Promise<{ readonly status: number; readonly body: object }> => {
    const chunks: Array<Buffer> = []
    for await (const chunk of request) chunks.push(chunk)
    const given = JSON.parse(Buffer.concat(chunks).toString())
    const queue = queues.get(nameOf(given.QueueUrl))
    if (queue === undefined)
      return { status: 400, body: { __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "There is no such queue" } }
    const call = callOf(queue, String(request.headers["x-amz-target"]).replace(/^AmazonSQS\./, ""), given)
    const exit = await Effect.runPromise(Effect.result(call))
    return exit._tag === "Success"
      ? { status: 200, body: exit.success }
      : { status: exit.failure.reason === "Unavailable" ? 503 : 400, body: { __type: exit.failure.name, message: exit.failure.detail } }
  }
  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(body)),
      () => response.socket?.destroy()
    )
  })
  const port = await listen(server)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    send: (name, bodies) => {
      const url = `http://127.0.0.1:${port}/123456789012/${name}`
      const queue = new SimulatedQueue(clock, { url, random: () => random.unit() })
      queue.faults = faults
      queues.set(name, queue)
      for (const body of bodies) queue.send(body)
      return url
    },
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped())
        server.closeAllConnections()
      })
  }
}

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return address.port
}

interface Given {
  readonly MaxNumberOfMessages?: number
  readonly WaitTimeSeconds?: number
  readonly VisibilityTimeout?: number
  readonly Entries?: ReadonlyArray<{ readonly Id: string; readonly ReceiptHandle: string; readonly VisibilityTimeout?: number }>
}

const callOf = ({ api }: SimulatedQueue, operation: string, given: Given): Effect.Effect<object, CallFailed> => {
  const entries = given.Entries ?? []
  const receipts = entries.map(({ ReceiptHandle }) => ReceiptHandle)
  const outcome = (failed: ReadonlyArray<string>) => ({
    Successful: entries.flatMap(({ Id, ReceiptHandle }) => (failed.includes(ReceiptHandle) ? [] : [{ Id }])),
    Failed: entries.flatMap(({ Id, ReceiptHandle }) =>
      failed.includes(ReceiptHandle) ? [{ Id, Code: "InternalError", SenderFault: false }] : []
    )
  })
  switch (operation) {
    case "ReceiveMessage":
      return Effect.map(
        api.receive({
          most: given.MaxNumberOfMessages ?? 1,
          waitSeconds: given.WaitTimeSeconds ?? 0,
          visibleAfter: given.VisibilityTimeout ?? 30
        }),
        (messages) => ({
          Messages: messages.map(({ id, receipt, body, sentAt, received }) => ({
            MessageId: id,
            ReceiptHandle: receipt,
            Body: body,
            MD5OfBody: md5(body),
            Attributes: { SentTimestamp: String(sentAt), ApproximateReceiveCount: String(received) }
          }))
        })
      )
    case "ChangeMessageVisibilityBatch":
      return Effect.map(api.hide(receipts, entries[0]?.VisibilityTimeout ?? 0), outcome)
    case "DeleteMessageBatch":
      return Effect.map(api.remove(receipts), outcome)
    default:
      throw new Error(`SQS is not asked for ${operation} here`)
  }
}
