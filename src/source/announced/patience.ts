import { Clock, Effect, Random } from "effect"
import { lastedText, type Unanswered } from "../unanswered.ts"

/** Longest pause before the first try again, and before any, in milliseconds. */
const firstPause = 1_000
const longestPause = 30_000

/** Tries again what may pass by itself, after pauses that grow, and tells how long it has lasted. */
export class Patience {
  readonly #unanswered: Unanswered
  readonly #millis: number
  /** Failures in a row, by what was asked. */
  readonly #failures = new Map<string, number>()

  /** @param millis without an answer for longer than this, nothing is tried again; infinite: always */
  constructor(unanswered: Unanswered, millis: number) {
    this.#unanswered = unanswered
    this.#millis = millis
  }

  /** To be run before a try whose answer may take long. */
  asking(location: string): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      this.#unanswered.asked(location, now)
    })
  }

  answered(location: string): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.#failures.delete(location)
      const lasted = this.#unanswered.answered(location, now)
      return lasted === undefined ? Effect.void : Effect.logInfo(`${location} answers again, after ${lastedText(lasted)}`)
    })
  }

  /** A try has failed: waits until the next. @returns false: patience is over, and it was not waited */
  failed(location: string, problem: string): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      if (now - this.#unanswered.asked(location, now) > this.#millis) return false
      const failures = this.#failures.get(location) ?? 0
      this.#failures.set(location, failures + 1)
      const lasted = this.#unanswered.failed(location, now)
      if (lasted !== undefined) yield* Effect.logWarning(`${problem} Failing for ${lastedText(lasted)}; trying again`)
      const bound = Math.min(longestPause, firstPause * 2 ** Math.min(failures, 30))
      yield* Effect.sleep(bound * (0.5 + (yield* Random.next) / 2))
      return true
    })
  }

  /** Is there something whose last try has failed? */
  hasFailed(location: string): boolean {
    return this.#failures.has(location)
  }
}
