import { zstdCompressSync } from "node:zlib"
import { parquetSchema, type RowGroup, type SchemaElement, type SchemaTree } from "hyparquet"
import { ByteWriter, ParquetWriter } from "hyparquet-writer"
import { writeColumn } from "hyparquet-writer/src/column.js"
import { encodeNestedValues } from "hyparquet-writer/src/dremel.js"
import { chunkRange, Leaf, maxDefinitionLevel } from "../parquet/leaf-pages.ts"
import { version } from "../record/version.ts"
import type { AddFile } from "./actions.ts"
import { AddGroup, CheckpointAdd, movedGroup, type StoredGroup, storedGroup } from "./add-group.ts"
import { checkpointSchema, type Kind } from "./checkpoint-schema.ts"
import { encodePath } from "./paths.ts"
import type { Snapshot } from "./snapshot.ts"

export interface EncodedCheckpoint {
  readonly bytes: Uint8Array
  /** Number of actions. */
  readonly size: number
  /** The files that were written anew, as this checkpoint holds them, by path. */
  readonly files: ReadonlyMap<string, AddFile>
}

/** Rows of a row group: about the most of what one step takes, and of what one removed file makes the next checkpoint write again. */
const groupRows = 4096
/** Uncompressed bytes of a page, about: what asking for the statistics of one file decodes. */
const pageSize = 1 << 17

/**
 * Encodes a snapshot in steps, one row group each, so that a caller can let others run in between. Row groups of the checkpoint before whose
 * files all live still are copied as bytes: a checkpoint costs what changed since the last one, and the copying.
 */
export function* checkpointSteps(snapshot: Snapshot): Generator<void, EncodedCheckpoint> {
  const { kept, rest } = planGroups(snapshot.files)
  // Large enough not to grow, which would copy what it has.
  const writer = new ByteWriter((1 << 18) + Math.ceil(1.125 * kept.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)))
  const parquet = new ParquetWriter({ writer, schema: checkpointSchema, codec: "ZSTD", createdBy: `sluice version ${version}` })
  const finished = (group: RowGroup): void => {
    parquet.row_groups.push(group)
    parquet.num_rows += group.num_rows
  }
  for (const { kind, values } of rowsOf(snapshot)) {
    finished(writeGroup(writer, kind, values))
    yield
  }
  for (const { bytes, group } of kept) {
    finished(movedGroup(group, writer.offset))
    writer.appendBytes(bytes)
  }
  const files = new Map<string, AddFile>()
  for (const part of chunks(rest, groupRows)) {
    const group = writeGroup(writer, "add", part.map(addValue))
    finished(group)
    // A copy: the buffer holds the whole file.
    const stored = storedGroup(writer.getBytes(), group)
    if (stored !== null) for (const file of asStored({ ...stored, bytes: stored.bytes.slice() }, part)) files.set(file.path, file)
    yield
  }
  parquet.finish()
  return { bytes: writer.getBytes(), size: Number(parquet.num_rows), files }
}

/**
 * Which row groups of the last checkpoint to take over, and which files to write. A small row group is written again together with as many
 * files that are new, so that there are few of them, and no file is written more than a dozen times.
 */
const planGroups = (
  files: ReadonlyMap<string, AddFile>
): { readonly kept: ReadonlyArray<StoredGroup>; readonly rest: ReadonlyArray<AddFile> } => {
  const live = new Map<AddGroup, Array<AddFile>>()
  const rest: Array<AddFile> = []
  for (const file of files.values()) {
    const group = CheckpointAdd.groupOf(file)
    if (group === null) rest.push(file)
    else {
      const known = live.get(group)
      if (known === undefined) live.set(group, [file])
      else known.push(file)
    }
  }
  const whole: Array<{ readonly stored: StoredGroup; readonly files: ReadonlyArray<AddFile> }> = []
  for (const [{ rows, stored }, found] of live) {
    if (stored !== null && found.length === rows) whole.push({ stored, files: found })
    else rest.push(...found)
  }
  whole.sort((a, b) => b.files.length - a.files.length)
  for (let last = whole.at(-1); rest.length > 0 && last !== undefined; last = whole.at(-1)) {
    if (last.files.length > rest.length || last.files.length > groupRows / 2) break
    whole.pop()
    rest.push(...last.files)
  }
  return { kept: whole.map(({ stored }) => stored), rest }
}

const addValue = ({ path, encodedPath, partitionValues, size, modificationTime, tags, stats }: AddFile): object => ({
  path: encodedPath ?? encodePath(path),
  partitionValues,
  size: BigInt(size),
  modificationTime: BigInt(modificationTime),
  dataChange: false,
  tags: tags ?? null,
  stats
})

