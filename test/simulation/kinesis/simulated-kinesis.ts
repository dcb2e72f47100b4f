import { Clock, Duration, Effect, Result } from "effect"
import { type KinesisApi, KinesisError, type KinesisReason } from "../../../src/stream/kinesis/api.ts"
import { type Failure, type Faults, noFaults, type Operation } from "./faults.ts"
import { limits } from "./limits.ts"
import { Service, type ServiceOptions } from "./service.ts"
import type { SimulatedRecord, SimulatedShard } from "./shard.ts"
import type { SimulatedStream } from "./stream.ts"
import { readIterator } from "./tokens.ts"
import type { CallCounts, Violation } from "./watch.ts"

export interface Options extends ServiceOptions {
  readonly faults?: Partial<Faults>
  /** How long a call takes, least and most. Half of it passes before the service acts, half before the caller knows. [0, 0] by default. */
  readonly latencyMillis?: readonly [number, number]
}

/**
 * A service that behaves like Kinesis Data Streams, in memory. `api` is what producers and consumers see; the rest belongs to the test that owns
 * the world. It lives on the clock that it was made with, whatever clock its callers have, and never goes back in time.
 */
export class SimulatedKinesis {
  readonly api: KinesisApi
  latencyMillis: readonly [number, number]
  private readonly service: Service
  private readonly clock: Clock.Clock
  private readonly random: () => number
  private readonly ordered = new Map<Operation, Array<Failure>>()
  private connected = true
  private latest = 0

  constructor(clock: Clock.Clock, { faults, latencyMillis = [0, 0], ...options }: Options) {
    this.clock = clock
    this.random = options.random
    this.service = new Service(options)
    this.service.faults = { ...noFaults, ...faults }
    this.latencyMillis = latencyMillis
    const { service } = this
    this.api = {
      describeStream: (stream) => this.call("DescribeStreamSummary", stream, (now) => service.describeStream(stream, now)),
      listShards: (stream, nextToken) => this.call("ListShards", stream, (now) => service.listShards(stream, nextToken, now)),
      getShardIterator: (stream, shardId, start) =>
        this.call("GetShardIterator", stream, (now) => service.getShardIterator(stream, shardId, start, now)),
      getRecords: (iterator, limit) =>
        this.call(
          "GetRecords",
          readIterator(iterator)?.stream ?? "",
          (now) => service.getRecords(iterator, limit, now),
          (page) => service.delivered(iterator, page, this.now())
        ),
      putRecords: (stream, records) =>
        this.call(
          "PutRecords",
          stream,
          (now) => service.putRecords(stream, records, now),
          ({ stored }) => {
            for (const record of stored) record.acknowledged = true
          }
        ).pipe(Effect.map(({ answers }) => answers))
    }
  }

  static make(options: Options): Effect.Effect<SimulatedKinesis> {
    return Effect.map(Clock.clockWith(Effect.succeed), (clock) => new SimulatedKinesis(clock, options))
  }

  /** @param settings.retentionMillis 24 hours by default, which is the least that the service offers */
  createStream(name: string, settings: { readonly shards: number; readonly retentionMillis?: number }): SimulatedStream {
    return this.service.createStream(name, settings.shards, settings.retentionMillis ?? limits.retentionMillis.least, this.now())
  }

  /** Takes effect at once: the parent is closed, and what is put from now on goes to the children. @param at first hash key of the upper child */
  splitShard(stream: string, shardId: string, at?: bigint): readonly [SimulatedShard, SimulatedShard] {
    return this.stream(stream).split(shardId, this.now(), at)
  }

  /** Takes effect at once. @param shardId becomes the child's parent, the other its adjacent parent */
  mergeShards(stream: string, shardId: string, adjacentShardId: string): SimulatedShard {
    return this.stream(stream).merge(shardId, adjacentShardId, this.now())
  }

  /** Takes effect at once, as `IncreaseStreamRetentionPeriod` and `DecreaseStreamRetentionPeriod` do. */
  retain(stream: string, retentionMillis: number): void {
    this.stream(stream).retain(retentionMillis, this.now())
  }

  get faults(): Faults {
    return this.service.faults
  }

  /** May be changed at any time: a quiet phase begins with `kinesis.faults = noFaults`. */
  set faults(faults: Faults) {
    this.service.faults = faults
  }

  /** The next calls of this operation fail so, one per call. They come before chance. */
  failNext(operation: Operation, failure: Failure, times = 1): void {
    const queue = this.ordered.get(operation) ?? []
    for (let i = 0; i < times; i++) queue.push(failure)
    this.ordered.set(operation, queue)
  }

