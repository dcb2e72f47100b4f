import { Clock, Effect } from "effect"
import { repartitionApp, repartitionStageApp } from "../lake/log-keys.ts"
import { withLoad } from "../lake/newest-load.ts"
import { type Done, Run } from "../lake/run.ts"
import { consumableSchema, identityOf, skippable } from "../lake/tables.ts"
import { tombstoneFiles, withTombstones } from "../lake/tombstones.ts"
import type { RepartitionReport, RunInput } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { WriteAction } from "../table/actions.ts"
import type { ReadSet, Transaction } from "../table/commit.ts"
import type { TableError } from "../table/errors.ts"
import { deletedFileRetention } from "../table/properties.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import { type EngineError, type EnginePlan, type EngineResult, nothingMade } from "./engine.ts"
import type { RepartitionError, RepartitionOptions, UpToDate } from "./options.ts"
import { daysOf, partitionText } from "./partitions.ts"
import { inBounds } from "./plan.ts"
import type { Work } from "./work.ts"

type Failure = RepartitionError | EngineError | TableError | StoreError

interface Consumable {
  readonly table: Table
  /** As the work found it. */
  readonly before: Snapshot
}

/** Who makes the files, and how it comes about. */
export interface Making {
  /** Of the engine. */
  readonly name: string
  /** When the work was begun, milliseconds since 1970; null: now. */
  readonly startedAt: number | null
  /** Null: another process has committed them. */
  readonly result: Effect.Effect<EngineResult | null, Failure, Store>
}

/**
 * Lets the engine write, then commits. The commit is the only thing that anybody sees: files first, then the commit, then what became of the run.
 */
export const carryOut = (
  options: RepartitionOptions,
  making: Making,
  work: Work,
  consumable: Consumable
): Effect.Effect<RepartitionReport | UpToDate, Failure, Store> =>
  Effect.gen(function* () {
    const dataset = options.contract.contract.name
    const { stage, input } = work
    const about = { kind: "repartition", runId: runIdOf(dataset, work), dataset } as const
    const read: ReadonlyArray<RunInput> = [
      {
        uri: stage.table.uri,
        table: { path: stage.table.path, version: stage.snapshot.version },
        files: input.files,
        bytes: input.bytes,
        ...(input.rows === null ? {} : { rows: input.rows })
      }
    ]
    const run = new Run(options.onEvent ?? (() => Effect.void), about, making.startedAt ?? (yield* Clock.currentTimeMillis), read)
    return yield* run.of(
      Effect.gen(function* () {
        const result = yield* making.result
        if (result === null) return takenByAnother(reportOf(about, making.name, run.startedAt, work, nothingMade))
        const report = reportOf(about, making.name, run.startedAt, work, result)
        // The commit point.
        const committed = yield* commit(consumable, work, result, report)
        return committed === null ? takenByAnother(report) : taken(report, consumable, committed.version)
      })
    )
  })

type Carried = Done<RepartitionReport | UpToDate>

const taken = (report: RepartitionReport, { table }: Consumable, version: number): Carried => ({
  result: report,
  report,
  outputs: [
    {
      uri: table.uri,
      path: table.path,
      version,
      // The commit after the one that made the table is the first that has something to show.
      created: version === 1,
      rows: report.rowsAdded,
      bytes: report.fileBytes,
      files: report.files
    }
  ]
})

/** The other process has said what it wrote; this run ends without an output, as all that it read stood there already. */
const takenByAnother = (report: RepartitionReport): Carried => ({
  result: { kind: "up-to-date", dataset: report.dataset, version: report.toVersion },
  report: { ...report, rowsAdded: 0, duplicates: report.rowsRead, files: 0, fileBytes: 0, days: [] },
  outputs: []
})

/** The same work has the same run, so that a run that is repeated after a crash is seen as one. */
const runIdOf = (dataset: string, { taken, stage, rebuild, bounds, input }: Work): string =>
  deterministicRunId(
    input.modificationTime,
    `${dataset}.repartition`,
    JSON.stringify([...identityOf(stage), taken, stage.snapshot.version, rebuild, bounds])
  )

const reportOf = (
  about: { readonly kind: "repartition"; readonly runId: string; readonly dataset: string },
  engine: string,
  startedAt: string,
  { taken, rebuild, whole, bounds, stage, input, plan }: Work,
  { files, rowsRead, rowsAdded, rowsReplaced, rowsDeleted }: EngineResult
): RepartitionReport => ({
  ...about,
  engine,
  startedAt,
  fromVersion: whole || bounds !== null ? -1 : taken,
  toVersion: stage.snapshot.version,
  rebuild,
  stageFiles: input.files,
  stageBytes: input.bytes,
  rowsRead,
  rowsAdded,
  ...(rowsReplaced === 0 ? {} : { rowsReplaced }),
  ...(rowsDeleted === 0 ? {} : { rowsDeleted }),
  duplicates: rowsRead - rowsAdded,
  files: files.length,
  fileBytes: files.reduce((total, { add }) => total + add.size, 0),
  days: daysOf(
    plan.identity.partition,
    files.map(({ add }) => partitionText(plan.identity.partition, add.partitionValues))
  )
})

/**
 * One commit: out go the files that were replaced, in come the new ones, and the stage version that has been taken is noted. Null: another
 * process has taken the same stage versions meanwhile, so ours is not needed.
 */
