import { brotliDecompressSync, gunzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import { type Compressors, parquetMetadata, parquetReadObjects, type SchemaElement } from "hyparquet"
import { ByteWriter, ParquetWriter } from "hyparquet-writer"
import { version } from "../record/version.ts"
import { toAction } from "./action-json.ts"
import type { Action } from "./actions.ts"
import { encodePath } from "./paths.ts"
import type { Snapshot } from "./snapshot.ts"

/** Checkpoints of the classic kind as Parquet bytes (PROTOCOL.md, "Checkpoint Schema"): one row per action, one column per kind of action. */

const optional = (name: string, type: SchemaElement["type"]): SchemaElement => ({
  name,
  repetition_type: "OPTIONAL",
  ...(type === undefined ? {} : { type })
})
const utf8 = (name: string): SchemaElement => ({
  ...optional(name, "BYTE_ARRAY"),
  converted_type: "UTF8",
  logical_type: { type: "STRING" }
})
const group = (name: string, ...children: ReadonlyArray<ReadonlyArray<SchemaElement>>): Array<SchemaElement> => [
  { ...optional(name, undefined), num_children: children.length },
  ...children.flat()
]
const long = (name: string) => [optional(name, "INT64")]
const integer = (name: string) => [optional(name, "INT32")]
const flag = (name: string) => [optional(name, "BOOLEAN")]
const text = (name: string) => [utf8(name)]
const textMap = (name: string): Array<SchemaElement> => [
  { ...optional(name, undefined), num_children: 1, converted_type: "MAP", logical_type: { type: "MAP" } },
  { name: "key_value", repetition_type: "REPEATED", num_children: 2 },
  { ...utf8("key"), repetition_type: "REQUIRED" },
  utf8("value")
]
const textList = (name: string): Array<SchemaElement> => [
  { ...optional(name, undefined), num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  utf8("element")
]

const columns = ["txn", "add", "remove", "metaData", "protocol", "domainMetadata"] as const
type ColumnName = (typeof columns)[number]

const schema: Array<SchemaElement> = [
  { name: "spark_schema", num_children: columns.length },
  ...group("txn", text("appId"), long("version"), long("lastUpdated")),
  ...group(
    "add",
    text("path"),
    textMap("partitionValues"),
    long("size"),
    long("modificationTime"),
    flag("dataChange"),
    textMap("tags"),
    text("stats")
  ),
  ...group(
    "remove",
    text("path"),
    long("deletionTimestamp"),
    flag("dataChange"),
    flag("extendedFileMetadata"),
    textMap("partitionValues"),
    long("size")
  ),
  ...group(
    "metaData",
    text("id"),
    text("name"),
    text("description"),
    group("format", text("provider"), textMap("options")),
    text("schemaString"),
    textList("partitionColumns"),
    textMap("configuration"),
    long("createdTime")
  ),
  ...group("protocol", integer("minReaderVersion"), integer("minWriterVersion"), textList("readerFeatures"), textList("writerFeatures")),
  ...group("domainMetadata", text("domain"), text("configuration"), flag("removed"))
]

type Row = { readonly column: ColumnName; readonly value: object }

function* rows(snapshot: Snapshot): Generator<Row> {
  const { protocol, metaData } = snapshot
  yield {
    column: "protocol",
    value: { ...protocol, readerFeatures: protocol.readerFeatures ?? null, writerFeatures: protocol.writerFeatures ?? null }
  }
  yield { column: "metaData", value: { ...metaData, createdTime: metaData.createdTime === null ? null : BigInt(metaData.createdTime) } }
  for (const [appId, version] of snapshot.transactions)
    yield { column: "txn", value: { appId, version: BigInt(version), lastUpdated: null } }
  for (const [domain, configuration] of snapshot.domains)
    yield { column: "domainMetadata", value: { domain, configuration, removed: false } }
  for (const { path, encodedPath, size, modificationTime, ...add } of snapshot.files.values())
    yield {
      column: "add",
      value: {
        ...add,
        path: encodedPath ?? encodePath(path),
        size: BigInt(size),
        modificationTime: BigInt(modificationTime),
        dataChange: false,
        tags: add.tags ?? null
      }
    }
  for (const { path, encodedPath, size, deletionTimestamp, partitionValues, dataChange } of snapshot.tombstones.values())
    yield {
      column: "remove",
      value: {
        path: encodedPath ?? encodePath(path),
        deletionTimestamp: BigInt(deletionTimestamp),
        dataChange,
        extendedFileMetadata: size !== null && partitionValues !== null,
        partitionValues,
        size: size === null ? null : BigInt(size)
      }
    }
}

/**
 * Encodes a snapshot in steps, one row group each, so that a caller can let others run in between (100,000 files take more than a second).
 * The last step returns the bytes and the number of actions.
 */
export function* checkpointSteps(snapshot: Snapshot): Generator<void, { readonly bytes: Uint8Array; readonly size: number }> {
  const writer = new ByteWriter(1 << 16)
  const parquet = new ParquetWriter({
    writer,
    schema,
    codec: "ZSTD",
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
    createdBy: `sluice version ${version}`
  })
  const groupRows = 10_000
  let size = 0
  let pending: Array<Row> = []
  const flush = () => {
    const of = (column: ColumnName) => pending.map((row) => (row.column === column ? row.value : null))
    // PLAIN where a struct holds a boolean: run-length encoded booleans of V2 pages are beyond older readers.
    parquet.write({ columnData: columns.map((name) => ({ name, data: of(name), encoding: "PLAIN" as const })), rowGroupSize: groupRows })
    size += pending.length
    pending = []
  }
  for (const row of rows(snapshot)) {
    pending.push(row)
    if (pending.length === groupRows) {
      flush()
      yield
    }
  }
  if (pending.length > 0) flush()
  parquet.finish()
  return { bytes: writer.getBytes(), size }
}

const bytesOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Codecs beside SNAPPY, which hyparquet has. */
export const decompressors: Compressors = {
  ZSTD: (input) => bytesOf(zstdDecompressSync(input)),
  GZIP: (input) => bytesOf(gunzipSync(input)),
  BROTLI: (input) => bytesOf(brotliDecompressSync(input))
}

/** The bytes as an ArrayBuffer of their own. */
export const arrayBuffer = (bytes: Uint8Array): ArrayBuffer => {
  const copy = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(copy).set(bytes)
  return copy
}

/** The actions of one checkpoint file, ours or another writer's. Rejects with whatever is wrong with the bytes. */
export const readCheckpoint = async (bytes: Uint8Array): Promise<ReadonlyArray<Action>> => {
  const file = arrayBuffer(bytes)
  const metadata = parquetMetadata(file)
  const present = new Set(metadata.schema.map((element) => element.name))
  const found = await parquetReadObjects({
    file,
    metadata,
    columns: columns.filter((name) => present.has(name)),
    compressors: decompressors
  })
  const actions: Array<Action> = []
  for (const row of found) {
    const action = toAction(row)
    if (action !== null) actions.push(action)
  }
  return actions
}
