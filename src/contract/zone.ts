/** A time zone: its offset from UTC in seconds at an instant, in seconds since 1970. */
export type Zone = (seconds: number) => number

export const utc: Zone = () => 0

/** The zone of `UTC`, of an offset (`-03:00`), or of a name (`America/Sao_Paulo`). Null: there is none. */
export const zoneOf = (name: string): Zone | null => {
  if (name === "UTC") return utc
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(name)
  if (offset !== null) {
    const [hours, minutes] = [Number(offset[2]), Number(offset[3])]
    const seconds = (offset[1] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
    return hours > 23 || minutes > 59 ? null : () => seconds
  }
  try {
    return named(new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" }))
  } catch {
    return null
  }
}

/** Zones change their offset at most at quarters of an hour. */
const quarter = 900
const mostKnown = 10_000

const named = (format: Intl.DateTimeFormat): Zone => {
  const known = new Map<number, number>()
  return (seconds) => {
    const at = Math.floor(seconds / quarter)
    const found = known.get(at)
    if (found !== undefined) return found
    const name = format.formatToParts(at * quarter * 1000).find(({ type }) => type === "timeZoneName")?.value ?? ""
    const [, sign, hours = 0, minutes = 0, rest = 0] = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?/.exec(name) ?? []
    const offset = (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(rest))
    if (known.size >= mostKnown) known.clear()
    known.set(at, offset)
    return offset
  }
}

const day = 86_400

/**
 * The instant at which clocks of a zone show a time. Where they show it twice, as they are put back, the first; where they never do, as they are
 * put forward, what they would have shown without that.
 *
 * @param local seconds from 1970 to the time, as if it were UTC
 */
export const instantOf = (local: number, zone: Zone): number => {
  const before = zone(local - day)
  const after = zone(local + day)
  const isAfter = before !== after && zone(local - before) !== before && zone(local - after) === after
  return local - (isAfter ? after : before)
}
