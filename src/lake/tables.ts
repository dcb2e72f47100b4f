import { Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { type Partition, partitionWords, winnerWords } from "../contract/identity.ts"
import { skippingColumns } from "../parquet/statistics.ts"
import type { Column } from "../record/column.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import { deadLetterPartitions, stageColumns, stagePartitions } from "../record/system-columns.ts"
import type { Store, StoreError } from "../store/store.ts"
import { TableError } from "../table/errors.ts"
import { deltaSchema, type StructType } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { createTable, openTable, type Table } from "../table/table.ts"
import { refuseOldColumns, refuseOtherIdentity, refuseOtherPartition, refuseUnknownColumns } from "./contract-change.ts"
import { hasTable, ownTablePaths } from "./find-tables.ts"
import { agreeOnHashKey, fingerprintOf, type Hashing, hashKeyProblem, holdsHashes } from "./hash-key.ts"
import { consumablePath, deadLettersPath, stagePath } from "./layout.ts"
import { hashKeysProperty, identityProperty, tombstonesProperty } from "./log-keys.ts"
import { identityText } from "./remembered.ts"

export interface Opened {
  readonly table: Table
  readonly created: boolean
}

/** A commit every few minutes makes thousands of log entries in Delta's default of 30 days. */
export const retention = {
  "delta.logRetentionDuration": "interval 7 days",
  "delta.deletedFileRetentionDuration": "interval 7 days"
} as const

/**
 * Property that tells readers by which columns they may skip files. A table gets it once: columns that come later are not among them, since of a
 * file that does not tell how many of a column are null, delta-rs believes that none is.
 */
export const skippable = (columns: ReadonlyArray<Column>): Readonly<Record<string, string>> => ({
  "delta.dataSkippingStatsColumns": skippingColumns(columns)
})

/** Properties that a table has not got yet, in any form. */
const lacking = (properties: Readonly<Record<string, string>>, { metaData }: Snapshot): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => metaData.configuration[name] === undefined))

const stageSchema = (compiled: CompiledContract): StructType => deltaSchema([...stageColumns(compiled.columns), ...stagePartitions])

/**
 * Opens the stage table of a contract, creating it or adding the columns that it lacks. One that was made with another key, version or event
 * time, or that has columns which the contract does not know, is an `Invalid` error that names them.
 *
 * @param options.identity "new": the table takes on the key, version and event time of the contract, whatever it was made with
 * @param options.hashing for who writes rows: fails with `Invalid` where hashes in the table, or in the stages beside a new one, are of another key
 */
export const openStage = (
  compiled: CompiledContract,
  options: { readonly identity?: "same" | "new"; readonly hashing?: Hashing } = {}
): Effect.Effect<Opened, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const path = stagePath(compiled.contract.name)
    const hashes = options.hashing !== undefined && compiled.columns.some(holdsHashes) ? options.hashing : null
    if (hashes?.change === false && !(yield* hasTable(path))) yield* agreeWithOthers(hashes)
    const properties = { [identityProperty]: identityText(compiled) }
    const columns = stageColumns(compiled.columns)
    const opened = yield* createTable(path, {
      name: `stage_${compiled.contract.name}`,
      description: `${compiled.contract.title} as they arrived.`,
      columns,
      partitions: stagePartitions,
      writerFeatures: ["domainMetadata"],
      configuration: {
        ...retention,
        ...skippable(columns),
        ...properties,
        ...(hashes === null ? {} : { [hashKeysProperty]: yield* fingerprintOf(hashes.key) })
      },
      admit: (existing) => {
        refuseStage(compiled, existing, options.identity)
        return { ...lacking(skippable(columns), existing), ...properties }
      }
    })
    if (hashes !== null) yield* agreeOnHashKey(opened.table, hashes)
    return opened
  })

