import { Cause, Effect, Exit } from "effect"

/** Fails as the first of several failed, once it is logged why the others did: a command ends with one failure. */
export const failTogether = <E>(exits: ReadonlyArray<Exit.Exit<unknown, E>>): Effect.Effect<void, E> =>
  Effect.gen(function* () {
    const [first, ...others] = exits.flatMap((exit) => (Exit.isFailure(exit) ? [exit.cause] : []))
    if (first === undefined) return
    for (const cause of others) {
      const error = Cause.squash(cause)
      if (!Cause.hasInterruptsOnly(cause)) yield* Effect.logError(error instanceof Error ? error.message : String(error))
    }
    return yield* Effect.failCause(first)
  })
