/** Buckets in each doubling: a quantile is told at most so much too large, 1/32. */
const perDoubling = 32

/** Times of answers, in buckets that widen with the time: memory is the same for any number of them. */
export class Latencies {
  readonly #buckets: Array<number> = []
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  add(millis: number): void {
    const micros = Math.max(1, millis * 1000)
    const bucket = Math.floor(Math.log2(micros) * perDoubling)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count++
    if (millis > this.#max) this.#max = millis
  }

  /** A time that at least this share (0 to 1) of all do not exceed, in milliseconds; null of none. */
  quantile(share: number): number | null {
    if (this.#count === 0) return null
    let left = Math.max(1, Math.ceil(this.#count * share))
    for (const [bucket, count] of this.#buckets.entries()) {
      left -= count ?? 0
      if (left <= 0) return Math.min(this.#max, 2 ** ((bucket + 1) / perDoubling) / 1000)
    }
    return this.#max
  }

  summary(): LatencySummary {
    return {
      p50: rounded(this.quantile(0.5)),
      p90: rounded(this.quantile(0.9)),
      p99: rounded(this.quantile(0.99)),
      max: this.#count === 0 ? null : rounded(this.#max)
    }
  }
}

/** Milliseconds; null where there was none. */
export interface LatencySummary {
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly max: number | null
}

const rounded = (millis: number | null): number | null => (millis === null ? null : Math.round(millis * 100) / 100)
