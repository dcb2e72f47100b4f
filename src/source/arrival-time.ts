import { maxTimestamp, millisOf, minTimestamp, timestampMicros } from "../contract/timestamp.ts"

/** Whole directory names `YYYY/MM/DD/HH`, with something below them. The lookahead lets overlapping candidates be seen. */
const hourPath = /\/(?=(\d{4})\/(\d{2})\/(\d{2})\/(\d{2})\/)/g

/**
 * The UTC hour that a path of the form `…/YYYY/MM/DD/HH/…` names, in milliseconds since 1970; undefined where it names none. Of several the
 * last counts, and one that the calendar does not have (`2023/02/29/07`, the year 0) is not one.
 *
 * @param path separated by `/`; the last segment is the file's own name and never an hour
 */
export const hourOfPath = (path: string): number | undefined => {
  let found: number | undefined
  for (const [, year, month, day, hour] of path.matchAll(hourPath)) {
    const micros = timestampMicros(`${year}-${month}-${day}T${hour}:00Z`)
    if (micros !== null) found = millisOf(micros)
  }
  return found
}

/**
 * When the records of a file arrived: the hour of its path, else what the user said, else when the file was last written. Never the clock:
 * reading the same files again must put the same rows into the same hours. File systems hold times of writing that no date of a table can tell:
 * the nearest that one can stands for those.
 */
export const arrivalOfFile = (path: string, said: number | undefined, modifiedAt: number): number =>
  hourOfPath(path) ?? said ?? Math.min(Math.max(modifiedAt, millisOf(minTimestamp)), millisOf(maxTimestamp))