/** Everything but the live files: rows of one kind, at most a row group of them at a time. */
function* rowsOf(snapshot: Snapshot): Generator<{ readonly kind: Kind; readonly values: ReadonlyArray<object> }> {
  const { protocol, metaData } = snapshot
  const features = { readerFeatures: protocol.readerFeatures ?? null, writerFeatures: protocol.writerFeatures ?? null }
  yield { kind: "protocol", values: [{ ...protocol, ...features }] }
  yield { kind: "metaData", values: [{ ...metaData, createdTime: metaData.createdTime === null ? null : BigInt(metaData.createdTime) }] }
  for (const part of chunks([...snapshot.transactions], groupRows))
    yield { kind: "txn", values: part.map(([appId, version]) => ({ appId, version: BigInt(version), lastUpdated: null })) }
  for (const part of chunks([...snapshot.domains], groupRows))
    yield { kind: "domainMetadata", values: part.map(([domain, configuration]) => ({ domain, configuration, removed: false })) }
  for (const part of chunks([...snapshot.tombstones.values()], groupRows))
    yield {
      kind: "remove",
      values: part.map(({ path, encodedPath, size, deletionTimestamp, partitionValues, dataChange }) => ({
        path: encodedPath ?? encodePath(path),
        deletionTimestamp: BigInt(deletionTimestamp),
        dataChange,
        extendedFileMetadata: size !== null && partitionValues !== null,
        partitionValues,
        size: size === null ? null : BigInt(size)
      }))
    }
}

function* chunks<A>(items: ReadonlyArray<A>, size: number): Generator<ReadonlyArray<A>> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size)
}

interface SchemaLeaf {
  /** From the root. */
  readonly path: Array<SchemaTree>
  readonly names: ReadonlyArray<string>
  readonly element: SchemaElement
}

const leavesOf = (node: SchemaTree, above: ReadonlyArray<SchemaTree>): ReadonlyArray<SchemaLeaf> => {
  const path = [...above, node]
  return node.children.length === 0
    ? [{ path, names: node.path, element: node.element }]
    : node.children.flatMap((child) => leavesOf(child, path))
}
const leaves = leavesOf(parquetSchema({ schema: checkpointSchema }), [])
const compressors = { ZSTD: (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes) }

/** Writes rows that all are of one kind; the columns of the others hold nothing but nulls. */
const writeGroup = (writer: ByteWriter, kind: Kind, values: ReadonlyArray<object>): RowGroup => {
  const start = writer.offset
  const rows = [...values]
  const nulls = { values: rows.map(() => null), definitionLevels: rows.map(() => 0), repetitionLevels: rows.map(() => 0) }
  const columns = leaves.map(({ path, names, element }) => {
    const present = maxDefinitionLevel(path)
    const pageData = names[0] === kind ? encodeNestedValues(path, rows) : { ...nulls, maxDefinitionLevel: present }
    const { chunk } = writeColumn({
      writer,
      column: {
        columnName: names.join("."),
        element,
        schemaPath: path.map((node) => node.element),
        codec: "ZSTD",
        compressors,
        stats: false,
        pageSize,
        columnIndex: false,
        offsetIndex: false,
        // A dictionary where the same values come again: in maps. Run-length encoded booleans of V2 pages are beyond older readers.
        ...(names.includes("key_value") ? {} : { encoding: "PLAIN" as const })
      },
      pageData
    })
    // How many are null is all that readers ask: it tells them which row groups to pass over.
    const nullCount = BigInt(pageData.definitionLevels.filter((level) => level < present).length)
    return chunk.meta_data === undefined ? chunk : { ...chunk, meta_data: { ...chunk.meta_data, statistics: { null_count: nullCount } } }
  })
  return {
    columns,
    num_rows: BigInt(rows.length),
    total_byte_size: columns.reduce((sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n), 0n),
    total_compressed_size: BigInt(writer.offset - start)
  }
}

const isStats = (names: ReadonlyArray<string> | undefined): boolean => names?.join(".") === "add.stats"
const statsPath = leaves.find(({ names }) => isStats(names))?.path ?? []

/** The files of a row group that was just written, without what it holds of them. */
const asStored = (stored: StoredGroup, files: ReadonlyArray<AddFile>): ReadonlyArray<AddFile> => {
  const chunk = stored.group.columns.find(({ meta_data }) => isStats(meta_data?.path_in_schema))
  const range = chunk === undefined ? null : chunkRange(chunk)
  if (chunk === undefined || range === null) return []
  const group = new AddGroup(files.length, new Leaf(stored.bytes.subarray(range.start, range.end), chunk, statsPath), stored)
  return files.map((file, row) => new CheckpointAdd(file, group, row))
}
