/** So many callers are remembered; of more, those that came first are forgotten. */
const mostCallers = 100_000
/** Seconds of its rate that a caller may use at once. */
const burst = 2

interface Caller {
  /** Hits that it may still send; below 0 after a batch that was larger. */
  left: number
  at: number
}

/**
 * Bounds how many hits a second come from one caller. A batch is taken where anything is left, and what it uses beyond is waited for afterwards: none is too large to ever pass.
 *
 * @param perSecond 0 bounds nothing
 */
export class RateLimit {
  readonly #perSecond: number
  readonly #callers = new Map<string, Caller>()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Seconds to wait; 0: it may come in, and {@link use} says with how much. @param now milliseconds */
  wait(caller: string, now: number): number {
    if (this.#perSecond === 0) return 0
    const left = this.#caller(caller, now).left
    return left > 0 ? 0 : Math.max(1, Math.ceil((1 - left) / this.#perSecond))
  }

  use(caller: string, hits: number, now: number): void {
    if (this.#perSecond > 0) this.#caller(caller, now).left -= hits
  }

  #caller(name: string, now: number): Caller {
    const most = this.#perSecond * burst
    const known = this.#callers.get(name)
    if (known !== undefined) {
      known.left = Math.min(most, known.left + (Math.max(0, now - known.at) / 1000) * this.#perSecond)
      known.at = now
      return known
    }
    if (this.#callers.size >= mostCallers) {
      const [first] = this.#callers.keys()
      if (first !== undefined) this.#callers.delete(first)
    }
    const made = { left: most, at: now }
    this.#callers.set(name, made)
    return made
  }
}
