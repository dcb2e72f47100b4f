import { Exit } from "effect"
import type { Random } from "../../src/record/seeded.ts"
import { StoreError, type StoreReason } from "../../src/store/store.ts"
import type { Passage } from "./process.ts"
import type { StoreCall } from "./simulated-store.ts"

/**
 * What goes wrong, and how often: probabilities (0 to 1) per call that leaves a process. Each seed draws its own: most kinds are off in most
 * seeds, so that what one of them breaks is not covered up by another (swarm testing).
 */
export interface FaultRates {
  /** The process dies at the call; its request may take effect all the same. */
  readonly crash: number
  /** The same where the call is a commit, which is where it matters most. */
  readonly crashAtCommit: number
  /** The process stands still for seconds to minutes, longer than any time-out, and then goes on as if nothing had happened. */
  readonly freeze: number
  /** The call takes seconds. */
  readonly slow: number
  /** The store refuses: nothing happens (500, 503, a 409 that does not pass). */
  readonly refused: number
  /** No answer from the store, and nothing happened. */
  readonly lost: number
  /** No answer from the store, though it happened. */
  readonly unanswered: number
  /** No answer from the store, and it happens later, when nobody counts on it any more. */
  readonly late: number
  /** The object was created, but the answer got lost on its way and the client library asked again: 412 for one's own success. */
  readonly ownConflict: number
  /** A call to Kinesis gets lost, there or back. */
  readonly stream: number
  /** The lineage endpoint fails, or never answers. */
  readonly lineage: number
}

export const noFaults: FaultRates = {
  crash: 0,
  crashAtCommit: 0,
  freeze: 0,
  slow: 0,
  refused: 0,
  lost: 0,
  unanswered: 0,
  late: 0,
  ownConflict: 0,
  stream: 0,
  lineage: 0
}

/** On in some seeds, with a rate that differs by orders of magnitude. */
const rate = (random: Random, on: number, least: number, most: number): number => {
  const drawn = least * (most / least) ** random.unit()
  return random.chance(on) ? drawn : 0
}

export const drawRates = (random: Random): FaultRates => ({
  ...noFaults,
  crash: rate(random, 0.5, 0.0003, 0.007),
  freeze: rate(random, 0.4, 0.0005, 0.01),
  slow: rate(random, 0.4, 0.005, 0.2),
  refused: rate(random, 0.3, 0.0005, 0.015),
  lost: rate(random, 0.3, 0.0005, 0.015),
  unanswered: rate(random, 0.3, 0.0005, 0.03),
  late: rate(random, 0.3, 0.0005, 0.03),
  ownConflict: rate(random, 0.4, 0.01, 0.5),
  stream: rate(random, 0.4, 0.005, 0.1),
  lineage: rate(random, 0.4, 0.05, 1)
})

/** Fate, for the calls of all processes. */
export class Faults {
  readonly rates: FaultRates
  readonly random: Random
  readonly #latency: number
  /** No faults from here on; only latency is left. */
  quiet = false
  /** The disk is full. */
  full = false
  /** The store refuses every tenth call. */
  throttled = false

  /** @param latency mean time of a call in milliseconds */
  constructor(rates: FaultRates, random: Random, latency: number) {
    this.rates = rates
    this.random = random
    this.#latency = latency
  }

  strikes(rate: number): boolean {
    return !this.quiet && rate > 0 && this.random.chance(rate)
  }

  /** Milliseconds, exponentially distributed, at least one. */
  latency(mean = this.#latency): number {
    return 1 + Math.round(-mean * Math.log(1 - this.random.unit()))
  }

  /** From a second to half an hour, each order of magnitude as often as the others. */
  longTime(): number {
    return Math.round(1000 * 1800 ** this.random.unit())
  }

  /** A passage without a failure: takes effect on the way there or just before the answer. */
  plain<A, E>(): Passage<A, E> {
    const answered = this.latency() + (this.strikes(this.rates.slow) ? this.latency(5000) : 0)
    return { arrives: this.random.chance(0.5) ? 0 : answered, answered, instead: null, crash: this.#crash() }
  }

  #crash(): boolean {
    return this.strikes(this.rates.crash)
  }

  /** What becomes of a call to the store. */
  ofStore<A>(call: StoreCall): Passage<A, StoreError> {
    const { rates, random } = this
    const plain = this.plain<A, StoreError>()
    const isCommit = call.operation === "putIfAbsent" && call.key.includes("/_delta_log/")
    const passage = isCommit && this.strikes(rates.crashAtCommit) ? { ...plain, crash: true } : plain
    const error = (reason: StoreReason, what: string) =>
      Exit.fail(new StoreError({ operation: call.operation, key: call.key, reason, hint: `This is simulated: ${what}.` }))
    if (this.full && call.writes && call.operation !== "delete") return { ...passage, arrives: null, instead: error("Full", "full disk") }
    if ((this.throttled && random.chance(0.1)) || this.strikes(rates.refused))
      return { ...passage, arrives: null, instead: error("Unavailable", "refused") }
    const silent = (arrives: (patience: number) => number | null): Passage<A, StoreError> => {
      const answered = 1000 + random.below(30_000)
      const instead = error(call.writes ? "Ambiguous" : "Unavailable", "no answer")
      return { ...passage, answered, instead, arrives: arrives(answered) }
    }
    if (this.strikes(rates.lost)) return silent(() => null)
    if (this.strikes(rates.unanswered)) return silent((patience) => random.below(patience))
    if (this.strikes(rates.late)) return silent((patience) => patience + this.longTime() / 10)
    return passage
  }
}
