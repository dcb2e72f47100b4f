import { Effect } from "effect"
import type { ColumnBuilders } from "../columns/builders.ts"
import type { Column } from "../record/column.ts"
import { version } from "../record/version.ts"
import type { StoreError, Upload } from "../store/store.ts"
import { Footer, magic } from "./footer.ts"
import { encodeRowGroup, type RowGroup, type RowGroupOptions } from "./row-group.ts"
import { formatStatistics, StatisticsBuilder } from "./statistics.ts"

export interface ParquetFileOptions extends RowGroupOptions {
  /** Who wrote it, in the form `name version x (build y)` that readers parse. */
  readonly createdBy?: string
}

export interface ParquetFile {
  /** Encodes the rows as one row group, if there are any, and appends it. Clear the builders before you add to them again. */
  readonly write: (builders: ColumnBuilders) => Effect.Effect<void, StoreError>
  /** Appends a row group of the file's columns that was encoded elsewhere. */
  readonly append: (group: RowGroup) => Effect.Effect<void, StoreError>
  /** Writes the footer and makes the object visible. `stats` is the text that a Delta log says of the file. Bytes, rows. */
  readonly finish: Effect.Effect<{ readonly size: number; readonly rows: number; readonly stats: string }, StoreError>
}

const createdBy = `sluice version ${version} (build sluice)`

/**
 * Starts a Parquet file of these columns that is written through an upload, one row group in memory at a time: who writes bounds them. Nothing
 * is visible before `finish`. A write that failed or was interrupted leaves half a row group behind it: such a file can only be given up, by
 * closing the upload's scope, and going on with it is a defect.
 */
export const openParquetFile = (columns: ReadonlyArray<Column>, upload: Upload, options: ParquetFileOptions = {}): ParquetFile => {
  const footer = new Footer(columns, options.createdBy ?? createdBy)
  const statistics = new StatisticsBuilder(columns)
  let offset = 0
  let usable = true

  /** Runs a step of the file, which is unusable from its start until its success. */
  const step = <A>(work: () => Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
    Effect.suspend(() => {
      if (!usable) return Effect.die(new Error("this Parquet file is finished, or a write to it failed; open a new one"))
      usable = false
      return work()
    })
  const ready = Effect.sync(() => {
    usable = true
  })
  const put = (bytes: Uint8Array): Effect.Effect<void, StoreError> => {
    offset += bytes.length
    return upload.write(bytes)
  }
  const begin = Effect.suspend(() => (offset === 0 ? put(magic) : Effect.void))
  const appendGroup = (group: RowGroup) =>
    begin.pipe(
      Effect.andThen(
        Effect.suspend(() => {
          footer.add(group, offset)
          statistics.add(group)
          return put(group.bytes)
        })
      ),
      Effect.andThen(ready)
    )

  return {
    write: (builders) => step(() => (builders.rowCount === 0 ? ready : appendGroup(encodeRowGroup(builders, options)))),
    append: (group) => step(() => appendGroup(group)),
    finish: step(() =>
      begin.pipe(
        Effect.andThen(Effect.suspend(() => put(footer.finish()))),
        Effect.andThen(upload.finish),
        Effect.map(({ size }) => ({ size, rows: footer.rows, stats: formatStatistics(columns, statistics.statistics) }))
      )
    )
  }
}
