import { Random } from "../record/seeded.ts"
import { type Dirt, drawDirt, isExtra } from "./dirt.ts"
import type { Life } from "./life.ts"
import type { Settings } from "./options.ts"

/** One record to come: which order's which version, with what dirt, and when it arrives. */
export interface Arrival {
  readonly order: number
  readonly version: number
  readonly dirt: Dirt | null
  /** Milliseconds since 1970. */
  readonly arrivedAt: number
}

const hour = 3_600_000

/**
 * Every record in order of arrival. Only numbers are kept, about 50 bytes a record; the records themselves are made one by one when their
 * turn comes.
 */
export function* arrivals(settings: Settings, lifeOf: (index: number) => Life): Generator<Arrival, void> {
  const orders: Array<number> = []
  const versions: Array<number> = []
  const dirts: Array<Dirt | null> = []
  const times: Array<number> = []
  const add = (order: number, version: number, dirt: Dirt | null, arrivedAt: number) => {
    orders.push(order)
    versions.push(version)
    dirts.push(dirt)
    times.push(arrivedAt)
  }

  const tooLarge = settings.dirt === 0 || settings.orders < 1_000 ? 0 : settings.orders < 10_000 ? 1 : 2
  for (let order = 0; order < settings.orders; order++) {
    for (const [version, step] of lifeOf(order).steps.entries()) {
      const random = new Random(settings.seed, 3, order, version)
      // The way to the lake takes a moment, at times seconds.
      const arrivedAt = step.at + 40 + Math.floor(8_000 * random.unit() ** 4)
      const dirt = random.chance(settings.dirt) ? drawDirt(random) : null
      if (dirt === null || isExtra(dirt)) add(order, version, null, arrivedAt)
      if (dirt === "late") add(order, version, dirt, arrivedAt + hour + random.below(4 * hour))
      else if (dirt === "duplicate") add(order, version, dirt, arrivedAt + random.below(3 * hour))
      else if (dirt !== null) add(order, version, dirt, arrivedAt + (isExtra(dirt) ? 1 : 0))
      if (version === 0 && order < tooLarge) add(order, version, "too_large", arrivedAt + 2)
    }
  }

  const sorted = new Uint32Array(times.length).map((_, i) => i)
  sorted.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b)
  for (const i of sorted) yield { order: orders[i] ?? 0, version: versions[i] ?? 0, dirt: dirts[i] ?? null, arrivedAt: times[i] ?? 0 }
}
