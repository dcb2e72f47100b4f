import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import type { StoreError, StoreShape } from "../store/store.ts"
import type { StructType } from "../table/schema.ts"
import type { EngineFile, RepartitionProgress } from "./engine.ts"
import type { NumberedFiles } from "./fold-sql.ts"

/** What the steps of one run share. */
export interface EngineRun {
  readonly db: DuckDB
  readonly store: StoreShape
  readonly schema: StructType
  /** That move rows, this one among them. */
  readonly threads: number
  /** Bytes of leaves that are held at a time, and twice that of compressed rows; see `DuckDBEngineSettings`. */
  readonly sliceBytes: number
  /** Where the files can be opened; those on other machines are copied here first, once. */
  readonly paths: (files: ReadonlyArray<{ readonly key: string }>) => Effect.Effect<ReadonlyArray<string>, LakeError | StoreError>
  readonly onProgress: (progress: RepartitionProgress) => void
}

/** Files that have the numbers from `first` on. */
export const numbered = (
  { paths }: EngineRun,
  files: ReadonlyArray<EngineFile>,
  first: number
): Effect.Effect<NumberedFiles, LakeError | StoreError> =>
  Effect.map(paths(files), (paths) => ({ paths, numbers: files.map((_, i) => first + i) }))

/** Those of some files that have these numbers. */
export const numberedOf = (
  { paths }: EngineRun,
  files: ReadonlyArray<EngineFile>,
  numbers: ReadonlyArray<number>
): Effect.Effect<NumberedFiles, LakeError | StoreError> =>
  Effect.map(paths(numbers.flatMap((number) => files[number] ?? [])), (paths) => ({ paths, numbers }))
