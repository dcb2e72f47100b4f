import { Effect } from "effect"
import { TestClock } from "effect/testing"

/** Lets what is outside of Effect go on: sockets, files, other threads. */
export const yieldToIo: Effect.Effect<void> = Effect.promise(() => new Promise((done) => setImmediate(done)))

/** Waits until something holds, however long that takes. Effect's own clock stands still meanwhile, where it is a test's. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.andThen(yieldToIo, until(holds))))

/** Lets time pass on a test's clock, in steps of 50 ms between which real work goes on. */
export const passMillis = (millis: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let left = millis; left > 0; left -= 50) {
      yield* TestClock.adjust(Math.min(left, 50))
      yield* yieldToIo
    }
  })
