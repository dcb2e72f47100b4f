import { readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { readAt, reading, withFile } from "../duckdb/local-reading.ts"
import { identifier, literal, parquetFiles, parquetOptions } from "../duckdb/sql.ts"
import { ForeignFiles, footerLength } from "../parquet/foreign-file.ts"
import type { Column } from "../record/column.ts"
import { randomUuid } from "../record/random.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile, PartitionValues } from "../table/actions.ts"
import { addPath } from "../table/table.ts"

/** Rows of a row group: engines read one at a time, and DuckDB holds one while it writes. */
const rowGroupRows = 100_000

/** A file of a mart that is in the store, and in no log yet. */
export interface MartFile {
  readonly add: Omit<AddFile, "modificationTime" | "dataChange">
  readonly rows: number
}

/** Writes what a SELECT gives to a file on this machine. @returns how many rows */
export const writeLocal = (db: DuckDB, select: string, path: string): Effect.Effect<number, LakeError> =>
  Effect.gen(function* () {
    yield* db.run(`COPY (${select}\n) TO ${literal(path)} (${parquetOptions(rowGroupRows)})`)
    const [row] = yield* db.rows(`SELECT sum(num_rows) AS rows FROM parquet_file_metadata([${literal(path)}])`)
    return Number(row?.["rows"] ?? 0)
  })

/** Where the files go, and what is in them. */
export interface MartLayout {
  /** Of the table, in the lake. */
  readonly tablePath: string
  /** Columns of the files. */
  readonly columns: ReadonlyArray<Column>
  /** Columns whose values a file's rows share. They are in the rows, and not in the files. */
  readonly partitionBy: ReadonlyArray<string>
}

/**
 * Puts rows that lie in files on this machine into files of a mart. Without partitions the files are taken as they are; else each partition gets
 * a file of its own.
 *
 * @param files with rows, which are gone afterwards
 */
export const putFiles = (
  db: DuckDB,
  { tablePath, columns, partitionBy }: MartLayout,
  files: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<MartFile>, LakeError | StoreError, Store> =>
  Effect.gen(function* () {
    if (files.length === 0) return []
    const parts =
      partitionBy.length === 0 || files.length === 0
        ? files.map((path) => ({ path, partitionValues: {} }))
        : yield* divide(db, columns, partitionBy, files)
    const foreign = new ForeignFiles(columns, [])
    const store = yield* Store
    return yield* Effect.forEach(parts, ({ path, partitionValues }) =>
      Effect.gen(function* () {
        const told = yield* footerOf(path, foreign)
        const name = addPath(partitionValues, `part-${yield* randomUuid}.zstd.parquet`)
        const { size } = yield* store.putFile(`${tablePath}/${name}`, path)
        return { add: { path: name, partitionValues, size, stats: told.stats }, rows: told.rows }
      })
    )
  })

const firstTail = 64 * 1024

const footerOf = (
  path: string,
  foreign: ForeignFiles
): Effect.Effect<{ readonly stats: string | null; readonly rows: number }, LakeError> =>
  reading(path, () =>
    withFile(path, async (file) => {
      const { size } = await file.stat()
      const tail = await readAt(file, Math.max(0, size - firstTail), Math.min(size, firstTail))
      const length = footerLength(tail)
      const told = foreign.read(length <= tail.length ? tail : await readAt(file, size - length, length), size)
      return told ?? { stats: null, rows: 0 }
    })
  )

interface Part {
  readonly path: string
  readonly partitionValues: PartitionValues
}

/** Writes rows anew, a file for each partition. Partitions are numbered: folders that DuckDB names by values would have to be read back. */
const divide = (
  db: DuckDB,
  columns: ReadonlyArray<Column>,
  partitionBy: ReadonlyArray<string>,
  files: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<Part>, LakeError> =>
  Effect.gen(function* () {
    const folder = join(db.folder, `parts-${yield* randomUuid}`)
    const from = parquetFiles(files)
    // In Delta an empty text is null where it is a partition.
    const values = partitionBy.map((name) => `nullif(CAST(${identifier(name)} AS VARCHAR), '')`)
    const names = values.map((_, i) => `v${i}`)
    yield* db.run(
      `CREATE OR REPLACE TEMP TABLE sluice_parts AS SELECT row_number() OVER () AS n, * FROM (SELECT DISTINCT ${values
        .map((value, i) => `${value} AS ${names[i]}`)
        .join(", ")} FROM ${from})`
    )
    const same = values.map((value, i) => `p.${names[i]} IS NOT DISTINCT FROM ${value}`).join(" AND ")
    yield* db.run(
      `COPY (SELECT p.n AS sluice_part, ${columns.map(({ name }) => identifier(name)).join(", ")} FROM ${from} JOIN sluice_parts p ON ${same}) TO ${literal(folder)} (${parquetOptions(rowGroupRows)}, PARTITION_BY (sluice_part))`
    )
    const parts = yield* db.rows(`SELECT n, ${names.join(", ")} FROM sluice_parts ORDER BY n`)
    yield* db.run("DROP TABLE sluice_parts")
    yield* Effect.ignore(Effect.tryPromise(() => Promise.all(files.map((path) => rm(path, { force: true })))))
    const found = yield* Effect.forEach(parts, (row) =>
      reading(folder, async () => {
        const part = join(folder, `sluice_part=${row["n"]}`)
        const isThere = await stat(part).then(
          () => true,
          () => false
        )
        const partitionValues = Object.fromEntries(
          partitionBy.map((name, i) => {
            const value = row[names[i] ?? ""]
            return [name, typeof value === "string" ? value : null] as const
          })
        )
        return isThere ? (await readdir(part)).sort().map((file): Part => ({ path: join(part, file), partitionValues })) : []
      })
    )
    return found.flat()
  })
