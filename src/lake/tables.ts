import { Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import { deadLetterPartitions, stageColumns, stagePartitions } from "../record/system-columns.ts"
import type { Store } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { createTable, openTable, type Table } from "../table/table.ts"
import { deadLettersPath, stagePath } from "./layout.ts"

export interface Opened {
  readonly table: Table
  readonly created: boolean
}

/** A commit every few minutes makes thousands of log entries in Delta's default of 30 days. */
export const retention = {
  "delta.logRetentionDuration": "interval 7 days",
  "delta.deletedFileRetentionDuration": "interval 7 days"
} as const

/** Opens the stage table of a contract, creating it or adding the columns that it lacks. */
export const openStage = (compiled: CompiledContract): Effect.Effect<Opened, TableError, Store> =>
  createTable(stagePath(compiled.contract.name), {
    name: `stage_${compiled.contract.name}`,
    description: `${compiled.contract.title} as they arrived.`,
    columns: stageColumns(compiled.columns),
    partitions: stagePartitions,
    writerFeatures: ["domainMetadata"],
    configuration: retention
  })

/** Opens the table of records that could not become rows; all datasets share it. */
export const openDeadLetters: Effect.Effect<Opened, TableError, Store> = createTable(deadLettersPath, {
  name: "dead_letters",
  description: "Records that could not become rows, with their coordinates, bytes and the reason. May hold personal data.",
  columns: deadLetterColumns,
  partitions: deadLetterPartitions,
  writerFeatures: ["domainMetadata"],
  configuration: retention
})

/** Opens a table if it is there. */
export const findTable = (path: string): Effect.Effect<Option.Option<Table>, TableError, Store> =>
  openTable(path).pipe(
    Effect.map((table) => Option.some(table)),
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed(Option.none())
    )
  )
