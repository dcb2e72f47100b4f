import { instantOf, utc, type Zone } from "./zone.ts"

const pattern = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?\s?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Microseconds since 1970 of 0001-01-01T00:00:00Z and of the last microsecond of 9999. */
export const minTimestamp = -62_135_596_800_000_000n
export const maxTimestamp = 253_402_300_799_999_999n

/** Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, days_from_civil). */
export const daysSinceEpoch = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468
}

const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Days of a month, 1 to 12. */
export const daysIn = (year: number, month: number): number => (month === 2 && isLeap(year) ? 29 : (daysOfMonth[month - 1] ?? 0))

/**
 * Microseconds since 1970, UTC, of `2024-02-06T20:46:11.7010747+00:00`, `2024-02-06 20:46:11` or `2024-02-06`. Without an offset it is of the zone;
 * fraction digits beyond the sixth are cut off. Null when it is not a date of the calendar between the years 1 and 9999, which is what
 * every reader of the tables can hold.
 */
export const timestampMicros = (text: string, zone: Zone = utc): bigint | null => {
  const m = pattern.exec(text)
  if (m === null) return null
  const fraction = m[7] === undefined ? 0 : Number(m[7].slice(0, 6).padEnd(6, "0"))
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])]
  return civilMicros(year, month, day, Number(m[4] ?? 0), Number(m[5] ?? 0), Number(m[6] ?? 0), fraction, m[8] ?? zone)
}

/**
 * The same of a time's parts. Null: there is no such time.
 *
 * @param place an offset as it is written (`Z`, `+02`, `-0300`, `-03:00`), or the zone
 */
export const civilMicros = (
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  fraction: number,
  place: string | Zone
): bigint | null => {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return null
  if (day > daysIn(year, month)) return null
  const local = daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
  const seconds = typeof place === "string" ? shifted(local, place) : place === utc ? local : instantOf(local, place)
  if (seconds === null) return null
  const micros = BigInt(seconds) * 1_000_000n + BigInt(fraction)
  return micros < minTimestamp || micros > maxTimestamp ? null : micros
}

const shifted = (local: number, offset: string): number | null => {
  if (offset.length === 1) return local
  const hours = Number(offset.slice(1, 3))
  const minutes = Number(offset.slice(offset.includes(":") ? 4 : 3) || 0)
  return hours > 23 || minutes > 59 ? null : local - (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60
}

/** The millisecond since 1970 in which a microsecond lies. */
export const millisOf = (micros: bigint): number => Number(micros < 0n ? (micros - 999n) / 1000n : micros / 1000n)

/** ISO 8601 with `Z`, as many fraction digits as there are, at most six. */
export const formatMicros = (micros: bigint): string => {
  const millis = millisOf(micros)
  const rest = String(micros - BigInt(millis) * 1000n).padStart(3, "0")
  const iso = new Date(millis).toISOString()
  return `${iso.slice(0, -1)}${rest}`.replace(/\.?0+$/, "").concat("Z")
}
