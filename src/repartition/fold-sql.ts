import type { Identity } from "../contract/identity.ts"
import { identitySql, newestFirstSql, newnessSql, partitionSql, sameSql } from "../duckdb/identity-sql.ts"
import { identifier, list, literal, readParquet } from "../duckdb/sql.ts"
import type { NewestLoad } from "../lake/newest-load.ts"
import { coordinateColumns } from "../record/system-columns.ts"
import type { StructType } from "../table/schema.ts"
import type { DayBounds, EnginePlan } from "./engine.ts"

/**
 * The decisions of the fold, in SQL. They are made on what identifies and orders copies alone, a few dozen bytes a row, so that they hold for any
 * number of rows; the rows themselves move once, after it is known which.
 *
 * `copy`: every copy of a row that is looked at, which are the new ones, and those that the table has of the same rows (`k0`, `k1`, … key, `v` version where
 * there is one, `p` partition, `w` order where there is one, `d`: takes its key away, coordinates, then where it stands: `f` file, `r` row of the file;
 * `old`: in the consumable already, as a row or as a key that was deleted). `winner`: of each row the copy that stays. `lost`: old copies that do
 * not stay, and the new one that each lost to (`winner_f` and `winner_r`, null: there is no new row, and `p`). `gone`: new copies that take their key away. `chosen`: the
 * rows to write, those of a partition by key and version, see `../duckdb/move/chosen-sql.ts`.
 */

/** Files to read, and the numbers that they have in `f`. */
export interface NumberedFiles {
  /** Local paths, at least one. */
  readonly paths: ReadonlyArray<string>
  readonly numbers: ReadonlyArray<number>
}

const sameness = (identity: Identity): string =>
  identitySql(identity, [])
    .map(([name]) => name)
    .join(", ")

/** Condition that a partition `p` lies within the bounds; days are quoted alike in the SQL of all engines. */
export const within = (bounds: DayBounds | null): string => {
  const tests = [
    ...(bounds?.from == null ? [] : [`left(p, 10) >= ${literal(bounds.from)}`]),
    ...(bounds?.to == null ? [] : [`left(p, 10) <= ${literal(bounds.to)}`]),
    ...(bounds === null ? [] : ["p <> ''"])
  ]
  return tests.length === 0 ? "true" : tests.join(" AND ")
}

/** New copies, before any is let go of. */
export const readSql = "SELECT count(*) AS rows FROM copy"

export const surveySql = (plan: EnginePlan, schema: StructType, files: ReadonlyArray<string>): string =>
  `SELECT p AS partition, count(*) AS rows FROM (SELECT ${partitionSql(plan.identity, plan.columns)} AS p FROM ${readParquet(files, schema)})
   WHERE ${within(plan.bounds)} GROUP BY p ORDER BY p`

/** The same as {@link surveySql}, of the new copies alone: before there are old ones. */
export const foundSql = "SELECT p AS partition, count(*) AS rows FROM copy GROUP BY p ORDER BY p"

/** The number of the file of a row that is read. */
export const numberSql = (numbers: ReadonlyArray<number>): string => {
  const [first = 0] = numbers
  const follow = numbers.every((number, i) => number === first + i)
  return `${follow ? `(file_index + ${first})` : `${list(numbers.map(String))}[file_index::BIGINT + 1]`}::INTEGER`
}

/** @param only what rows are looked at, as SQL that follows the files to read; what is worked out of a row costs more than most rows are worth */
const copiesOf = (plan: EnginePlan, schema: StructType, { paths, numbers }: NumberedFiles, old: boolean, only = ""): string =>
  `SELECT ${[...identitySql(plan.identity, plan.columns), ...newnessSql(plan.identity)].map(([name, sql]) => `${sql} AS ${name}`).join(", ")},
     ${partitionSql(plan.identity, plan.columns)} AS p, ${coordinateColumns.map(({ name }) => name).join(", ")},
     ${old} AS old, ${numberSql(numbers)} AS f, file_row_number AS r
   FROM ${readParquet(paths, schema)} ${only}`

export const copySql = (plan: EnginePlan, schema: StructType, inputs: NumberedFiles): string =>
  `CREATE TABLE copy AS SELECT * FROM (${copiesOf(plan, schema, inputs, false)}) WHERE ${within(plan.bounds)}`

/** Adds what the table has of rows that there are new copies of: of all others it does not matter where they are. */
export const oldCopiesSql = (plan: EnginePlan, schema: StructType, existing: NumberedFiles, load: NewestLoad | null): string => {
  const same = identitySql(plan.identity, plan.columns)
  // No column of a dataset is called so.
  const asNew = (name: string) => identifier(`/${name}`)
  const fresh = `SELECT ${same.map(([name]) => `${name} AS ${asNew(name)}`).join(", ")} FROM copy`
  const isSame = same.map(([name, sql]) => `${sql} ${name === "v" ? "IS NOT DISTINCT FROM" : "="} ${asNew(name)}`).join(" AND ")
  const current = load === null ? "" : ` WHERE NOT ${isOutdated(load)}`
  return `INSERT INTO copy SELECT * FROM (${copiesOf(plan, schema, existing, true, `SEMI JOIN (${fresh}) ON ${isSame}`)})${current}`
}

/** Is a copy older than a load of the whole table, which does not have it? */
const isOutdated = ({ at }: NewestLoad): string => `epoch_us(t) < ${at}`

