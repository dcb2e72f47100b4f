import { Random, weighted } from "../record/seeded.ts"
import type { Settings } from "./options.ts"

export type Status = "order-created" | "payment-pending" | "payment-approved" | "handling" | "invoiced" | "canceled"

/** One version of an order: the state it came to, and when. */
export interface Step {
  readonly status: Status
  /** Milliseconds since 1970. */
  readonly at: number
  /** Digits of a second beyond the millisecond, 0 to 9999: the platform writes seven. */
  readonly beyond: number
}

/** What is fixed about an order from its first moment on. */
export interface Life {
  readonly index: number
  /** Running number of the order, unique in a run; seeds start apart from each other. */
  readonly sequence: number
  readonly createdAt: number
  readonly createdBeyond: number
  readonly steps: ReadonlyArray<Step>
}

const minute = 60_000
const hour = 60 * minute

/** How long an order stays in the state before the one named: the shortest, and the longest of nearly all. */
const waits: { readonly [status in Status]: readonly [shortest: number, longest: number] } = {
  "order-created": [400, 5_000],
  "payment-pending": [1_500, 30_000],
  "payment-approved": [10_000, 25 * minute],
  handling: [5 * minute, 4 * hour],
  invoiced: [20 * minute, 16 * hour],
  canceled: [2 * minute, 6 * hour]
}

const usual: ReadonlyArray<Status> = ["order-created", "payment-pending", "payment-approved", "handling", "invoiced"]

/** Most orders of the hours looked at are seen once or twice, a few through to the invoice. */
const versionCount = weighted([
  [1, 0.46],
  [2, 0.25],
  [3, 0.14],
  [4, 0.1],
  [5, 0.05]
])

/** Draws the hour that an order is created in: the weight of each, with a peak in the middle. */
const creationHour = (hours: number): ((random: Random) => number) => {
  const peak = Math.floor(hours / 2)
  const weight = (h: number) => 1 + 4 * Math.exp(-(((h - peak) / Math.max(1, hours / 5)) ** 2))
  return weighted([[0, weight(0)], ...Array.from({ length: hours - 1 }, (_, i) => [i + 1, weight(i + 1)] as const)])
}

/** @returns the life of an order by its index, from 0; the same whenever it is asked for */
export const lives = (settings: Settings): ((index: number) => Life) => {
  const hourOf = creationHour(settings.hours)
  const firstSequence = 10_000_000 + new Random(settings.seed, 0x5e9).below(60_000_000)
  return (index) => {
    const random = new Random(settings.seed, 1, index)
    const createdAt = settings.start + hourOf(random) * hour + random.below(hour)
    const createdBeyond = random.below(10_000)
    const count = versionCount(random)
    const statuses = usual.slice(0, count)
    if (count > 1 && random.chance(0.08)) statuses[count - 1] = "canceled"
    let at = createdAt
    const steps = statuses.map((status) => {
      const [shortest, longest] = waits[status]
      // Skewed: most wait little, some long.
      at += shortest + Math.floor((longest - shortest) * random.unit() ** 2)
      return { status, at, beyond: random.below(10_000) }
    })
    return { index, sequence: firstSequence + index, createdAt, createdBeyond, steps }
  }
}

/** An instant as the platform writes it: seven digits of the second, by default without trailing zeros, `Z` or an offset at the end. */
export const instant = (millis: number, beyond: number, ending: "Z" | "+00:00" = "Z"): string => {
  const digits = String(beyond).padStart(4, "0")
  const iso = new Date(millis).toISOString().slice(0, -1)
  if (ending === "+00:00") return `${iso}${digits}+00:00`
  return `${(iso + digits).replace(/0+$/, "0")}Z`
}
