import { Effect } from "effect"
import type { Column } from "../../record/column.ts"
import type { StoreError, StoreShape } from "../../store/store.ts"
import type { AddFile, PartitionValues } from "../../table/actions.ts"
import { type DuckDB, type DuckDBSettings, defaultMemoryLimit, defaultThreads } from "../duckdb.ts"
import type { LakeError } from "../errors.ts"
import { localCopies } from "../local-copies.ts"

/** A data file whose rows move: its key in the store, and its size in bytes. */
export interface StoredFile {
  readonly key: string
  readonly size: number
}

/** Where rows go. */
export interface Target {
  /** The table, below the root of the store. */
  readonly tablePath: string
  /** Of the files to write, in order. Files that are read may lack some. */
  readonly columns: ReadonlyArray<Column>
  /** Bytes at which a partition goes on in another file. */
  readonly targetFileBytes: number
  /** What the log says of a partition. */
  readonly valuesOf: (partition: string) => PartitionValues
}

/** A file that was put into the store. */
export interface NewFile {
  /** Ready for the log, but for `modificationTime`, which the commit knows. */
  readonly add: Omit<AddFile, "modificationTime" | "dataChange">
  readonly rows: number
}

export interface PartitionCount {
  readonly partition: string
  readonly rows: number
}

/** How far the writing has come. */
export interface MoveProgress {
  readonly rows: number
  readonly rowsTotal: number
}

export interface MoveSettings extends DuckDBSettings {
  /**
   * Bytes of rows' leaves that are put in order together; default an eighteenth of `memoryLimit`. Small values read the files more often.
   */
  readonly sliceBytes?: number | undefined
}

/** What moves rows. */
export interface Move {
  readonly db: DuckDB
  readonly store: StoreShape
  /** That move rows, this one among them. */
  readonly threads: number
  /** Bytes of leaves that are held at a time, and twice that of compressed rows; see {@link MoveSettings}. */
  readonly sliceBytes: number
  /** Where the files can be opened; those on other machines are copied here first, once. */
  readonly paths: (files: ReadonlyArray<Pick<StoredFile, "key">>) => Effect.Effect<ReadonlyArray<string>, LakeError | StoreError>
  /** Must not fail or block. */
  readonly onProgress: (progress: MoveProgress) => void
}

/**
 * What DuckDB uses of the memory that it may have, while it is decided which rows move, and while they do: the rest is for the rows. Statements that have all columns of wide
 * rows need all of it.
 */
export const memoryShares = { deciding: 2 / 3, moving: 2 / 9 }

/** Threads that move rows: each takes some 70 MB, and all together must stay within half a gigabyte. */
const mostThreads = 3

/** @param db in whose folder what is not on this machine is copied to */
export const moveWith = (settings: MoveSettings, db: DuckDB, store: StoreShape, onProgress: Move["onProgress"] = () => {}): Move => ({
  db,
  store,
  onProgress,
  threads: Math.min(settings.threads ?? defaultThreads, mostThreads),
  sliceBytes: settings.sliceBytes ?? (settings.memoryLimit ?? defaultMemoryLimit) / 18,
  paths: (files) => {
    const keys = files.map(({ key }) => key)
    return Effect.map(localCopies(store, db.folder, keys), (pathOf) => keys.map(pathOf))
  }
})
