import type { AddFile, PartitionValues } from "./actions.ts"
import type { Snapshot } from "./snapshot.ts"

/** Files of one partition that are better one. */
export interface CompactionGroup {
  readonly partitionValues: PartitionValues
  readonly files: ReadonlyArray<AddFile>
  readonly bytes: number
}

/**
 * Which small files to rewrite together: per partition, oldest first, groups of at least two whose sum comes near `targetBytes`. Files that
 * reach three quarters of it stay as they are, so that a second run finds nothing to do. A large target means fewer, larger files and more
 * bytes rewritten; 128 MB to 512 MB suit the engines that read them.
 * @param where partitions to look at, for instance only those of hours that are over
 */
export const planCompaction = (
  snapshot: Snapshot,
  targetBytes: number,
  where: (partition: PartitionValues) => boolean = () => true
): ReadonlyArray<CompactionGroup> => {
  const partitions = new Map<string, Array<AddFile>>()
  for (const file of snapshot.files.values()) {
    if (file.size >= targetBytes * 0.75 || !where(file.partitionValues)) continue
    const key = JSON.stringify(snapshot.metaData.partitionColumns.map((column) => file.partitionValues[column] ?? null))
    const files = partitions.get(key)
    if (files === undefined) partitions.set(key, [file])
    else files.push(file)
  }
  return [...partitions.keys()].sort().flatMap((key) => pack(partitions.get(key) ?? [], targetBytes))
}

/** Neighbours in time go together, so that a group's rows stay close to the order in which they arrived. */
const pack = (files: ReadonlyArray<AddFile>, targetBytes: number): ReadonlyArray<CompactionGroup> => {
  const groups: Array<CompactionGroup> = []
  let group: Array<AddFile> = []
  let bytes = 0
  const close = () => {
    const first = group[0]
    if (first !== undefined && group.length > 1) groups.push({ partitionValues: first.partitionValues, files: group, bytes })
    group = []
    bytes = 0
  }
  const ordered = files.toSorted((a, b) => a.modificationTime - b.modificationTime || (a.path < b.path ? -1 : 1))
  for (const file of ordered) {
    if (bytes + file.size > targetBytes) close()
    group.push(file)
    bytes += file.size
  }
  close()
  return groups
}
