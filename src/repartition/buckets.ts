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

/** A file with rows to move: how many, and the last row of the file that is among them. */
export interface Holding {
  readonly file: number
  readonly rows: number
  readonly lastRow: number
}

/** What is read at a time: whole files, or the rows `from` to before `to` of one large file. */
export interface Chunk {
  readonly files: ReadonlyArray<number>
  readonly rows: { readonly from: number; readonly to: number } | null
}

/** Divides files into chunks of about `rowsPerChunk` rows to move, supposing that these are spread evenly over a file. */
export const cutChunks = (holdings: ReadonlyArray<Holding>, rowsPerChunk: number): ReadonlyArray<Chunk> => {
  const chunks: Array<Chunk> = []
  let files: Array<number> = []
  let held = 0
  const close = () => {
    if (files.length > 0) chunks.push({ files, rows: null })
    files = []
    held = 0
  }
  for (const { file, rows, lastRow } of holdings) {
    if (held + rows > rowsPerChunk) close()
    if (rows <= rowsPerChunk) {
      files.push(file)
      held += rows
      continue
    }
    const parts = Math.ceil(rows / rowsPerChunk)
    const width = Math.ceil((lastRow + 1) / parts)
    for (let from = 0; from <= lastRow; from += width) chunks.push({ files: [file], rows: { from, to: from + width } })
  }
  close()
  return chunks
}

/** A number of rows for a row group that takes about `bytes`, as DuckDB likes it: a multiple of 2,048. */
export const rowGroupRows = (rowBytes: number, bytes: number): number =>
  Math.min(120 * 1024, Math.max(2048, Math.floor(bytes / Math.max(1, rowBytes) / 2048) * 2048))
