import { Malformed } from "../record/malformed.ts"
import type { Action, AddFile, AppTransaction, CommitInfo, DomainMetadata, Json, Metadata, Protocol, RemoveFile } from "./actions.ts"
import { decodePath, encodePath } from "./paths.ts"

/**
 * Commits as text: one JSON object a line (PROTOCOL.md, "Actions"). Unknown actions and fields are ignored, as the protocol demands; known
 * fields of the wrong type are damage. The same functions read rows of checkpoints, whose longs come as bigint.
 */

type Fields = { readonly [key: string]: unknown }

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)

export const damaged = (field: string, expected: string): Malformed =>
  new Malformed("Corrupt", `the field ${field} is not ${expected}`, "The log is damaged or was written by something that is not Delta.")

const absent = (value: unknown): value is null | undefined => value === null || value === undefined

const text = (from: Fields, field: string): string => {
  const value = from[field]
  if (typeof value !== "string") throw damaged(field, "text")
  return value
}
const optionalText = (from: Fields, field: string): string | null => (absent(from[field]) ? null : text(from, field))

export const integer = (from: Fields, field: string): number => {
  const value = from[field]
  const number = typeof value === "bigint" ? Number(value) : value
  if (typeof number !== "number" || !Number.isInteger(number)) throw damaged(field, "an integer")
  if (!Number.isSafeInteger(number))
    throw new Malformed("Unsupported", `the field ${field} is beyond 2^53`, "Such a number cannot be kept exactly here.")
  return number
}
const optionalInteger = (from: Fields, field: string): number | null => (absent(from[field]) ? null : integer(from, field))

const flag = (from: Fields, field: string, otherwise: boolean): boolean => {
  const value = from[field]
  if (absent(value)) return otherwise
  if (typeof value !== "boolean") throw damaged(field, "a boolean")
  return value
}

const textMap = (value: unknown, field: string): Record<string, string> => {
  const result: Record<string, string> = {}
  if (absent(value)) return result
  if (!isFields(value)) throw damaged(field, "an object")
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") throw damaged(`${field}.${key}`, "text")
    result[key] = item
  }
  return result
}

const nullableTextMap = (value: unknown, field: string): Record<string, string | null> => {
  const result: Record<string, string | null> = {}
  if (!isFields(value)) throw damaged(field, "an object")
  for (const [key, item] of Object.entries(value)) {
    if (!absent(item) && typeof item !== "string") throw damaged(`${field}.${key}`, "text or null")
    // Empty text means null in a partition value.
    result[key] = absent(item) || item === "" ? null : item
  }
  return result
}

const textList = (value: unknown, field: string): ReadonlyArray<string> => {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw damaged(field, "a list of texts")
  return value
}

export const pathOf = (from: Fields): { readonly path: string; readonly encodedPath?: string } => {
  const encoded = text(from, "path")
  const path = decodePath(encoded)
  return encodePath(path) === encoded ? { path } : { path, encodedPath: encoded }
}

export const refuseDeletionVector = (from: Fields): void => {
  if (!absent(from["deletionVector"]))
    throw new Malformed(
      "Unsupported",
      "a file has a deletion vector (feature deletionVectors)",
      "Rewrite the table without them (REORG … APPLY (PURGE))."
    )
}

const addFile = (from: Fields): AddFile => {
  refuseDeletionVector(from)
  return {
    ...pathOf(from),
    partitionValues: nullableTextMap(from["partitionValues"] ?? {}, "partitionValues"),
    size: integer(from, "size"),
    modificationTime: integer(from, "modificationTime"),
    stats: optionalText(from, "stats"),
    dataChange: flag(from, "dataChange", true),
    ...(absent(from["tags"]) ? {} : { tags: nullableTextMap(from["tags"], "tags") })
  }
}

const removeFile = (from: Fields): RemoveFile => {
  refuseDeletionVector(from)
  return {
    ...pathOf(from),
    deletionTimestamp: optionalInteger(from, "deletionTimestamp") ?? 0,
    dataChange: flag(from, "dataChange", true),
    partitionValues: absent(from["partitionValues"]) ? null : nullableTextMap(from["partitionValues"], "partitionValues"),
    size: optionalInteger(from, "size")
  }
}

const appTransaction = (from: Fields): AppTransaction => {
  const lastUpdated = optionalInteger(from, "lastUpdated")
  return { appId: text(from, "appId"), version: integer(from, "version"), ...(lastUpdated === null ? {} : { lastUpdated }) }
}

const domainMetadata = (from: Fields): DomainMetadata => ({
  domain: text(from, "domain"),
  configuration: optionalText(from, "configuration") ?? "",
  removed: flag(from, "removed", false)
})

