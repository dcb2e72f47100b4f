import { Clock, Effect, Stream } from "effect"
import { Malformed } from "../record/malformed.ts"
import { type ObjectInfo, Store } from "../store/store.ts"
import { fromStore, fromThrown, type TableError } from "./errors.ts"
import type { Table } from "./open.ts"
import { logFolder, parseLogName } from "./paths.ts"
import { deletedFileRetention, logRetention } from "./properties.ts"
import { requireWritable } from "./protocol.ts"
import type { Snapshot } from "./snapshot.ts"

/** Deleting what no reader needs any more. Nothing here commits; running it twice, or twice at once, is harmless. */

export interface ExpiredLog {
  /** Oldest version that can still be read; the same as before where nothing was deleted. */
  readonly earliest: number
  /** Objects deleted (or that would be). */
  readonly deleted: number
}

export interface ExpireOptions {
  /** Versions from this one on stay, whatever their age: somebody has yet to read their changes. */
  readonly keepFrom?: number
  readonly dryRun?: boolean
}

/**
 * Deletes commits and checkpoints older than `delta.logRetentionDuration` (default 30 days, counted from midnight UTC), as far as a newer
 * checkpoint, itself older than that, stands for them. That checkpoint stays together with its commit, and everything after it.
 */
export const expireLog = (table: Table, options: ExpireOptions = {}): Effect.Effect<ExpiredLog, TableError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const snapshot = yield* table.snapshot
    const now = yield* Clock.currentTimeMillis
    const folder = `${table.path}/${logFolder}`
    const names = yield* collect(table, store.list(folder))
    const keep = yield* Effect.try({
      try: () => {
        requireWritable(snapshot, false)
        return firstToKeep(names, folder, expiryCutoff(snapshot, now), options.keepFrom)
      },
      catch: fromThrown(table.path, "expiring its log")
    })
    const doomed = names.filter(({ key }) => {
      const entry = parseLogName(key.slice(folder.length))
      // A compacted commit that begins before the checkpoint cannot be used any more, even if it ends after it.
      return entry !== null && entry.version < keep
    })
    // Oldest first and one by one (a store deletes several in any order), so that what remains is always a log without gaps.
    if (options.dryRun !== true) {
      yield* Effect.forEach(doomed, ({ key }) => Effect.mapError(store.delete([key]), fromStore(table.path)), { discard: true })
    }
    const commits = names.map(({ key }) => parseLogName(key.slice(folder.length))).filter((entry) => entry?.kind === "commit")
    return { earliest: Math.max(keep, commits[0]?.version ?? 0), deleted: doomed.length }
  })

/** Midnight UTC before (now − retention): so that the log shrinks once a day, not with every look. */
const expiryCutoff = (snapshot: Snapshot, now: number): number => {
  const retention = logRetention(snapshot)
  if (retention < deletedFileRetention(snapshot))
    throw new Malformed(
      "Invalid",
      "delta.logRetentionDuration is shorter than delta.deletedFileRetentionDuration",
      "Readers of older versions would lose the log before the files: make the first at least as long as the second."
    )
  const day = 86_400_000
  return Math.floor((now - retention) / day) * day
}

/** The newest complete checkpoint whose commit was made by the cutoff; 0 where there is none: then nothing may go. */
const firstToKeep = (objects: ReadonlyArray<ObjectInfo>, folder: string, cutoff: number, keepFrom: number | undefined): number => {
  let lastOld = -1
  let newest = Number.NEGATIVE_INFINITY
  const commits = new Set<number>()
  const parts = new Map<string, { readonly version: number; readonly parts: number; count: number }>()
  for (const { key, modifiedAt } of objects) {
    const entry = parseLogName(key.slice(folder.length))
    if (entry?.kind === "commit") {
      commits.add(entry.version)
      // Times of files may run backwards; a version is only as old as the youngest before it.
      newest = Math.max(newest, modifiedAt)
      if (newest <= cutoff) lastOld = entry.version
    }
    if (entry?.kind === "checkpoint") {
      const id = `${entry.version}/${entry.parts}`
      const group = parts.get(id) ?? { version: entry.version, parts: entry.parts, count: 0 }
      group.count++
      parts.set(id, group)
    }
  }
  const limit = Math.min(lastOld, keepFrom ?? Number.POSITIVE_INFINITY)
  let keep = 0
  for (const { version, parts: wanted, count } of parts.values())
    if (count === wanted && version <= limit && commits.has(version)) keep = Math.max(keep, version)
  return keep
}

