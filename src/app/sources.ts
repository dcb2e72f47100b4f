import { Effect, type Scope } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { formatOf } from "../contract/format.ts"
import type { SourceError } from "../record/source-error.ts"
import { type FilesOptions, filesSource } from "../source/files.ts"
import { framingOf } from "../source/framing.ts"
import { kinesisSource } from "../source/kinesis/kinesis.ts"
import { withShare } from "../source/share-read.ts"
import type { Source } from "../source/source.ts"
import { awsKinesis } from "../stream/kinesis/aws-kinesis.ts"
import { UsageError } from "./failures.ts"
import type { Values } from "./settings.ts"

export interface SourceChoice {
  readonly source: "files" | "kinesis"
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

export type SourceValues = Values<
  "input" | "arrivedAt" | "maxRecordBytes" | "stream" | "endpoint" | "region" | "start" | "workers" | "worker" | "pollInterval" | "batchAge"
>

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
  { takes, pageBytes }: Pick<FilesOptions, "takes" | "pageBytes"> = {}
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
      input,
      format: framingOf(formatOf(contract), format),
      takes,
      pageBytes,
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
