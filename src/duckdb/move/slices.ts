import type { PartitionCount } from "./move.ts"

/** Rows of a slice that belong to one partition: those of the slice from `rows.from` to before `rows.to`. */
export interface Piece {
  readonly partition: string
  readonly rows: { readonly from: number; readonly to: number }
  /** The partition's last rows are among them. */
  readonly isLast: boolean
}

/**
 * Cuts a slice of the rows, which are in the order of their partitions, by partition.
 *
 * @param from place of its first row
 * @param length how many rows it has
 */
export const piecesOf = (partitions: ReadonlyArray<PartitionCount>, from: number, length: number): ReadonlyArray<Piece> => {
  const pieces: Array<Piece> = []
  let begins = 0
  for (const { partition, rows } of partitions) {
    const ends = begins + rows
    const first = Math.max(begins, from)
    const end = Math.min(ends, from + length)
    if (first < end) pieces.push({ partition, rows: { from: first - from, to: end - from }, isLast: end === ends })
    begins = ends
  }
  return pieces
}

/**
 * How many rows to take at a time, so that what is compressed of them takes about twice `sliceBytes`: as much as it takes where they stand.
 *
 * @param bytes of them in the files that hold them
 */
export const mostRows = (bytes: number, rows: number, sliceBytes: number): number =>
  Math.max(1, Math.min(mostSliceRows, Math.floor((2 * sliceBytes * rows) / Math.max(1, bytes))))

/** More are not put in order at once, however small they are: of each it is noted where it stands. */
const mostSliceRows = 160 * 1024

/** Column chunks of a slice, about: of each some hundred bytes are known until the slice is written. */
const mostChunks = 80 * 1024

/**
 * How many of a slice's rows are taken at once, so that their partitions, of which each gets a column chunk of each leaf, are not too many.
 *
 * @param leaves of a row
 * @param keepsPartitions a partition that the slice would cut is left to the next, where that is little of the slice
 */
export const rowsAtOnce = (pieces: ReadonlyArray<Piece>, leaves: number, keepsPartitions: boolean): number => {
  const taken = pieces.slice(0, Math.max(1, Math.floor(mostChunks / leaves)))
  const last = taken.at(-1)
  if (last === undefined) return 0
  const { from, to } = last.rows
  return keepsPartitions && !last.isLast && from >= leastOfSlice * to ? from : to
}

/** The part of a slice that is taken at the least: files are read again for each slice that has rows of them. */
const leastOfSlice = 0.75

/** Bytes of rows in a row group, about, as they are in memory: what the ingest makes at the most. */
const rowGroupBytes = 48 * 1024 * 1024

/** Cuts the rows of a piece into row groups, evenly. @param rowBytes bytes of a row in memory */
export const cutRowGroups = ({ from, to }: Piece["rows"], rowBytes: number): ReadonlyArray<Piece["rows"]> => {
  const groups = Math.min(to - from, Math.max(1, Math.ceil(((to - from) * rowBytes) / rowGroupBytes)))
  return Array.from({ length: groups }, (_, i) => ({
    from: from + Math.floor(((to - from) * i) / groups),
    to: from + Math.floor(((to - from) * (i + 1)) / groups)
  }))
}
