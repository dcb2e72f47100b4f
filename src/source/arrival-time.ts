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
 * What stands between the last `_` and the endings of a file's name, where that is fourteen digits: `orders_20240203131500.csv.gz`. And what is the whole
 * name, or stands so, where a dash is behind the day and digits of the second's fraction at the end: `20240203-131500123.csv`.
 */
const nameTimes = [
  /_(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.[^/_]*)?$/,
  /(?:^|[/_-])(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})(\d{0,6})\d{0,3}(?:\.[^/_]*)?$/
]

/**
 * The UTC time that the name of a file gives, as exports of a table have it, `…_YYYYMMDDhhmmss.csv`, and files of changes, `YYYYMMDD-hhmmssSSS.csv`, in
 * milliseconds since 1970; undefined where it gives none that the calendar has.
 *
 * @param path separated by `/`, or the name alone
 */
export const timeOfName = (path: string): number | undefined => {
  const found = nameTimes.map((form) => form.exec(path)).find((found) => found !== null)
  const [, year, month, day, hours, minutes, seconds, fraction = ""] = found ?? []
  const micros =
    year === undefined
      ? null
      : timestampMicros(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}${fraction === "" ? "" : `.${fraction}`}Z`)
  return micros === null ? undefined : millisOf(micros)
}

/**
 * When the records of a file arrived: the time of its name, else the hour of its path, else what the user said, else when the file was last
 * written. Never the clock:
 * reading the same files again must put the same rows into the same hours. File systems hold times of writing that no date of a table can tell:
 * the nearest that one can stands for those.
 *
 * Many files have one hour, or one time that was said. So that of two copies of a version the one in the file that was written last counts as
 * arrived last, whatever the files are called and however they are read, each second until it was written adds a microsecond. The time of a name is
 * exact: it says when an export was made, and of two of them the later one counts, whenever each was written to where it is read.
 *
 * @returns milliseconds since 1970, with microseconds as a fraction
 */
export const arrivalOfFile = (path: string, said: number | undefined, modifiedAt: number): number => {
  const exact = timeOfName(path)
  if (exact !== undefined) return exact
  const named = hourOfPath(path) ?? said
  if (named === undefined) return Math.min(Math.max(modifiedAt, millisOf(minTimestamp)), millisOf(maxTimestamp))
  const seconds = Math.max(0, Math.floor((modifiedAt - named) / 1000))
  const lastMicro = (hour - (((named % hour) + hour) % hour)) * 1000 - 1
  return named + Math.min(seconds, lastMicro) / 1000
}

const hour = 3_600_000