/** A lake has one key, so that its datasets can be joined by what is hashed. */
const agreeWithOthers = ({ key }: Hashing): Effect.Effect<void, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    for (const path of (yield* ownTablePaths).filter((path) => path.startsWith(stagePath("")))) {
      const other = yield* findTable(path)
      if (Option.isNone(other)) continue
      const { files, metaData } = yield* other.value.snapshot
      const problem = files.size === 0 ? null : hashKeyProblem(metaData, key)
      if (problem !== null) return yield* new TableError({ table: path, reason: "Invalid", ...problem })
    }
  })

/** The schema of the consumable of a contract. @param columns of its files */
export const consumableSchema = (columns: ReadonlyArray<Column>, partition: Partition): StructType =>
  deltaSchema([...columns, ...partition.columns])

const rowsWords = ({ identity }: CompiledContract): string => {
  const { kind, key, deleted, partition } = identity
  if (kind === "versions" && partition.by === "day") return "one row per version, by the UTC day on which it last changed"
  const row = `one row per ${kind === "versions" ? "version" : key.join(" and ")}`
  const newest = kind === "latest" ? `, ${winnerWords(identity)}${deleted === null ? "" : ` unless ${deleted}`}` : ""
  return `${row}${newest}, ${partitionWords(partition)}`
}

/**
 * Opens the consumable of a contract, creating it or adding the columns that it lacks. Any engine may write it: it needs no feature. One that was
 * made with another key, version or event time is an `Invalid` error, and so is one that only a rebuild makes what the contract says.
 *
 * @param columns of its files
 */
export const openConsumable = (
  compiled: CompiledContract,
  columns: ReadonlyArray<Column>,
  rebuild: boolean
): Effect.Effect<Opened, TableError, Store> => {
  const properties = { [identityProperty]: identityText(compiled) }
  return createTable(consumablePath(compiled.contract.name), {
    name: `consumable_${compiled.contract.name}`,
    description: `${compiled.contract.title}: ${rowsWords(compiled)}.`,
    columns,
    partitions: compiled.identity.partition.columns,
    configuration: { ...skippable(columns), ...properties },
    admit: (existing) => {
      refuseConsumable(compiled, columns, rebuild, existing)
      return { ...lacking(skippable(columns), existing), ...properties }
    }
  })
}

/** Refuses a stage that a contract must not write. Throws `Malformed`. @param identity "new": it may have been made with another one */
export const refuseStage = (compiled: CompiledContract, existing: Snapshot, identity: "same" | "new" = "same"): void => {
  if (identity === "same") refuseOtherIdentity(compiled, existing)
  refuseUnknownColumns(compiled, stageSchema(compiled), existing)
}

/** Has a consumable rows, or keys that were deleted? One that is empty has told nothing apart yet. */
export const hasToldApart = ({ files, metaData }: Snapshot): boolean => files.size > 0 || tombstonesProperty in metaData.configuration

/** Refuses a consumable that a contract must not write. Throws `Malformed`. */
export const refuseConsumable = (
  compiled: CompiledContract,
  columns: ReadonlyArray<Column>,
  rebuild: boolean,
  existing: Snapshot
): void => {
  if (hasToldApart(existing)) refuseOtherIdentity(compiled, existing)
  refuseOtherPartition(compiled, existing)
  if (!rebuild) refuseOldColumns(compiled, consumableSchema(columns, compiled.identity.partition), existing)
}

/** Opens the table of records that could not become rows; all datasets share it. */
export const openDeadLetters: Effect.Effect<Opened, TableError, Store> = createTable(deadLettersPath, {
  name: "dead_letters",
  description: "Records that could not become rows, with their coordinates, bytes and the reason. May hold personal data.",
  columns: deadLetterColumns,
  partitions: deadLetterPartitions,
  writerFeatures: ["domainMetadata"],
  configuration: { ...retention, ...skippable(deadLetterColumns) },
  admit: (existing) => lacking(skippable(deadLetterColumns), existing)
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

/** What tells a table from all others: where it lies, since a copied lake is another one, and its id, since so is one that was made anew. */
export const identityOf = ({
  table,
  snapshot
}: {
  readonly table: Pick<Table, "uri">
  readonly snapshot: { readonly metaData: Pick<Snapshot["metaData"], "id"> }
}): readonly [string, string] => [table.uri, snapshot.metaData.id]
