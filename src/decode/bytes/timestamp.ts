import { daysIn, daysSinceEpoch } from "../../contract/timestamp.ts"

/** Later, and as much earlier than 1970, microseconds are no longer exact as a number. */
const exact = 9_000_000_000_000_000

/**
 * Microseconds since 1970 of the timestamp `bytes[start, end)` in the usual form: `2024-02-06T20:46:11.7010747+00:00`, with any number of
 * fraction digits or none, and with `Z`, an offset, or neither, which is UTC. NaN: it is not in that form, or no such time.
 */
export const readTimestamp = (bytes: Uint8Array, start: number, end: number): number => {
  const length = end - start
  if (length < 19 || bytes[start + 4] !== 45 || bytes[start + 7] !== 45 || bytes[start + 13] !== 58 || bytes[start + 16] !== 58)
    return Number.NaN
  const separator = bytes[start + 10]
  if (separator !== 84 && separator !== 32) return Number.NaN
  const year = two(bytes, start) * 100 + two(bytes, start + 2)
  const month = two(bytes, start + 5)
  const day = two(bytes, start + 8)
  const hour = two(bytes, start + 11)
  const minute = two(bytes, start + 14)
  const second = two(bytes, start + 17)
  // NaN compares as false.
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN
  if (day > daysIn(year, month)) return Number.NaN
  let at = start + 19
  let micros = 0
  if (bytes[at] === 46) {
    const first = ++at
    let unit = 100_000
    for (let digit = (bytes[at] ?? 0) - 48; at < end && digit >= 0 && digit <= 9; digit = (bytes[++at] ?? 0) - 48) {
      micros += digit * unit
      // Digits beyond the sixth are cut off.
      unit = Math.floor(unit / 10)
    }
    if (at === first) return Number.NaN
  }
  let offset = 0
  if (at < end) {
    const zone = bytes[at]
    if (zone === 90 && at + 1 === end) at = end
    else if ((zone === 43 || zone === 45) && at + 6 === end && bytes[at + 3] === 58) {
      const hours = two(bytes, at + 1)
      const minutes = two(bytes, at + 4)
      if (!(hours <= 23 && minutes <= 59)) return Number.NaN
      offset = (zone === 45 ? -1 : 1) * (hours * 60 + minutes)
    } else return Number.NaN
  }
  const seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + (minute - offset) * 60 + second
  const value = seconds * 1_000_000 + micros
  return value > -exact && value < exact ? value : Number.NaN
}

/** The number of two digits at `at`; NaN when they are none. */
export const two = (bytes: Uint8Array, at: number): number => {
  const tens = (bytes[at] ?? 0) - 48
  const ones = (bytes[at + 1] ?? 0) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}
