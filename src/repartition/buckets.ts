import type { DayCount } from "./engine.ts"

/** Rows of one day, by their places in the order of all rows: `from` to before `to`. */
export interface Piece {
  readonly day: string
  readonly from: number
  readonly to: number
}

/** Neighbouring days that fit in memory together, or one day that does not. */
export interface Bucket {
  readonly from: number
  readonly to: number
  readonly days: ReadonlyArray<Piece>
}

/** Divides rows, which are in the order of their days, into buckets of at most `rowsPerBucket` rows, or of one day where it has more. */
export const cutBuckets = (days: ReadonlyArray<DayCount>, rowsPerBucket: number): ReadonlyArray<Bucket> => {
  const buckets: Array<Bucket> = []
  let pieces: Array<Piece> = []
  let start = 0
  let place = 0
  const close = () => {
    if (place > start) buckets.push({ from: start, to: place, days: pieces })
    pieces = []
    start = place
  }
  for (const { day, rows } of days) {
    if (place - start + rows > rowsPerBucket) close()
    pieces.push({ day, from: place, to: place + rows })
    place += rows
  }
  close()
  return buckets
}
