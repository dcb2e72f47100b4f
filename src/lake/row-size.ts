import { Effect } from "effect"
import type { StructType } from "../table/schema.ts"
import type { DuckDB } from "./duckdb.ts"
import type { LakeError } from "./errors.ts"
import { identifier, readParquet } from "./sql.ts"

/**
 * About how many bytes a row takes in memory: the length of a few rows as text, from a few of the files; the largest average, since files may differ.
 * What the log and the footers say is of no use: dictionaries make rows look small that are large in memory.
 */
export const estimateRowBytes = (db: DuckDB, schema: StructType, files: ReadonlyArray<string>): Effect.Effect<number, LakeError> => {
  const some = new Set([files[0], files[files.length >> 1], files.at(-1)].filter((path) => path !== undefined))
  const columns = schema.fields.map(({ name }) => identifier(name)).join(", ")
  return Effect.map(
    Effect.forEach(some, (path) =>
      db.rows(`SELECT avg(strlen(t::VARCHAR)) AS bytes FROM (SELECT ${columns} FROM ${readParquet([path], schema)} LIMIT 200) AS t`)
    ),
    (results) => Math.max(64, ...results.map(([row]) => Number(row?.["bytes"] ?? 0)))
  )
}

/** A number of rows for a row group that takes about `bytes`, as DuckDB likes it: a multiple of 2,048. */
export const rowGroupRows = (rowBytes: number, bytes: number): number =>
  Math.min(120 * 1024, Math.max(2048, Math.floor(bytes / Math.max(1, rowBytes) / 2048) * 2048))
