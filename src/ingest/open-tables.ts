import { Effect } from "effect"
import { openDeadLetters, openStage } from "../lake/tables.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { hashingOf, type IngestOptions } from "./options.ts"
import type { Tables } from "./tables.ts"

type Opening = Pick<IngestOptions, "contract" | "decode" | "changeHashKey">

/** Opens both tables, for who writes rows of a dataset. Errors as those of `openStage`. */
export const openTables = (options: Opening): Effect.Effect<Tables, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const stage = yield* openStage(options.contract, { hashing: hashingOf(options) })
    const deadLetters = yield* openDeadLetters
    return yield* withSnapshots({ stage, deadLetters })
  })

/** The same tables as they stand now. */
const withSnapshots = ({ stage, deadLetters }: { readonly [table in keyof Tables]: Omit<Tables[table], "snapshot"> }) =>
  Effect.gen(function* () {
    return {
      stage: { ...stage, snapshot: yield* stage.table.snapshot },
      deadLetters: { ...deadLetters, snapshot: yield* deadLetters.table.snapshot }
    }
  })

/**
 * Keeps both tables open: each time only what was committed since is read. They are opened anew, with all that is looked at then, where a schema or properties
 * have changed: another process may have gone on with another hash key.
 */
export const keepTables = (options: Opening): Effect.Effect<Tables, TableError | StoreError, Store> => {
  let kept: Tables | null = null
  const openAnew = Effect.tap(openTables(options), (opened) =>
    Effect.sync(() => {
      kept = opened
    })
  )
  return Effect.gen(function* () {
    if (kept === null) return yield* openAnew
    const { metaData } = kept.stage.snapshot
    const now = yield* withSnapshots(kept)
    if (now.stage.snapshot.metaData !== metaData) return yield* openAnew
    kept = now
    return now
  })
}
