/** What to generate. Everything, time included, comes from here: the same options give the same bytes. */
export interface GenerateOptions {
  readonly dataset?: "checkout"
  /** How many orders; each has one to five versions, two on average. */
  readonly orders: number
  readonly seed: number
  /** Share of records that come with something bad, late or doubled, 0 to 1. Default 0. */
  readonly dirt?: number | undefined
  /** Write gzip files. */
  readonly gzip?: boolean | undefined
  /**
   * Items of an order, on average, 1 to 200: most have fewer, a few many times as many, {@link mostItems} at the most. Default: one to six, 1.8 on average, as small
   * shops have them.
   */
  readonly items?: number | undefined
  /** How records are written. Default `mixed`: nine of ten as strings, a tenth of all with escapes, and one of ten as a nested document. */
  readonly form?: "mixed" | "stringified" | "document" | undefined
  /** ISO instant of the first order's hour. Default {@link defaultStart}. */
  readonly start?: string | undefined
  /** Over how many hours orders are created, with a peak in the middle; their later versions follow for hours after. Default 6. */
  readonly hours?: number | undefined
}

/** The morning of a Black Friday in Brazil. */
export const defaultStart = "2026-11-27T10:00:00.000Z"

/** No order has more items. */
export const mostItems = 2000

export interface Settings {
  readonly dataset: "checkout"
  readonly orders: number
  readonly seed: number
  readonly dirt: number
  readonly gzip: boolean
  /** Absent: small orders. */
  readonly items?: number
  /** Absent: mixed. */
  readonly form?: "stringified" | "document"
  /** Milliseconds since 1970, a whole hour. */
  readonly start: number
  readonly hours: number
}

const hourMillis = 3_600_000

/** Options with their defaults, checked. @throws RangeError naming the option */
export const settingsOf = (options: GenerateOptions): Settings => {
  const { orders, seed, dirt = 0, gzip = false, items, form = "mixed", start = defaultStart, hours = 6 } = options
  const startMillis = Date.parse(start)
  if (!Number.isInteger(orders) || orders < 0 || orders > 50_000_000)
    throw new RangeError(`orders must be an integer from 0 to 50,000,000, got ${orders}.`)
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be an integer, got ${seed}.`)
  if (!(dirt >= 0 && dirt <= 1)) throw new RangeError(`dirt must be from 0 to 1, got ${dirt}.`)
  if (items !== undefined && !(items >= 1 && items <= 200)) throw new RangeError(`items must be from 1 to 200, got ${items}.`)
  if (!Number.isFinite(startMillis)) throw new RangeError(`start must be an ISO 8601 instant, got ${start}.`)
  if (!Number.isInteger(hours) || hours < 1 || hours > 24 * 365)
    throw new RangeError(`hours must be an integer from 1 to 8760, got ${hours}.`)
  return {
    dataset: "checkout",
    orders,
    seed,
    dirt,
    gzip,
    ...(items === undefined ? {} : { items }),
    ...(form === "mixed" ? {} : { form }),
    start: Math.floor(startMillis / hourMillis) * hourMillis,
    hours
  }
}
