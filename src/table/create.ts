import { Clock, Effect } from "effect"
import type { Column } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import { randomUuid } from "../record/random.ts"
import { version } from "../record/version.ts"
import { Store, type StoreError } from "../store/store.ts"
import { serializeCommit } from "./action-json.ts"
import type { Action, Metadata } from "./actions.ts"
import { isOurs } from "./conflict.ts"
import { fromStore, fromThrown, type TableError } from "./errors.ts"
import { evolveSchema } from "./evolve.ts"
import { foldCommit, type Log, load, logOf, readCommit } from "./log.ts"
import { type Table, tableOf } from "./open.ts"
import { commitName } from "./paths.ts"
import { supportsDomains } from "./protocol.ts"
import { deltaSchema, type StructType } from "./schema.ts"
import type { Snapshot } from "./snapshot.ts"

export interface TableDefinition {
  readonly name: string
  readonly description: string
  /** Columns of the data files, in file order. */
  readonly columns: ReadonlyArray<Column>
  /** Partition columns, which are in the schema but not in the files. */
  readonly partitions: ReadonlyArray<Column>
  readonly writerFeatures?: ReadonlyArray<"domainMetadata">
  /** Table properties, e.g. `delta.checkpointInterval` (ours: 100 commits). Only used when the table is made. */
  readonly configuration?: Readonly<Record<string, string>>
  /** Looks at a table that is there. Throws `Malformed` where the definition must not write it; gives properties that it must have from now on. */
  readonly admit?: (existing: Snapshot) => Readonly<Record<string, string>>
}

export interface CreatedTable {
  readonly table: Table
  /** False where it was there before, or somebody else was faster. */
  readonly created: boolean
}

/**
 * Opens a table, making it first if there is none; of several processes that try at once, one makes it. Columns that the definition has and
 * the table has not are added (also inside structs and lists). A changed type or partitioning is an `Invalid` error that names both.
 */
export const createTable = (path: string, definition: TableDefinition): Effect.Effect<CreatedTable, TableError, Store> =>
  Effect.gen(function* () {
    const log = logOf(yield* Store, path)
    const schema = yield* Effect.try({
      try: () => deltaSchema([...definition.columns, ...definition.partitions]),
      catch: fromThrown(path, "its definition")
    })
    const found = yield* load(log).pipe(
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => Effect.succeed(null)
      )
    )
    const made = found === null ? yield* makeTable(log, definition, schema) : null
    const table = yield* tableOf(log, made ?? found ?? (yield* load(log)))
    if (made === null) yield* evolve(table, definition, schema)
    return { table, created: made !== null }
  })

/** Writes version 0. @returns its snapshot, or null if somebody else was faster */
const makeTable = (log: Log, definition: TableDefinition, schema: StructType): Effect.Effect<Snapshot | null, TableError> =>
  Effect.gen(function* () {
    const timestamp = yield* Clock.currentTimeMillis
    const txnId = yield* randomUuid
    const actions = firstCommit(definition, schema, { timestamp, txnId, id: yield* randomUuid })
    const bytes = serializeCommit(actions)
    const put = log.store.putIfAbsent(log.folder + commitName(0), bytes)
    const unclear = (error: StoreError) => error.reason === "Ambiguous" || error.reason === "Unavailable"
    const answer = yield* put.pipe(
      // Asking again with the same bytes is safe: whoever was first, the file then says who.
      Effect.catchIf(unclear, () => Effect.delay(put, "100 millis")),
      Effect.catchIf(unclear, () => Effect.delay(put, "1 second")),
      Effect.mapError(fromStore(log.table))
    )
    if (answer === "exists") {
      const there = yield* readCommit(log, 0)
      if (there === null || !isOurs(there, txnId)) return null
    }
    return yield* foldCommit(log, null, 0, actions)
  })

const firstCommit = (
  definition: TableDefinition,
  schema: StructType,
  { timestamp, txnId, id }: { readonly timestamp: number; readonly txnId: string; readonly id: string }
): ReadonlyArray<Action> => {
  const partitionColumns = definition.partitions.map((column) => column.name)
  const configuration = { "delta.checkpointInterval": "100", ...definition.configuration }
  const features = definition.writerFeatures ?? []
  return [
    {
      commitInfo: {
        timestamp,
        operation: "CREATE TABLE",
        operationParameters: {
          isManaged: "false",
          partitionBy: JSON.stringify(partitionColumns),
          properties: JSON.stringify(configuration)
        },
        isolationLevel: "Serializable",
        isBlindAppend: true,
        operationMetrics: {},
        engineInfo: `sluice/${version}`,
        txnId
      }
    },
    {
      protocol:
        features.length === 0
          ? { minReaderVersion: 1, minWriterVersion: 2 }
          : { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: features }
    },
    {
      metaData: {
        id,
        name: definition.name,
        description: definition.description,
        format: { provider: "parquet", options: {} },
        schemaString: JSON.stringify(schema),
        partitionColumns,
        configuration,
        createdTime: timestamp
      }
    }
  ]
}

/** Adds what the definition has more; other processes may do the same at the same time. */
const evolve = (table: Table, definition: TableDefinition, wanted: StructType): Effect.Effect<void, TableError> =>
  Effect.gen(function* () {
    const read = yield* table.snapshot
    const { schema, added, properties } = yield* Effect.try({
      try: () => ({ properties: definition.admit?.(read) ?? {}, ...evolution(read, definition, wanted) }),
      catch: fromThrown(table.path, "its definition")
    })
    const { configuration } = read.metaData
    const isSet = Object.entries(properties).every(([property, value]) => configuration[property] === value)
    // Other comments alone are no reason: processes of two versions would overwrite each other's.
    if (isSet && withoutComments(schema) === withoutComments(read.schema)) return
    const metaData: Metadata = {
      ...read.metaData,
      schemaString: JSON.stringify(schema),
      configuration: { ...configuration, ...properties }
    }
    yield* table.commit({
      read,
      ...(added.length > 0
        ? { operation: "ADD COLUMNS", parameters: { columns: JSON.stringify(added) } }
        : { operation: "SET TBLPROPERTIES", parameters: { properties: JSON.stringify(properties) } }),
      metrics: {},
      actions: [{ metaData }],
      isBlindAppend: false,
      readFiles: "none"
    })
  }).pipe(Effect.retry({ times: 10, while: (error) => error.reason === "Conflict" }))

const withoutComments = (schema: StructType): string => JSON.stringify(schema, (key, value) => (key === "comment" ? undefined : value))

/** Pure part of `evolve`. Throws `Malformed` for what cannot be done to a table. */
const evolution = (read: Snapshot, definition: TableDefinition, wanted: StructType): ReturnType<typeof evolveSchema> => {
  const partitions = definition.partitions.map((column) => column.name)
  if (partitions.join("\n") !== read.metaData.partitionColumns.join("\n"))
    throw new Malformed(
      "Invalid",
      `the table is partitioned by [${read.metaData.partitionColumns}] and the definition says [${partitions}]`,
      "A table keeps its partitioning: choose another path for the new one."
    )
  if ((definition.writerFeatures ?? []).includes("domainMetadata") && !supportsDomains(read.protocol))
    throw new Malformed(
      "Unsupported",
      "the table has not the feature domainMetadata, which the definition asks for",
      "It was made by another program: choose another path for ours."
    )
  return evolveSchema(read.schema, wanted)
}
