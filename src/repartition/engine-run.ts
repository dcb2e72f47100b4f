import { Effect } from "effect"
import type { LakeError } from "../duckdb/errors.ts"
import type { Move, StoredFile } from "../duckdb/move/move.ts"
import type { StoreError } from "../store/store.ts"
import type { StructType } from "../table/schema.ts"
import type { NumberedFiles } from "./fold-sql.ts"

/** What the steps of one run share. */
export interface EngineRun extends Move {
  readonly schema: StructType
}

/** Files that have the numbers from `first` on. */
export const numbered = (
  { paths }: EngineRun,
  files: ReadonlyArray<StoredFile>,
  first: number
): Effect.Effect<NumberedFiles, LakeError | StoreError> =>
  Effect.map(paths(files), (paths) => ({ paths, numbers: files.map((_, i) => first + i) }))

/** Those of some files that have these numbers. */
export const numberedOf = (
  { paths }: EngineRun,
  files: ReadonlyArray<StoredFile>,
  numbers: ReadonlyArray<number>
): Effect.Effect<NumberedFiles, LakeError | StoreError> =>
  Effect.map(paths(numbers.flatMap((number) => files[number] ?? [])), (paths) => ({ paths, numbers }))
