import { Effect } from "effect"
import { openDeadLetters, openStage } from "../lake/tables.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { hashingOf, type IngestOptions } from "./options.ts"
import type { Tables } from "./tables.ts"

type Opening = Pick<IngestOptions, "contract" | "decode" | "changeHashKey">

/**
 * Opens both tables, for who writes rows of a dataset. Errors as those of `openStage`.
 *
 * @param concurrency 2: both at once, for who waits for nothing else
 */
export const openTables = (options: Opening, concurrency: 1 | 2 = 1): Effect.Effect<Tables, TableError | StoreError, Store> =>
  Effect.all({ stage: openStage(options.contract, { hashing: hashingOf(options) }), deadLetters: openDeadLetters }, { concurrency }).pipe(
    Effect.flatMap((opened) => withSnapshots(opened, concurrency))
  )

/** The same tables as they stand now. */
const withSnapshots = (
  { stage, deadLetters }: { readonly [table in keyof Tables]: Omit<Tables[table], "snapshot"> },
  concurrency: 1 | 2
): Effect.Effect<Tables, TableError> =>
  Effect.map(Effect.all([stage.table.snapshot, deadLetters.table.snapshot], { concurrency }), ([ofStage, ofDeadLetters]) => ({
    stage: { ...stage, snapshot: ofStage },
    deadLetters: { ...deadLetters, snapshot: ofDeadLetters }
  }))

/**
 * Keeps both tables open: each time only what was committed since is read. They are opened anew, with all that is looked at then, where a schema or properties
 * have changed: another process may have gone on with another hash key.
 */
export const keepTables = (options: Opening): Effect.Effect<Tables, TableError | StoreError, Store> => {
  let kept: Tables | null = null
  const openAnew = Effect.tap(openTables(options, 2), (opened) =>
    Effect.sync(() => {
      kept = opened
    })
  )
  return Effect.gen(function* () {
    if (kept === null) return yield* openAnew
    const { metaData } = kept.stage.snapshot
    const now = yield* withSnapshots(kept, 2)
    if (now.stage.snapshot.metaData !== metaData) return yield* openAnew
    kept = now
    return now
  })
}
