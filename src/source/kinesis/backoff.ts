import { Clock, Effect, Random } from "effect"
import type { KinesisError, KinesisReason } from "../../stream/kinesis/api.ts"
import { lastedText, type Unanswered } from "../unanswered.ts"
import type { Meter } from "./metrics.ts"

/** Longest pause before the first try again, by reason, in milliseconds. Other reasons are not tried again. */
const firstPause: Partial<Record<KinesisReason, number>> = { Throttled: 200, Unavailable: 1000, ExpiredToken: 200 }
const longestPause = 30_000

/**
 * When to call again after a failure: after a pause anywhere between nothing and a bound that doubles with every failure in a row ("full
 * jitter"), so that many consumers that were refused together do not come back together.
 */
export class Backoff {
  readonly #patienceMillis: number
  readonly #meter: Meter
  readonly #location: string
  readonly #unanswered: Unanswered
  #failures = 0

  /**
   * @param patienceMillis without an answer for longer than this, failures are given to the caller; infinite: never
   * @param location stream or shard, for warnings
   */
  constructor(patienceMillis: number, location: string, meter: Meter, unanswered: Unanswered) {
    this.#location = location
    this.#patienceMillis = patienceMillis
    this.#meter = meter
    this.#unanswered = unanswered
  }

  /** To be run before every call. */
  get asking(): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      this.#unanswered.asked(this.#location, now)
    })
  }

  /** A call was answered as it should be. */
  get answered(): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.#failures = 0
      const lasted = this.#unanswered.answered(this.#location, now)
      return lasted === undefined ? Effect.void : Effect.logInfo(`${this.#location} answers again, after ${lastedText(lasted)}`)
    })
  }

  /** Nothing is asked for a while. What has failed goes on doing so. */
  rest(): void {
    if (this.#failures === 0) this.end()
  }

  /** Nothing is asked any more. */
  end(): void {
    this.#unanswered.forget(this.#location)
  }

  /** Waits until the call may be made again. Fails with the error where that is of no use, or patience is over. */
  wait(error: KinesisError): Effect.Effect<void, KinesisError> {
    return Effect.gen({ self: this }, function* () {
      const first = firstPause[error.reason]
      if (first === undefined) return yield* error
      yield* this.#meter.add(error.reason === "Throttled" ? "throttles" : "failures", 1)
      const now = yield* Clock.currentTimeMillis
      if (now - this.#unanswered.asked(this.#location, now) > this.#patienceMillis) return yield* error
      const bound = Math.min(longestPause, first * 2 ** Math.min(this.#failures, 30))
      this.#failures++
      const lasted = this.#unanswered.failed(this.#location, now)
      if (lasted !== undefined)
        yield* Effect.logWarning(
          `${error.operation} of ${this.#location}: ${error.detail}. Failing for ${lastedText(lasted)}; trying again`
        )
      yield* Effect.sleep(bound * (yield* Random.next))
    })
  }
}

/** Makes a call until it succeeds, or fails with what cannot be tried again. */
export const retried = <A>(call: Effect.Effect<A, KinesisError>, backoff: Backoff): Effect.Effect<A, KinesisError> => {
  const attempt: Effect.Effect<A, KinesisError> = Effect.suspend(() =>
    Effect.andThen(backoff.asking, call).pipe(
      Effect.tap(() => backoff.answered),
      Effect.catch((error) => Effect.andThen(backoff.wait(error), attempt))
    )
  )
  return Effect.ensuring(
    attempt,
    Effect.sync(() => backoff.end())
  )
}
