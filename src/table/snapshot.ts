import { Malformed } from "../record/malformed.ts"
import type { Action, AddFile, Metadata, Protocol, RemoveFile } from "./actions.ts"
import { LayeredMap } from "./layered-map.ts"
import { requireReadable } from "./protocol.ts"
import { parseSchema, type StructType } from "./schema.ts"

/** A table as of one version: the fold of its log. Immutable; the maps are shared between versions. */
export interface Snapshot {
  readonly version: number
  readonly protocol: Protocol
  readonly metaData: Metadata
  readonly schema: StructType
  /** Live files by path. */
  readonly files: ReadonlyMap<string, AddFile>
  /** Removed files that a reader of an older version may still need, by path. */
  readonly tombstones: ReadonlyMap<string, RemoveFile>
  /** appId → version. */
  readonly transactions: ReadonlyMap<string, number>
  /** domain → configuration. */
  readonly domains: ReadonlyMap<string, string>
}

const layered = <K, V extends object | string | number>(map: ReadonlyMap<K, V> | undefined): LayeredMap<K, V> =>
  map instanceof LayeredMap ? map : new LayeredMap(map)

/**
 * The snapshot after the actions of one commit, or of one checkpoint (`previous` null): the newest wins per path, per application and per
 * domain (PROTOCOL.md, "Action Reconciliation"). Throws `Malformed` where the table cannot be read (again checked with every protocol).
 */
export const fold = (previous: Snapshot | null, version: number, actions: Iterable<Action>): Snapshot => {
  let protocol = previous?.protocol
  let metaData = previous?.metaData
  const files = new Map<string, AddFile | undefined>()
  const tombstones = new Map<string, RemoveFile | undefined>()
  const transactions = new Map<string, number>()
  const domains = new Map<string, string | undefined>()
  for (const action of actions) {
    if ("add" in action) {
      const { path } = action.add
      files.set(path, action.add)
      if (previous !== null || tombstones.has(path)) tombstones.set(path, undefined)
    } else if ("remove" in action) {
      files.set(action.remove.path, undefined)
      tombstones.set(action.remove.path, action.remove)
    } else if ("txn" in action) transactions.set(action.txn.appId, action.txn.version)
    else if ("domainMetadata" in action) {
      const { domain, configuration, removed } = action.domainMetadata
      domains.set(domain, removed ? undefined : configuration)
    } else if ("metaData" in action) metaData = action.metaData
    else if ("protocol" in action) {
      requireReadable(action.protocol)
      protocol = action.protocol
    }
  }
  if (protocol === undefined || metaData === undefined)
    throw new Malformed(
      "Corrupt",
      `the log up to version ${version} has no ${protocol === undefined ? "protocol" : "metaData"} action`,
      "The beginning of the log was lost; restore it from a copy."
    )
  if (metaData.format.provider !== "parquet")
    throw new Malformed("Unsupported", `its data files are ${metaData.format.provider}`, "Only Parquet can be read.")
  return {
    version,
    protocol,
    metaData,
    schema: metaData === previous?.metaData ? previous.schema : parseSchema(metaData.schemaString),
    files: layered(previous?.files).with(files),
    tombstones: layered(previous?.tombstones).with(tombstones),
    transactions: layered(previous?.transactions).with(transactions),
    domains: layered(previous?.domains).with(domains)
  }
}

/** The same version without removed files that no reader may still need. @param before deletions earlier than this (ms since 1970) are forgotten */
export const forgetTombstones = (snapshot: Snapshot, before: number): Snapshot => {
  const expired = new Map<string, undefined>()
  for (const [path, remove] of snapshot.tombstones) if (remove.deletionTimestamp < before) expired.set(path, undefined)
  return expired.size === 0 ? snapshot : { ...snapshot, tombstones: layered(snapshot.tombstones).with(expired) }
}

/** The same version with other objects for some of its files, by path. */
export const withFiles = (snapshot: Snapshot, files: ReadonlyMap<string, AddFile>): Snapshot => ({
  ...snapshot,
  files: layered(snapshot.files).with(files)
})
