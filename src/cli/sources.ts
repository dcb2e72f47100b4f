import { Flag } from "effect/cli"
import { hitsNames } from "../app/collect-settings.ts"
import { catalogNames, engineSettings, hashKeyNames, lakeNames } from "../app/settings.ts"
import { withDefault } from "./common.ts"
import { use } from "./settings.ts"

/** How a command is told where records come from. */
export const sourceFlags = {
  source: withDefault(
    Flag.Literals("source", ["files", "kinesis", "stream", "sqs"]),
    "Where records come from: files, a Kinesis stream, a local stream in a folder, or objects of S3 that a queue of SQS announces.",
    "files"
  ),
  format: withDefault(
    Flag.Literals("format", ["auto", "lines", "document"]),
    "Files of JSON hold one record a line, or are one record each. auto: by name and content. How other formats are cut their contract says.",
    "auto"
  )
}

/** What ingest can be told, by flag or environment. */
const ingestNames = [
  ...lakeNames,
  ...catalogNames,
  "input",
  "arrivedAt",
  "batchBytes",
  "batchAge",
  "maxRecordBytes",
  "maxDepth",
  ...hashKeyNames,
  "threads",
  "lineage",
  "lineageKey",
  "lineageNamespace",
  "metricsPort",
  "otlp",
  "queue",
  "stream",
  "endpoint",
  "start",
  "workers",
  "worker",
  "pollInterval"
] as const
export const ingestSettings = use(...ingestNames)

/** The same for a command that also repartitions, again and again. */
export const runSettings = use(...ingestNames, ...engineSettings, "repartitionEvery", "collect", ...hitsNames)
