import type { Identity } from "../contract/identity.ts"
import { identitySql, partitionSql } from "../duckdb/identity-sql.ts"
import { literal, readParquet } from "../duckdb/sql.ts"
import type { StructType } from "../table/schema.ts"
import type { DayBounds, EnginePlan } from "./engine.ts"

/**
 * The decisions of the fold, in SQL. They are made on what identifies and orders copies alone, a few dozen bytes a row, so that they hold for any
 * number of rows; the rows themselves move once, after it is known which.
 *
 * `copy`: every copy of a row that is looked at (`k0`, `k1`, … key, `v` version where there is one, `p` partition, then what orders copies, then where it
 * stands: `f` file, `r` row of the file; `old`: in the consumable already). `winner`: the latest of each. `chosen`: the rows to write, by their place
 * in the order partition, key, version.
 */

const sameness = (identity: Identity): string =>
  identitySql(identity, [])
    .map(([name]) => name)
    .join(", ")

const within = (bounds: DayBounds | null): string => {
  const tests = [
    ...(bounds?.from == null ? [] : [`left(p, 10) >= ${literal(bounds.from)}`]),
    ...(bounds?.to == null ? [] : [`left(p, 10) <= ${literal(bounds.to)}`]),
    ...(bounds === null ? [] : ["p <> ''"])
  ]
  return tests.length === 0 ? "true" : tests.join(" AND ")
}

export const surveySql = (plan: EnginePlan, schema: StructType, files: ReadonlyArray<string>): string =>
  `SELECT p AS partition, count(*) AS rows FROM (SELECT ${partitionSql(plan.identity, plan.columns)} AS p FROM ${readParquet(files, schema)})
   WHERE ${within(plan.bounds)} GROUP BY p ORDER BY p`

/** @param firstFile number of the first of `files`; the others follow */
export const copiesSql = (plan: EnginePlan, schema: StructType, files: ReadonlyArray<string>, firstFile: number, old: boolean): string =>
  `SELECT ${identitySql(plan.identity, plan.columns)
    .map(([name, sql]) => `${sql} AS ${name}`)
    .join(", ")}, ${partitionSql(plan.identity, plan.columns)} AS p,
     _arrived_at AS a, _sequence_number AS s, _sub_sequence_number AS u, _source AS o, _shard AS h,
     ${old} AS old, (file_index + ${firstFile})::INTEGER AS f, file_row_number AS r
   FROM ${readParquet(files, schema)}`

/** Of each column of the key, in how many copies it is null. */
export const keylessSql = ({ key }: Identity): string =>
  `SELECT ${key.map((_, i) => `count(*) FILTER (k${i} IS NULL) AS k${i}`).join(", ")} FROM copy`

/**
 * The latest arrival wins. Of one time it is the latest by name of source and shard (of files, the last by path), and in one shard by position, compared as
 * integers (longer is larger, then as text): rows alone decide, so that it is the same however they were batched, compacted or folded before. Of
 * the very same record twice, the one that is in the table already stays.
 */
export const winnerSql = ({ identity, bounds }: EnginePlan): string =>
  `CREATE TABLE winner AS
   SELECT ${sameness(identity)}, p, old, f, r FROM copy
   QUALIFY row_number() OVER (
     PARTITION BY ${sameness(identity)}
     ORDER BY a DESC NULLS LAST, o DESC NULLS LAST, h DESC NULLS LAST, length(s) DESC NULLS LAST, s DESC NULLS LAST, u DESC NULLS LAST,
       old DESC, f DESC, r DESC
   ) = 1 AND (${within(bounds)})`

/** Existing files with a row that lost: they cannot stay as they are. */
export const replacedSql = `SELECT DISTINCT c.f FROM copy c ANTI JOIN winner w ON w.old AND c.f = w.f AND c.r = w.r WHERE c.old ORDER BY c.f`

/** `read`: new copies within the bounds; `added`: rows won by new copies; `lost`: rows of the table that lost. */
export const countsSql = (bounds: DayBounds | null): string =>
  `SELECT (SELECT count(*) FROM copy WHERE NOT old AND ${within(bounds)}) AS read,
     (SELECT count(*) FROM winner WHERE NOT old) AS added,
     (SELECT count(*) FROM copy WHERE old) - (SELECT count(*) FROM winner WHERE old) AS lost`

export const chosenSql = ({ identity }: EnginePlan, replaced: ReadonlyArray<number>): string =>
  `CREATE TABLE chosen AS
   SELECT row_number() OVER (ORDER BY p, ${sameness(identity)}) - 1 AS place, p, f, r FROM winner
   WHERE NOT old${replaced.length === 0 ? "" : ` OR f IN (${replaced.join(", ")})`}`

/** The partitions of `chosen` in order, and how many rows each has. */
export const chosenPartitionsSql = "SELECT p AS partition, count(*) AS rows FROM chosen GROUP BY p ORDER BY p"

/** The files that have rows of `chosen`. */
export const holdingSql = "SELECT DISTINCT f FROM chosen"

/** Where the rows of some places stand, file by file: places count from the first of them. */
export const placesSql = (from: number, to: number): string =>
  `SELECT (place - ${from})::INTEGER AS place, f::INTEGER AS f, r::INTEGER AS r FROM chosen WHERE place >= ${from} AND place < ${to} ORDER BY f, r`
