import type { Effect, Stream } from "effect"
import type { LakeError } from "./errors.ts"
import type { Plain } from "./plain.ts"

export interface DuckDBSettings {
  /**
   * Bytes that DuckDB may use before it spills to `tempDirectory`. What the process takes is more: its own part, files being read, and what
   * the allocator keeps. Small values are slower, and statements that cannot spill fail sooner.
   */
  readonly memoryLimit?: number | undefined
  readonly threads?: number | undefined
  /** Folder below which a folder for spilling is made, and removed when the scope closes. Default: the system's. */
  readonly tempDirectory?: string | undefined
  /** Folders beside its own: of no other it reads or writes a file, whatever a statement says. Default: it opens all that the process may. */
  readonly onlyBelow?: ReadonlyArray<string> | undefined
}

export const defaultMemoryLimit = 192 * 1024 * 1024
export const defaultThreads = 2

/** Rows by column name, with values as {@link Plain} says. */
export interface Row {
  readonly [column: string]: Plain
}

export interface ResultColumn {
  readonly name: string
  /** As DuckDB calls it: `DECIMAL(18,2)`, `TIMESTAMP WITH TIME ZONE`, … */
  readonly type: string
}

export interface Result {
  readonly columns: ReadonlyArray<ResultColumn>
  /** One array of values per row, in the order of `columns`; read as it is asked for. Once. */
  readonly rows: Stream.Stream<ReadonlyArray<Plain>, LakeError>
}

/** An embedded DuckDB with nothing in it. One statement at a time; interruption stops the statement. */
export interface DuckDB {
  /** A folder that is removed when the scope closes. */
  readonly folder: string
  /** For statements that move rows: what they freed is given back to the system afterwards. */
  readonly run: (sql: string) => Effect.Effect<void, LakeError>
  readonly setThreads: (threads: number) => Effect.Effect<void, LakeError>
  /** Of the memory that it was given it uses this share from now on, until another is said: what its tables have beyond that goes to its folder. */
  readonly useMemory: (share: number) => Effect.Effect<void, LakeError>
  /** All rows in memory: for small results. */
  readonly rows: (sql: string) => Effect.Effect<ReadonlyArray<Row>, LakeError>
  /** Columns of whole numbers of at most 32 bits, none of them null: for results of millions of rows. */
  readonly integers: (sql: string) => Effect.Effect<ReadonlyArray<Int32Array>, LakeError>
  /** The rows of any number, without holding them. */
  readonly stream: (sql: string) => Effect.Effect<Result, LakeError>
  /**
   * What kinds of statements a text holds (`SELECT`, `COPY`, …), without running them; of one that needs what another before it makes, null.
   * Of an empty text none.
   */
  readonly statements: (sql: string) => Effect.Effect<ReadonlyArray<string | null>, LakeError>
}
