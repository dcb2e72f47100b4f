import { Effect, Option, Stream } from "effect"
import type { DecodeCounts, Report } from "../record/report.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { openTable, type Table } from "../table/table.ts"
import { tablePaths } from "./find-tables.ts"
import { hashKeysOf } from "./hash-key.ts"
import { batchCounts, history } from "./history.ts"
import { consumablePath, datasetAt, deadLettersPath, martAt, runsPath, stagePath } from "./layout.ts"
import { repartitionApp } from "./log-keys.ts"
import { isMart } from "./marts.ts"
import { replayedRows, storedPositions } from "./positions.ts"
import { positionTotals } from "./retired.ts"
import { type Totals, totalsOf } from "./rows.ts"
import { holdsRuns } from "./runs.ts"
import { type StreamShard, streamShards } from "./stream-shards.ts"
import { findTable } from "./tables.ts"
import { type Waiting, WaitingFold } from "./waiting.ts"

export interface TableStatus extends Totals {
  readonly path: string
  readonly uri: string
  readonly version: number
  readonly partitions: number
}

export interface DatasetStatus {
  readonly dataset: string
  /** False where no contract says what its rows are. */
  readonly known: boolean
  readonly stage: TableStatus
  readonly consumable: TableStatus | null
  /** Stage versions with new rows that the repartition has not taken yet, of those that are still in the log. */
  readonly repartitionLag: number
  /** The same with rows, and since when. */
  readonly waiting: Waiting
  readonly shards: number
  /** Those of streams, one by one, by name. Files are shards too, and too many to be listed. */
  readonly streams: ReadonlyArray<StreamShard>
  /** How far behind its stream the slowest open shard was when it last said so, in milliseconds; null: no shard of a stream has said it. */
  readonly lagMillis: number | null
  /** Gaps of all shards of streams; `verify` tells what they are. */
  readonly gaps: number
  readonly records: number
  readonly lastArrival: string | null
  readonly lastCommit: string | null
  readonly replayed: number
  /** How many hash keys the stage was filled with, one after the other, times without a key among them; 0 where it does not say. */
  readonly hashKeys: number
  /** Dead letters that no replay has made rows yet, over the life of the dataset. */
  readonly deadLettersWaiting: number
  /** Folded from the commits that are still in the log, from this version on. */
  readonly since: number
  readonly batches: number
  readonly counts: DecodeCounts
  readonly days: ReadonlyArray<string>
}

/** A table that lies in the lake and belongs to none of its datasets. */
export interface OtherTable {
  readonly path: string
  /** What it is, as far as can be told. */
  readonly note: string
  /** Null where it cannot be read. */
  readonly table: TableStatus | null
}

export interface LakeStatus {
  readonly root: string
  readonly datasets: ReadonlyArray<DatasetStatus>
  readonly deadLetters: TableStatus | null
  /** Absent where no run was recorded. */
  readonly runs?: TableStatus
  readonly others: ReadonlyArray<OtherTable>
}

const tableStatus = (table: Table, snapshot: Snapshot): TableStatus => ({
  path: table.path,
  uri: table.uri,
  version: snapshot.version,
  partitions: new Set([...snapshot.files.values()].map((file) => JSON.stringify(file.partitionValues))).size,
  ...totalsOf(snapshot.files.values())
})

/**
 * What a lake holds and how far it is: a fold over the logs of all tables that lie in it. Nothing else is read.
 *
 * @param known datasets that there is a contract for; others that lie there are told as well
 * @param onReport told of each report that the log of a dataset's stage still has
 */
export const lakeStatus = (
  root: string,
  known: ReadonlyArray<string>,
  onReport: (dataset: string, report: Report) => void = () => {}
): Effect.Effect<LakeStatus, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const paths = yield* tablePaths
    // A dataset has two tables.
    const names = [...new Set(paths.flatMap((path) => datasetAt(path) ?? []))]
    const found = yield* Effect.forEach([...known, ...names.filter((name) => !known.includes(name)).sort()], (dataset) =>
      datasetStatus(dataset, known.includes(dataset), onReport)
    )
    const deadLetters = yield* findTable(deadLettersPath)
    const datasets = found.flatMap((status) => (status === null ? [] : [status]))
    const runs = paths.includes(runsPath) ? yield* runsStatus : null
    const told = new Set([deadLettersPath, runs?.path, ...datasets.flatMap(({ stage, consumable }) => [stage.path, consumable?.path])])
    return {
      root,
      datasets,
      deadLetters: Option.isNone(deadLetters) ? null : tableStatus(deadLetters.value, yield* deadLetters.value.snapshot),
      ...(runs === null ? {} : { runs }),
      others: yield* Effect.forEach(
        paths.filter((path) => !told.has(path)),
        otherTable
      )
    }
  })