const metadata = (from: Fields): Metadata => {
  const format = isFields(from["format"]) ? from["format"] : {}
  return {
    id: text(from, "id"),
    name: optionalText(from, "name"),
    description: optionalText(from, "description"),
    format: { provider: optionalText(format, "provider") ?? "parquet", options: textMap(format["options"], "format.options") },
    schemaString: text(from, "schemaString"),
    partitionColumns: textList(from["partitionColumns"] ?? [], "partitionColumns"),
    configuration: textMap(from["configuration"], "configuration"),
    createdTime: optionalInteger(from, "createdTime")
  }
}

const protocol = (from: Fields): Protocol => ({
  minReaderVersion: integer(from, "minReaderVersion"),
  minWriterVersion: integer(from, "minWriterVersion"),
  ...(absent(from["readerFeatures"]) ? {} : { readerFeatures: textList(from["readerFeatures"], "readerFeatures") }),
  ...(absent(from["writerFeatures"]) ? {} : { writerFeatures: textList(from["writerFeatures"], "writerFeatures") })
})

/** The action in one line of a commit or one row of a checkpoint; null for an action that this reader may ignore. Throws `Malformed`. */
export const toAction = (line: unknown): Action | null => {
  if (!isFields(line)) throw damaged("action", "an object")
  const { add, remove, txn, domainMetadata: domain, metaData, protocol: proto, commitInfo } = line
  if (isFields(add)) return { add: addFile(add) }
  if (isFields(remove)) return { remove: removeFile(remove) }
  if (isFields(txn)) return { txn: appTransaction(txn) }
  if (isFields(domain)) return { domainMetadata: domainMetadata(domain) }
  if (isFields(metaData)) return { metaData: metadata(metaData) }
  if (isFields(proto)) return { protocol: protocol(proto) }
  // Whatever JSON.parse gave is JSON, and the named fields are only looked at where their types fit.
  if (isFields(commitInfo)) return { commitInfo: commitInfo as CommitInfo }
  return null
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

const restore = "The commit is cut off or damaged: restore the file from a copy, or an older state of the whole log."

/** The actions of a commit file. Throws `Malformed` for one that is damaged, empty or cut off. */
export const parseCommit = (bytes: Uint8Array): ReadonlyArray<Action> => {
  const actions: Array<Action> = []
  let number = 0
  let read = 0
  let promised: unknown
  for (const line of utf8.decode(bytes).split("\n")) {
    number++
    if (line.trim() === "") continue
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (cause) {
      throw new Malformed("Corrupt", `line ${number} is not JSON (${String(cause)})`, restore)
    }
    read++
    const action = toAction(value)
    if (action === null) continue
    actions.push(action)
    if ("commitInfo" in action) promised = action.commitInfo[lineCount] ?? promised
  }
  // No writer commits nothing: an empty file is one that was lost.
  if (read === 0) throw new Malformed("Corrupt", `it is empty (${bytes.length} bytes)`, restore)
  if (promised !== undefined && promised !== read)
    throw new Malformed("Corrupt", `it has ${read} of its ${String(promised)} lines`, restore)
  return actions
}

const addJson = (add: AddFile): { readonly [key: string]: Json } => ({
  path: add.encodedPath ?? encodePath(add.path),
  partitionValues: add.partitionValues,
  size: add.size,
  modificationTime: add.modificationTime,
  dataChange: add.dataChange,
  ...(add.stats === null ? {} : { stats: add.stats }),
  ...(add.tags === undefined ? {} : { tags: add.tags })
})

const removeJson = (remove: RemoveFile): { readonly [key: string]: Json } => {
  const { partitionValues, size } = remove
  const extended = partitionValues !== null && size !== null
  return {
    path: remove.encodedPath ?? encodePath(remove.path),
    deletionTimestamp: remove.deletionTimestamp,
    dataChange: remove.dataChange,
    ...(extended ? { extendedFileMetadata: true, partitionValues, size } : {})
  }
}

const metadataJson = ({ name, description, createdTime, ...rest }: Metadata): { readonly [key: string]: unknown } => {
  const { id, format, ...others } = rest
  return {
    id,
    ...(name === null ? {} : { name }),
    ...(description === null ? {} : { description }),
    format,
    ...others,
    ...(createdTime === null ? {} : { createdTime })
  }
}

/** An action as the object that stands in its line, paths encoded. */
export const actionJson = (action: Action): { readonly [key: string]: unknown } =>
  "add" in action
    ? { add: addJson(action.add) }
    : "remove" in action
      ? { remove: removeJson(action.remove) }
      : "metaData" in action
        ? { metaData: metadataJson(action.metaData) }
        : action

/** Field of `commitInfo` that says how many lines the commit has: one that was cut between two of them would else look whole. */
const lineCount = "sluiceLines"

/** The bytes of a commit file. */
export const serializeCommit = (actions: ReadonlyArray<Action>): Uint8Array => {
  const lines = actions.map((action) =>
    "commitInfo" in action ? { commitInfo: { ...action.commitInfo, [lineCount]: actions.length } } : actionJson(action)
  )
  return new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""))
}
