import { Effect } from "effect"
import { Flag } from "effect/cli"
import type { BatchLimits } from "../ingest/options.ts"
import { defaultBatchLimits } from "../ingest/options.ts"
import { filesSource } from "../source/files.ts"
import { olistSource } from "../source/olist.ts"
import type { Source, SourceError } from "../source/source.ts"
import { UsageError } from "./failures.ts"
import { use, type Values } from "./settings.ts"

export const sourceFlags = {
  source: Flag.Literals("source", ["files", "olist"]).pipe(
    Flag.withDescription("Where records come from: files of JSON, or the CSV files of the Olist data set."),
    Flag.withDefault("files")
  ),
  format: Flag.Literals("format", ["auto", "lines", "document"]).pipe(
    Flag.withDescription("Files hold one record a line, or are one record each. auto: by name and content."),
    Flag.withDefault("auto")
  )
}

export interface SourceChoice {
  readonly source: "files" | "olist"
  readonly format: "auto" | "lines" | "document"
}

/** What ingest can be told, by flag or environment. */
const ingestNames = [
  "lake",
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
  "lineageNamespace"
] as const
export const ingestSettings = use(...ingestNames)

/** The same for a command that also repartitions, again and again. */
export const runSettings = use(...ingestNames, "memoryLimit", "pollInterval", "repartitionEvery")

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
}

export type Skipped = { readonly [reason: string]: number }

/** The source that the flags name. @param pollMillis keep looking for new files at this interval; null: end with the input */
export const openSource = (
  { source, format }: SourceChoice,
  { input, arrivedAt, maxRecordBytes }: Values<"input" | "arrivedAt" | "maxRecordBytes">,
  pollMillis: number | null
): Effect.Effect<OpenedSource, SourceError | UsageError> =>
  Effect.gen(function* () {
    if (input === null) {
      return yield* new UsageError({ problem: "--input is missing", hint: "Give a folder, a file, or - for standard input." })
    }
    const arrival = arrivedAt === null ? {} : { arrivedAt }
    if (source === "olist")
      return { source: yield* olistSource({ input, ...arrival }), problems: Effect.succeed([]), skipped: Effect.succeed({}) }
    const follow = pollMillis === null ? {} : { follow: { pollMillis } }
    const files = yield* filesSource({ input, format, maxRecordBytes, ...arrival, ...follow })
    return { source: files, problems: files.problems, skipped: files.skipped }
  })
