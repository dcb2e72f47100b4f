import { join } from "node:path"
import { Effect } from "effect"
import { ColumnBuilders } from "../columns/builders.ts"
import { mixLeaf } from "../columns/row-hash.ts"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { localUpload } from "../duckdb/local-upload.ts"
import { RowReader } from "../duckdb/read-rows.ts"
import { RowGroups } from "../duckdb/row-groups.ts"
import { openParquetFile } from "../parquet/file.ts"
import { type Column, leaf } from "../record/column.ts"
import { randomUuid } from "../record/random.ts"
import { coordinateColumns } from "../record/system-columns.ts"
import type { StoreError } from "../store/store.ts"

/** Columns that have a hash together: so many are looked at one by one where rows differ. */
export const hashedTogether = 8

/** Bytes of leaves that are done with and still held: letting go of each by itself would cost more than reading it, where files are small. */
const keptBytes = 4 * 1024 * 1024

/** Name of the hash of a group of columns that have one together. */
export const hashName = (group: number): string => `hash_${group}`

/**
 * Writes a local Parquet file that has, of each row of some data files, its coordinates and hashes of what its columns hold. Memory: one leaf of a row group, however
 * large its rows are.
 *
 * @param files local paths
 * @param columns to be hashed
 * @param together how many of them have a hash together: the first so many, the next, and so on
 * @param onFile told after each file
 * @returns the path of the file
 */
export const writeRowHashes = (
  db: DuckDB,
  files: ReadonlyArray<string>,
  columns: ReadonlyArray<Column>,
  together: number,
  onFile: () => void
): Effect.Effect<string, LakeError | StoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const path = join(db.folder, `hashes-${yield* randomUuid}.parquet`)
      const groups = Math.ceil(columns.length / together)
      const hashColumns = Array.from({ length: groups }, (_, group) => leaf(hashName(group), "long", ""))
      const written = [...coordinateColumns, ...hashColumns]
      const file = openParquetFile(written, yield* localUpload(path))
      const held = new ColumnBuilders(columns)
      const out = new ColumnBuilders(written)
      const ends = held.nodes.map(({ end }) => end)
      const [finder, outFinder] = [new RowGroups(held, db), new RowGroups(out, db)]
      for (const each of files) {
        const groups = yield* finder.of(each)
        // Where it was written anew, the coordinates are read from there as well: row groups are the same in one file alone.
        const outGroups = yield* outFinder.of(groups[0]?.path ?? each)
        for (const [number, at] of groups.entries()) {
          const wanted = new Uint8Array(at.rows).fill(1)
          const coordinates = new RowReader([{ at: outGroups[number] ?? at, wanted }])
          for (const number of coordinateColumns.keys()) yield* coordinates.leaf(number, out, Number.POSITIVE_INFINITY)
          const reader = new RowReader([{ at, wanted }])
          let column = 0
          let hashes = new Int32Array(2 * at.rows)
          for (const [number, each] of held.leaves.entries()) {
            yield* reader.leaf(number, held, Number.POSITIVE_INFINITY)
            mixLeaf(held.store, number, each, hashes)
            if (held.bytes > keptBytes) held.reset()
            if (number + 1 < (ends[column] ?? 0)) continue
            column++
            if (column % together !== 0 && column < columns.length) continue
            const target = coordinateColumns.length + Math.ceil(column / together) - 1
            for (let row = 0; row < at.rows; row++) out.store.addLong(target, 0, hashes[2 * row] ?? 0, hashes[2 * row + 1] ?? 0)
            hashes = new Int32Array(2 * at.rows)
          }
          held.reset()
          out.endRows(at.rows)
          yield* file.write(out)
          out.reset()
        }
        onFile()
      }
      yield* file.finish
      return path
    })
  )
