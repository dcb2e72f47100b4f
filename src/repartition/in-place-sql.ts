import { list, literal, readParquet } from "../duckdb/sql.ts"
import type { StructType } from "../table/schema.ts"
import { type NumberedFiles, numberSql } from "./fold-sql.ts"

/**
 * The order of rows that need no sort, in SQL: where all new rows of a partition take the place of rows of its one replaced file, and others at most leave it, its rows
 * follow each other as they do in that file. Of a table of which scattered keys change those are all partitions, and what is looked at is as much as changes.
 *
 * `replacing`: the replaced files with `p`, the partition, and how many rows they have. `in_place`: those of which this holds.
 */

/** Both, and `chosen`, without rows: there are no replaced files. */
export const noneInPlaceSql = [
  "CREATE TABLE in_place (p VARCHAR, f INTEGER, rows BIGINT)",
  "CREATE TABLE chosen (place BIGINT, p VARCHAR, f INTEGER, r BIGINT, n BIGINT)"
]

/** @param partitions of the files, each of one */
export const replacingSql = (schema: StructType, { paths, numbers }: NumberedFiles, partitions: ReadonlyArray<string>): string =>
  `CREATE TABLE replacing AS
   SELECT ${numberSql(numbers)} AS f, ${list(partitions.map(literal))}[file_index::BIGINT + 1] AS p, count(*) AS rows
   FROM ${readParquet(paths, schema)} GROUP BY ALL`

export const inPlaceSql = `CREATE TABLE in_place AS
   SELECT p, any_value(f) AS f, any_value(rows) AS rows FROM replacing
   WHERE p NOT IN (
     SELECT p FROM winner w WHERE NOT old AND NOT d AND NOT EXISTS (
       SELECT 1 FROM lost l JOIN replacing b USING (f) WHERE l.winner_f = w.f AND l.winner_r = w.r AND b.p = w.p))
   GROUP BY p HAVING count(*) = 1`

export const inPlaceFilesSql = "SELECT f FROM in_place ORDER BY f"

/**
 * `chosen`, with the rows of these partitions: of each file what stays between two rows that lost is one run, and where one lost stands the row that it lost to,
 * unless there is none here. Of several that lost to the same row, the first is replaced.
 */
export const chosenInPlaceSql = `CREATE TABLE chosen AS
   WITH changed AS (
     SELECT b.p, l.f, l.r, l.winner_f, l.winner_r,
       l.winner_f IS NOT NULL AND l.p = b.p AND row_number() OVER (PARTITION BY l.f, l.winner_f, l.winner_r ORDER BY l.r) = 1 AS takes,
       coalesce(lag(l.r) OVER (PARTITION BY l.f ORDER BY l.r) + 1, 0) AS begins
     FROM lost l JOIN in_place b USING (f)
   ), run AS (
     SELECT p, 2 * r AS spot, f, begins AS r, r - begins AS n FROM changed WHERE r > begins
     UNION ALL SELECT p, 2 * r + 1, winner_f, winner_r, 1 FROM changed WHERE takes
     UNION ALL SELECT p, 2 * rows, f, last + 1, rows - last - 1
       FROM (SELECT b.p, f, rows, max(c.r) AS last FROM changed c JOIN in_place b USING (f) GROUP BY ALL) WHERE rows > last + 1
   )
   SELECT (sum(n) OVER (ORDER BY p, spot ROWS UNBOUNDED PRECEDING) - n)::BIGINT AS place, p, f::INTEGER AS f, r::BIGINT AS r, n::BIGINT AS n FROM run`
