import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { Column } from "../../record/column.ts"
import { randomUuid } from "../../record/random.ts"
import { localUpload, writing } from "../local-upload.ts"
import { literal } from "../sql.ts"
import { chosenFromDividedSql, dividedSql, readingsSql } from "./chosen-sql.ts"
import type { Move, StoredFile } from "./move.ts"
import type { SliceThreads } from "./slice-threads.ts"
import { type MoveFailure, type Sizes, writeRows } from "./write-rows.ts"

/** Rows are read so many times, and more, before it costs less to write them down once on the way. */
const mostReadings = 3

/** Ranges that the rows of a load are divided into, at the most: each becomes a file, of which a few large ones are read faster than many small ones. */
const mostRanges = 64

/** Files in which the rows of `chosen` stand now. */
export interface Near {
  readonly files: ReadonlyArray<StoredFile>
  /** Finds them. */
  readonly run: Move
  /** Tells of the progress of what is written of them. */
  readonly onRows: (rows: number) => void
}

/**
 * Sees to it that rows which are taken together stand together. Rows of a large partition lie all over the files that they arrived in, and of each file that has some, whole row groups
 * are read: as many times as there are slices, so that the cost would grow with the square of a partition. Where it would, the rows are written down once on the way: as many of them at a
 * time as fit in memory, in files on this machine that each hold a range of places, and once more where a range is still too large for that. `chosen` says afterwards where they
 * stand. Room on the disk (TMPDIR): as much as the rows take compressed.
 */
export const divided = (
  columns: ReadonlyArray<Column>,
  run: Move,
  files: ReadonlyArray<StoredFile>,
  { rows, most, holding }: Sizes,
  threads: SliceThreads
): Effect.Effect<Near, MoveFailure> =>
  Effect.gen(function* () {
    const widths = widthsOf(rows, most)
    const [largest] = holding.toSorted((a, b) => b.size - a.size)
    const told = (pass: number, passes: number) => (done: number) =>
      run.onProgress({ rows: Math.floor((pass * rows + done) / passes), rowsTotal: rows })
    let near: Near = { files, run, onRows: told(0, 1) }
    if (largest === undefined || widths.length === 0) return near
    const { db } = run
    const [path = ""] = yield* run.paths([largest])
    const [group] = yield* db.rows(`SELECT max(row_group_num_rows) AS rows FROM parquet_metadata(${literal(path)})`)
    const [found] = yield* db.rows(readingsSql(most, Math.max(1, Number(group?.["rows"]))))
    if (Number(found?.["readings"]) <= mostReadings) return near

    const passes = widths.length + 1
    const paths: Move["paths"] = (files) => Effect.succeed(files.map(({ key }) => key))
    let folder: string | null = null
    for (const [pass, { before, width }] of widths.entries()) {
      const into = join(db.folder, `divided-${yield* randomUuid}`)
      yield* writing(into, () => mkdir(into))
      yield* db.run(dividedSql(most, before, width))
      const made: Array<StoredFile> = []
      const upload = Effect.fnUntraced(function* (name: string) {
        const path = join(into, `${name}.parquet`)
        return { path, upload: yield* localUpload(path) }
      })
      yield* writeRows(
        {
          table: "divided",
          columns,
          targetFileBytes: Number.POSITIVE_INFINITY,
          keepsPartitions: false,
          upload,
          onFile: ({ path, size }) => made.push({ key: path, size }),
          onRows: told(pass, passes)
        },
        near.run,
        near.files,
        most,
        threads
      )
      for (const statement of chosenFromDividedSql) yield* db.run(statement)
      near = { files: made, run: { ...run, paths }, onRows: told(pass + 1, passes) }
      if (folder !== null) yield* removed(folder)
      folder = into
    }
    return near
  })

/** What the folder of DuckDB loses sooner. */
const removed = (folder: string): Effect.Effect<void> =>
  Effect.promise(() => rm(folder, { recursive: true, force: true }).catch(() => undefined))

/**
 * How many places a range has after each pass, until a range is what is taken at a time; and before it.
 *
 * @param rows all
 * @param most that are taken at a time
 */
export const widthsOf = (rows: number, most: number): ReadonlyArray<{ readonly before: number; readonly width: number }> => {
  const widths: Array<{ readonly before: number; readonly width: number }> = []
  for (let before = Math.ceil(rows / most) * most; before > most; ) {
    const width = most * Math.ceil(before / most / mostRanges)
    widths.push({ before, width })
    before = width
  }
  return widths
}
