import { decimalText } from "../record/decimal-text.ts"
import type { Reading } from "./reading.ts"
import { timePattern } from "./time-pattern.ts"
import { formatMicros, maxTimestamp, minTimestamp } from "./timestamp.ts"
import { utc, zoneOf } from "./zone.ts"

/** Times as their records have them: what a field's schema encodes to. */

const dayMicros = 86_400_000_000n
/** Days since 1970 of the first day of the year 1 and of the last of 9999. */
export const minDay = Number(minTimestamp / dayMicros)
export const maxDay = Number((maxTimestamp + 1n) / dayMicros) - 1

/** @param micros since 1970, UTC */
export const writtenTime = (micros: bigint, { from = "iso", zone }: Reading): unknown => {
  switch (from) {
    case "iso":
      return formatMicros(micros)
    case "epochSeconds":
      return decimalText(micros, 6)
    case "epochMillis":
      return decimalText(micros, 3)
    case "epochMicros":
      return String(micros)
    default: {
      const pattern = timePattern(from.pattern)
      return typeof pattern === "string" ? null : pattern.write(micros, zone === undefined ? utc : (zoneOf(zone) ?? utc))
    }
  }
}

/** @param day since 1970 */
export const writtenDay = (day: number, reading: Reading): unknown => writtenTime(BigInt(day) * dayMicros, reading)