const commit = (
  { table, before }: Consumable,
  work: Work,
  result: EngineResult,
  report: RepartitionReport
): Effect.Effect<{ readonly version: number } | null, TableError, Store> =>
  Effect.gen(function* () {
    const millis = yield* Clock.currentTimeMillis
    const { whole, bounds, stage, taken } = work
    const gone = [...work.cleared, ...result.replaced]
    const removes = gone.flatMap((path): ReadonlyArray<WriteAction> => {
      const file = before.files.get(path)
      return file === undefined
        ? []
        : [{ remove: { path, deletionTimestamp: millis, dataChange: true, partitionValues: file.partitionValues, size: file.size } }]
    })
    const adds = result.files.map(({ add }): WriteAction => ({ add: { ...add, modificationTime: millis, dataChange: true } }))
    // Days that are folded anew say nothing of how far the stage was taken.
    const version = stage.snapshot.version
    const stageApp = repartitionStageApp(report.dataset, stage.snapshot.metaData.id)
    const apps = [
      ...(version > taken ? [repartitionApp(report.dataset)] : []),
      ...(before.transactions.get(stageApp) === version ? [] : [stageApp])
    ]
    const txn = (bounds === null ? apps : []).map((appId): WriteAction => ({ txn: { appId, version, lastUpdated: millis } }))
    const { identity } = work.plan
    const { partition } = identity
    const touched = new Set(result.partitions)
    const readFiles: ReadSet =
      whole || !identity.decidesPartition
        ? "all"
        : bounds !== null
          ? (values) => inBounds(partitionText(partition, values), bounds)
          : (values) => touched.has(partitionText(partition, values))
    const transaction: Transaction = {
      read: before,
      ...(whole || bounds !== null
        ? { operation: "WRITE", parameters: { mode: "Overwrite", partitionBy: JSON.stringify(partition.columns.map(({ name }) => name)) } }
        : {
            operation: "MERGE",
            parameters: { predicate: JSON.stringify([`${identity.version.length === 0 ? "key is" : "key and version are"} the same`]) }
          }),
      metrics: {
        numAddedFiles: String(adds.length),
        numRemovedFiles: String(removes.length),
        numOutputRows: String(result.files.reduce((total, { rows }) => total + rows, 0)),
        numOutputBytes: String(report.fileBytes)
      },
      actions: [...metaDataActions(before, work, result, millis), ...txn, ...removes, ...adds],
      isBlindAppend: false,
      isolation: "Serializable",
      readFiles,
      info: { sluice: { ...report } }
    }
    return yield* table.commit(transaction).pipe(
      Effect.tapError((error) =>
        error.reason === "Conflict" || error.reason === "AlreadyCommitted" ? discard(table, work, result) : Effect.void
      ),
      Effect.catchIf(
        (error) => error.reason === "AlreadyCommitted" && !work.rebuild,
        () => Effect.succeed(null)
      )
    )
  })

/** What the table says of itself from now on, where that is something else: its columns, which keys were deleted, and the newest load of all of it. */
const metaDataActions = (before: Snapshot, work: Work, { tombstones, load }: EngineResult, millis: number): ReadonlyArray<WriteAction> => {
  const withColumns = withNewColumns(before, work)
  const pathsOf = (files: EnginePlan["tombstones"]) => files.map(({ path }) => path).join("\n")
  // A fold from the start began with none, whatever the table has.
  const isAsBefore = !work.whole && pathsOf(tombstones) === pathsOf(work.plan.tombstones)
  const remembered = isAsBefore
    ? withColumns.configuration
    : withTombstones({ metaData: withColumns }, tombstones, millis, millis - deletedFileRetention(before))
  const isLoadAsBefore = !work.whole && JSON.stringify(load) === JSON.stringify(work.plan.load)
  const configuration = isLoadAsBefore ? remembered : withLoad({ ...withColumns, configuration: remembered }, load)
  const metaData = { ...withColumns, configuration }
  return JSON.stringify(metaData) === JSON.stringify(before.metaData) ? [] : [{ metaData }]
}

/** Where all of its files are new, the table has the columns that they have, and no longer those that an earlier contract had. */
const withNewColumns = ({ metaData }: Snapshot, { rebuild, whole, plan }: Work): Snapshot["metaData"] => {
  const schemaString = JSON.stringify(consumableSchema(plan.columns, plan.identity.partition))
  if (!rebuild || !whole || schemaString === metaData.schemaString) return metaData
  return { ...metaData, schemaString, configuration: { ...metaData.configuration, ...skippable(plan.columns) } }
}

/**
 * Files of a commit that is certainly lost, but for those that the table has all the same: where two commit what one job made, the other one's commit names them.
 */
const discard = (table: Table, { plan }: Work, { files, tombstones }: EngineResult): Effect.Effect<void, never, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const now = yield* table.snapshot
    const noted = yield* Effect.try(() => tombstoneFiles.needed(now, 0))
    const before = new Set(plan.tombstones.map(({ path }) => path))
    const isNamed = (path: string) => now.files.has(path) || now.tombstones.has(path) || noted.has(path) || before.has(path)
    const paths = [...files.map(({ add }) => add.path), ...tombstones.map(({ path }) => path)]
    yield* store.delete(paths.flatMap((path) => (isNamed(path) ? [] : [`${table.path}/${path}`])))
  }).pipe(Effect.ignore)
