import { identifier, keySql, literal, readParquet } from "../duckdb/sql.ts"
import type { StructType } from "../table/schema.ts"
import type { DayBounds, EnginePlan } from "./engine.ts"

/**
 * The decisions of the fold, in SQL. They are made on what identifies and orders copies alone, a few dozen bytes a row, so that they hold for any
 * number of rows; the rows themselves move once, after it is known which.
 *
 * `copy`: every copy of a version that is looked at (`k` key, `v` version, `d` day, then what orders copies, then where it stands: `f` file, `r`
 * row of the file; `old`: in the consumable already). `winner`: the latest of each version. `chosen`: the rows to write, by their place in the
 * order day, key, version.
 */

/** UTC day of a row; empty where it has none. */
const daySql = (eventTimeColumns: ReadonlyArray<string>): string => {
  const time = `coalesce(${eventTimeColumns.map(identifier).join(", ")})`
  return `CASE WHEN year(${time}) BETWEEN 1 AND 9999 THEN strftime(${time}, '%Y-%m-%d') ELSE '' END`
}

const within = (bounds: DayBounds | null): string => {
  const tests = [
    ...(bounds?.from == null ? [] : [`d >= ${literal(bounds.from)}`]),
    ...(bounds?.to == null ? [] : [`d <= ${literal(bounds.to)}`]),
    ...(bounds === null ? [] : ["d <> ''"])
  ]
  return tests.length === 0 ? "true" : tests.join(" AND ")
}

export const surveySql = (plan: EnginePlan, schema: StructType, files: ReadonlyArray<string>): string =>
  `SELECT d AS day, count(*) AS rows FROM (SELECT ${daySql(plan.eventTimeColumns)} AS d FROM ${readParquet(files, schema)})
   WHERE ${within(plan.bounds)} GROUP BY d ORDER BY d`

/** @param firstFile number of the first of `files`; the others follow */
export const copiesSql = (plan: EnginePlan, schema: StructType, files: ReadonlyArray<string>, firstFile: number, old: boolean): string =>
  `SELECT ${keySql(plan.keyColumn, plan.columns)} AS k, coalesce(${plan.versionColumns.map(identifier).join(", ")}) AS v, ${daySql(plan.eventTimeColumns)} AS d,
     _arrived_at AS a, _sequence_number AS s, _sub_sequence_number AS u, _source AS o, _shard AS h,
     ${old} AS old, (file_index + ${firstFile})::INTEGER AS f, file_row_number AS r
   FROM ${readParquet(files, schema)}`

/**
 * The latest arrival wins. Of one time it is the latest by name of source and shard (of files, the last by path), and in one shard by position, compared as
 * integers (longer is larger, then as text): rows alone decide, so that it is the same however they were batched, compacted or folded before. Of
 * the very same record twice, the one that is in the table already stays.
 */
export const winnerSql = (bounds: DayBounds | null): string =>
  `CREATE TABLE winner AS
   SELECT k, v, d, old, f, r FROM copy
   QUALIFY row_number() OVER (
     PARTITION BY k, v
     ORDER BY a DESC NULLS LAST, o DESC NULLS LAST, h DESC NULLS LAST, length(s) DESC NULLS LAST, s DESC NULLS LAST, u DESC NULLS LAST,
       old DESC, f DESC, r DESC
   ) = 1 AND (${within(bounds)})`

/** Existing files with a row that lost: they cannot stay as they are. */
export const replacedSql = `SELECT DISTINCT c.f FROM copy c ANTI JOIN winner w ON w.old AND c.f = w.f AND c.r = w.r WHERE c.old ORDER BY c.f`

/** `read`: new copies within the bounds; `added`: versions won by new copies; `lost`: rows of the table that lost. */
export const countsSql = (bounds: DayBounds | null): string =>
  `SELECT (SELECT count(*) FROM copy WHERE NOT old AND ${within(bounds)}) AS read,
     (SELECT count(*) FROM winner WHERE NOT old) AS added,
     (SELECT count(*) FROM copy WHERE old) - (SELECT count(*) FROM winner WHERE old) AS lost`

export const chosenSql = (replaced: ReadonlyArray<number>): string =>
  `CREATE TABLE chosen AS
   SELECT row_number() OVER (ORDER BY d, k, v) - 1 AS place, d, f, r FROM winner
   WHERE NOT old${replaced.length === 0 ? "" : ` OR f IN (${replaced.join(", ")})`}`

/** The days of `chosen` in order, and how many rows each has. */
export const chosenDaysSql = "SELECT d AS day, count(*) AS rows FROM chosen GROUP BY d ORDER BY d"

/** The files that have rows of `chosen`. */
export const holdingSql = "SELECT DISTINCT f FROM chosen"

/** Where the rows of some places stand, file by file. */
export const placesSql = (from: number, to: number): string =>
  `SELECT place, f, r FROM chosen WHERE place >= ${from} AND place < ${to} ORDER BY f, r`
