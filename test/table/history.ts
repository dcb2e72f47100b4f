import { linkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import type { StoreShape } from "../../src/store/store.ts"
import { serializeCommit } from "../../src/table/action-json.ts"
import type { Action } from "../../src/table/actions.ts"
import { writeCheckpoint } from "../../src/table/checkpoint.ts"
import { logOf } from "../../src/table/log.ts"
import { commitName } from "../../src/table/paths.ts"
import { fold, type Snapshot } from "../../src/table/snapshot.ts"
import { createTable } from "../../src/table/table.ts"
import { add, definition, domain, hour } from "./helpers.ts"

const stats = (version: number): string =>
  `{"numRecords":${version},"minValues":{"order_id":"v${version}0-01"},"maxValues":{"order_id":"v${version}9-01"},"nullCount":{"order_id":0}}`

/** What commit `version` of a history says: one file and one position. */
export const historyActions = (version: number): ReadonlyArray<Action> => [
  { commitInfo: { timestamp: version, operation: "STREAMING UPDATE", isBlindAppend: true, txnId: `${version}` } },
  add(`part-${version}.parquet`, hour(version % 24), { stats: stats(version), size: 128_000_000 }),
  domain(`sluice.position/kinesis/shard-${version % 8}`, `{"sequenceNumber":"${version}"}`)
]

/**
 * Makes the table "t" with this many commits and one checkpoint, in a fraction of the time that committing takes: nothing is synced, and the
 * commits before the checkpoint, which nobody reads, are names of a few files.
 *
 * @returns its snapshot
 */
export const writeHistory = (root: string, store: StoreShape, commits: number, checkpointAt: number) =>
  Effect.gen(function* () {
    const { table } = yield* createTable("t", definition)
    const log = logOf(store, "t")
    const file = (version: number) => join(root, log.folder, commitName(version))
    // File systems allow some ten thousand names a file.
    const named = (version: number) => version - (version % 10_000)
    let snapshot: Snapshot = yield* table.snapshot
    const before: Array<Action> = []
    for (let version = 1; version <= commits; version++) {
      const actions = historyActions(version)
      if (version <= checkpointAt) before.push(...actions)
      if (version < checkpointAt && named(version) !== version) linkSync(file(named(version)), file(version))
      else writeFileSync(file(version), serializeCommit(actions))
      if (version === checkpointAt) snapshot = yield* writeCheckpoint(log, fold(snapshot, version, before))
      if (version > checkpointAt) snapshot = fold(snapshot, version, actions)
    }
    return snapshot
  })
