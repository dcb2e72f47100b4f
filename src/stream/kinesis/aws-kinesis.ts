import { Readable } from "node:stream"
import type { GetShardIteratorCommandInput, KinesisClient, Shard as SdkShard } from "@aws-sdk/client-kinesis"
import { Effect, type Scope } from "effect"
import type { Abort } from "../../record/aws-call.ts"
import type { SourceError } from "../../record/source-error.ts"
import type { IteratorStart, KinesisApi, PutAnswer, RecordsPage, Shard } from "./api.ts"
import { KinesisError } from "./api.ts"
import { asKinesisError } from "./aws-errors.ts"
import { asSourceError } from "./failures.ts"
import { readBody } from "./read-body.ts"
import { readRecordsBody } from "./records-body.ts"

export interface AwsKinesisOptions {
  /** Default: what the SDK finds in environment and configuration. */
  readonly region?: string | undefined
  /** URL of something else than AWS, such as a local stream. Without it, the endpoint of the region. */
  readonly endpoint?: string | undefined
}

/** Until a connection stands, until an answer begins, and until it has come whole, in milliseconds. */
const connectMillis = 5_000
const requestMillis = 20_000
const callMillis = 60_000
/** Connections; more calls than these wait. */
const maxConnections = 64

/**
 * The Kinesis API by the AWS SDK, over HTTP/1.1 with connections that are kept. (The SDK's default, HTTP/2 without concurrent streams, would make a
 * connection for each call.) The SDK does not try again: who calls decides. Interrupting a call aborts its request.
 */
export const awsKinesis = (options: AwsKinesisOptions): Effect.Effect<KinesisApi, SourceError, Scope.Scope> =>
  Effect.gen(function* () {
    // Not at the top: commands that read no stream need not wait for the SDK to load.
    const sdk = yield* Effect.promise(() => import("./sdk.ts"))
    const client = yield* Effect.acquireRelease(
      Effect.try({
        try: () =>
          new sdk.KinesisClient({
            maxAttempts: 1,
            ...(options.region === undefined ? {} : { region: options.region }),
            ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
            requestHandler: new sdk.NodeHttpHandler({
              connectionTimeout: connectMillis,
              requestTimeout: requestMillis,
              throwOnRequestTimeout: true,
              httpAgent: { keepAlive: true, maxSockets: maxConnections },
              httpsAgent: { keepAlive: true, maxSockets: maxConnections }
            })
          }),
        catch: (cause) => asSourceError(asKinesisError("Connect", "", cause, false), options.endpoint ?? options.region ?? "Kinesis")
      }),
      (made) => Effect.sync(() => made.destroy())
    )

    let hasWorked = false
    const call = <A>(
      operation: string,
      stream: string,
      send: (client: KinesisClient, abort: Abort) => Promise<A>
    ): Effect.Effect<A, KinesisError> =>
      Effect.tryPromise({
        try: async (abortSignal) => {
          const answer = await send(client, { abortSignal })
          hasWorked = true
          return answer
        },
        catch: (cause) => asKinesisError(operation, stream, cause, hasWorked)
      }).pipe(
        Effect.timeoutOrElse({
          duration: callMillis,
          orElse: () =>
            Effect.fail(new KinesisError({ operation, stream, reason: "Unavailable", detail: `No answer within ${callMillis / 1000} s` }))
        })
      )

    return {
      describeStream: (stream) =>
        call("DescribeStreamSummary", stream, (c, abort) =>
          c.send(new sdk.DescribeStreamSummaryCommand({ StreamName: stream }), abort)
        ).pipe(
          Effect.map(({ StreamDescriptionSummary: summary }) => ({
            arn: summary?.StreamARN ?? stream,
            retentionMillis: (summary?.RetentionPeriodHours ?? 24) * 3_600_000
          }))
        ),
      listShards: (stream, nextToken) =>
        call("ListShards", stream, (c, abort) =>
          // A token stands for the stream, which must not be named beside it.
          c.send(new sdk.ListShardsCommand(nextToken === null ? { StreamName: stream } : { NextToken: nextToken }), abort)
        ).pipe(Effect.map(({ Shards = [], NextToken = null }) => ({ shards: Shards.map(shardOf), nextToken: NextToken }))),
      getShardIterator: (stream, shardId, start) =>
        call("GetShardIterator", stream, (c, abort) =>
          c.send(new sdk.GetShardIteratorCommand(iteratorInput(stream, shardId, start)), abort)
        ).pipe(
          Effect.flatMap(({ ShardIterator }) =>
            ShardIterator === undefined
              ? Effect.fail(
                  new KinesisError({
                    operation: "GetShardIterator",
                    stream,
                    reason: "Unavailable",
                    detail: "There is no iterator in the answer"
                  })
                )
              : Effect.succeed(ShardIterator)
          )
        ),
      getRecords: (iterator, limit) =>
        call("GetRecords", "", async (c, abort) => {
          const command = new sdk.GetRecordsCommand({ ShardIterator: iterator, Limit: limit })
          let page: RecordsPage | undefined
          // Inside of the SDK's own reading of the answer, which is left an empty one. Failures it reads itself.
          command.middlewareStack.add(
            (next) => async (args) => {
              const result = await next(args)
              const { response } = result
              if (isAnswer(response)) {
                const servedAt = dateOf(response.headers)
                page = {
                  ...(await readBody(response.body, abort.abortSignal, readRecordsBody)),
                  ...(servedAt === null ? {} : { servedAt })
                }
                Object.assign(response, { body: Buffer.from("{}") })
              }
              return result
            },
            { step: "deserialize", priority: "low", name: "readRecordsBody" }
          )
          await c.send(command, abort)
          if (page === undefined) throw new Error("The answer could not be read")
          return page
        }),
      putRecords: (stream, records) =>
        call("PutRecords", stream, (c, abort) =>
          c.send(
            new sdk.PutRecordsCommand({
              StreamName: stream,
              Records: records.map(({ partitionKey, explicitHashKey, data }) => ({
                PartitionKey: partitionKey,
                Data: data,
                ...(explicitHashKey === undefined ? {} : { ExplicitHashKey: explicitHashKey })
              }))
            }),
            abort
          )
        ).pipe(
          Effect.map(({ Records = [] }) =>
            Records.map(
              ({ SequenceNumber, ShardId, ErrorCode }): PutAnswer =>
                SequenceNumber !== undefined && ShardId !== undefined
                  ? { ok: true, sequenceNumber: SequenceNumber, shardId: ShardId }
                  : { ok: false, code: ErrorCode ?? "InternalFailure" }
            )
          )
        )
    }
  })

