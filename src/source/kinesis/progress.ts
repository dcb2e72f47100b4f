import { coordinatesOf, type Position, type ShardPosition } from "../../record/position.ts"
import { arrivedAt, positionAt, type RecordPage } from "../../record/record.ts"
import { isEnded, isNothingRead, timeIn } from "./shard-plan.ts"

/** How far a shard was read, as its pages tell it and its position gives it back. Times are milliseconds since 1970. */
export interface Progress {
  /** Of the last record that was delivered; undefined: none. */
  readonly position: Position | undefined
  /** When that record arrived. */
  readonly arrivedAt: number | undefined
  /** Where a shard begins of which nothing was read. */
  readonly start: number | undefined
  /** Everything that had arrived until then has been read. */
  readonly readUntil: number | undefined
  /** It was open then, or longer: shards that came out of it had no records before. */
  readonly openUntil: number | undefined
  /** Times between which records may have been trimmed before they were read: how many, and the last one. */
  readonly gaps: number
  readonly gapFrom: number | undefined
  readonly gapTo: number | undefined
  /** Sub-records of aggregated records whose hash key is not the shard's. */
  readonly outOfRange: number
}

export const progressOf = (position: ShardPosition | undefined): Progress => {
  const read = position !== undefined && !isNothingRead(position) ? position : undefined
  const arrivedAt = read === undefined ? Number.NaN : Date.parse(read.arrivedAt)
  const count = (name: string) => Number(position?.source?.[name] ?? 0)
  return {
    position: read && coordinatesOf(read),
    arrivedAt: Number.isNaN(arrivedAt) ? undefined : arrivedAt,
    start: timeIn(position, "start"),
    // All but the last page of an answer say nothing of the time; their records do.
    readUntil: timeIn(position, "readUntil") ?? timeIn(position, "start") ?? (Number.isNaN(arrivedAt) ? undefined : arrivedAt),
    // Of an ended shard, until when it was read says the same.
    openUntil: timeIn(position, isEnded(position) ? "readUntil" : "openUntil") ?? timeIn(position, "start"),
    gaps: count("gaps"),
    gapFrom: timeIn(position, "gapFrom"),
    gapTo: timeIn(position, "gapTo"),
    outOfRange: count("outOfRange")
  }
}

/** What the last record of a page says of it. */
export const lastOf = (page: RecordPage): Pick<Progress, "position" | "arrivedAt"> => {
  const last = page.count - 1
  return { position: positionAt(page, last), arrivedAt: arrivedAt(page, last) }
}

const iso = (millis: number): string => new Date(millis).toISOString()

/** How long the stream kept its records when the position was committed, in milliseconds; undefined where it does not say. */
export const retentionIn = (position: ShardPosition): number | undefined => {
  const millis = position.source?.["retention"]
  return typeof millis === "number" ? millis : undefined
}

/**
 * What a page gives its position to keep.
 *
 * @param retention how long the stream keeps its records, in milliseconds; undefined where it is not known
 * @param behind `MillisBehindLatest`
 * @param children of a shard that was read to its end; null: it was not
 */
export const resumeOf = (
  progress: Progress,
  retention: number | undefined,
  behind: number | undefined,
  children: ReadonlyArray<string> | null = null
): NonNullable<RecordPage["resume"]> => ({
  ...(progress.readUntil === undefined ? {} : { readUntil: iso(progress.readUntil) }),
  ...(progress.openUntil === undefined || children !== null ? {} : { openUntil: iso(progress.openUntil) }),
  ...(retention === undefined ? {} : { retention }),
  ...(behind === undefined ? {} : { behind }),
  ...(progress.position === undefined && progress.start !== undefined ? { start: iso(progress.start) } : {}),
  ...(progress.gaps === 0 ? {} : { gaps: progress.gaps }),
  ...(progress.gapFrom === undefined || progress.gapTo === undefined ? {} : { gapFrom: iso(progress.gapFrom), gapTo: iso(progress.gapTo) }),
  ...(progress.outOfRange === 0 ? {} : { outOfRange: progress.outOfRange }),
  ...(children === null ? {} : { ended: true }),
  ...(children === null || children.length === 0 ? {} : { children: children.join(",") })
})

/** Ids of the children of a shard that was read to its end, as far as they are known. */
export const childrenOf = (position: ShardPosition | undefined): ReadonlyArray<string> => {
  const text = position?.source?.["children"]
  return typeof text === "string" ? text.split(",") : []
}

/** Who is so far behind must know how long records are kept. */
export const lateMillis = 3_600_000

/** A hole goes on as long as what was read since its end is shorter than this. */
const sameHoleMillis = 60_000

/**
 * What an answer says about the time until which everything was read. Records that arrived between the last `readUntil` and the horizon may have
 * been trimmed unread, which is a gap. Nobody can tell whether there were any.
 *
 * @param now when the answer came
 * @param horizon what arrived before it may have been trimmed by now
 * @returns `gap`: has a new gap been found?
 */
export const answered = (
  progress: Progress,
  now: number,
  behind: number,
  horizon: number
): { readonly progress: Progress; readonly gap: boolean } => {
  const reached = Math.max(now - behind, horizon)
  const { readUntil } = progress
  // Whatever it was before: a clock that was set back must not make the time until then look read.
  if (readUntil === undefined || readUntil >= horizon) return { progress: { ...progress, readUntil: reached }, gap: false }
  const after = withGap(progress, readUntil, horizon)
  return { progress: { ...after, readUntil: reached }, gap: after.gaps > progress.gaps }
}

/** One more gap; or the last one is longer, if next to nothing was read behind it. */
export const withGap = (progress: Progress, from: number, to: number): Progress =>
  progress.gapTo !== undefined && from - progress.gapTo < sameHoleMillis
    ? { ...progress, gapFrom: Math.min(progress.gapFrom ?? from, from), gapTo: Math.max(progress.gapTo, to) }
    : { ...progress, gaps: progress.gaps + 1, gapFrom: from, gapTo: to }

/**
 * How a shard ends that expired before it was read to its end: with a gap, which holds for the shards that came out of it as well. It may have been
 * closed long before it was last read, without anything more to give.
 *
 * @param to when the gap ends
 * @returns null where there is none: a shard has expired only when all of it is older, and nothing older is missing
 */
export const vanished = (progress: Progress, to: number): Progress | null => {
  const { openUntil = Number.POSITIVE_INFINITY, readUntil = openUntil } = progress
  const from = Math.min(readUntil, openUntil)
  return from >= to ? null : { ...withGap(progress, from, to), readUntil: from }
}

/** A shard that seemed open may have been closed for so long: the list of shards may be late, and arrival times are approximate. */
export const openSlackMillis = 60_000

/** The later of two times, as far as they are known. */
export const later = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b)

/**
 * Is it time to tell that a shard without records was read all the same? Once an hour, or four times per retention, at times that all shards
 * have in common, so that they share a commit.
 */
export const markerDue = (told: number | undefined, readUntil: number, retentionMillis: number): boolean => {
  const every = Math.min(3_600_000, retentionMillis / 4)
  return told === undefined || Math.floor(readUntil / every) > Math.floor(told / every)
}
