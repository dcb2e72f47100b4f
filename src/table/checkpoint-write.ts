import { chunkRange, Leaf } from "../parquet/leaf-pages.ts"
import { schemaTree } from "../parquet/metadata.ts"
import { leavesOf, ObjectFile } from "../parquet/object-file.ts"
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

/**
 * Encodes a snapshot in steps, one row group each, so that a caller can let others run in between. Row groups of the checkpoint before whose
 * files all live still are copied as bytes: a checkpoint costs what changed since the last one, and the copying.
 */
export function* checkpointSteps(snapshot: Snapshot): Generator<void, EncodedCheckpoint> {
  const { kept, rest } = planGroups(snapshot.files)
  // Large enough not to grow, which would copy what it has.
  const file = new ObjectFile(checkpointSchema, (1 << 18) + Math.ceil(1.125 * kept.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)))
  for (const { kind, values } of rowsOf(snapshot)) {
    file.write(kind, values)
    yield
  }
  for (const { bytes, group } of kept) file.append(bytes, movedGroup(group, file.offset))
  const files = new Map<string, AddFile>()
  for (const part of chunks(rest, groupRows)) {
    const group = file.write("add", part.map(addValue))
    const stored = storedGroup(file.bytes, group)
    // A copy: the buffer holds the whole file.
    if (stored !== null) for (const add of asStored({ ...stored, bytes: stored.bytes.slice() }, part)) files.set(add.path, add)
    yield
  }
  file.finish()
  return { bytes: file.bytes, size: file.rows, files }
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

const isStats = (names: ReadonlyArray<string> | undefined): boolean => names?.join(".") === "add.stats"
const statsPath = leavesOf(schemaTree({ schema: checkpointSchema })).find(({ names }) => isStats(names))?.path ?? []

/** The files of a row group that was just written, without what it holds of them. */
const asStored = (stored: StoredGroup, files: ReadonlyArray<AddFile>): ReadonlyArray<AddFile> => {
  const chunk = stored.group.columns.find(({ meta_data }) => isStats(meta_data?.path_in_schema))
  const range = chunk === undefined ? null : chunkRange(chunk)
  if (chunk === undefined || range === null) return []
  const group = new AddGroup(files.length, new Leaf(stored.bytes.subarray(range.start, range.end), chunk, statsPath), stored)
  return files.map((file, row) => new CheckpointAdd(file, group, row))
}
