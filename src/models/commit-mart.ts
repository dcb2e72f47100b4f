import { Clock, Effect } from "effect"
import { infoOf } from "../lake/history.ts"
import { martPath, viewName } from "../lake/layout.ts"
import { auditedProperty, buildApp, builtProperty } from "../lake/log-keys.ts"
import { type BuiltOf, builtOf, isMart } from "../lake/marts.ts"
import { retention, skippable } from "../lake/tables.ts"
import type { LakeTable } from "../lake/views.ts"
import type { Column } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import type { BuildReport } from "../record/report.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { WriteAction } from "../table/actions.ts"
import { TableError } from "../table/errors.ts"
import { deltaSchema } from "../table/schema.ts"
import { createTable } from "../table/table.ts"
import type { MartFile } from "./mart-files.ts"
import type { Model } from "./model.ts"

/** What a commit brings. */
export interface Change {
  readonly model: Model
  /** The mart as the build found it; null: there is none. */
  readonly before: LakeTable | null
  /** Are all of its rows made anew? */
  readonly isFull: boolean
  /** Columns of its files. */
  readonly inFiles: ReadonlyArray<Column>
  readonly partitions: ReadonlyArray<Column>
  readonly put: ReadonlyArray<MartFile>
  /** Paths of files that go, where not all do. */
  readonly gone: ReadonlyArray<string>
  readonly report: BuildReport
  readonly now: BuiltOf
  /** What the log says of its tests, by the files that it has. */
  readonly audited: (files: Iterable<string>) => string
}

/** The commit point: the files that go, those that come, what it was built of, and that there was a build, in one. */
export const commitMart = (change: Change): Effect.Effect<LakeTable, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const { model, isFull, inFiles, partitions, put, report, now } = change
    const columns = [...inFiles, ...partitions]
    const description = model.description === "" ? `The model ${model.name}.` : model.description
    const found = change.before ?? (yield* Effect.tapError(begun(change, description), () => discard(martPath(model.name), put)))
    const { table } = found
    const { snapshot: before } = found
    const gone = isFull ? [...before.files.keys()] : change.gone
    const millis = yield* Clock.currentTimeMillis
    const removes = gone.flatMap((path): ReadonlyArray<WriteAction> => {
      const file = before.files.get(path)
      return file === undefined
        ? []
        : [{ remove: { path, deletionTimestamp: millis, dataChange: true, partitionValues: file.partitionValues, size: file.size } }]
    })
    const goes = new Set(gone)
    const audited = change.audited([...[...before.files.keys()].filter((path) => !goes.has(path)), ...put.map(({ add }) => add.path)])
    const app = buildApp(model.name)
    const { metaData } = before
    const transaction = {
      read: before,
      ...(isFull
        ? { operation: "WRITE", parameters: { mode: "Overwrite", partitionBy: JSON.stringify(partitions.map(({ name }) => name)) } }
        : { operation: "MERGE", parameters: { predicate: JSON.stringify(["what changed"]) } }),
      metrics: {
        numAddedFiles: String(put.length),
        numRemovedFiles: String(removes.length),
        numOutputRows: String(put.reduce((sum, { rows }) => sum + rows, 0)),
        numOutputBytes: String(report.fileBytes)
      },
      actions: [
        ...removes,
        ...put.map(({ add }): WriteAction => ({ add: { ...add, modificationTime: millis, dataChange: true } })),
        {
          metaData: {
            ...metaData,
            description,
            schemaString: isFull ? JSON.stringify(deltaSchema(columns)) : metaData.schemaString,
            partitionColumns: partitions.map(({ name }) => name),
            configuration: {
              ...metaData.configuration,
              ...(isFull ? skippable(inFiles) : {}),
              [builtProperty]: JSON.stringify(now),
              [auditedProperty]: audited
            }
          }
        },
        { txn: { appId: app, version: (before.transactions.get(app) ?? -1) + 1, lastUpdated: millis } }
      ],
      isBlindAppend: false,
      readFiles: "all" as const,
      info: infoOf(report)
    }
    const committed = yield* Effect.tapError(table.commit(transaction), (error) => (isLost(error) ? discard(table.path, put) : Effect.void))
    return { view: viewName(table.path), table, snapshot: committed.snapshot }
  })

/** Is it certain that nothing was committed? */
const isLost = ({ reason }: TableError): boolean => reason !== "Store"

const discard = (tablePath: string, put: ReadonlyArray<MartFile>): Effect.Effect<void, never, Store> =>
  Effect.ignore(Effect.flatMap(Store, (store) => store.delete(put.map(({ add }) => `${tablePath}/${add.path}`))))

/**
 * The table of a mart that has none yet. Nobody sees it before its first build is committed. Fails where another process has done that meanwhile: what
 * it made may be newer than what is about to be committed.
 */
const begun = ({ model, inFiles, partitions }: Change, description: string): Effect.Effect<LakeTable, TableError, Store> =>
  Effect.gen(function* () {
    const path = martPath(model.name)
    const { table } = yield* createTable(path, {
      name: model.name,
      description,
      columns: inFiles,
      partitions,
      configuration: { ...retention, ...skippable(inFiles), [builtProperty]: "" },
      admit: (existing) => {
        if (isMart(existing)) return {}
        throw new Malformed("Invalid", "another program made the table", "Move it out of the lake, or call the model otherwise.")
      }
    })
    const snapshot = yield* table.snapshot
    if (builtOf(snapshot) !== null)
      return yield* new TableError({
        table: path,
        reason: "AlreadyCommitted",
        version: snapshot.version,
        problem: "another process has built it for the first time",
        hint: "Nothing is left to do."
      })
    return { view: viewName(path), table, snapshot }
  })
