/** What was done by a moment. */
interface Sample {
  readonly at: number
  readonly done: number
}

/** Milliseconds that a pace is the average of. Longer: steadier. Shorter: sooner told what has changed. */
const span = 30_000
/** Milliseconds before a pace means anything. */
const least = 3_000

/** How fast work goes: the average of the last half minute, so that what comes in bursts has a steady one. */
export class Pace {
  #samples: Array<Sample> = []

  /** @param at milliseconds @param done all that is done by then, in any unit */
  add(at: number, done: number): void {
    const [before, last] = this.#samples.slice(-2)
    // Of a second the last one is enough.
    if (before !== undefined && last !== undefined && last.at - before.at < 1000) this.#samples.pop()
    this.#samples.push({ at, done })
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= span) this.#samples.shift()
  }

  /** Units a millisecond; null while nobody can say. */
  perMilli(): number | null {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.at - first.at < least || last.done <= first.done) return null
    return (last.done - first.done) / (last.at - first.at)
  }
}

/** A time to come, no more exact than anybody knows it: it must not jump with every look. */
export const timeLeft = (millis: number): string => {
  const seconds = millis / 1000
  if (seconds < 10) return "a few seconds left"
  if (seconds < 55) return `${Math.round(seconds / 5) * 5} s left`
  const minutes = Math.max(1, Math.round(seconds / 60))
  if (minutes < 60) return `${minutes} min left`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${(Math.round((minutes % 60) / 10) * 10) % 60} min left` : `${Math.round(hours / 24)} days left`
}