/** Null where the table in their place is one that nobody here made, or cannot be read. */
const runsStatus: Effect.Effect<TableStatus | null, TableError, Store> = Effect.gen(function* () {
  const runs = yield* openTable(runsPath)
  const snapshot = yield* runs.snapshot
  return holdsRuns(snapshot) ? tableStatus(runs, snapshot) : null
}).pipe(
  Effect.catchIf(
    ({ reason }) => reason !== "Store",
    () => Effect.succeed(null)
  )
)

/** A table that nobody here made may be of a kind that cannot be read: that is told, and no failure. */
const otherTable = (path: string): Effect.Effect<OtherTable, TableError, Store> =>
  Effect.gen(function* () {
    const table = yield* openTable(path)
    const snapshot = yield* table.snapshot
    const note = datasetAt(path) !== null ? "has no stage" : martAt(path) !== null && isMart(snapshot) ? "a mart" : "not made by Sluice"
    return { path, note, table: tableStatus(table, snapshot) }
  }).pipe(
    Effect.catchIf(
      ({ reason }) => reason !== "Store",
      ({ problem }) => Effect.succeed({ path, note: `cannot be read: ${problem}`, table: null })
    )
  )

const datasetStatus = (
  dataset: string,
  known: boolean,
  onReport: (dataset: string, report: Report) => void
): Effect.Effect<DatasetStatus | null, TableError, Store> =>
  Effect.gen(function* () {
    const stage = yield* findTable(stagePath(dataset))
    if (Option.isNone(stage)) return null
    const snapshot = yield* stage.value.snapshot
    const consumable = yield* findTable(consumablePath(dataset))
    const consumableSnapshot = Option.isNone(consumable) ? null : yield* consumable.value.snapshot
    const taken = consumableSnapshot?.transactions.get(repartitionApp(dataset)) ?? -1
    const reports: Array<Report> = []
    const fold = new WaitingFold(taken)
    let lastCommit: number | null = null
    let since = snapshot.version
    yield* Stream.runForEach(history(stage.value, snapshot.version), (commit) =>
      Effect.sync(() => {
        since = Math.min(since, commit.version)
        lastCommit = commit.timestamp ?? lastCommit
        if (commit.report !== null) {
          reports.push(commit.report)
          onReport(dataset, commit.report)
        }
        fold.add(commit)
      })
    )
    const totals = positionTotals(snapshot.domains)
    const streams = [...streamShards(storedPositions(snapshot.domains))].sort((a, b) => (a.shard < b.shard ? -1 : 1))
    const replayed = replayedRows(snapshot.domains)
    const waiting = fold.waiting(snapshot)
    return {
      dataset,
      known,
      stage: tableStatus(stage.value, snapshot),
      consumable: Option.isNone(consumable) || consumableSnapshot === null ? null : tableStatus(consumable.value, consumableSnapshot),
      repartitionLag: waiting.versions,
      waiting,
      shards: totals.shards,
      streams,
      lagMillis: lagOf(streams),
      gaps: streams.reduce((total, { gaps }) => total + gaps, 0),
      records: totals.records,
      lastArrival: totals.lastArrival,
      lastCommit: lastCommit === null ? null : new Date(lastCommit).toISOString(),
      replayed,
      hashKeys: hashKeysOf(snapshot.metaData).length,
      deadLettersWaiting: totals.deadLetters - replayed,
      since,
      batches: reports.filter((report) => report.kind === "batch").length,
      counts: batchCounts(reports),
      days: consumableSnapshot === null ? [] : daysOf(consumableSnapshot)
    }
  })

/** The days that rows of a consumable lie under; none where they do not lie by time. */
const daysOf = ({ schema, metaData, files }: Snapshot): ReadonlyArray<string> => {
  const day = schema.fields.find(({ name, type }) => type === "date" && metaData.partitionColumns.includes(name))
  return day === undefined ? [] : [...new Set([...files.values()].map(({ partitionValues }) => partitionValues[day.name] ?? ""))].sort()
}

const lagOf = (streams: ReadonlyArray<StreamShard>): number | null =>
  streams.reduce<number | null>((lag, { behind, ended }) => (ended || behind === null ? lag : Math.max(lag ?? 0, behind)), null)
