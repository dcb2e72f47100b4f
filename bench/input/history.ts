import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { leaf } from "../../src/record/column.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import { serializeCommit } from "../../src/table/action-json.ts"
import type { Action } from "../../src/table/actions.ts"
import { writeCheckpoint } from "../../src/table/checkpoint.ts"
import { logOf } from "../../src/table/log.ts"
import { commitName } from "../../src/table/paths.ts"
import { fold, type Snapshot } from "../../src/table/snapshot.ts"
import { addPath, createTable, type TableDefinition, type Transaction } from "../../src/table/table.ts"
import { commitInfoOf } from "../../src/table/transaction.ts"

export const tablePath = "stage/orders"

const definition: TableDefinition = {
  name: "stage_orders",
  description: "A table with a long life.",
  columns: [leaf("order_id", "text", "Key."), leaf("value", "long", "Cents."), leaf("last_change", "timestamp", "Version.")],
  partitions: [leaf("ingest_date", "date", "Date."), leaf("ingest_hour", "integer", "Hour.")],
  writerFeatures: ["domainMetadata"]
}

/** Of a checkpoint, in commits: the default of the tables. */
export const interval = 100
/** Commits after the last checkpoint. */
export const tail = 50

/** The next commit as ingest would make it: a file of an hour, with statistics, and how far one of eight shards has come. */
export const append = (read: Snapshot): Transaction => {
  const next = read.version + 1
  const at = Date.UTC(2026, 0, 1) + next * 300_000
  const partitionValues = { ingest_date: new Date(at).toISOString().slice(0, 10), ingest_hour: String(new Date(at).getUTCHours()) }
  const stats = {
    numRecords: 7000,
    minValues: { order_id: `v${next}0000-01`, value: 1, last_change: new Date(at - 300_000).toISOString() },
    maxValues: { order_id: `v${next}9999-01`, value: 999_999, last_change: new Date(at).toISOString() },
    nullCount: { order_id: 0, value: 0, last_change: 0 }
  }
  return {
    read,
    operation: "STREAMING UPDATE",
    parameters: { outputMode: "Append" },
    metrics: { numAddedFiles: "1", numRemovedFiles: "0", numOutputRows: "7000", numOutputBytes: "4000000" },
    actions: [
      {
        domainMetadata: {
          domain: `sluice.position/kinesis/shardId-${String(next % 8).padStart(12, "0")}`,
          configuration: JSON.stringify({ sequenceNumber: String(10n ** 50n + BigInt(next)), subSequenceNumber: 0, records: 7000 * next }),
          removed: false
        }
      },
      {
        add: {
          path: addPath(partitionValues, `part-${String(next).padStart(8, "0")}.parquet`),
          partitionValues,
          size: 4_000_000,
          modificationTime: at,
          stats: JSON.stringify(stats),
          dataChange: true
        }
      }
    ],
    isBlindAppend: true
  }
}

/**
 * A table with so many commits (a hundred at least), and 50 after its last checkpoint. All of its files are live: compaction would make it easier.
 *
 * The first thousand are made by committing. The others are written as committing writes them, without its looks at the log, its syncs to disk
 * and its checkpoints but for the last: what opening and the next commit find is the same.
 */
export const writeHistory = (lake: string, commits: number): Promise<number> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const log = logOf(yield* Store, tablePath)
      const { table } = yield* createTable(tablePath, definition)
      let snapshot = yield* table.snapshot
      const last = Math.floor(commits / interval) * interval
      while (snapshot.version < Math.min(last, 1000)) snapshot = (yield* table.commit(append(snapshot))).snapshot
      while (snapshot.version < last + tail) {
        const tx = append(snapshot)
        const version = snapshot.version + 1
        const body: ReadonlyArray<Action> = [{ commitInfo: commitInfoOf(tx, snapshot.version, version, `${version}`) }, ...tx.actions]
        writeFileSync(join(lake, log.folder, commitName(version)), serializeCommit(body))
        snapshot = fold(snapshot, version, body)
        if (version === last && last > 1000) snapshot = yield* writeCheckpoint(log, snapshot)
      }
      return snapshot.version
    }).pipe(Effect.provide(localStore(lake)))
  )
