/** Dates that every reader takes are those of the years 1 to 9999. File systems hold others. */
const earliest = Date.parse("0001-01-01T00:00:00.000Z")
const latest = Date.parse("9999-12-31T23:59:59.999Z")

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
    const iso = `${year}-${month}-${day}T${hour}:00:00.000Z`
    const millis = Date.parse(iso)
    if (millis >= earliest && new Date(millis).toISOString() === iso) found = millis
  }
  return found
}

/**
 * When the records of a file arrived: the hour of its path, else what the user said, else when the file was last written. Never the clock:
 * reading the same files again must put the same rows into the same hours. A time of writing that no date can tell is the nearest that one can.
 */
export const arrivalOfFile = (path: string, said: number | undefined, modifiedAt: number): number =>
  hourOfPath(path) ?? said ?? Math.min(Math.max(modifiedAt, earliest), latest)
