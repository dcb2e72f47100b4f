import { Effect } from "effect"
import { TestClock } from "effect/testing"

/** Lets what is outside of Effect go on: sockets, files, other threads. */
export const yieldToIo: Effect.Effect<void> = Effect.promise(() => new Promise((done) => setImmediate(done)))

/** Waits a little on the clock of the machine, whatever a test's clock says: what is waited for needs the processor more than who looks for it. */
export const moment: Effect.Effect<void> = Effect.promise(() => new Promise((done) => setTimeout(done, 5)))

/** Waits until something holds, however long that takes. Effect's own clock stands still meanwhile, where it is a test's. */
export const until = (holds: () => boolean): Effect.Effect<void> => untilTrue(Effect.sync(holds))

/** The same, of what an effect tells. */
export const untilTrue = <E, R>(holds: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.flatMap(holds, (isSo) => (isSo ? Effect.void : Effect.andThen(moment, untilTrue(holds))))

/** The same, for tests that are no effects. */
export const eventually = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await Effect.runPromise(moment)
}

/** Lets time pass on a test's clock, in steps of 50 ms between which real work goes on. */
export const passMillis = (millis: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let left = millis; left > 0; left -= 50) {
      yield* TestClock.adjust(Math.min(left, 50))
      yield* yieldToIo
    }
  })
