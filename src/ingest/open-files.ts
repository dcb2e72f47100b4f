import { Effect, type Scope } from "effect"
import { openParquetFile, type ParquetFile } from "../parquet/file.ts"
import type { Column } from "../record/column.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile, PartitionValues } from "../table/actions.ts"
import { addPath } from "../table/table.ts"
import type { PartitionGroup, Partitioning } from "./partitioned-rows.ts"

/** One Parquet file being filled. */
interface OpenFile {
  readonly path: string
  readonly partitionValues: PartitionValues
  readonly file: ParquetFile
}

/**
 * Files that are finished at a time: each waits for the store once or twice, and what it sends is in memory already. Many ask a store for much at once, one makes a batch of many
 * hours wait for each.
 */
const finishedAtATime = 4

/**
 * The files that a batch fills in one table, one per partition that has rows. Until a commit names them they lie in the store unseen; if their
 * scope closes before they are finished, nothing of them remains.
 */
export class OpenFiles {
  readonly #files = new Map<number, OpenFile>()
  readonly #table: string
  readonly #columns: ReadonlyArray<Column>
  readonly #partitioning: Partitioning
  readonly #tag: string

  /** @param tag unique per batch: part of the files' names */
  constructor(table: string, columns: ReadonlyArray<Column>, partitioning: Partitioning, tag: string) {
    this.#table = table
    this.#columns = columns
    this.#partitioning = partitioning
    this.#tag = tag
  }

  /** Appends a row group to its partition's file, which is opened with the first. */
  append({ partition, group }: PartitionGroup): Effect.Effect<void, StoreError, Store | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      let open = this.#files.get(partition)
      if (open === undefined) {
        const partitionValues = this.#partitioning.values(partition)
        const path = addPath(partitionValues, `part-${this.#tag}.zstd.parquet`)
        const upload = yield* (yield* Store).upload(`${this.#table}/${path}`)
        open = { path, partitionValues, file: openParquetFile(this.#columns, upload) }
        this.#files.set(partition, open)
      }
      yield* open.file.append(group)
    })
  }

  /** Appends row groups as they are made: one is in memory at a time. */
  appendAll(groups: Iterable<PartitionGroup>): Effect.Effect<void, StoreError, Store | Scope.Scope> {
    return Effect.forEach(groups, (group) => this.append(group), { discard: true })
  }

  /** Finishes every file, in the order in which they were opened. @param modificationTime milliseconds since 1970 */
  finish(modificationTime: number): Effect.Effect<ReadonlyArray<AddFile>, StoreError> {
    return Effect.forEach(
      this.#files.values(),
      ({ path, partitionValues, file }) =>
        Effect.map(file.finish, ({ size, stats }) => ({ path, partitionValues, size, modificationTime, stats, dataChange: true })),
      { concurrency: finishedAtATime }
    )
  }
}