  /** From now on no call reaches the service, and no answer a caller: what is under way may have been carried out. */
  disconnect(): void {
    this.connected = false
  }

  reconnect(): void {
    this.connected = true
  }

  stream(name: string): SimulatedStream {
    const stream = this.service.streams.get(name)
    if (stream === undefined) throw new Error(`there is no stream ${name}`)
    return stream
  }

  /** Everything that was ever stored, in that order; `acknowledged` says what the producer knows, `expiresAt` when it leaves the stream. */
  records(stream: string): ReadonlyArray<SimulatedRecord> {
    return this.stream(stream).records
  }

  /** All shards that ever were, in the order in which they were opened. */
  shards(stream: string): ReadonlyArray<SimulatedShard> {
    return this.stream(stream).shards
  }

  get counts(): { readonly [operation in Operation]: CallCounts } {
    return this.service.watch.counts
  }

  /** What consumers did that the service lets pass and that is wrong or unwise. */
  get violations(): ReadonlyArray<Violation> {
    return this.service.watch.violations
  }

  /** One call: its way there, what it may meet, what it does, its way back. `delivered` runs if the caller gets the answer. */
  private call<A>(
    operation: Operation,
    stream: string,
    apply: (now: number) => A,
    delivered?: (answer: A) => void
  ): Effect.Effect<A, KinesisError> {
    const settle = (outcome: Result.Result<A, KinesisError>): Effect.Effect<A, KinesisError> => {
      const seen = this.connected ? outcome : Result.fail(new KinesisError({ operation, stream, ...answerOf.Unavailable }))
      if (Result.isSuccess(seen)) delivered?.(seen.success)
      else this.service.watch.failed(operation, seen.failure.reason)
      return Effect.fromResult(seen)
    }
    return Effect.suspend(() => {
      this.counts[operation].calls++
      const [least, most] = this.latencyMillis
      const millis = least + Math.floor(this.random() * (most - least + 1))
      if (millis === 0) return settle(this.execute(operation, stream, apply))
      const there = millis >>> 1
      return this.clock.sleep(Duration.millis(there)).pipe(
        Effect.map(() => this.execute(operation, stream, apply)),
        Effect.tap(() => this.clock.sleep(Duration.millis(millis - there))),
        Effect.flatMap(settle)
      )
    })
  }

  private execute<A>(operation: Operation, stream: string, apply: (now: number) => A): Result.Result<A, KinesisError> {
    const failure = this.connected ? this.nextFailure(operation) : "Unavailable"
    if (failure !== null && failure !== "LostAnswer") return Result.fail(new KinesisError({ operation, stream, ...answerOf[failure] }))
    try {
      const answer = apply(this.now())
      return failure === null ? Result.succeed(answer) : Result.fail(new KinesisError({ operation, stream, ...answerOf.LostAnswer }))
    } catch (error) {
      if (error instanceof KinesisError) return Result.fail(error)
      throw error
    }
  }

  private nextFailure(operation: Operation): Failure | null {
    const next = this.ordered.get(operation)?.shift()
    if (next !== undefined) return next
    const { unavailable, throttle, lostAnswer } = this.faults
    if (this.chance(unavailable)) return "Unavailable"
    if (this.chance(throttle)) return "Throttled"
    return this.chance(lostAnswer) ? "LostAnswer" : null
  }

  private chance(probability: number): boolean {
    return probability > 0 && this.random() < probability
  }

  private now(): number {
    this.latest = Math.max(this.latest, this.clock.currentTimeMillisUnsafe())
    return this.latest
  }
}

/** What a call says that was made to fail. */
const answerOf: { readonly [failure in Failure]: { readonly reason: KinesisReason; readonly detail: string } } = {
  Throttled: { reason: "Throttled", detail: "ProvisionedThroughputExceededException: rate exceeded" },
  Unavailable: { reason: "Unavailable", detail: "InternalFailureException: the service cannot be reached" },
  LostAnswer: { reason: "Unavailable", detail: "the answer did not come" },
  ExpiredIterator: { reason: "ExpiredIterator", detail: "ExpiredIteratorException: the iterator has expired" },
  ExpiredToken: { reason: "ExpiredToken", detail: "ExpiredNextTokenException: the next token has expired" },
  NotFound: { reason: "NotFound", detail: "ResourceNotFoundException: no such stream" },
  Denied: { reason: "Denied", detail: "AccessDeniedException: not allowed" },
  Invalid: { reason: "Invalid", detail: "InvalidArgumentException: not understood" }
}
