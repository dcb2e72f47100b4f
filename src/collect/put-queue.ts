import type { HitRecord } from "./envelope.ts"
import { groupLimits, sizeOfHit } from "./put-hits.ts"

export interface PutQueueOptions {
  /** Puts a group; never fails. */
  readonly put: (hits: ReadonlyArray<HitRecord>) => Promise<ReadonlyArray<boolean>>
  /** Groups that are put at the same time. */
  readonly calls: number
  /** Hits, and their bytes, that may wait or be on their way. More: faster at a burst, and more memory, and more that is answered late. */
  readonly maxHits: number
  readonly maxBytes: number
}

/** The hits of one request. */
interface Waiting {
  readonly hits: ReadonlyArray<HitRecord>
  readonly isStored: Array<boolean>
  left: number
  readonly done: (isStored: ReadonlyArray<boolean>) => void
}

/**
 * Gathers hits of many requests into few puts. There is no waiting for more: what comes while others are put goes together with the next put. So a single hit waits for nothing, and the more
 * there are the larger the groups.
 */
export class PutQueue {
  readonly #options: PutQueueOptions
  /** In the order in which they came; those before `#first` are gone. */
  #queue: Array<{ readonly of: Waiting; readonly index: number; readonly hit: HitRecord }> = []
  #first = 0
  #calls = 0
  #isPlanned = false
  #hits = 0
  #bytes = 0

  constructor(options: PutQueueOptions) {
    this.#options = options
  }

  /** Hits that wait or are on their way, and bytes that are held for them and for bodies. */
  get hits(): number {
    return this.#hits
  }
  get bytes(): number {
    return this.#bytes
  }

  /** Holds memory for what becomes hits. @returns false: there is no room. */
  hold(bytes: number): boolean {
    if (this.#bytes + bytes > this.#options.maxBytes) return false
    this.#bytes += bytes
    return true
  }

  release(bytes: number): void {
    this.#bytes -= bytes
  }

  /** Takes the hits of a request, all or none. @returns false: there is no room */
  offer(hits: ReadonlyArray<HitRecord>, done: (isStored: ReadonlyArray<boolean>) => void): boolean {
    const bytes = hits.reduce((sum, hit) => sum + sizeOfHit(hit), 0)
    if (this.#hits + hits.length > this.#options.maxHits || !this.hold(bytes)) return false
    this.#hits += hits.length
    if (hits.length === 0) {
      done([])
      return true
    }
    const of: Waiting = { hits, isStored: hits.map(() => false), left: hits.length, done }
    for (const [index, hit] of hits.entries()) this.#queue.push({ of, index, hit })
    this.#plan()
    return true
  }

  /** Behind what has come in together. */
  #plan(): void {
    if (this.#isPlanned || this.#calls >= this.#options.calls) return
    this.#isPlanned = true
    setImmediate(() => {
      this.#isPlanned = false
      while (this.#calls < this.#options.calls && this.#first < this.#queue.length) this.#putGroup()
    })
  }

  #putGroup(): void {
    let end = this.#first
    let size = 0
    for (; end < this.#queue.length && end - this.#first < groupLimits.records; end++) {
      const next = this.#queue[end]
      if (next === undefined) break
      const own = sizeOfHit(next.hit)
      if (end > this.#first && size + own > groupLimits.bytes) break
      size += own
    }
    const group = this.#queue.slice(this.#first, end)
    this.#first = end
    // Now and then, so that each hit is moved about once.
    if (this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first)
      this.#first = 0
    }
    this.#calls++
    const settle = (isStored: ReadonlyArray<boolean>): void => {
      this.#calls--
      this.#hits -= group.length
      this.#bytes -= size
      for (const [at, { index, of }] of group.entries()) {
        of.isStored[index] = isStored[at] === true
        if (--of.left === 0) of.done(of.isStored)
      }
      if (this.#first < this.#queue.length) this.#plan()
    }
    this.#options.put(group.map(({ hit }) => hit)).then(settle, () => settle([]))
  }
}
