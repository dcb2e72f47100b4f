/**
 * The table that says which rows move: `chosen`, of each row its `place` in the order to be written, from 0, its partition `p` as text, and where it stands: `f`
 * file, `r` row of the file. Rows of one partition follow each other, and partitions are in order.
 */

/** The partitions of `chosen` in order, and how many rows each has. */
export const chosenPartitionsSql = "SELECT p AS partition, count(*) AS rows FROM chosen GROUP BY p ORDER BY p"

/** The files that have rows of `chosen`. */
export const holdingSql = "SELECT DISTINCT f FROM chosen"

/** Where the rows of some places stand, file by file: places count from the first of them. */
export const placesSql = (from: number, to: number): string =>
  `SELECT (place - ${from})::INTEGER AS place, f::INTEGER AS f, r::INTEGER AS r FROM chosen WHERE place >= ${from} AND place < ${to} ORDER BY f, r`
