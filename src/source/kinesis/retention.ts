/**
 * How long a stream keeps its records. That may be changed at any time: longer does not bring back what was trimmed before, shorter trims at once.
 * Times are milliseconds, moments milliseconds since 1970.
 */
export class Retention {
  #millis: number
  /** Since when it is known to be what it is. */
  #since: number
  #askedAt: number
  /** What was older was trimmed while it was shorter. */
  #trimmedBefore = Number.NEGATIVE_INFINITY
  /** The stream did not say it when it was asked last. */
  #hasFailed = false

  constructor(millis: number, now: number) {
    this.#millis = millis
    this.#since = now
    this.#askedAt = now
  }

  get millis(): number {
    return this.#millis
  }

  /** What arrived before this may have been trimmed. */
  horizon(now: number): number {
    return Math.max(now - this.#millis, this.#trimmedBefore)
  }

  /** Is it time to ask the stream again? If so, takes note that it was asked. */
  isDue(now: number, everyMillis: number): boolean {
    if (now - this.#askedAt < everyMillis) return false
    this.#askedAt = now
    return true
  }

  /** The stream says what it is. */
  is(millis: number, now: number): void {
    this.#hasFailed = false
    if (millis === this.#millis) return
    if (millis > this.#millis) this.#trimmedBefore = this.horizon(now)
    this.#millis = millis
    this.#since = now
  }

  /** The stream did not say what it is. @returns is that the first time since it did? */
  failed(): boolean {
    const isFirst = !this.#hasFailed
    this.#hasFailed = true
    return isFirst
  }

  /** It was that at some time before: as far as anybody knows, until this process asked. */
  was(millis: number): void {
    if (millis < this.#millis) this.#trimmedBefore = Math.max(this.#trimmedBefore, this.#since - millis)
  }
}
