import { makeWorld } from "../world.ts"
import type { Hit } from "./hit.ts"
import { type TrafficOptions, trafficSettings } from "./options.ts"
import { beginOf, hitsOf } from "./visitor.ts"

/** A hit that waits for its turn, with what tells which of two at one time comes first. */
interface Waiting {
  readonly hit: Hit
  readonly order: number
}

const isBefore = (a: Waiting, b: Waiting): boolean =>
  a.hit.arrivedAt < b.hit.arrivedAt || (a.hit.arrivedAt === b.hit.arrivedAt && a.order < b.order)

/** Hits that wait, of which the first to arrive is taken first: a binary heap. */
class Queue {
  readonly #heap: Array<Waiting> = []

  first(): Waiting | undefined {
    return this.#heap[0]
  }

  add(waiting: Waiting): void {
    let at = this.#heap.push(waiting) - 1
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = this.#heap[parent]
      if (above === undefined || !isBefore(waiting, above)) break
      this.#heap[at] = above
      at = parent
    }
    this.#heap[at] = waiting
  }

  take(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    let at = 0
    for (;;) {
      const left = this.#heap[2 * at + 1]
      const right = this.#heap[2 * at + 2]
      const isRight = left !== undefined && right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (child === undefined || !isBefore(child, last)) break
      this.#heap[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    this.#heap[at] = last
  }
}

/**
 * What a shop's pages send of their visitors, in order of arrival: visits from the first page to the purchase and back, robots, and all that is easily
 * counted wrong (see `visitor.ts`). Pure: the same options give the same hits on every machine. Memory grows with the visits that are open, not with those there are.
 *
 * @throws RangeError when an option makes no sense
 */
export function* generateHits(options: TrafficOptions): Generator<Hit, void> {
  const settings = trafficSettings(options)
  const world = makeWorld(settings.seed)
  const queue = new Queue()
  let order = 0
  for (let index = 0; index <= settings.visitors; index++) {
    const horizon = index === settings.visitors ? Number.POSITIVE_INFINITY : beginOf(settings, index)
    for (let next = queue.first(); next !== undefined && next.hit.arrivedAt < horizon; next = queue.first()) {
      queue.take()
      yield next.hit
    }
    if (index < settings.visitors) for (const hit of hitsOf(settings, world, index)) queue.add({ hit, order: order++ })
  }
}