/** A response of HTTP that succeeded, with a body that has not been read. */
const isAnswer = (response: unknown): response is { readonly body: Readable; readonly headers?: unknown } =>
  typeof response === "object" &&
  response !== null &&
  "statusCode" in response &&
  response.statusCode === 200 &&
  "body" in response &&
  response.body instanceof Readable

/** The service's own time, as HTTP tells it in whole seconds; null where it does not. */
const dateOf = (headers: unknown): number | null => {
  const date = typeof headers === "object" && headers !== null && "date" in headers ? Date.parse(String(headers.date)) : Number.NaN
  return Number.isNaN(date) ? null : date
}

const iteratorInput = (stream: string, shardId: string, start: IteratorStart): GetShardIteratorCommandInput => ({
  StreamName: stream,
  ShardId: shardId,
  ShardIteratorType: start.type,
  ...(start.type === "AT_TIMESTAMP" ? { Timestamp: new Date(start.timestamp) } : {}),
  ...("sequenceNumber" in start ? { StartingSequenceNumber: start.sequenceNumber } : {})
})

/** A shard as the SDK gives it. */
export const shardOf = (shard: SdkShard): Shard => ({
  shardId: shard.ShardId ?? "",
  parentShardId: shard.ParentShardId ?? null,
  adjacentParentShardId: shard.AdjacentParentShardId ?? null,
  startingHashKey: shard.HashKeyRange?.StartingHashKey ?? "0",
  endingHashKey: shard.HashKeyRange?.EndingHashKey ?? "0",
  startingSequenceNumber: shard.SequenceNumberRange?.StartingSequenceNumber ?? "0",
  endingSequenceNumber: shard.SequenceNumberRange?.EndingSequenceNumber ?? null
})
