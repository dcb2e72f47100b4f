import { Clock, Effect } from "effect"
import { checkpointSteps } from "./checkpoint-write.ts"
import { fromStore, fromThrown, type TableError } from "./errors.ts"
import type { Log } from "./log.ts"
import { checkpointName, lastCheckpointName } from "./paths.ts"
import { deletedFileRetention } from "./properties.ts"
import { forgetTombstones, type Snapshot, withFiles } from "./snapshot.ts"

/**
 * Writes the checkpoint of a version that is committed, then the hint to it. Any process may, and racing is harmless: the actions are the
 * same. Removed files past their retention are left out. @returns the snapshot without those, and with its files as the checkpoint holds them
 */
export const writeCheckpoint = (log: Log, snapshot: Snapshot): Effect.Effect<Snapshot, TableError> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const failed = fromThrown(log.table, `the checkpoint of version ${snapshot.version}`, snapshot.version)
    const kept = yield* Effect.try({ try: () => forgetTombstones(snapshot, now - deletedFileRetention(snapshot)), catch: failed })
    const steps = checkpointSteps(kept)
    let step = yield* Effect.try({ try: () => steps.next(), catch: failed })
    while (step.done !== true) {
      yield* Effect.yieldNow
      step = yield* Effect.try({ try: () => steps.next(), catch: failed })
    }
    const { bytes, size, files } = step.value
    // First the checkpoint, then the hint: a hint to nothing costs every reader a listing.
    yield* Effect.mapError(log.store.put(log.folder + checkpointName(kept.version), bytes), fromStore(log.table))
    const hint = { version: kept.version, size, sizeInBytes: bytes.byteLength, numOfAddFiles: kept.files.size }
    yield* Effect.mapError(
      log.store.put(log.folder + lastCheckpointName, new TextEncoder().encode(JSON.stringify(hint))),
      fromStore(log.table)
    )
    return withFiles(kept, files)
  })
