import { Effect, type Scope } from "effect"
import { Flag } from "effect/cli"
import type { BatchLimits } from "../ingest/options.ts"
import { defaultBatchLimits } from "../ingest/options.ts"
import type { SourceError } from "../record/source-error.ts"
import { filesSource } from "../source/files.ts"
import { kinesisSource } from "../source/kinesis/kinesis.ts"
import { olistSource } from "../source/olist.ts"
import { withShare } from "../source/share-read.ts"
import type { Source } from "../source/source.ts"
import { awsKinesis } from "../stream/kinesis/aws-kinesis.ts"
import { withDefault } from "./common.ts"
import { UsageError } from "./failures.ts"
import { lakeNames, use, type Values } from "./settings.ts"

export const sourceFlags = {
  source: withDefault(
    Flag.Literals("source", ["files", "kinesis", "olist"]),
    "Where records come from: files of JSON, a Kinesis stream, or the CSV files of the Olist data set.",
    "files"
  ),
  format: withDefault(
    Flag.Literals("format", ["auto", "lines", "document"]),
    "Files hold one record a line, or are one record each. auto: by name and content.",
    "auto"
  )
}

export interface SourceChoice {
  readonly source: "files" | "kinesis" | "olist"
  readonly format: "auto" | "lines" | "document"
}

/** What ingest can be told, by flag or environment. */
const ingestNames = [
  ...lakeNames,
  "input",
  "arrivedAt",
  "batchBytes",
  "batchAge",
  "maxRecordBytes",
  "maxDepth",
  "hashKey",
  "threads",
  "lineage",
  "lineageKey",
  "lineageNamespace",
  "metricsPort",
  "otlp",
  "stream",
  "endpoint",
  "start",
  "workers",
  "worker",
  "pollInterval"
] as const
export const ingestSettings = use(...ingestNames)

/** The same for a command that also repartitions, again and again. */
export const runSettings = use(...ingestNames, "memoryLimit", "repartitionEvery")

export const limitsOf = (values: Values<"batchBytes" | "batchAge">): BatchLimits => ({
  ...defaultBatchLimits,
  bytes: values.batchBytes,
  ageMillis: values.batchAge
})

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

type SourceValues = Values<
  "input" | "arrivedAt" | "maxRecordBytes" | "stream" | "endpoint" | "region" | "start" | "workers" | "worker" | "pollInterval" | "batchAge"
>

/**
 * The source that the flags name.
 *
 * @param follow go on with what comes, until stopped; otherwise end with the input: the last file, the tip of every shard
 */
export const openSource = (
  { source, format }: SourceChoice,
  values: SourceValues,
  follow: boolean
): Effect.Effect<OpenedSource, SourceError | UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    if (values.worker >= values.workers) {
      return yield* new UsageError({
        problem: `there is no worker ${values.worker} of ${values.workers}`,
        hint: "Workers count from 0: give --worker a number below that of --workers."
      })
    }
    if (source === "kinesis") return alone(yield* openStream(values, follow))
    if (values.input === null && values.stream !== null) {
      return yield* new UsageError({ problem: "--input is missing", hint: "Give one, or read the stream with --source kinesis." })
    }
    const { arrivedAt, maxRecordBytes, pollInterval } = values
    const input = yield* inputOf(values)
    const arrival = arrivedAt === null ? {} : { arrivedAt }
    if (source === "olist") return alone(yield* olistSource({ input, ...arrival }))
    const files = yield* filesSource({
      input,
      format,
      maxRecordBytes,
      ...arrival,
      ...(follow ? { follow: { pollMillis: pollInterval } } : {})
    })
    const measured = follow || input === "-" ? { source: files, share: () => null } : withShare(files)
    return { ...measured, problems: files.problems, skipped: files.skipped, notes: files.notes }
  })

/** What the command cannot do without. */
export const inputOf = ({ input }: Values<"input">): Effect.Effect<string, UsageError> =>
  input === null
    ? Effect.fail(new UsageError({ problem: "--input is missing", hint: "Give a folder, a file, or - for standard input." }))
    : Effect.succeed(input)

export const streamOf = ({ stream }: Values<"stream">): Effect.Effect<string, UsageError> =>
  stream === null
    ? Effect.fail(new UsageError({ problem: "--stream is missing", hint: "Give the name of a Kinesis stream." }))
    : Effect.succeed(stream)

/** Kinesis, where the settings say that it is. */
export const kinesisOf = ({ region, endpoint }: Values<"region" | "endpoint">) =>
  awsKinesis({ region: region ?? undefined, endpoint: endpoint ?? undefined })

/** A source that sets nothing aside. */
const alone = (source: Source): OpenedSource => ({
  source,
  problems: Effect.succeed([]),
  skipped: Effect.succeed({}),
  notes: Effect.succeed([]),
  share: () => null
})

const openStream = (values: SourceValues, follow: boolean): Effect.Effect<Source, SourceError | UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    const { worker, workers } = values
    const stream = yield* streamOf(values)
    return yield* kinesisSource({
      api: yield* kinesisOf(values),
      stream,
      initial: values.start,
      follow,
      workers,
      worker,
      pollMillis: values.pollInterval,
      batchAgeMillis: values.batchAge
    })
  })
