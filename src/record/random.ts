import { randomUUID } from "node:crypto"
import { Context, Effect } from "effect"

/**
 * Where names that must be unique come from: data files, transactions, temporary files. A simulation puts its own generator here, so that a
 * run replays from its seed.
 */
export const RandomUuid = Context.Reference<Effect.Effect<string>>("sluice/RandomUuid", {
  defaultValue: () => Effect.sync(() => randomUUID())
})

/** A fresh UUID (version 4, lower case). */
export const randomUuid: Effect.Effect<string> = Effect.flatMap(RandomUuid, (make) => make)
