import type { Partition } from "../contract/identity.ts"
import { tombstonesOf } from "../lake/tombstones.ts"
import { isDay } from "../record/day.ts"
import type { Action, AddFile } from "../table/actions.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { DayBounds, ExistingFile, TombstoneFile } from "./engine.ts"
import { dayOf, noPartition, partitionText } from "./partitions.ts"

/** What one commit of the stage says. */
export interface StageCommit {
  readonly version: number
  readonly actions: ReadonlyArray<Action>
}

export interface NewFiles {
  /** Files to take, by path. */
  readonly files: ReadonlyMap<string, AddFile>
  /**
   * Of these, and of those that they became: what a compaction has rewritten them into. That holds rows that are not new too, which does
   * no harm: they are known already.
   */
  readonly compacted: ReadonlyMap<string, ReadonlyArray<string>>
  /** A version that deleted or changed rows which were taken before: what the consumable has of them is not known any more. */
  readonly rewritten: number | null
}

/**
 * The files that hold the rows which commits brought, in order: those added with `dataChange`. What only rearranges rows
 * (`dataChange` false) brings nothing, but moves rows to other files.
 */
export const newFiles = (commits: ReadonlyArray<StageCommit>): NewFiles => {
  const files = new Map<string, AddFile>()
  const compacted = new Map<string, ReadonlyArray<string>>()
  const moved = new Set<string>()
  let rewritten: number | null = null
  for (const { version, actions } of commits) {
    const rearranged = actions.flatMap((action) => ("add" in action && !action.add.dataChange ? [action.add] : []))
    for (const action of actions) {
      if ("add" in action && action.add.dataChange) files.set(action.add.path, action.add)
      else if ("remove" in action && action.remove.dataChange) {
        // Rows that came and went between two runs were never anywhere else.
        if (!files.delete(action.remove.path)) rewritten ??= version
      }
    }
    for (const action of actions) {
      if (!("remove" in action) || action.remove.dataChange) continue
      const { path, partitionValues } = action.remove
      // What new rows have moved to may be moved again.
      if (!files.has(path) && !moved.has(path)) continue
      const into = rearranged.flatMap((add) =>
        partitionValues === null || samePartition(add.partitionValues, partitionValues) ? [add.path] : []
      )
      compacted.set(path, into)
      for (const each of into) moved.add(each)
    }
  }
  return { files, compacted, rewritten }
}

const samePartition = (a: AddFile["partitionValues"], b: AddFile["partitionValues"]): boolean =>
  Object.keys(a).every((name) => (a[name] ?? null) === (b[name] ?? null))

/**
 * Where the rows of new files can be read now: in the file itself while it exists, else in what it was compacted into. Null where they
 * are nowhere.
 *
 * @param exists whether a file that is not live is still in the store; asked for the paths of `compacted`
 */
export const readable = (
  { files, compacted }: NewFiles,
  live: ReadonlyMap<string, AddFile>,
  exists: (path: string) => boolean
): ReadonlyArray<AddFile> | null => {
  const taken = new Map<string, AddFile>()
  const take = (path: string): boolean => {
    const file = files.get(path) ?? live.get(path)
    if (file !== undefined && (live.has(path) || exists(path))) {
      taken.set(path, file)
      return true
    }
    const next = compacted.get(path)
    return next !== undefined && next.length > 0 && next.every(take)
  }
  return [...files.keys()].every(take) ? [...taken.values()] : null
}

/** Commits of the stage without rows that are let pass before the consumable notes that it has seen them, so that the log may expire. */
const idleVersions = 100

/** What there is to do, before any data is read. */
export type Task =
  | { readonly kind: "nothing" }
  /** Nothing new, but the stage has gone far ahead: note it. */
  | { readonly kind: "note" }
  /** Fold these files into the existing ones. */
  | { readonly kind: "merge" }
  /** Fold all live files of the stage anew, in place of the existing files within the bounds. */
  | { readonly kind: "fold"; readonly bounds: DayBounds | null }
  /** The log no longer tells what is new. */
  | { readonly kind: "expired"; readonly missing: number }
  /** The stage is older than what was taken of it: it is another one. */
  | { readonly kind: "behind" }
  /** The stage is another one than that of which something was taken. */
  | { readonly kind: "other" }

export interface TaskInput {
  /** Stage version that the consumable has; -1 for none. */
  readonly taken: number
  /** Newest stage version. */
  readonly version: number
  /** Oldest stage version still in the log. */
  readonly earliest: number
  /** What was taken is another stage's. */
  readonly isOther: boolean
  readonly rebuild: boolean
  readonly bounds: DayBounds | null
}

/** What to do, as far as it can be said before the log is read. */
export const firstTask = ({ taken, version, earliest, isOther, rebuild, bounds }: TaskInput): Task => {
  if (version < taken) return { kind: "behind" }
  if (isOther && (!rebuild || bounds !== null)) return { kind: "other" }
  if (bounds !== null) return { kind: "fold", bounds }
  // Who has nothing yet takes everything, and needs no log for it.
  if (rebuild || taken < 0) return { kind: "fold", bounds: null }
  if (version === taken) return { kind: "nothing" }
  return earliest > taken + 1 ? { kind: "expired", missing: taken + 1 } : { kind: "merge" }
}

/** What to do when the log brought no new file. */
export const taskWithoutFiles = (taken: number, version: number): Task =>
  version - taken >= idleVersions ? { kind: "note" } : { kind: "nothing" }

/** Live files of the consumable, with their partition. */
export const existingFiles = (tablePath: string, snapshot: Snapshot, partition: Partition): ReadonlyArray<ExistingFile> =>
  [...snapshot.files.values()].map(({ path, size, partitionValues }) => ({
    key: `${tablePath}/${path}`,
    path,
    size,
    partition: partitionText(partition, partitionValues)
  }))

/** The files of keys that were deleted. Throws `Malformed` where the log does not say which. */
export const tombstoneFiles = (tablePath: string, snapshot: Snapshot): ReadonlyArray<TombstoneFile> =>
  tombstonesOf(snapshot).map((file) => ({ ...file, key: `${tablePath}/${file.path}` }))

/** Does a partition by time lie within the bounds? */
export const inBounds = (partition: string, { from, to }: DayBounds): boolean =>
  partition !== noPartition && (from === null || dayOf(partition) >= from) && (to === null || dayOf(partition) <= to)

/** Bounds from options; null for none. Throws `RangeError` for what is not a day, and for bounds that hold none. */
export const dayBounds = (from: string | undefined, to: string | undefined): DayBounds | null => {
  if (from === undefined && to === undefined) return null
  for (const day of [from, to]) if (day !== undefined && !isDay(day)) throw new RangeError(`${JSON.stringify(day)} is not a day`)
  if (from !== undefined && to !== undefined && from > to) throw new RangeError(`${from} is after ${to}`)
  return { from: from ?? null, to: to ?? null }
}
