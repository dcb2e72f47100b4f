import { Clock, Effect, Metric, type Scope } from "effect"

/**
 * While its scope is open, a gauge tells what `value` says at the moment that it is asked; afterwards it is gone. For what changes without
 * anything happening, such as an age: a gauge that is set would stand still just when nothing happens any more.
 *
 * @param value is given the time, milliseconds since 1970
 */
export const watchGauge = (
  metric: Metric.Gauge<number>,
  attributes: { readonly [name: string]: string },
  value: (now: number) => number
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const clock = yield* Clock.Clock
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        Metric.registerUnsafe(Metric.withAttributes(metric, attributes), context, {
          get: () => ({ value: value(clock.currentTimeMillisUnsafe()) }),
          update: () => {},
          modify: () => {}
        })
      ),
      (registration) => Effect.sync(() => registration.remove())
    )
  })
