import { Malformed } from "../record/malformed.ts"
import type { PartitionValues } from "./actions.ts"

/** Names in a table: of data files (two encodings, one inside the other) and of the log. */

const nullPartition = "__HIVE_DEFAULT_PARTITION__"

const controls = "\\x00-\\x1f\\x7f"
/** What Hive, and after it Spark, escapes in the name of a partition's folder. */
const hiveSpecial = new RegExp(`[${controls}"#%'*/:=?\\\\{[\\]^]`, "g")

const hiveEscape = (text: string): string =>
  text.replace(hiveSpecial, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)

/**
 * The key, below the table, of a data file: `ingest_date=2026-11-20/ingest_hour=7/part-….parquet`. Folders follow the order of the entries.
 * Throws for an empty text value: Delta knows no such thing, readers take it for null.
 */
export const addPath = (partitionValues: PartitionValues, fileName: string): string => {
  let path = ""
  for (const [column, value] of Object.entries(partitionValues)) {
    if (value === "")
      throw new Malformed("Invalid", `partition column ${column} is an empty text`, "Write null instead; readers cannot tell them apart.")
    path += `${hiveEscape(column)}=${value === null ? nullPartition : hiveEscape(value)}/`
  }
  return path + fileName
}

const plain = /^[A-Za-z0-9_\-./=+]*$/

/** A decoded path as it stands in the log: a URI reference (PROTOCOL.md, "Add File"). A `%` of the folder name becomes `%25`. */
export const encodePath = (path: string): string =>
  plain.test(path) ? path : encodeURI(path).replace(/[?#:]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** The key below the table that a path of the log stands for. Throws for files outside the table (shallow clones). */
export const decodePath = (encoded: string): string => {
  if (plain.test(encoded) && !encoded.startsWith("/")) return encoded
  if (encoded.startsWith("/") || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(encoded))
    throw new Malformed("Unsupported", `the file ${encoded} lies outside the table`, "Shallow clones cannot be read; copy the table.")
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw new Malformed("Corrupt", `the path ${encoded} is not a valid URI`, "The log was written by something that does not encode paths.")
  }
}

export const logFolder = "_delta_log/"
export const lastCheckpointName = "_last_checkpoint"

const digits = (version: number): string => String(version).padStart(20, "0")

/** What begins the name of everything that belongs to a version. */
export const versionPrefix = (version: number): string => digits(version)
export const commitName = (version: number): string => `${digits(version)}.json`
export const checkpointName = (version: number): string => `${digits(version)}.checkpoint.parquet`

export type LogEntry =
  | { readonly kind: "commit"; readonly version: number }
  | { readonly kind: "checkpoint"; readonly version: number; readonly part: number; readonly parts: number }
  /** Checksums, compacted commits, checkpoints of newer kinds: nothing that reading needs. `until` is the last version it speaks of. */
  | { readonly kind: "other"; readonly version: number; readonly until: number }

/** What a name directly in the log folder stands for; null for what is not part of the log. */
export const parseLogName = (name: string): LogEntry | null => {
  const match = /^(\d{20})\.(.+)$/.exec(name)
  if (match === null) return null
  const [, text = "", rest = ""] = match
  const version = Number(text)
  if (rest === "json") return { kind: "commit", version }
  if (rest === "checkpoint.parquet") return { kind: "checkpoint", version, part: 1, parts: 1 }
  const part = /^checkpoint\.(\d{10})\.(\d{10})\.parquet$/.exec(rest)
  if (part !== null) return { kind: "checkpoint", version, part: Number(part[1]), parts: Number(part[2]) }
  const compacted = /^(\d{20})\.compacted\.json$/.exec(rest)
  if (compacted !== null) return { kind: "other", version, until: Number(compacted[1]) }
  return rest === "crc" || /^checkpoint\.[0-9a-f-]+\.(json|parquet)$/.test(rest) ? { kind: "other", version, until: version } : null
}
