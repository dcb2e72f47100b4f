import type { DayCount } from "./engine.ts"

/** Rows of one day that stand in one bucket, by their places in the order of all rows: `from` to before `to`. */
export interface Piece {
  readonly day: string
  readonly from: number
  readonly to: number
}

/** Rows that are held in memory together. */
export interface Bucket {
  readonly from: number
  readonly to: number
  readonly pieces: ReadonlyArray<Piece>
}

/**
 * Divides rows, which are in the order of their days, into buckets of at most `rowsPerBucket` rows: small days share a bucket, a large day has several.
 */
export const cutBuckets = (days: ReadonlyArray<DayCount>, rowsPerBucket: number): ReadonlyArray<Bucket> => {
  const buckets: Array<Bucket> = []
  let pieces: Array<Piece> = []
  let start = 0
  let place = 0
  const close = () => {
    if (place > start) buckets.push({ from: start, to: place, pieces })
    pieces = []
    start = place
  }
  for (const { day, rows } of days) {
    // A day that fits a bucket is not divided: each piece is a file written.
    if (place - start + Math.min(rows, rowsPerBucket) > rowsPerBucket) close()
    for (let left = rows; left > 0; ) {
      const taken = Math.min(left, rowsPerBucket)
      pieces.push({ day, from: place, to: place + taken })
      place += taken
      left -= taken
      if (left > 0) close()
    }
  }
  close()
  return buckets
}

/** A number of rows for a row group that takes about `bytes`, as DuckDB likes it: a multiple of 2,048. */
export const rowGroupRows = (rowBytes: number, bytes: number): number =>
  Math.min(120 * 1024, Math.max(2048, Math.floor(bytes / Math.max(1, rowBytes) / 2048) * 2048))
