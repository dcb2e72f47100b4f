import { type Effect, Schema } from "effect"
import { type Identity, identityColumns } from "../contract/identity.ts"
import type { MoveProgress, NewFile, PartitionCount, StoredFile } from "../duckdb/move/move.ts"
import type { NewestLoad } from "../lake/newest-load.ts"
import type { Column } from "../record/column.ts"
import { coordinateColumns } from "../record/system-columns.ts"
import type { Store } from "../store/store.ts"

export type { NewFile, PartitionCount }

/** A data file for an engine to read. */
export type EngineFile = StoredFile

/** How far the writing has come, for a progress bar. Before the first, it is being found out which rows are written. */
export type RepartitionProgress = MoveProgress

/** A file of the consumable, which the engine may have to merge with. */
export interface ExistingFile extends EngineFile {
  /** Relative to the table, as the log names it. */
  readonly path: string
  /** As text, see `partitions.ts`. */
  readonly partition: string
}

/**
 * A file of keys that were deleted: of each the row that took it away, as {@link tombstoneColumns} says. It lies below the table in a folder that is no
 * data (`_tombstones`), and the table's log names it, so that an older copy which arrives afterwards does not bring a key back.
 */
export interface TombstoneFile extends EngineFile {
  /** Relative to the table. */
  readonly path: string
  readonly rows: number
}

/** UTC days, `YYYY-MM-DD`, both included; open where null. */
export interface DayBounds {
  readonly from: string | null
  readonly to: string | null
}

/**
 * What an engine is to do: of all rows of `inputs` within the bounds, of `existing` in the partitions that those rows belong to, and of `tombstones`, keep
 * of each row the newest copy, as the identity says, and write what is not in the table already. A copy that takes its key away is no row: it becomes a
 * tombstone. `plan.ts` makes one; it is plain data so that any engine can take it.
 */
export interface EnginePlan {
  readonly dataset: string
  /** Below the root of the store: where new files go. */
  readonly tablePath: string
  /** Columns of the files to write, in order: data columns, coordinates, rescued. Files that are read may lack some. */
  readonly columns: ReadonlyArray<Column>
  /** What makes two rows the same, and where they lie. Where it decides the partition, only existing files of those touched are read. */
  readonly identity: Identity
  readonly inputs: ReadonlyArray<EngineFile>
  readonly existing: ReadonlyArray<ExistingFile>
  /** Keys that were deleted before: they are copies like any other, of which no row is written. Empty where rows cannot say so. */
  readonly tombstones: ReadonlyArray<TombstoneFile>
  /** The newest load of the whole table that is known: of `inputs` what is older does not count. Null: there was none, or the table never comes whole. */
  readonly load: NewestLoad | null
  /**
   * Rows of `inputs` of other days are passed over, and `existing` has none of these days. Null: all rows.
   */
  readonly bounds: DayBounds | null
  readonly targetFileBytes: number
}

export interface EngineResult {
  /** Rows of `inputs` within the bounds. */
  readonly rowsRead: number
  /** Rows that the table has now and did not have before. */
  readonly rowsAdded: number
  /** Rows that the table had, and in place of which it has a newer one. */
  readonly rowsReplaced: number
  /** Rows that the table had, and has no longer since their keys were deleted. */
  readonly rowsDeleted: number
  readonly files: ReadonlyArray<NewFile>
  /** Paths of existing files whose rows are in `files` now, or have lost against a later arrival. */
  readonly replaced: ReadonlyArray<string>
  /**
   * All files of tombstones that the table has from now on, at most {@link mostTombstoneFiles}; those of the plan, where no key was deleted or came back. One
   * that has a key which did is replaced, as files of rows are.
   */
  readonly tombstones: ReadonlyArray<TombstoneFile>
  /** The newest load of the whole table from now on: that of the plan, or one that came with the inputs, for which every older row went. */
  readonly load: NewestLoad | null
  /** Partitions of the rows read: whose existing files the result rests on. */
  readonly partitions: ReadonlyArray<string>
}

/** What comes of no input. */
export const nothingMade: EngineResult = {
  rowsRead: 0,
  rowsAdded: 0,
  rowsReplaced: 0,
  rowsDeleted: 0,
  files: [],
  replaced: [],
  tombstones: [],
  load: null,
  partitions: []
}

/** So many files of tombstones become one: each is read by every run. */
export const mostTombstoneFiles = 8

/** Columns of a file of tombstones, those of a row by which it is told apart, ordered and placed: so its keys are copies like any other. */
export const tombstoneColumns = ({ identity, columns }: Pick<EnginePlan, "identity" | "columns">): ReadonlyArray<Column> => {
  const wanted = new Set([...identityColumns(identity), ...coordinateColumns.map(({ name }) => name)])
  return columns.filter(({ name }) => wanted.has(name))
}

/**
 * What turns stage into consumable. `test/repartition/engine-suite.ts` says in code what an engine must do; a new one is one file here and
 * a line there.
 */
export interface RepartitionEngine {
  readonly name: string
  /** Rows of the inputs by partition, in their order; writes nothing. */
  readonly survey: (plan: EnginePlan) => Effect.Effect<ReadonlyArray<PartitionCount>, EngineError, Store>
  /**
   * Puts new files into the store; they are invisible until committed. When it fails, files may be left that only vacuum removes.
   *
   * @param onFound told what `survey` would have said, before anything is written
   */
  readonly run: (
    plan: EnginePlan,
    onProgress: (progress: RepartitionProgress) => void,
    onFound?: (found: ReadonlyArray<PartitionCount>) => Effect.Effect<void>
  ) => Effect.Effect<EngineResult, EngineError, Store>
}

export class EngineError extends Schema.TaggedError<EngineError>()("EngineError", {
  engine: Schema.String,
  problem: Schema.String,
  hint: Schema.String,
  /** A job was to be started, and certainly none was. */
  isRefused: Schema.optionalKey(Schema.Boolean),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `engine ${this.engine}: ${this.problem}. ${this.hint}`
  }
}

/** Decode lets no row without a key pass, but the key may have been another one then. */
export const keyless = (engine: string, { dataset, identity: { key } }: EnginePlan, column: string, rows: number): EngineError =>
  new EngineError({
    engine,
    problem: `${rows} rows of stage have no ${column}, which is ${key.length === 1 ? "the key" : "in the key"} of ${dataset}: they would become one`,
    hint: "Their stage was filled with another key: give the dataset another name, and ingest them again from their source."
  })
