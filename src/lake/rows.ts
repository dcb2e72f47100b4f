import type { AddFile } from "../table/actions.ts"

/** Rows of a data file as its statistics say, or null where the writer gave none. */
export const rowsOf = (file: AddFile): number | null => {
  if (file.stats === null) return null
  const stats: unknown = JSON.parse(file.stats)
  const rows = typeof stats === "object" && stats !== null && "numRecords" in stats ? stats.numRecords : null
  return typeof rows === "number" ? rows : null
}

/** Bytes of files together. */
export const bytesOf = (files: ReadonlyArray<{ readonly size: number }>): number => files.reduce((total, { size }) => total + size, 0)

export interface Totals {
  readonly files: number
  readonly bytes: number
  /** Null when a file has no statistics. */
  readonly rows: number | null
}

export const totalsOf = (files: Iterable<AddFile>): Totals => {
  let count = 0
  let bytes = 0
  let rows: number | null = 0
  for (const file of files) {
    const n = rowsOf(file)
    count++
    bytes += file.size
    rows = rows === null || n === null ? null : rows + n
  }
  return { files: count, bytes, rows }
}
