import type { DayCount } from "./engine.ts"

/** Rows of one day that are written together. */
export interface Piece {
  /** Number of the day among all days. */
  readonly number: number
  readonly day: string
  /** The place after its last row. */
  readonly to: number
  /** The day's last rows are among them. */
  readonly last: boolean
}

/** Rows that are sorted and written together: those at places `from` to before `to`, in the order of day, key, version. */
export interface Slice {
  readonly from: number
  readonly to: number
  readonly pieces: ReadonlyArray<Piece>
}

/** Rows of a row group: few enough that the columns of a group fit in memory many times over. */
const rowGroupRows = 4096

/** Days whose rows may wait for their files at a time: each takes buffers for every column. */
const daysWaiting = 12

/**
 * After how many rows to write those that wait: so many, at most those of a row group, that they are never of more than {@link daysWaiting}
 * days. All columns of the slice are cut into row groups there.
 */
export const rowsWaiting = (slice: Slice): number => {
  const ends = slice.pieces.map(({ to }) => to)
  let rows = rowGroupRows
  for (let first = 0; first + daysWaiting - 1 < ends.length; first++) {
    const start = first === 0 ? slice.from : (ends[first - 1] ?? slice.from)
    rows = Math.min(rows, (ends[first + daysWaiting - 1] ?? slice.to) - start)
  }
  return Math.max(1, rows)
}

/** Cuts rows, which are in the order of their days, into slices of at most `rowsPerSlice` rows; whole days where they fit. */
export const cutSlices = (days: ReadonlyArray<DayCount>, rowsPerSlice: number): ReadonlyArray<Slice> => {
  const most = Math.max(1, Math.floor(rowsPerSlice))
  const slices: Array<Slice> = []
  let pieces: Array<Piece> = []
  let start = 0
  let place = 0
  const close = () => {
    if (place > start) slices.push({ from: start, to: place, pieces })
    pieces = []
    start = place
  }
  for (const [number, { day, rows }] of days.entries()) {
    if (place - start + rows > most) close()
    const end = place + rows
    while (end - place > most) {
      place += most
      pieces.push({ number, day, to: place, last: false })
      close()
    }
    pieces.push({ number, day, to: end, last: true })
    place = end
  }
  close()
  return slices
}

/** A top-level column, and how wide it is. */
export interface Width {
  readonly name: string
  /** Leaves below it: each costs the writer's buffers. */
  readonly leaves: number
  /** Values that a row has in all of its leaves: each costs memory while rows are sorted. */
  readonly values: number
}

/** Leaves that are written at a time: few enough that their buffers are small against the memory of a small process. */
export const mostLeaves = 64

/** Puts neighbouring columns together while they have no more values a row than the widest column has, and few leaves. */
export const groupColumns = (widths: ReadonlyArray<Width>): ReadonlyArray<ReadonlyArray<string>> => {
  const mostValues = Math.max(...widths.map(({ values }) => values))
  const groups: Array<Array<string>> = []
  let held = { leaves: 0, values: 0 }
  for (const { name, leaves, values } of widths) {
    const group = groups.at(-1)
    const grown = { leaves: held.leaves + leaves, values: held.values + values }
    if (group === undefined || grown.leaves > mostLeaves || grown.values > mostValues) {
      groups.push([name])
      held = { leaves, values }
    } else {
      group.push(name)
      held = grown
    }
  }
  return groups
}
