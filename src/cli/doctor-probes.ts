import { Effect } from "effect"
import { sqsOf } from "../app/announced.ts"
import { glueOf, problemForGlue } from "../app/catalog.ts"
import { collectorHeaders } from "../app/collector.ts"
import { clusterOf, serverlessOf } from "../app/emr.ts"
import { type EngineSettings, engineOf } from "../app/engines.ts"
import { kinesisOf } from "../app/kinesis.ts"
import type { CatalogName, Values } from "../app/settings.ts"
import { type InputName, openPlace } from "../app/sources.ts"
import { reachEndpoint } from "../lineage/http-transport.ts"
import { probeCluster } from "../repartition/emr/cluster.ts"
import { probeServerless } from "../repartition/emr/serverless.ts"
import { probeSpark } from "../repartition/spark/local-place.ts"
import { announcedName } from "../source/announced/announced.ts"
import type { KinesisApi } from "../stream/kinesis/api.ts"
import { asSourceError } from "../stream/kinesis/failures.ts"
import { localSourceName } from "../stream/local/failures.ts"
import { isLocalStream, localStream } from "../stream/local/local-stream.ts"
import { asSourceError as asQueueError } from "../stream/sqs/failures.ts"
import { withDatabase } from "./project.ts"

/**
 * Asks the services that the settings name whether they are there, as the commands would use them, and changes nothing there. Each answers within
 * seconds or fails with what to do. Null: the settings name none.
 */

/** Why a service cannot be used, and what to do. */
type Problem = { readonly message: string }
type Probe = Effect.Effect<string, Problem> | null

/** Long enough for a connection from afar, short enough to wait for. */
const longest = "8 seconds"

const within = <E extends Problem>(what: string, probe: Effect.Effect<string, E>): Effect.Effect<string, Problem> =>
  Effect.timeoutOrElse(probe, {
    duration: longest,
    orElse: () => Effect.fail({ message: `${what} did not answer within ${longest}: check its URL, the region and the network` })
  })

/** Describes the stream, lists its shards and asks one for records: what an ingest must be allowed to do. */
export const streamProbe = (values: Values<"stream" | "region" | "endpoint">): Probe => {
  const { stream, endpoint, region } = values
  if (stream === null) return null
  const isLocal = isLocalStream(stream)
  const ask = Effect.gen(function* () {
    const api: KinesisApi = isLocal ? yield* localStream({ folder: stream }) : yield* kinesisOf(values)
    const { retentionMillis } = yield* api.describeStream(stream)
    const { shards, nextToken } = yield* api.listShards(stream, null)
    const open = shards.find(({ endingSequenceNumber }) => endingSequenceNumber === null)
    if (open !== undefined) yield* api.getRecords(yield* api.getShardIterator(stream, open.shardId, { type: "LATEST" }), 1)
    return `${stream} can be read: ${nextToken === null ? "" : "more than "}${shards.length} shards, kept for ${retentionMillis / 3_600_000} h`
  }).pipe(
    Effect.catchTag("KinesisError", (error) =>
      Effect.fail(isLocal ? asSourceError(error, stream, localSourceName) : asSourceError(error, endpoint ?? region ?? stream))
    ),
    Effect.scoped
  )
  return within(`stream ${stream}`, ask)
}

/** Asks the queue how much is in it. It receives nothing: a message that is received is hidden from others. */
export const queueProbe = (values: Values<"queue" | "region">): Probe => {
  const { queue } = values
  if (queue === null) return null
  const ask = Effect.gen(function* () {
    const { waiting, held } = yield* Effect.flatMap(sqsOf(values), ({ describe }) =>
      Effect.mapError(describe, asQueueError(announcedName, queue))
    )
    return `${queue} answers: about ${waiting} messages wait, and ${held} are held`
  }).pipe(Effect.scoped)
  return within(`queue ${queue}`, ask)
}

/** Looks for the first file of the input, and reads its beginning. */
export const inputProbe = (values: Values<InputName>): Probe => {
  const { input } = values
  if (input === null || input === "-") return null
  const ask = Effect.gen(function* () {
    const place = yield* openPlace(values, false)
    return yield* Effect.tryPromise({
      try: async (signal) => {
        for await (const entry of place.entries(() => true, signal)) {
          if (entry.kind === "failed") throw entry.error
          if (entry.kind !== "file") continue
          const stored = await place.open(entry, signal)
          await stored.close()
          return `${place.root} can be read`
        }
        return `${place.root} can be read, and holds no file yet`
      },
      catch: (cause) => ({ message: cause instanceof Error ? cause.message : String(cause) })
    })
  }).pipe(Effect.scoped)
  return within(input, ask)
}

/** Looks at what would run the jobs of the engine: the command, the application, the cluster, or whether a cluster may be looked for. */
export const engineProbe = (values: EngineSettings): Probe => {
  if (values.engine === "spark") return probeSpark(values.sparkSubmit)
  if (values.engine !== "emr" && values.engine !== "emr-serverless") return null
  const ask = values.engine === "emr" ? probeCluster(clusterOf(values)) : Effect.flatMap(serverlessOf(values), probeServerless)
  return within(`engine ${values.engine}`, Effect.scoped(Effect.andThen(engineOf(values, false), ask)))
}

/** Asks the catalog for the tables of its database: what of rights to change them is missing only a change tells. */
export const catalogProbe = (values: Values<CatalogName | "lake" | "region">): Probe => {
  if (values.catalog === "none") return null
  const { glueDatabase: database } = withDatabase(values)
  const ask = Effect.gen(function* () {
    const problem = problemForGlue(values)
    if (problem !== null) return yield* Effect.fail({ message: `${problem}: give --lake s3://bucket/prefix, or --catalog none` })
    const tables = yield* (yield* glueOf(values)).tables(database)
    return tables === null
      ? `Glue answers, and has no database ${database} yet: the first sync makes it`
      : `database ${database} of Glue can be read: ${tables.length} tables`
  }).pipe(Effect.scoped)
  return within("Glue", ask)
}

/** Reaches the lineage server without an event. */
export const lineageProbe = ({ lineage, lineageKey }: Values<"lineage" | "lineageKey">): Probe => {
  if (lineage === "file" || lineage === "none") return null
  const ask = reachEndpoint({ url: lineage, ...(lineageKey === null ? {} : { token: lineageKey }) })
  return within(
    lineage,
    Effect.map(ask, (status) => `${lineage} answers (${status} to a question without an event)`)
  )
}

/** Sends a collector an export of nothing, of metrics and of logs. */
export const collectorProbe = ({ otlp }: Values<"otlp">): Probe => {
  if (otlp === null) return null
  const base = otlp.replace(/\/+$/, "")
  const send = (path: string, body: string) =>
    Effect.gen(function* () {
      const headers = yield* collectorHeaders
      const status = yield* Effect.tryPromise({
        try: async (signal) => {
          const request = {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body,
            signal,
            redirect: "manual"
          } as const
          const response = await fetch(`${base}${path}`, request)
          await response.body?.cancel()
          return response.status
        },
        catch: () => ({ message: `${base}${path} cannot be reached: check the URL and that the collector is up` })
      })
      if (status < 200 || status >= 300) {
        return yield* Effect.fail({
          message: `${base}${path} answered ${status}: check the URL, OTEL_EXPORTER_OTLP_HEADERS, and that it takes OTLP over HTTP with JSON`
        })
      }
    })
  const ask = Effect.all([send("/v1/metrics", '{"resourceMetrics":[]}'), send("/v1/logs", '{"resourceLogs":[]}')])
  return within(base, Effect.as(ask, `${base} takes metrics and logs`))
}
