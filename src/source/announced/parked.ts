import type { AnnouncedObject } from "./envelope.ts"
import type { Item } from "./ledger.ts"
import type { Patience } from "./patience.ts"

/** What answers, or does not, for all its objects. */
export const bucketOf = ({ bucket }: AnnouncedObject): string => `s3://${bucket}`

/** Items of buckets that do not answer, until those may be asked again: others have their turn meanwhile. */
export class Parked {
  readonly #patience: Patience
  readonly #items = new Map<string, Array<Item>>()

  constructor(patience: Patience) {
    this.#patience = patience
  }

  /** Puts an item aside where its bucket is not to be asked yet. @param now milliseconds since 1970 @returns is that so? */
  takes(item: Item, now: number): boolean {
    const { object } = item.wanted
    if (object === null || this.#patience.restsUntil(bucketOf(object)) <= now) return false
    this.add(item, object)
    return true
  }

  /** Puts an item aside whose bucket has just failed to give its object. */
  add(item: Item, object: AnnouncedObject): void {
    const bucket = bucketOf(object)
    const items = this.#items.get(bucket)
    if (items === undefined) this.#items.set(bucket, [item])
    else items.push(item)
  }

  /** Those whose buckets may be asked again, which are no longer here. */
  release(now: number): ReadonlyArray<Item> {
    const released: Array<Item> = []
    for (const [bucket, items] of this.#items) {
      if (this.#patience.restsUntil(bucket) > now) continue
      for (const item of items) released.push(item)
      this.#items.delete(bucket)
    }
    return released
  }

  get isEmpty(): boolean {
    return this.#items.size === 0
  }

  /** When the first of their buckets may be asked again, milliseconds since 1970; infinite: there are none. */
  get restsUntil(): number {
    return Math.min(...[...this.#items.keys()].map((bucket) => this.#patience.restsUntil(bucket)))
  }
}
