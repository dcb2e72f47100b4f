/** A prepared stream behind HTTP, in a process of its own: what a consumer over the wire reads from. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import type { KinesisApi, KinesisError } from "../../src/stream/kinesis/api.ts"
import { preparedStream } from "./prepared-stream.ts"

/** Starts the server, which ends with this process. @returns its URL */
export const startStreamServer = async (input: string, aggregate: number | null): Promise<string> => {
  const child = fork(fileURLToPath(import.meta.url), [], { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: [] })
  child.send({ input, aggregate })
  const [port] = await once(child, "message")
  return `http://127.0.0.1:${port}`
}

/** Answers as Kinesis writes them, `application/x-amz-json-1.1`: what a bounded consumer asks for. */
const answerTo = (
  api: KinesisApi,
  operation: string,
  body: Readonly<Record<string, string & number>>
): Effect.Effect<unknown, KinesisError> => {
  switch (operation) {
    case "DescribeStreamSummary":
      return Effect.map(api.describeStream("bench"), ({ arn, retentionMillis }) => ({
        StreamDescriptionSummary: { StreamName: "bench", StreamARN: arn, RetentionPeriodHours: retentionMillis / 3_600_000 }
      }))
    case "ListShards":
      return Effect.map(api.listShards("bench", null), ({ shards }) => ({
        Shards: shards.map((shard) => ({
          ShardId: shard.shardId,
          HashKeyRange: { StartingHashKey: shard.startingHashKey, EndingHashKey: shard.endingHashKey },
          SequenceNumberRange: { StartingSequenceNumber: shard.startingSequenceNumber }
        }))
      }))
    case "GetShardIterator":
      return Effect.map(api.getShardIterator("bench", body["ShardId"] ?? "", { type: "TRIM_HORIZON" }), (ShardIterator) => ({
        ShardIterator
      }))
    default:
      return Effect.map(api.getRecords(body["ShardIterator"] ?? "", body["Limit"] ?? 10_000), (page) => ({
        Records: page.records.map(({ sequenceNumber, partitionKey, data, arrivedAt }) => ({
          SequenceNumber: sequenceNumber,
          ApproximateArrivalTimestamp: arrivedAt / 1000,
          Data: Buffer.from(data).toString("base64"),
          PartitionKey: partitionKey
        })),
        NextShardIterator: page.nextIterator,
        MillisBehindLatest: page.millisBehindLatest
      }))
  }
}

const serve = (api: KinesisApi): void => {
  /** Answers of GetRecords as text: each is written once, before the clock starts and then again and again. */
  const written = new Map<string, string>()
  const answer = async (request: IncomingMessage): Promise<string> => {
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? ""
    const body = await text(request)
    const known = written.get(body)
    if (known !== undefined) return known
    const made = JSON.stringify(await Effect.runPromise(answerTo(api, operation, JSON.parse(body))))
    if (operation === "GetRecords") written.set(body, made)
    return made
  }
  const server = createServer(async (request, response) => {
    response.setHeader("content-type", "application/x-amz-json-1.1").end(await answer(request))
  })
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo // a server that listens on a port has one
    process.send?.(port)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once("disconnect", () => process.exit())
  process.once("message", ({ input, aggregate }: { readonly input: string; readonly aggregate: number | null }) =>
    serve(preparedStream(input, aggregate))
  )
}
