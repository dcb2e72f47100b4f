/**
 * A table that says which rows move: of each run of `n` rows that follow each other in their file the `place` of the first in the order to be written, from 0, its
 * partition `p` as text, and where it stands: `f` file, `r` row of the file. Rows of one partition follow each other. `chosen` has those that a target gets.
 */

/** The partitions of the rows in the order of their places, and how many rows each has. */
export const partitionsSql = (table: string): string => `SELECT p AS partition, sum(n) AS rows FROM ${table} GROUP BY p ORDER BY min(place)`

/** How many rows of `chosen` each file has, and at the most what share of a file's rows they are: of those up to the last of them. */
export const holdingSql = "SELECT f, sum(n) AS rows, sum(n) / max(r + n) AS share FROM chosen GROUP BY f"

/** Where the rows of some places stand, file by file, in runs: their first place, counted from the first of these places, the file, its row, and how many rows. */
export const placesSql = (table: string, from: number, to: number): string =>
  `SELECT (greatest(place, ${from}) - ${from})::INTEGER AS place, f::INTEGER AS f, (r + greatest(${from} - place, 0))::INTEGER AS r,
     (least(place + n, ${to}) - greatest(place, ${from}))::INTEGER AS n
   FROM ${table} WHERE place < ${to} AND place + n > ${from} ORDER BY f, r`

/**
 * How many times each row of `chosen` is read, if they are taken `most` at a time and with each come all that stand within the same `block` rows of its file: 1, where rows that
 * are taken together stand together.
 */
export const readingsSql = (most: number, block: number): string =>
  `SELECT coalesce(sum(rows * slices) / sum(rows), 1) AS readings FROM (
     SELECT sum(rows) AS rows, count(*) AS slices
     FROM (SELECT place // ${most} AS slice, f, r // ${block} AS b, sum(n) AS rows FROM chosen GROUP BY ALL)
     GROUP BY f, b)`

/**
 * The rows of `chosen` in another order: as they stand in the files, `load` rows at a time, and those of a load by their place, which is `to_place` here. A partition are the rows of
 * one load whose places lie in one range of `width`.
 *
 * @param before rows lie in ranges of so many places already, each in files of its own
 */
export const dividedSql = (load: number, before: number, width: number): string =>
  `CREATE TABLE divided AS
   SELECT row_number() OVER () - 1 AS place, (load << 32) + to_place // ${width} AS p, f, r, 1 AS n, to_place, to_p FROM (
     SELECT * FROM (
       SELECT (row_number() OVER (ORDER BY to_place // ${before}, f, r) - 1) // ${load} AS load, to_place, to_p, f, r
       FROM (SELECT place + i AS to_place, p AS to_p, f, r + i AS r FROM (SELECT *, unnest(range(n)) AS i FROM chosen)))
     ORDER BY load, to_place)`

/** `chosen` anew: its rows stand in a file for each partition of `divided` now, and these are numbered in their order. */
export const chosenFromDividedSql = [
  "DROP TABLE chosen",
  `CREATE TABLE chosen AS
   SELECT d.to_place AS place, d.to_p AS p, b.f::INTEGER AS f, d.place - b.first AS r, 1 AS n
   FROM divided d JOIN (SELECT p, min(place) AS first, row_number() OVER (ORDER BY min(place)) - 1 AS f FROM divided GROUP BY p) b USING (p)`,
  "DROP TABLE divided"
]
