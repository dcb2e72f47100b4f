import { Clock, Effect, Random } from "effect"
import { lastedText, type Unanswered } from "../unanswered.ts"

/** Longest pause before the first try again, and before any, in milliseconds. */
const firstPause = 1_000
const longestPause = 30_000

/** Tries again what may pass by itself, after pauses that grow, and tells how long it has lasted. */
export class Patience {
  readonly #unanswered: Unanswered
  readonly #millis: number
  /** Failures in a row, by what was asked, and until when it is not asked again, milliseconds since 1970. */
  readonly #failing = new Map<string, { readonly failures: number; readonly until: number }>()

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
      this.#failing.delete(location)
      const lasted = this.#unanswered.answered(location, now)
      return lasted === undefined ? Effect.void : Effect.logInfo(`${location} answers again, after ${lastedText(lasted)}`)
    })
  }

  /** A try has failed: waits until the next. @returns false: patience is over, and it was not waited */
  failed(location: string, problem: string): Effect.Effect<boolean> {
    return Effect.flatMap(this.rest(location, problem), (pause) =>
      pause === null ? Effect.succeed(false) : Effect.as(Effect.sleep(pause), true)
    )
  }

  /**
   * A try has failed, and the next is not to be made for a while. Whoever asked before that was known, and has failed, too, is to wait for as long.
   * @returns milliseconds until then; null: patience is over
   */
  rest(location: string, problem: string): Effect.Effect<number | null> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      if (now - this.#unanswered.asked(location, now) > this.#millis) return null
      const { failures, until } = this.#failing.get(location) ?? { failures: 0, until: 0 }
      const lasted = this.#unanswered.failed(location, now)
      if (lasted !== undefined) yield* Effect.logWarning(`${problem} Failing for ${lastedText(lasted)}; trying again`)
      if (until > now) return until - now
      const bound = Math.min(longestPause, firstPause * 2 ** Math.min(failures, 30))
      const pause = Math.ceil(bound * (0.5 + (yield* Random.next) / 2))
      this.#failing.set(location, { failures: failures + 1, until: now + pause })
      return pause
    })
  }

  /** Until when something is not to be asked, milliseconds since 1970; 0: its last try has not failed. */
  restsUntil(location: string): number {
    return this.#failing.get(location)?.until ?? 0
  }

  /** Is there something whose last try has failed? */
  hasFailed(location: string): boolean {
    return this.#failing.has(location)
  }

  /** Is there anything of that kind? */
  get isTried(): boolean {
    return this.#failing.size > 0
  }
}
