import { Effect } from "effect"
import type { ColumnBuilders } from "../columns/builders.ts"
import type { Column } from "../record/column.ts"
import { version } from "../record/version.ts"
import type { StoreError, Upload } from "../store/store.ts"
import { makeEncoder } from "./encoder.ts"
import { formatStatistics } from "./statistics.ts"

export interface ParquetFileOptions {
  /** ZSTD level, 1 to 22. Higher costs time for little: the encodings have taken out most of what repeats. Default 1. */
  readonly compressionLevel?: number
  /** Who wrote it, in the form `name version x (build y)` that readers parse. */
  readonly createdBy?: string
  /** Rough bytes in memory that one row group may hold: what a reader needs at a time, and what is encoded in one go. Default 128 MiB. */
  readonly rowGroupBytes?: number
}

export interface ParquetFile {
  /** Writes the rows as one row group, or as several when they are large. The builders may be cleared afterwards. */
  readonly write: (builders: ColumnBuilders) => Effect.Effect<void, StoreError>
  /** Writes the footer and makes the object visible. `stats` is the text that a Delta log says of the file. Bytes, rows. */
  readonly finish: Effect.Effect<{ readonly size: number; readonly rows: number; readonly stats: string }, StoreError>
}

const createdBy = `sluice version ${version} (build hyparquet-writer)`

/** A row group never has more rows than this, however small they are. */
const maxGroupRows = 100_000

/**
 * Starts a Parquet file of these columns that is written through an upload, one row group in memory at a time. Nothing is visible before
 * `finish`. A write that failed or was interrupted leaves half a row group behind it: such a file can only be given up, by closing the
 * upload's scope, and going on with it is a defect.
 */
export const openParquetFile = (columns: ReadonlyArray<Column>, upload: Upload, options: ParquetFileOptions = {}): ParquetFile => {
  const encoder = makeEncoder(columns, {
    compressionLevel: options.compressionLevel ?? 1,
    createdBy: options.createdBy ?? createdBy
  })
  const rowGroupBytes = options.rowGroupBytes ?? 128 * 1024 * 1024
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

  const writeGroup = (builders: ColumnBuilders, start: number, end: number) =>
    step(() => Effect.andThen(upload.write(encoder.rowGroup(builders, start, end)), ready))

  return {
    write: Effect.fnUntraced(function* (builders) {
      const rows = builders.rowCount
      const groups = Math.max(Math.ceil(rows / maxGroupRows), Math.ceil(builders.bytes / rowGroupBytes))
      const groupRows = Math.max(1, Math.ceil(rows / Math.max(1, groups)))
      for (let start = 0; start < rows; start += groupRows) yield* writeGroup(builders, start, Math.min(rows, start + groupRows))
    }),
    finish: step(() =>
      upload.write(encoder.finish()).pipe(
        Effect.andThen(upload.finish),
        Effect.map(({ size }) => ({ size, rows: encoder.rowCount(), stats: formatStatistics(columns, encoder.statistics()) }))
      )
    )
  }
}
