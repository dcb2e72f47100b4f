import { type Effect, Schema } from "effect"

/**
 * The part of Kinesis Data Streams that Sluice uses, as plain values. One implementation speaks to AWS (`aws-kinesis.ts`), one keeps the stream
 * in a folder (`local/`), another is a simulated stream that enforces the service's limits (`test/simulation/`). No implementation tries again by itself: who calls decides.
 */
export interface KinesisApi {
  readonly describeStream: (stream: string) => Effect.Effect<StreamDescription, KinesisError>
  /** One page of at most 1,000 shards, open and closed, without those that have expired. @param nextToken valid for 300 s, and for the stream that gave it */
  readonly listShards: (stream: string, nextToken: string | null) => Effect.Effect<ShardsPage, KinesisError>
  /** An iterator, valid for 300 s. At most 5 calls a second and shard. */
  readonly getShardIterator: (stream: string, shardId: string, start: IteratorStart) => Effect.Effect<string, KinesisError>
  /** At most 10 MiB and `limit` (1 to 10,000) records; 5 calls and 2 MiB a second and shard, shared by all consumers. */
  readonly getRecords: (iterator: string, limit: number) => Effect.Effect<RecordsPage, KinesisError>
  /** At most 500 records and 10 MiB, keys included. The answers are in the order of the records; each may fail by itself. */
  readonly putRecords: (stream: string, records: ReadonlyArray<PutRecord>) => Effect.Effect<ReadonlyArray<PutAnswer>, KinesisError>
}

export interface StreamDescription {
  readonly arn: string
  /** How long records are kept, in milliseconds. */
  readonly retentionMillis: number
}

export interface ShardsPage {
  readonly shards: ReadonlyArray<Shard>
  readonly nextToken: string | null
}

export interface Shard {
  readonly shardId: string
  readonly parentShardId: string | null
  /** The other parent of a shard that came from a merge. */
  readonly adjacentParentShardId: string | null
  /** Bounds of the hash keys that land here, both included, as decimal digits. */
  readonly startingHashKey: string
  readonly endingHashKey: string
  readonly startingSequenceNumber: string
  /** Null as long as the shard is open. */
  readonly endingSequenceNumber: string | null
}

export type IteratorStart =
  | { readonly type: "TRIM_HORIZON" | "LATEST" }
  /** Milliseconds since 1970. Before the horizon it means the horizon. */
  | { readonly type: "AT_TIMESTAMP"; readonly timestamp: number }
  | { readonly type: "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER"; readonly sequenceNumber: string }

export interface StreamRecord {
  readonly sequenceNumber: string
  readonly partitionKey: string
  readonly data: Uint8Array
  /** `ApproximateArrivalTimestamp`, milliseconds since 1970. Neither accurate nor monotonic. */
  readonly arrivedAt: number
}

/** Where a stream is begun that was never read. */
export type InitialPosition = Exclude<IteratorStart, { readonly sequenceNumber: string }>

export interface RecordsPage {
  readonly records: ReadonlyArray<StreamRecord>
  /** Null at the end of a closed shard. */
  readonly nextIterator: string | null
  /** 0 at the tip of the shard. */
  readonly millisBehindLatest: number
  /** When the service answered, by its own clock, milliseconds since 1970; absent where it does not say. Clocks of processes may be wrong. */
  readonly servedAt?: number | undefined
  /** What arrived before this has been trimmed, by whatever rule, milliseconds since 1970; absent where nothing was or the stream does not say. */
  readonly trimmedBefore?: number | undefined
  /** Only at the end of a closed shard. A null iterator without children is no end: the call must be made again. */
  readonly childShards: ReadonlyArray<{ readonly shardId: string; readonly parentShardIds: ReadonlyArray<string> }>
  /** Gives the memory of the data back, to be used for another answer. Who does not call it keeps the data. To be called once. */
  readonly release?: (() => void) | undefined
}

export interface PutRecord {
  readonly partitionKey: string
  /** Takes the place of the MD5 of the partition key, as decimal digits. */
  readonly explicitHashKey?: string | undefined
  readonly data: Uint8Array
}

export type PutAnswer =
  | { readonly ok: true; readonly sequenceNumber: string; readonly shardId: string }
  /** `code` as Kinesis names it: `ProvisionedThroughputExceededException`, `InternalFailure`, … */
  | { readonly ok: false; readonly code: string }

/**
 * Why a call failed, by what to do. `Throttled` and `Unavailable` may be tried again (an answer that never came is `Unavailable`: a put may have
 * happened); `ExpiredIterator` and `ExpiredToken` ask for a new one; `NotFound`, `Denied` and `Invalid` need a person.
 */
export const kinesisReasons = ["Throttled", "Unavailable", "ExpiredIterator", "ExpiredToken", "NotFound", "Denied", "Invalid"] as const
export type KinesisReason = (typeof kinesisReasons)[number]

export class KinesisError extends Schema.TaggedError<KinesisError>()("KinesisError", {
  /** As the API names it: `GetRecords`, … */
  operation: Schema.String,
  stream: Schema.String,
  reason: Schema.Literals(kinesisReasons),
  /** What the service said, without its full stop; never data. */
  detail: Schema.String,
  /** What to do about it, where whoever failed knows better than the reason does. */
  hint: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `${this.operation} of stream ${this.stream}: ${this.detail}`
  }
}
