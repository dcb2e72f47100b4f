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
  /** Its days are small: so many of them come in one vector of rows that they are written a few at a time. */
  readonly small: boolean
}

/** DuckDB moves this many rows at a time, and looks between them whether rows that wait are to be written. */
const vectorRows = 2048

/** Days that may have rows in one vector: each takes buffers for every column while its rows wait. */
const daysPerVector = 6

/** Days are small where more than a few of them have rows in one vector: judged with their neighbours, so that kinds seldom change. */
const smallDays = (days: ReadonlyArray<DayCount>): ReadonlyArray<boolean> =>
  days.map((_, i) => {
    const first = Math.max(0, i - daysPerVector / 2)
    const around = days.slice(first, first + daysPerVector)
    return around.length === daysPerVector && around.reduce((rows, day) => rows + day.rows, 0) < vectorRows
  })

/** After how many rows those that wait are written. All columns of a slice are cut into row groups there. */
export const rowsWaiting = ({ pieces, from }: Slice): number => {
  const large = pieces.every(({ to }, i) => to - (pieces[i - 1]?.to ?? from) >= vectorRows)
  return large ? 2 * vectorRows : vectorRows
}

/** Cuts rows, which are in the order of their days, into slices of at most `rowsPerSlice` rows; whole days where they fit. */
export const cutSlices = (days: ReadonlyArray<DayCount>, rowsPerSlice: number): ReadonlyArray<Slice> => {
  const most = Math.max(1, Math.floor(rowsPerSlice))
  const slices: Array<Slice> = []
  let pieces: Array<Piece> = []
  let start = 0
  let place = 0
  const kinds = smallDays(days)
  let small = false
  const close = () => {
    if (place > start) slices.push({ from: start, to: place, pieces, small })
    pieces = []
    start = place
  }
  for (const [number, { day, rows }] of days.entries()) {
    const kind = kinds[number] ?? false
    if (place - start + rows > most || kind !== small) close()
    small = kind
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

/** Cuts a slice of small days into slices of a few days each. */
export const cutDays = (slice: Slice, most: number): ReadonlyArray<Slice> => {
  const days = Math.max(1, Math.floor(most))
  const slices: Array<Slice> = []
  for (let i = 0; i < slice.pieces.length; i += days) {
    const pieces = slice.pieces.slice(i, i + days)
    slices.push({ from: slices.at(-1)?.to ?? slice.from, to: pieces.at(-1)?.to ?? slice.to, pieces, small: true })
  }
  return slices
}
