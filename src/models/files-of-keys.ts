import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { literal, sqlType } from "../duckdb/sql.ts"
import { membersOf } from "../record/members.ts"
import type { AddFile } from "../table/actions.ts"
import type { StructField } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"

/**
 * The files of a mart that may hold a row with a key of `sluice_touched`, by what the log tells of each: its partition, and the smallest and largest of its values.
 * All others hold none. No file is opened for it.
 *
 * @param keys columns of the key; one that the table lacks tells nothing
 * @param isNullLikeNull does a key that is null mean the rows where it is null?
 * @returns paths, in the order of the snapshot's
 */
export const filesOfKeys = (
  db: DuckDB,
  { files, schema, metaData }: Snapshot,
  keys: ReadonlyArray<string>,
  isNullLikeNull: boolean
): Effect.Effect<ReadonlyArray<string>, LakeError> =>
  Effect.gen(function* () {
    const paths = [...files.keys()]
    const told = [...files.values()].map(({ stats, partitionValues }) => ({ partitionValues, ...membersOf(parse(stats)) }))
    const columns = keys.flatMap((key) => {
      const field = schema.fields.find(({ name }) => name.toLowerCase() === key.toLowerCase())
      return field === undefined || !hasOrder(field) ? [] : [{ key, field }]
    })
    if (paths.length === 0 || columns.length === 0) return paths
    const selects = columns.map(({ key, field }, column) => {
      const isPartition = metaData.partitionColumns.includes(field.name)
      const values = told.map((file, i) => `(${[i, ...boundsOf(file, field.name, isPartition, isNullLikeNull)].join(", ")})`)
      return `SELECT ${column} AS key_column, i FROM (${mayHold(key, field, values)})`
    })
    const found = yield* db.rows(`SELECT i FROM (${selects.join(" UNION ALL ")}) GROUP BY i HAVING count(*) = ${columns.length} ORDER BY i`)
    return found.flatMap((row) => paths[Number(row["i"])] ?? [])
  })

/** Types whose values have one order for all who write tables, and of which DuckDB reads what a log says. */
const ordered: ReadonlyArray<unknown> = ["byte", "short", "integer", "long", "date", "timestamp", "timestamp_ntz", "string"]
const hasOrder = ({ type }: StructField): boolean => ordered.includes(type)

/** What the log tells of a file. */
type Told = Pick<AddFile, "partitionValues"> & { readonly [name: string]: unknown }

/** The ends between which a column's values lie, as SQL. `NULL`: it is not told. */
const boundsOf = (file: Told, name: string, isPartition: boolean, isNullLikeNull: boolean): ReadonlyArray<string> => {
  const partition = file.partitionValues[name]
  const nulls = membersOf(file["nullCount"])[name]
  // A null lies between no ends.
  if (!isPartition && isNullLikeNull && nulls !== 0) return ["NULL", "NULL"]
  return ["minValues", "maxValues"].map((end) => boundSql(isPartition ? partition : membersOf(file[end])[name]))
}

const boundSql = (value: unknown): string =>
  typeof value === "string"
    ? literal(value)
    : // A larger number is not the one that stands in the log.
      typeof value === "number" && Number.isSafeInteger(value)
      ? literal(String(value))
      : "NULL"

/** Places of the files between whose ends a key lies: the smallest that is not below the lower one is not above the upper one. */
const mayHold = (key: string, { type }: StructField, values: ReadonlyArray<string>): string => {
  const sql = sqlType(type)
  // A log may cut a time off to milliseconds.
  const more = String(type).startsWith("timestamp") ? " + INTERVAL 1 MILLISECOND" : ""
  const bounds = `SELECT i, TRY_CAST(low AS ${sql}) AS low, TRY_CAST(high AS ${sql})${more} AS high FROM (VALUES ${values.join(", ")}) v(i, low, high)`
  return `WITH bounds AS (${bounds})
    SELECT i FROM bounds WHERE low IS NULL OR high IS NULL
    UNION ALL SELECT i FROM bounds ASOF JOIN (SELECT n.${key} AS value FROM sluice_touched n WHERE n.${key} IS NOT NULL) ON low <= value WHERE value <= high`
}

/** What is no JSON tells nothing. */
const parse = (text: string | null): unknown => {
  try {
    return text === null ? null : JSON.parse(text)
  } catch {
    return null
  }
}
