import { Clock, Effect, Random } from "effect"
import type { KinesisError, KinesisReason } from "./api.ts"
import type { Meter } from "./metrics.ts"

/** Longest pause before the first try again, by reason, in milliseconds. Other reasons are not tried again. */
const firstPause: Partial<Record<KinesisReason, number>> = { Throttled: 200, Unavailable: 1000, ExpiredToken: 200 }
const longestPause = 30_000
/** One warning for so many failures in a row. */
const warnEvery = 5

/**
 * When to call again after a failure: after a pause anywhere between nothing and a bound that doubles with every failure in a row ("full
 * jitter"), so that many consumers that were refused together do not come back together.
 */
export class Backoff {
  readonly #patienceMillis: number
  readonly #meter: Meter
  readonly #location: string
  #failures = 0
  #since = 0

  /**
   * @param patienceMillis failures in a row for longer than this are given to the caller; infinite: never
   * @param location stream or shard, for warnings
   */
  constructor(patienceMillis: number, location: string, meter: Meter) {
    this.#location = location
    this.#patienceMillis = patienceMillis
    this.#meter = meter
  }

  succeeded(): void {
    this.#failures = 0
  }

  /** Waits until the call may be made again. Fails with the error where that is of no use, or patience is over. */
  wait(error: KinesisError): Effect.Effect<void, KinesisError> {
    return Effect.gen({ self: this }, function* () {
      const first = firstPause[error.reason]
      if (first === undefined) return yield* error
      yield* this.#meter.add(error.reason === "Throttled" ? "throttles" : "failures", 1)
      const now = yield* Clock.currentTimeMillis
      if (this.#failures === 0) this.#since = now
      if (now - this.#since > this.#patienceMillis) return yield* error
      const bound = Math.min(longestPause, first * 2 ** Math.min(this.#failures, 30))
      this.#failures++
      if (this.#failures % warnEvery === 0)
        yield* Effect.logWarning(
          `${error.operation} of ${this.#location}: ${error.detail}. ${this.#failures} failures in a row; trying again`
        )
      yield* Effect.sleep(bound * (yield* Random.next))
    })
  }
}

/** Makes a call until it succeeds, or fails with what cannot be tried again. */
export const retried = <A>(call: Effect.Effect<A, KinesisError>, backoff: Backoff): Effect.Effect<A, KinesisError> =>
  Effect.suspend(() =>
    call.pipe(
      Effect.tap(() => Effect.sync(() => backoff.succeeded())),
      Effect.catch((error) => Effect.andThen(backoff.wait(error), retried(call, backoff)))
    )
  )
