import { Effect, type Scope } from "effect"
import { bytesIn } from "../contract/bytes-at.ts"
import type { CompiledContract } from "../contract/compile.ts"
import { formatOf } from "../contract/format.ts"
import type { SourceError } from "../record/source-error.ts"
import { bucketPlace } from "../source/bucket.ts"
import { diskPlace } from "../source/disk.ts"
import { type FilesOptions, filesName, filesSource } from "../source/files.ts"
import { framingOf } from "../source/framing.ts"
import { kinesisSource } from "../source/kinesis/kinesis.ts"
import type { Place } from "../source/place.ts"
import { withShare } from "../source/share-read.ts"
import type { Source } from "../source/source.ts"
import { asSourceError } from "../stream/kinesis/failures.ts"
import { localSourceName } from "../stream/local/failures.ts"
import { localStream } from "../stream/local/local-stream.ts"
import { UsageError } from "./failures.ts"
import { kinesisOf } from "./kinesis.ts"
import { s3Place } from "./setting-types.ts"
import type { Values } from "./settings.ts"

export interface SourceChoice {
  readonly source: "files" | "kinesis" | "stream" | "sqs"
  readonly format: "auto" | "lines" | "document"
}

/** A source, and what it could not read and set aside. */
export interface OpenedSource {
  readonly source: Source
  readonly problems: Effect.Effect<ReadonlyArray<SourceError>>
  /** Files passed over, by reason. */
  readonly skipped: Effect.Effect<Skipped>
  /** Share of the input that was read, 0 to 1; null where nobody knows how much there is. */
  readonly share: () => number | null
  /** What people should know of the files, as sentences. */
  readonly notes: Effect.Effect<ReadonlyArray<string>>
}

export type Skipped = { readonly [reason: string]: number }

/** What says where files lie, and how a bucket is reached. */
export const inputNames = ["input", "region", "s3Endpoint"] as const
export type InputName = (typeof inputNames)[number]

/**
 * Where the files of an input lie: a folder or a file of this machine, or `s3://bucket/prefix`.
 *
 * @param mayBeEmpty may there be nothing yet, where a bucket has no folders that could be empty?
 */
export const openPlace = (
  { input, region, s3Endpoint }: Values<InputName>,
  mayBeEmpty: boolean
): Effect.Effect<Place, SourceError | UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    const named = yield* inputOf({ input })
    const bucket = s3Place(named)
    if (bucket === null) return yield* diskPlace(filesName, named)
    return yield* bucketPlace(filesName, { ...bucket, region: region ?? undefined, endpoint: s3Endpoint ?? undefined, mayBeEmpty })
  })

export type SourceValues = Values<
  | "input"
  | "arrivedAt"
  | "maxRecordBytes"
  | "queue"
  | "stream"
  | "endpoint"
  | "region"
  | "s3Endpoint"
  | "start"
  | "workers"
  | "worker"
  | "pollInterval"
  | "batchAge"
>

/** What a source has that shares an input. */
export interface SourceShare extends Pick<FilesOptions, "takes" | "pageBytes" | "large"> {
  /** Where the files lie, which all that share it open once. */
  readonly place: Effect.Effect<Place, SourceError | UsageError, Scope.Scope>
}

/**
 * The source that the flags name.
 *
 * @param follow go on with what comes, until stopped; otherwise end with the input: the last file, the tip of every shard
 */
export const openSource = (
  { source, format }: SourceChoice,
  { contract }: CompiledContract,
  values: SourceValues,
  follow: boolean,
  { place, takes, pageBytes, large }: SourceShare
): Effect.Effect<OpenedSource, SourceError | UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* checkWorker(values)
    if (source === "kinesis") return alone(yield* openStream(values, follow))
    if (source === "stream") return alone(yield* openLocalStream(values, follow))
    if (values.input === null && values.stream !== null) {
      return yield* new UsageError({
        problem: "--input is missing",
        hint: "Give one, or read the stream with --source kinesis, or --source stream where it is a folder."
      })
    }
    if (values.input === null && values.queue !== null) {
      return yield* new UsageError({ problem: "--input is missing", hint: "Give one, or read what the queue announces with --source sqs." })
    }
    const { kind } = formatOf(contract)
    if (kind !== "json" && format !== "auto") {
      return yield* new UsageError({
        problem: `--format ${format} is for JSON, and the records of ${contract.name} are ${kind}`,
        hint: "Leave it out: the contract says how its files are read."
      })
    }
    const { arrivedAt, maxRecordBytes, pollInterval } = values
    const input = yield* inputOf(values)
    const arrival = arrivedAt === null ? {} : { arrivedAt }
    const files = yield* filesSource({
      input: input === "-" ? input : yield* place,
      format: framingOf(formatOf(contract), format),
      bytesAt: bytesIn(contract.fields),
      takes,
      pageBytes,
      large,
      maxRecordBytes,
      ...arrival,
      ...(follow ? { follow: { pollMillis: pollInterval } } : {})
    })
    const measured = follow || input === "-" ? { source: files, share: () => null } : withShare(files)
    return { ...measured, problems: files.problems, skipped: files.skipped, notes: files.notes }
  })

/** Is this one of the workers that there are? */
export const checkWorker = ({ worker, workers }: Values<"worker" | "workers">): Effect.Effect<void, UsageError> =>
  worker < workers
    ? Effect.void
    : Effect.fail(
        new UsageError({
          problem: `there is no worker ${worker} of ${workers}`,
          hint: "Workers count from 0: give --worker a number below that of --workers."
        })
      )

/** What the command cannot do without. */
export const inputOf = ({ input }: Values<"input">): Effect.Effect<string, UsageError> =>
  input === null
    ? Effect.fail(
        new UsageError({ problem: "--input is missing", hint: "Give a folder, a file, s3://bucket/prefix, or - for standard input." })
      )
    : Effect.succeed(input)

export const streamOf = ({ stream }: Values<"stream">): Effect.Effect<string, UsageError> =>
  stream === null
    ? Effect.fail(
        new UsageError({
          problem: "--stream is missing",
          hint: "Give the name of a Kinesis stream, or with --source stream the folder of a local one."
        })
      )
    : Effect.succeed(stream)

/** A source that sets nothing aside. */
const alone = (source: Source): OpenedSource => ({
  source,
  problems: Effect.succeed([]),
  skipped: Effect.succeed({}),
  notes: Effect.succeed([]),
  share: () => null
})

/** Of a stream of this machine nobody counts calls or bytes. */
const withoutLimits = { callMillis: 0, bytesPerSecond: Number.POSITIVE_INFINITY } as const

const openLocalStream = (values: SourceValues, follow: boolean): Effect.Effect<Source, SourceError | UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* streamOf(values)
    const api = yield* localStream({ folder })
    const stream = yield* Effect.mapError(api.name, (error) => asSourceError(error, folder, localSourceName))
    return yield* kinesisSource({ name: localSourceName, api, stream, ...readingOf(values, follow), ...withoutLimits })
  })

const openStream = (values: SourceValues, follow: boolean): Effect.Effect<Source, SourceError | UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    const stream = yield* streamOf(values)
    return yield* kinesisSource({ api: yield* kinesisOf(values), stream, ...readingOf(values, follow) })
  })

/** How a stream is read, whoever keeps it. */
const readingOf = ({ start, workers, worker, pollInterval, batchAge }: SourceValues, follow: boolean) => ({
  initial: start,
  follow,
  workers,
  worker,
  pollMillis: pollInterval,
  batchAgeMillis: batchAge
})
