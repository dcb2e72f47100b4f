import { Redacted } from "effect"
import type { DecodeSettings } from "../decode/decoder.ts"
import { type BatchLimits, defaultBatchLimits } from "../ingest/options.ts"
import type { Values } from "./settings.ts"

/** What the settings say, as the parts of Sluice want to be told it. */

/** The hash key as bytes; null: there is none. */
export const hashKeyOf = ({ hashKey }: Values<"hashKey">): Uint8Array | null =>
  hashKey === null ? null : new TextEncoder().encode(Redacted.value(hashKey))

export const decodeSettingsOf = (values: Values<"hashKey" | "maxDepth" | "maxRecordBytes">): DecodeSettings => ({
  hashKey: hashKeyOf(values),
  maxDepth: values.maxDepth,
  maxRecordBytes: values.maxRecordBytes
})

const limitsOf = (values: Values<"batchBytes" | "batchAge">): BatchLimits => ({
  ...defaultBatchLimits,
  bytes: values.batchBytes,
  ageMillis: values.batchAge
})

/** How datasets are ingested. @param contracts the module in which other threads find the contracts */
export const ingestOptionsOf = (
  values: Values<"hashKey" | "maxDepth" | "maxRecordBytes" | "batchBytes" | "batchAge" | "threads">,
  contracts: URL
) => ({ decode: decodeSettingsOf(values), limits: limitsOf(values), threads: values.threads, contracts })

/** Memory and threads of the embedded engine, as settings say. */
export const duckdbOptionsOf = ({ memoryLimit, threads }: Values<"memoryLimit" | "threads">) => ({ memoryLimit, threads })
