import type { Rejection } from "./dead-letter-reasons.ts"
import { comparePositions, type Position } from "./position.ts"

/** Where a record came from: enough to find it again at its source, and to tell it from every other record. */
export interface Coordinates extends Position {
  readonly source: string
  readonly shard: string
}

/**
 * Records of one shard in reading order, as a structure of arrays: the bytes stand in one buffer, so that the decoder walks bytes and no
 * object is made per record. All arrays have `count` entries.
 */
export interface RecordPage {
  readonly shard: string
  readonly count: number
  readonly bytes: Uint8Array
  /** Record `i` is `bytes.subarray(starts[i], ends[i])`. */
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
  readonly sequenceNumbers: ReadonlyArray<string>
  /** What names the fields of all records of the page: the header of their file, where their format has one. Bytes of its own. */
  readonly header?: Uint8Array | undefined
  /** Absent: 0 for every record. */
  readonly subSequenceNumbers?: ArrayLike<number> | undefined
  /**
   * Arrival time in milliseconds since 1970, to the microsecond, as the source recorded it, never this process' clock. One number holds for all
   * records.
   */
  readonly arrivedAt: number | ArrayLike<number>
  /**
   * True lengths of records whose bytes the source cut because they exceed any limit (index → bytes at the source), so that memory stays
   * bounded for any input. Such a record becomes a dead letter with the bytes that were kept.
   */
  readonly cut?: ReadonlyMap<number, number> | undefined
  /** Its source knows that none of these records can become a row, and why: their bytes tell of what could not be read. */
  readonly rejected?: Rejection | undefined
  /**
   * Gives the memory of `bytes` back to the source, which uses it for another page. Who does not call it keeps the bytes; who does must not
   * look at them again. A page of megabytes for each few hundred records would keep the garbage collector busy otherwise.
   */
  readonly release?: (() => void) | undefined
  /** What the source wants to be given back on resume, valid once every record of this page is committed. A page may hold nothing else. */
  readonly resume?: { readonly [key: string]: string | number | boolean } | undefined
  /** Where a shard stands that gave no record yet, for a page without records whose `resume` must be committed all the same. */
  readonly position?: Position | undefined
  /** Is the batch to be committed behind this page, because other processes wait for what it says? */
  readonly commitNow?: boolean | undefined
}

/** What a page holds that only says something about its shard. */
export const noRecords = {
  count: 0,
  bytes: new Uint8Array(0),
  starts: [],
  ends: [],
  sequenceNumbers: [],
  arrivedAt: 0
} as const satisfies Omit<RecordPage, "shard">

/** Arrival time of record `i` of a page, milliseconds since 1970. */
export const arrivedAt = (page: RecordPage, i: number): number =>
  typeof page.arrivedAt === "number" ? page.arrivedAt : (page.arrivedAt[i] ?? 0)

/** Microseconds since 1970, as tables hold arrival times. @param millis milliseconds, whose fraction tells microseconds */
export const microsOf = (millis: number): number => Math.round(millis * 1000)

/** The UTC date and hour in which a record arrived: the partition of stage that it belongs to. */
export interface IngestionHour {
  /** `YYYY-MM-DD` */
  readonly date: string
  /** 0 to 23 */
  readonly hour: number
}

/** @param millis milliseconds since 1970, UTC */
export const ingestionHour = (millis: number): IngestionHour => {
  // Before 1970 a date would drop microseconds upward, into the next hour.
  const iso = new Date(Math.floor(millis)).toISOString()
  return { date: iso.slice(0, iso.indexOf("T")), hour: Number(iso.slice(iso.indexOf("T") + 1, iso.indexOf("T") + 3)) }
}

/** Some records of a page, by their indexes in ascending order. */
export const selectRecords = (page: RecordPage, indexes: ReadonlyArray<number>): RecordPage => {
  if (indexes.length === page.count) return page
  const pick = (values: ArrayLike<number>): ReadonlyArray<number> => indexes.map((i) => values[i] ?? 0)
  const cut = new Map<number, number>()
  for (const [to, from] of indexes.entries()) {
    const size = page.cut?.get(from)
    if (size !== undefined) cut.set(to, size)
  }
  return {
    ...page,
    count: indexes.length,
    starts: pick(page.starts),
    ends: pick(page.ends),
    sequenceNumbers: indexes.map((i) => page.sequenceNumbers[i] ?? ""),
    subSequenceNumbers: page.subSequenceNumbers && pick(page.subSequenceNumbers),
    arrivedAt: typeof page.arrivedAt === "number" ? page.arrivedAt : pick(page.arrivedAt),
    cut
  }
}

/** Position of record `i` of a page. */
export const positionAt = (page: RecordPage, i: number): Position => ({
  sequenceNumber: page.sequenceNumbers[i] ?? "",
  subSequenceNumber: page.subSequenceNumbers?.[i] ?? 0
})

/** The records of a page that come after a position: a record that is given again is taken once. */
export const recordsAfter = (page: RecordPage, position: Position | undefined): RecordPage => {
  if (position === undefined || page.count === 0 || comparePositions(positionAt(page, 0), position) > 0) return page
  const later: Array<number> = []
  for (let i = 0; i < page.count; i++) if (comparePositions(positionAt(page, i), position) > 0) later.push(i)
  return selectRecords(page, later)
}
