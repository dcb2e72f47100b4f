import { Effect, type Scope } from "effect"
import { ColumnBuilders } from "../columns/builders.ts"
import { openParquetFile, type ParquetFile } from "../parquet/file.ts"
import type { Column } from "../record/column.ts"
import { ingestionHour } from "../record/record.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile, PartitionValues } from "../table/actions.ts"
import { addPath } from "../table/table.ts"

/** One Parquet file being filled: the columns not yet written, and the file once its first row group went out. */
export interface OpenFile {
  readonly key: string
  readonly path: string
  readonly partitionValues: PartitionValues
  readonly builders: ColumnBuilders
  file: ParquetFile | null
}

/**
 * The files that a batch fills in one table, one per partition. Until a commit names them they lie in the store unseen; if their scope closes
 * before they are finished, nothing of them remains.
 */
export class OpenFiles {
  private readonly files = new Map<number | string, OpenFile>()
  private readonly table: string
  private readonly columns: ReadonlyArray<Column>
  private readonly tag: string

  /** @param tag unique per batch: part of the files' names */
  constructor(table: string, columns: ReadonlyArray<Column>, tag: string) {
    this.table = table
    this.columns = columns
    this.tag = tag
  }

  get size(): number {
    return this.files.size
  }

  /** The columns of a partition's file. @param key names the partition, so that its values are made once */
  of(key: number | string, partitionValues: () => PartitionValues): ColumnBuilders {
    let open = this.files.get(key)
    if (open === undefined) {
      const values = partitionValues()
      const path = addPath(values, `part-${this.tag}.zstd.parquet`)
      const columns = this.columns
      open = { key: `${this.table}/${path}`, path, partitionValues: values, builders: new ColumnBuilders(columns), file: null }
      this.files.set(key, open)
    }
    return open.builders
  }

  all(): ReadonlyArray<OpenFile> {
    return [...this.files.values()]
  }

  /** Finishes every file that has rows. @param modificationTime milliseconds since 1970 */
  finish(modificationTime: number): Effect.Effect<ReadonlyArray<AddFile>, StoreError, Store | Scope.Scope> {
    return Effect.forEach(
      this.all().filter(({ file, builders }) => file !== null || builders.rowCount > 0),
      (open) =>
        Effect.gen(function* () {
          const file = yield* writeRowGroup(open)
          const { size, stats } = yield* file.finish
          return { path: open.path, partitionValues: open.partitionValues, size, modificationTime, stats, dataChange: true }
        })
    )
  }
}

/** Writes row groups until the columns held in memory take half of `limit` again, once they take more than it; the largest first. */
export const relieve = (files: ReadonlyArray<OpenFiles>, limit: number): Effect.Effect<void, StoreError, Store | Scope.Scope> =>
  Effect.suspend(() => {
    const open = files.flatMap((each) => each.all())
    let held = open.reduce((total, { builders }) => total + builders.bytes, 0)
    if (held <= limit) return Effect.void
    open.sort((a, b) => b.builders.bytes - a.builders.bytes)
    const largest: Array<OpenFile> = []
    for (const file of open) {
      if (held <= limit / 2) break
      held -= file.builders.bytes
      largest.push(file)
    }
    return Effect.forEach(largest, writeRowGroup, { discard: true })
  })

const writeRowGroup = Effect.fnUntraced(function* (open: OpenFile) {
  const store = yield* Store
  const file = open.file ?? openParquetFile(open.builders.columns, yield* store.upload(open.key))
  open.file = file
  if (open.builders.rowCount > 0) yield* file.write(open.builders)
  open.builders.clear()
  return file
})

const hourMillis = 3_600_000

/** The columns of the ingestion hour that an arrival time (milliseconds since 1970) belongs to. */
export const columnsOfHour = (stage: OpenFiles, millis: number): ColumnBuilders =>
  stage.of(Math.floor(millis / hourMillis), () => {
    const { date, hour } = ingestionHour(millis)
    return { ingest_date: date, ingest_hour: String(hour) }
  })

/** The columns of the dead letters of an arrival date. */
export const columnsOfDate = (deadLetters: OpenFiles, millis: number): ColumnBuilders => {
  const { date } = ingestionHour(millis)
  return deadLetters.of(date, () => ({ ingest_date: date }))
}
