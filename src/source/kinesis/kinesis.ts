import { type Cause, Clock, Effect, Queue, Random, Stream } from "effect"
import type { RecordPage } from "../../record/record.ts"
import { SourceError } from "../../record/source-error.ts"
import type { InitialPosition, KinesisApi } from "../../stream/kinesis/api.ts"
import { asSourceError, sourceName } from "../../stream/kinesis/failures.ts"
import type { Resume, Source } from "../source.ts"
import { Unanswered, watchUnanswered } from "../unanswered.ts"
import { Backoff, retried } from "./backoff.ts"
import { AnswerMemory } from "./memory.ts"
import { declareSourceMetrics, meterOf } from "./metrics.ts"
import { Resting } from "./resting.ts"
import { Retention } from "./retention.ts"
import { readShards, type ShardsSettings } from "./shards.ts"
import { owns } from "./share.ts"

export interface KinesisOptions {
  /** Name of the source, as records and positions have it; default `kinesis`. */
  readonly name?: string
  readonly api: KinesisApi
  readonly stream: string
  /** Where reading begins the first time. Later on, and for shards that come later, it says nothing. */
  readonly initial: InitialPosition
  /** Read for ever; else until every shard's tip. */
  readonly follow: boolean
  /** Processes that share the shards, by rendezvous hashing; default 1. */
  readonly workers?: number
  /** Which of them this one is, from 0; default 0. */
  readonly worker?: number
  /** Pause between two calls at the tip of a shard; default 1000, as Kinesis recommends. Small values leave less to other consumers. */
  readonly pollMillis?: number
  /** Age at which batches are closed; default 300 000. Says how long a shard must be left alone before it is nobody's. */
  readonly batchAgeMillis?: number
  /** How long the position of a disowned shard must not move before it is read again; default twice the age of a batch. */
  readonly restMillis?: number
  /** Pause between two looks at the list of shards; default 30 s with several workers, else 60 s. */
  readonly lookMillis?: number
  /** Least time between two calls for a shard; default 200, the service's limit of five calls a second. */
  readonly callMillis?: number
  /** What a shard may give; default 2 MiB, the service's limit. */
  readonly bytesPerSecond?: number
  /** Answers in memory, of up to 10 MiB each; default 2. */
  readonly answersInMemory?: number
  /** How long a bounded run bears failures that may pass by themselves; default 300 000. */
  readonly patienceMillis?: number
  /** Treat aggregated records with sub-records of another shard as the Kinesis Client Library does: leave them out whole. It may lose records. */
  readonly kclCompatible?: boolean
}

/** Nobody waits longer than this to learn that the address is wrong. */
const startPatienceMillis = 30_000
/** A call now and then that fails or is refused is what a stream is like. */
const firstWarningMillis = 2_000

/**
 * Records from a stream of Kinesis Data Streams. A shard's name is `<stream>/<shardId>`; a record has the sequence number that Kinesis gave it, and
 * those that a producer packed into one are told apart by their sub-sequence numbers.
 *
 * Shards are read in parallel, each in order; children after their parents. What has come is delivered as it comes, one page per answer; what is
 * in memory is bounded, whatever the number of shards.
 *
 * Errors: `NotFound` and `Denied` by name; `Invalid` where the stream does not know what was read of it; `Unavailable` where it does not answer: at
 * the start within half a minute, later only in a bounded run.
 */
export const kinesisSource = Effect.fn("kinesisSource")(function* (options: KinesisOptions): Effect.fn.Return<Source, SourceError> {
  const {
    name = sourceName,
    api,
    stream,
    follow,
    workers = 1,
    worker = 0,
    initial,
    batchAgeMillis = 300_000,
    patienceMillis = 300_000
  } = options
  yield* declareSourceMetrics(stream)
  const unanswered = new Unanswered(firstWarningMillis)
  const describe = retried(
    api.describeStream(stream),
    new Backoff(Math.min(startPatienceMillis, patienceMillis), stream, meterOf(stream), unanswered)
  )
  const { arn, retentionMillis } = yield* Effect.mapError(describe, (error) => asSourceError(error, stream, name))
  if (initial.type === "AT_TIMESTAMP" && initial.timestamp > (yield* Clock.currentTimeMillis)) {
    return yield* new SourceError({
      source: name,
      reason: "Invalid",
      location: arn,
      detail: `The start ${new Date(initial.timestamp).toISOString()} lies in the future`,
      hint: "Give a time that has passed, or `latest`."
    })
  }
  const retention = new Retention(retentionMillis, yield* Clock.currentTimeMillis)
  const resting = new Resting()
  const restMillis = options.restMillis ?? 2 * batchAgeMillis

  const pages = (resume: Resume): Stream.Stream<RecordPage, SourceError> =>
    Stream.unwrap(
      Effect.gen(function* () {
        yield* watchUnanswered(name, unanswered)
        const queue = yield* Queue.unbounded<Delivery, SourceError | Cause.Done>()
        const read: ShardsSettings["read"] = {
          api,
          stream,
          retention,
          follow,
          pollMillis: options.pollMillis ?? 1000,
          callMillis: options.callMillis ?? 200,
          bytesPerSecond: options.bytesPerSecond ?? 2 * 1024 * 1024,
          patienceMillis: follow ? Number.POSITIVE_INFINITY : patienceMillis,
          shared: workers > 1,
          kclCompatible: options.kclCompatible ?? false,
          memory: new AnswerMemory(options.answersInMemory ?? 2),
          unanswered,
          // Answers hold their room until they are taken: that bounds the queue.
          deliver: (page, taken) => Effect.asVoid(Queue.offer(queue, { page, taken }))
        }
        const lookMillis = options.lookMillis ?? (workers > 1 ? 30_000 : 60_000)
        yield* readShards({ name, arn, initial, workers, worker, lookMillis, resting, read }, resume).pipe(
          Effect.matchCauseEffect({
            onFailure: (cause) => Queue.failCause(queue, cause),
            onSuccess: () => Queue.end(queue)
          }),
          Effect.forkScoped
        )
        return Stream.unfold(queue, takeFrom)
      })
    )

  return {
    name,
    location: arn,
    pages,
    disown: (shards) =>
      Effect.forEach(
        shards.filter((shard) => owns(shard, workers, worker)),
        // Not all at once: two that have disowned each other's shards must not meet again.
        (shard) => Effect.map(Random.next, (random) => resting.disown(shard, restMillis * (1 + random / 2))),
        { discard: true }
      )
  }
})

interface Delivery {
  readonly page: RecordPage
  /** Makes room for another answer. */
  readonly taken: Effect.Effect<void>
}

type Deliveries = Queue.Queue<Delivery, SourceError | Cause.Done>

const takeFrom = (queue: Deliveries): Effect.Effect<readonly [RecordPage, Deliveries] | undefined, SourceError> =>
  Queue.take(queue).pipe(
    Effect.flatMap(({ page, taken }) => Effect.as(taken, [page, queue] as const)),
    Effect.catch((end) => (end instanceof SourceError ? Effect.fail(end) : Effect.succeed(undefined)))
  )
