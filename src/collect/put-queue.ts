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
  /** The first of them that is not on its way. */
  next: number
  /** How many are not settled. */
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
  #queue: Array<Waiting> = []
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
    let bytes = 0
    for (const hit of hits) bytes += sizeOfHit(hit)
    if (this.#hits + hits.length > this.#options.maxHits || !this.hold(bytes)) return false
    this.#hits += hits.length
    if (hits.length === 0) {
      done([])
      return true
    }
    this.#queue.push({ hits, isStored: hits.map(() => false), next: 0, left: hits.length, done })
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
    const group: Array<HitRecord> = []
    /** Whose they are, in their order. */
    const parts: Array<{ readonly of: Waiting; readonly from: number; readonly to: number }> = []
    let size = 0
    let isFull = false
    while (!isFull && this.#first < this.#queue.length) {
      const of = this.#queue[this.#first]
      if (of === undefined) break
      const from = of.next
      for (let hit = of.hits[from]; hit !== undefined && !isFull; hit = of.hits[of.next]) {
        const own = sizeOfHit(hit)
        isFull = group.length === groupLimits.records || (group.length > 0 && size + own > groupLimits.bytes)
        if (isFull) break
        group.push(hit)
        size += own
        of.next++
      }
      if (of.next > from) parts.push({ of, from, to: of.next })
      if (of.next === of.hits.length) this.#first++
    }
    // Now and then, so that each request is moved about once.
    if (this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first)
      this.#first = 0
    }
    this.#calls++
    const settle = (isStored: ReadonlyArray<boolean>): void => {
      this.#calls--
      this.#hits -= group.length
      this.#bytes -= size
      // Before they are answered: the next ones are put meanwhile.
      if (this.#first < this.#queue.length) this.#plan()
      let at = 0
      for (const { from, of, to } of parts) {
        for (let i = from; i < to; i++) of.isStored[i] = isStored[at++] === true
        of.left -= to - from
        if (of.left === 0) of.done(of.isStored)
      }
    }
    this.#options.put(group).then(settle, () => settle([]))
  }
}
