import { Malformed } from "../record/malformed.ts"
import type { OwnObjects } from "../table/maintenance.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { tombstoneFolder } from "./layout.ts"
import { tombstonesProperty } from "./log-keys.ts"

/**
 * Keys that were deleted from a consumable are remembered, or an older copy that arrives afterwards would bring them back. They stand in small Parquet
 * files in a hidden folder below the table, which is no data for whoever reads it, and a property of the table names them: a commit changes rows and
 * remembered keys together.
 *
 * Invariants: a key has a row or is remembered, never both, and is remembered once. A file never changes; one that is no longer needed is noted with the
 * time from which it is not, and vacuum spares it as long as other files.
 */
export interface Tombstones {
  /** Below the table. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Keys. */
  readonly rows: number
}

interface Noted extends Tombstones {
  /** Milliseconds since 1970. Absent: it counts. */
  readonly removed?: number
}

/** What the property holds; written by `JSON.stringify` of the same type. Throws `Malformed`. */
const notedIn = ({ metaData }: Pick<Snapshot, "metaData">): ReadonlyArray<Noted> => {
  const text = metaData.configuration[tombstonesProperty]
  if (text === undefined) return []
  try {
    const noted: unknown = JSON.parse(text)
    if (Array.isArray(noted) && noted.every(isNoted)) return noted
  } catch {
    // As bad as one that says something else.
  }
  throw new Malformed(
    "Corrupt",
    `the property ${tombstonesProperty} is ${JSON.stringify(text)}`,
    "It names the files of keys that were deleted. Fold all of stage anew: sluice repartition --rebuild."
  )
}

const isNoted = (each: unknown): each is Noted =>
  typeof each === "object" &&
  each !== null &&
  "path" in each &&
  typeof each.path === "string" &&
  "size" in each &&
  typeof each.size === "number" &&
  "rows" in each &&
  typeof each.rows === "number" &&
  (!("removed" in each) || typeof each.removed === "number")

/** The files of remembered keys of a table. Throws `Malformed` where its property is damaged. */
export const tombstonesOf = (snapshot: Pick<Snapshot, "metaData">): ReadonlyArray<Tombstones> =>
  notedIn(snapshot).flatMap(({ path, size, rows, removed }) => (removed === undefined ? [{ path, size, rows }] : []))

/**
 * The properties of a table that has these files from now on. Those that it had and has no longer stay noted.
 *
 * @param now milliseconds since 1970
 * @param keptSince files that were done with before this time are forgotten
 */
export const withTombstones = (
  { metaData }: Pick<Snapshot, "metaData">,
  files: ReadonlyArray<Tombstones>,
  now: number,
  keptSince: number
): Snapshot["metaData"]["configuration"] => {
  const { [tombstonesProperty]: _, ...others } = metaData.configuration
  const live = new Set(files.map(({ path }) => path))
  const removed = notedBefore({ metaData }).flatMap((each) =>
    live.has(each.path) || (each.removed ?? now) < keptSince ? [] : [{ ...each, removed: each.removed ?? now }]
  )
  const noted: ReadonlyArray<Noted> = [...files.map(({ path, size, rows }) => ({ path, size, rows })), ...removed]
  return noted.length === 0 ? others : { ...others, [tombstonesProperty]: JSON.stringify(noted) }
}

/** What is damaged names nothing: a fold from the start, which asks for nothing of it, mends it. */
const notedBefore = (snapshot: Pick<Snapshot, "metaData">): ReadonlyArray<Noted> => {
  try {
    return notedIn(snapshot)
  } catch {
    return []
  }
}

/** What `vacuum` has to know of the files: those that count stay, and those that a version within the retention names. */
export const tombstoneFiles: OwnObjects = {
  holds: (path) => path.startsWith(`${tombstoneFolder}/`),
  needed: (snapshot, before) =>
    new Set(notedIn(snapshot).flatMap(({ path, removed }) => (removed === undefined || removed >= before ? [path] : [])))
}
