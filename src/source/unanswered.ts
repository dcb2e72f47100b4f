import { type Effect, Metric, type Scope } from "effect"
import { watchGauge } from "../record/watched-gauge.ts"

/** How long the oldest question of a source has waited for its answer. The attribute `source` is the source's name. */
export const unansweredMetric = Metric.gauge("sluice_source_unanswered_seconds", {
  description: "For how long a source has asked in vain, where that is longest; 0: it was answered."
})

/** The second warning comes so long after the failure began; the pauses grow with how long it lasts, up to the longest. Milliseconds. */
const secondWarning = 30_000
const longestPause = 600_000

interface Question {
  readonly since: number
  /** How long it has to last until it is warned of, or warned of again. */
  warnAfter: number
  isToldOf: boolean
}

/**
 * Where a source has asked and has not been answered, and since when: what it reads from may be gone, refuse, or never answer. Says when to warn of it:
 * by the time that it has lasted, since a call that hangs fails rarely. Times are milliseconds since 1970.
 */
export class Unanswered {
  readonly #questions = new Map<string, Question>()
  readonly #firstWarning: number

  /** @param firstWarning failures that are over sooner, in milliseconds, are not worth a warning */
  constructor(firstWarning: number) {
    this.#firstWarning = firstWarning
  }

  /** Before every try, of which the first counts. @returns since when the answer is waited for */
  asked(location: string, now: number): number {
    const asked = this.#questions.get(location)
    if (asked === undefined) this.#questions.set(location, { since: now, warnAfter: this.#firstWarning, isToldOf: false })
    return asked?.since ?? now
  }

  /** A try has failed. @returns how long that has lasted, where it is time to say so */
  failed(location: string, now: number): number | undefined {
    const question = this.#questions.get(location)
    if (question === undefined || now - question.since < question.warnAfter) return undefined
    const lasted = now - question.since
    question.warnAfter = lasted + Math.min(longestPause, Math.max(secondWarning, lasted))
    question.isToldOf = true
    return lasted
  }

  /** @returns how long the answer was waited for, where somebody was told that it did not come */
  answered(location: string, now: number): number | undefined {
    const question = this.#questions.get(location)
    this.#questions.delete(location)
    return question?.isToldOf === true ? now - question.since : undefined
  }

  /** Nobody waits any more. */
  forget(location: string): void {
    this.#questions.delete(location)
  }

  /** How long the oldest question has waited, in milliseconds. */
  longest(now: number): number {
    let longest = 0
    for (const { since } of this.#questions.values()) longest = Math.max(longest, now - since)
    return longest
  }
}

/** Shows it in the metrics while a source is read. */
export const watchUnanswered = (source: string, unanswered: Unanswered): Effect.Effect<void, never, Scope.Scope> =>
  watchGauge(unansweredMetric, { source }, (now) => unanswered.longest(now) / 1000)

/** How long something lasted, for people. */
export const lastedText = (millis: number): string => {
  const seconds = Math.round(millis / 1000)
  return seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
