/**
 * The table that says which rows move: `chosen`, of each run of `n` rows that follow each other in their file the `place` of the first in the order to be written, from 0,
 * its partition `p` as text, and where it stands: `f` file, `r` row of the file. Rows of one partition follow each other.
 */

/** The partitions of `chosen` in the order of their places, and how many rows each has. */
export const chosenPartitionsSql = "SELECT p AS partition, sum(n) AS rows FROM chosen GROUP BY p ORDER BY min(place)"

/** The files that have rows of `chosen`. */
export const holdingSql = "SELECT DISTINCT f FROM chosen"

/** Where the rows of some places stand, file by file, in runs: their first place, counted from the first of these places, the file, its row, and how many rows. */
export const placesSql = (from: number, to: number): string =>
  `SELECT (greatest(place, ${from}) - ${from})::INTEGER AS place, f::INTEGER AS f, (r + greatest(${from} - place, 0))::INTEGER AS r,
     (least(place + n, ${to}) - greatest(place, ${from}))::INTEGER AS n
   FROM chosen WHERE place < ${to} AND place + n > ${from} ORDER BY f, r`