/** Hidden objects that vacuum may remove, by their paths below the table. */
export interface OwnObjects {
  readonly holds: (path: string) => boolean
  /** Those that a snapshot needs, or one that was the newest at or after `before` (milliseconds since 1970). May throw `Malformed`. */
  readonly needed: (snapshot: Snapshot, before: number) => ReadonlySet<string>
}

export interface VacuumOptions {
  /** Milliseconds; default and least: the table's `delta.deletedFileRetentionDuration` (7 days). */
  readonly retention?: number
  readonly dryRun?: boolean
  /** Hidden objects of the caller's own. Default: hidden ones are left alone. */
  readonly own?: ReadonlyArray<OwnObjects>
  /** Of paths that nothing refers to, those that stay all the same: somebody has yet to commit them. Default: none. */
  readonly spared?: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlySet<string>, TableError, Store>
}

export interface Vacuumed {
  /** Paths below the table that were deleted (or would be), sorted. */
  readonly deleted: ReadonlyArray<string>
  readonly bytes: number
  /** Leftovers of unfinished writes that were removed. */
  readonly swept: number
}

/**
 * Deletes data files that no version within the retention needs: not live, not removed recently, and last touched before the retention.
 * That includes files that were uploaded and never committed. Anything hidden (a part beginning with `_` or `.`, and `metadata/`) is left alone,
 * but for what the caller says is its own.
 */
export const vacuum = (table: Table, options: VacuumOptions = {}): Effect.Effect<Vacuumed, TableError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const now = yield* Clock.currentTimeMillis
    const before = now - (yield* allowedRetention(table, yield* table.snapshot, options))
    const folder = `${table.path}/`
    const old = (yield* collect(table, store.list(folder))).filter((object) => object.modifiedAt < before)
    // Read after the listing: what was committed in between is live, and stays.
    const snapshot = yield* table.snapshot
    const { own: all = [] } = options
    const own = yield* Effect.try({
      try: () => all.map(({ holds, needed }) => ({ holds, needed: needed(snapshot, before) })),
      catch: fromThrown(table.path, "vacuum")
    })
    const loose = old.filter(({ key }) => {
      const path = key.slice(folder.length)
      const its = own.find(({ holds }) => holds(path))
      if (its !== undefined) return !its.needed.has(path)
      if (isHidden(path, snapshot.metaData.partitionColumns) || snapshot.files.has(path)) return false
      const tombstone = snapshot.tombstones.get(path)
      return tombstone === undefined || tombstone.deletionTimestamp < before
    })
    const { spared: spare = () => Effect.succeed(new Set<string>()) } = options
    const spared = yield* spare(loose.map(({ key }) => key.slice(folder.length)))
    const doomed = loose.filter(({ key }) => !spared.has(key.slice(folder.length)))
    const report = { deleted: doomed.map(({ key }) => key.slice(folder.length)), bytes: doomed.reduce((sum, { size }) => sum + size, 0) }
    if (options.dryRun === true) return { ...report, swept: 0 }
    yield* Effect.mapError(store.delete(doomed.map(({ key }) => key)), fromStore(table.path))
    return { ...report, swept: yield* Effect.mapError(store.sweep(folder, before), fromStore(table.path)) }
  })

const allowedRetention = (table: Table, snapshot: Snapshot, options: VacuumOptions): Effect.Effect<number, TableError> =>
  Effect.try({
    try: () => {
      requireWritable(snapshot, false)
      const least = deletedFileRetention(snapshot)
      const retention = options.retention ?? least
      if (!(retention >= least))
        throw new Malformed(
          "Invalid",
          `a retention of ${retention} ms is shorter than the table's ${least} ms`,
          "Readers and writers at work could lose their files. If none are, set delta.deletedFileRetentionDuration first."
        )
      return retention
    },
    catch: fromThrown(table.path, "vacuum")
  })

/** Hidden as Delta and Hive see it; a partition folder whose column begins with `_` is not. */
const isHidden = (path: string, partitionColumns: ReadonlyArray<string>): boolean => {
  const segments = path.split("/")
  return (
    segments[0] === "metadata" ||
    segments.some((segment) => /^[_.]/.test(segment) && !partitionColumns.some((column) => segment.startsWith(`${column}=`)))
  )
}

const collect = (table: Table, objects: Stream.Stream<ObjectInfo, Parameters<ReturnType<typeof fromStore>>[0]>) =>
  Effect.mapError(Stream.runCollect(objects), fromStore(table.path))