/** Lets go of new copies that are older than the newest load. */
export const staleSql = (load: NewestLoad): string => `DELETE FROM copy WHERE ${isOutdated(load)}`

/** Adds what the table has that is older: whether a copy of it is new does not matter. */
export const outdatedSql = (plan: EnginePlan, schema: StructType, existing: NumberedFiles, load: NewestLoad): string =>
  `INSERT INTO copy SELECT * FROM (${copiesOf(plan, schema, existing, true)}) WHERE ${isOutdated(load)}`

/** Of each column of the key, in how many copies it is null. */
export const keylessSql = ({ key }: Identity): string =>
  `SELECT ${key.map((_, i) => `count(*) FILTER (k${i} IS NULL) AS k${i}`).join(", ")} FROM copy`

/** Of the very same record twice, the one that is in the table already stays. */
export const winnerSql = ({ identity }: EnginePlan, load: NewestLoad | null): string =>
  `CREATE TABLE winner AS
   SELECT ${sameness(identity)}, p, d, old, f, r FROM copy${load === null ? "" : ` WHERE NOT ${isOutdated(load)}`}
   QUALIFY row_number() OVER (PARTITION BY ${sameness(identity)} ORDER BY ${newestFirstSql(identity)}, old DESC, f DESC, r DESC) = 1`

export const lostSql = ({ identity }: EnginePlan): string =>
  `CREATE TABLE lost AS
   SELECT c.f, c.r, coalesce(w.d, true) AS d, CASE WHEN NOT w.old AND NOT w.d THEN w.f END AS winner_f, CASE WHEN NOT w.old AND NOT w.d THEN w.r END AS winner_r, w.p
   FROM copy c LEFT JOIN winner w ON ${sameSql(identity, "c", "w")} WHERE c.old AND NOT coalesce(c.f = w.f AND c.r = w.r, false)`

export const goneSql = "CREATE TABLE gone AS SELECT f, r FROM winner WHERE d AND NOT old"

/** Files of the table with a copy that lost: they cannot stay as they are. */
export const replacedSql = "SELECT DISTINCT f FROM lost ORDER BY f"

/**
 * `added`: rows won by new copies; `lost`: rows of the table that lost, of which `deleted` to a copy that takes the key away.
 *
 * @param rowFiles files from this number on have no rows, but keys that were deleted
 */
export const countsSql = (rowFiles: number): string =>
  `SELECT (SELECT count(*) FROM winner WHERE NOT old AND NOT d) AS added,
     count(*) AS lost, count(*) FILTER (d) AS deleted
   FROM lost WHERE f < ${rowFiles}`

/**
 * Adds the rows that must be sorted to `chosen`, which has those that stay in order, see `in-place-sql.ts`. They are numbered as they come from the sort, which is half the work of numbering by order.
 *
 * @param replaced files of the table whose rows move, but for those that lost, and for those in place; null: there are none
 * @param partitions of these, each of one
 */
export const chosenSql = (
  { identity, columns }: EnginePlan,
  schema: StructType,
  replaced: NumberedFiles | null,
  partitions: ReadonlyArray<string>
): string => {
  const order = `p, ${sameness(identity)}`
  const staying = ({ paths, numbers }: NumberedFiles) =>
    `UNION ALL SELECT ${order}, f, r FROM (
       SELECT ${identitySql(identity, columns)
         .map(([name, sql]) => `${sql} AS ${name}`)
         .join(", ")}, ${list(partitions.map(literal))}[file_index::BIGINT + 1] AS p, ${numberSql(numbers)} AS f, file_row_number AS r
       FROM ${readParquet(paths, schema)}) ANTI JOIN lost USING (f, r)`
  return `INSERT INTO chosen
   SELECT (SELECT coalesce(sum(n), 0)::BIGINT FROM chosen) + row_number() OVER () - 1 AS place, p, f, r, 1 AS n FROM (
     SELECT * FROM (
       SELECT ${order}, f, r FROM winner WHERE NOT old AND NOT d AND p NOT IN (SELECT p FROM in_place) ${replaced === null ? "" : staying(replaced)})
     ORDER BY ${order})`
}

/**
 * The keys that new copies take away, and those of files of such keys that become one, but for what lost.
 *
 * @param columns to write of each
 * @param merged files of keys that were deleted before; null: there are none
 */
export const tombstonesSql = (
  columns: StructType,
  schema: StructType,
  inputs: NumberedFiles | null,
  merged: NumberedFiles | null
): string => {
  const names = columns.fields.map(({ name }) => identifier(name)).join(", ")
  const rowsOf = ({ paths, numbers }: NumberedFiles, schema: StructType) =>
    `SELECT ${names}, ${numberSql(numbers)} AS "/file", file_row_number AS "/row" FROM ${readParquet(paths, schema)}`
  const at = (table: string) => `"/file" = ${table}.f AND "/row" = ${table}.r`
  return [
    ...(inputs === null ? [] : [`SELECT ${names} FROM (${rowsOf(inputs, schema)}) SEMI JOIN gone ON ${at("gone")}`]),
    ...(merged === null ? [] : [`SELECT ${names} FROM (${rowsOf(merged, columns)}) ANTI JOIN lost ON ${at("lost")}`])
  ].join(" UNION ALL ")
}

/** The files that have copies of `gone`. */
export const goneFilesSql = "SELECT DISTINCT f FROM gone ORDER BY f"
