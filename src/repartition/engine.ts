import { type Effect, Schema } from "effect"
import type { Column } from "../record/column.ts"
import type { Store } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"

/** A data file for an engine to read: its key in the store, and what the log says of it. */
export interface EngineFile {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/** A file of the consumable, which the engine may have to merge with. */
export interface ExistingFile extends EngineFile {
  /** Relative to the table, as the log names it. */
  readonly path: string
  /** `change_date`, or {@link noDay}. */
  readonly day: string
}

/** Day of rows that have no event time, or one outside of the years 1 to 9999: their partition value is null. */
export const noDay = ""

/** UTC days, `YYYY-MM-DD`, both included; open where null. */
export interface DayBounds {
  readonly from: string | null
  readonly to: string | null
}

/**
 * What an engine is to do: of all rows of `inputs`, and of `existing` in the days that those rows belong to, keep per (key, version) the
 * latest arrival, and write what is not in the table already. `plan.ts` makes one; it is plain data so that any engine can take it.
 */
export interface EnginePlan {
  readonly dataset: string
  /** Below the root of the store: where new files go. */
  readonly tablePath: string
  /** Columns of the files to write, in order: data columns, coordinates, rescued. Files that are read may lack some. */
  readonly columns: ReadonlyArray<Column>
  readonly keyColumn: string
  /** The row's version is the first of these that is not null. */
  readonly versionColumns: ReadonlyArray<string>
  /** The row's day is the UTC day of the first of these that is not null. */
  readonly eventTimeColumns: ReadonlyArray<string>
  readonly inputs: ReadonlyArray<EngineFile>
  readonly existing: ReadonlyArray<ExistingFile>
  /** True where copies of one version always fall on one day, so that only existing files of the days touched are read. */
  readonly versionDecidesDay: boolean
  /** Rows of other days are passed over. */
  readonly bounds: DayBounds | null
  readonly targetFileBytes: number
}

/** A file that an engine put into the store. */
export interface NewFile {
  /** Ready for the log, but for `modificationTime`, which the commit knows. */
  readonly add: Omit<AddFile, "modificationTime" | "dataChange">
  readonly rows: number
}

export interface EngineResult {
  /** Rows of `inputs` within the bounds. */
  readonly rowsRead: number
  /** Versions that the table has now and did not have before. */
  readonly rowsAdded: number
  readonly files: ReadonlyArray<NewFile>
  /** Paths of existing files whose rows are in `files` now, or have lost against a later arrival. */
  readonly replaced: ReadonlyArray<string>
  /** Days of the rows read: whose existing files the result rests on. */
  readonly days: ReadonlyArray<string>
}

/** How far the writing has come, for a progress bar. Before the first, it is being found out which rows are written. */
export interface RepartitionProgress {
  readonly rows: number
  readonly rowsTotal: number
}

export interface DayCount {
  readonly day: string
  readonly rows: number
}

/**
 * What turns stage into consumable. `test/repartition/engine-suite.ts` says in code what an engine must do; a new one is one file here and
 * a line there.
 */
export interface RepartitionEngine {
  readonly name: string
  /** Rows of the inputs by day, ordered by day; writes nothing. */
  readonly survey: (plan: EnginePlan) => Effect.Effect<ReadonlyArray<DayCount>, EngineError, Store>
  /** Puts new files into the store; they are invisible until committed. When it fails, files may be left that only vacuum removes. */
  readonly run: (plan: EnginePlan, onProgress: (progress: RepartitionProgress) => void) => Effect.Effect<EngineResult, EngineError, Store>
}

export class EngineError extends Schema.TaggedError<EngineError>()("EngineError", {
  engine: Schema.String,
  problem: Schema.String,
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `engine ${this.engine}: ${this.problem}. ${this.hint}`
  }
}
