import { Malformed } from "../record/malformed.ts"
import { version } from "../record/version.ts"
import type { CommitInfo, Json, PartitionValues, WriteAction } from "./actions.ts"
import { isSerializable } from "./properties.ts"
import { requireReadable, requireWritable, supportsDomains } from "./protocol.ts"
import { parseSchema } from "./schema.ts"
import type { Snapshot } from "./snapshot.ts"

/** Which data a transaction looked at, in the files of `read`: nothing, everything, these paths, or the partitions that the predicate holds for. */
export type ReadSet = "none" | "all" | ReadonlySet<string> | ((partition: PartitionValues) => boolean)

export interface Transaction {
  /** The snapshot on which the transaction rests: everything committed after it is checked for conflicts. */
  readonly read: Snapshot
  /** A name that Spark knows: `STREAMING UPDATE`, `WRITE`, `MERGE`, `OPTIMIZE`, `DELETE`, `SET TBLPROPERTIES`, … */
  readonly operation: string
  readonly parameters: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, string>>
  readonly actions: ReadonlyArray<WriteAction>
  /** True only if no table data was read; other writers rely on it. */
  readonly isBlindAppend: boolean
  /** Default: "none" for a blind append, the removed files for a compaction, else "all". */
  readonly readFiles?: ReadSet
  /** "Serializable" also conflicts with other writers' blind appends to what was read ("replace partition P"). Default: the table's property. */
  readonly isolation?: "WriteSerializable" | "Serializable"
  /** Further fields of `commitInfo`. */
  readonly info?: { readonly [key: string]: Json }
}

const removed = (actions: ReadonlyArray<WriteAction>): ReadonlySet<string> =>
  new Set(actions.flatMap((action) => ("remove" in action ? [action.remove.path] : [])))

const rearrangesOnly = (actions: ReadonlyArray<WriteAction>): boolean =>
  actions.some((action) => "remove" in action) &&
  actions.every((action) => ("add" in action ? !action.add.dataChange : "remove" in action ? !action.remove.dataChange : true))

export const readSet = (tx: Transaction): ReadSet =>
  tx.readFiles ?? (tx.isBlindAppend ? "none" : rearrangesOnly(tx.actions) ? removed(tx.actions) : "all")

export const isolationOf = (tx: Transaction): "WriteSerializable" | "Serializable" =>
  tx.isolation ?? (isSerializable(tx.read) ? "Serializable" : "WriteSerializable")

const wrong = (problem: string, hint: string): Malformed => new Malformed("Invalid", problem, hint)

/** Throws `Malformed` for a transaction that would break a rule of the format (PROTOCOL.md, "Actions"), or that the table does not permit. */
export const checkTransaction = (tx: Transaction): void => {
  const removes = tx.actions.some((action) => "remove" in action && action.remove.dataChange)
  requireWritable(tx.read, removes)
  const seen = new Set<string>()
  const once = (what: string): void => {
    if (seen.has(what)) throw wrong(`the commit has two actions for ${what}`, "One commit may say each thing once.")
    seen.add(what)
  }
  // Who replaces all of a table may lay it out anew.
  const { partitionColumns } = tx.actions.flatMap((action) => ("metaData" in action ? [action.metaData] : []))[0] ?? tx.read.metaData
  for (const action of tx.actions) {
    if ("metaData" in action) {
      once("metaData")
      if (action.metaData.id !== tx.read.metaData.id)
        throw wrong("the commit changes the table's id", "It never changes; make a new table.")
      // What cannot be read back must not be committed: after the commit point it would be too late.
      parseSchema(action.metaData.schemaString)
    } else if ("protocol" in action) {
      once("protocol")
      requireReadable(action.protocol)
    } else if ("txn" in action) {
      once(`txn ${action.txn.appId}`)
      if (!Number.isSafeInteger(action.txn.version)) throw wrong(`txn version ${action.txn.version} is no safe integer`, "Count from 0.")
    } else if ("domainMetadata" in action) {
      once(`domain ${action.domainMetadata.domain}`)
      if (!supportsDomains(tx.read.protocol))
        throw new Malformed(
          "Unsupported",
          "the table has not the feature domainMetadata",
          'Create it with writerFeatures: ["domainMetadata"].'
        )
    } else if ("remove" in action) {
      once(`remove ${action.remove.path}`)
      if (tx.isBlindAppend) throw wrong("a blind append cannot remove files", "Say isBlindAppend: false.")
    } else {
      once(`add ${action.add.path}`)
      const { path, partitionValues, size, modificationTime } = action.add
      const values = Object.keys(partitionValues)
      if (values.length !== partitionColumns.length || !partitionColumns.every((column) => column in partitionValues))
        throw wrong(`${path} has values for the partition columns [${values}]`, `The table's are [${partitionColumns}]; all must be there.`)
      if (Object.values(partitionValues).includes(""))
        throw wrong(`${path} has an empty partition value`, "Write null; readers take it for null.")
      if (!Number.isSafeInteger(size) || size < 0) throw wrong(`${path} has size ${size}`, "Sizes are bytes.")
      if (!Number.isSafeInteger(modificationTime))
        throw wrong(`${path} was modified at ${modificationTime}`, "Times are whole milliseconds since 1970; readers refuse others.")
    }
  }
}

/** The first line of the commit. All values of parameters and metrics are text, as other readers demand. */
export const commitInfoOf = (tx: Transaction, readVersion: number, timestamp: number, txnId: string): CommitInfo => ({
  timestamp,
  operation: tx.operation,
  operationParameters: tx.parameters,
  readVersion,
  isolationLevel: isolationOf(tx),
  isBlindAppend: tx.isBlindAppend,
  operationMetrics: tx.metrics,
  engineInfo: `sluice/${version}`,
  txnId,
  ...tx.info
})

/** Repeats, in each `remove`, the path as the `add` of another writer encoded it. */
export const withEncodedPaths = (tx: Transaction): ReadonlyArray<WriteAction> =>
  tx.actions.map((action) => {
    if (!("remove" in action)) return action
    const encodedPath = tx.read.files.get(action.remove.path)?.encodedPath
    return encodedPath === undefined ? action : { remove: { ...action.remove, encodedPath } }
  })
