/** What traffic to generate. Everything, time included, comes from here: the same options give the same hits. */
export interface TrafficOptions {
  /** How many visitors; each comes once or a few times and sends some twelve hits. */
  readonly visitors: number
  readonly seed: number
  /** ISO instant of the first hit's hour. Default {@link defaultTrafficStart}. */
  readonly start?: string | undefined
  /** Over how many hours visitors come; what they go on to do follows for hours after. Default 4. */
  readonly hours?: number | undefined
}

/** The evening before a Black Friday: midnight, which must cut no visit in two, lies in the middle. */
export const defaultTrafficStart = "2026-11-26T22:00:00.000Z"

export interface TrafficSettings {
  readonly visitors: number
  readonly seed: number
  /** Milliseconds since 1970, a whole hour. */
  readonly start: number
  readonly hours: number
}

const hourMillis = 3_600_000

/** Options with their defaults, checked. @throws RangeError naming the option */
export const trafficSettings = ({ visitors, seed, start = defaultTrafficStart, hours = 4 }: TrafficOptions): TrafficSettings => {
  const millis = Date.parse(start)
  if (!Number.isInteger(visitors) || visitors < 0 || visitors > 50_000_000)
    throw new RangeError(`visitors must be an integer from 0 to 50,000,000, got ${visitors}.`)
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be an integer, got ${seed}.`)
  if (!Number.isFinite(millis)) throw new RangeError(`start must be an ISO 8601 instant, got ${start}.`)
  if (!Number.isInteger(hours) || hours < 1 || hours > 24 * 365)
    throw new RangeError(`hours must be an integer from 1 to 8760, got ${hours}.`)
  return { visitors, seed, start: Math.floor(millis / hourMillis) * hourMillis, hours }
}
