import type { Identity } from "../../contract/identity.ts"
import { columnsSql } from "../../duckdb/former-names.ts"
import { type Column, leafTypeOf } from "../../record/column.ts"
import { deltaSchema } from "../../table/schema.ts"
import type { EnginePlan } from "../engine.ts"
import { fileColumn, partitionColumn, partitionMark } from "./scratch.ts"
import { dialect, identifier, literal } from "./spark-sql.ts"

/**
 * The fold in Spark's SQL: the same decisions as `../fold-sql.ts` takes, by the same names. Two passes: the first looks at what decides alone, and finds
 * which existing files have a row that lost; the second moves whole rows, of the new files and of those.
 *
 * `inputs` and `existing` are the files to read. Of `existing`, only the partitions of new rows are looked at, where the key decides them, and of those only
 * rows that a new one may beat, unless their file is written anew.
 */

/** A step of the driver. `none` stands in its list where it found nothing. */
export interface Step {
  readonly name: string
  readonly sql: string
  readonly none: string
}

/** What a file number is where there is none: that of new files, and in an empty list. */
export const noFile = -1

const firstOf = (names: ReadonlyArray<string>): string =>
  names.length === 1 ? names.map(identifier).join() : `coalesce(${names.map(identifier).join(", ")})`

/** As in `../../duckdb/identity-sql.ts`, but that long keys need no room here. */
const identitySql = ({ key, version }: Identity): ReadonlyArray<readonly [name: string, sql: string]> => [
  ...key.map((name, i) => [`k${i}`, identifier(name)] as const),
  ...(version.length === 0 ? [] : [["v", firstOf(version)] as const])
]

const sameness = (identity: Identity): ReadonlyArray<string> => identitySql(identity).map(([name]) => name)

/** The partition of a row as text, as in `../../duckdb/identity-sql.ts`. */
const partitionSql = ({ key, partition }: Identity, columns: ReadonlyArray<Column>): string => {
  switch (partition.by) {
    case "day":
    case "hour": {
      const time = firstOf(partition.time)
      const day = `CAST(CAST(${time} AS DATE) AS STRING)`
      const text = partition.by === "day" ? day : `concat(${day}, '/', CAST(hour(${time}) AS STRING))`
      return `CASE WHEN year(${time}) BETWEEN 1 AND 9999 THEN ${text} ELSE '' END`
    }
    case "bucket": {
      const texts = key.map((name) => bucketText(name, columns))
      return `CAST(CAST(conv(left(md5(CAST(concat_ws('/', ${texts.join(", ")}) AS BINARY)), 7), 16, 10) AS BIGINT) % ${partition.buckets} AS STRING)`
    }
    case "none":
      return "''"
  }
}

const bucketText = (name: string, columns: ReadonlyArray<Column>): string => {
  const key = identifier(name)
  const type = leafTypeOf(columns, name)
  return `CAST(${type === "timestamp" ? `unix_micros(${key})` : type === "date" ? `unix_date(${key})` : key} AS STRING)`
}

/** The values of the partition columns, from the text. */
const partitionValuesSql = ({ partition }: Identity): ReadonlyArray<string> =>
  partition.columns.map(
    ({ name, ...column }, i) =>
      `CASE WHEN p <> '' THEN CAST(split(p, '/')[${i}] AS ${dialect.type(column.kind === "leaf" ? column.leaf.type : "string")}) END AS ${identifier(name)}`
  )

const within = ({ bounds }: EnginePlan): string => {
  if (bounds === null) return "true"
  const tests = [
    "p <> ''",
    ...(bounds.from === null ? [] : [`left(p, 10) >= ${literal(bounds.from)}`]),
    ...(bounds.to === null ? [] : [`left(p, 10) <= ${literal(bounds.to)}`])
  ]
  return tests.join(" AND ")
}

/** Copies of rows with what decides between them. @param row SQL of the whole row; null: it is not needed */
const copiesSql = ({ identity, columns }: EnginePlan, from: string, where: string, row: string | null): string => {
  const isOld = from === "existing"
  const read = `(SELECT ${columnsSql(deltaSchema(columns), dialect).join(", ")}, ${fileColumn}, ${partitionColumn} FROM ${from})`
  return `SELECT ${identitySql(identity)
    .map(([name, sql]) => `${sql} AS ${name}`)
    .join(", ")}, ${partitionSql(identity, columns)} AS p,
     _arrived_at AS a, _sequence_number AS s, _sub_sequence_number AS u, _source AS o, _shard AS h,
     ${isOld} AS old, ${fileColumn} AS f, ${row ?? "NULL"} AS row
   FROM ${read} WHERE ${where}`
}

/** Numbers each copy by how many beat it, and one, and says whether the best of them is within the bounds. */
const rankedSql = (plan: EnginePlan, copies: ReadonlyArray<string>): string =>
  `SELECT *, row_number() OVER latest AS n, first_value(${within(plan)}) OVER latest AS wanted FROM (${copies.join(" UNION ALL ")})
   WINDOW latest AS (
     PARTITION BY ${sameness(plan.identity).join(", ")}
     ORDER BY a DESC NULLS LAST, o DESC NULLS LAST, h DESC NULLS LAST, length(s) DESC NULLS LAST, s DESC NULLS LAST, u DESC NULLS LAST,
       old DESC, f DESC
   )`

/** Rows of existing files that new rows may beat, or be beaten by. */
const rivalsSql = (plan: EnginePlan, where: string): string => {
  const { identity, columns } = plan
  const same = sameness(identity)
    .map((name) => `e.${name} <=> i.${name}`)
    .join(" AND ")
  const keys = identitySql(identity).map(([name, sql]) => `${sql} AS ${name}`)
  const inputs = `SELECT ${keys.join(", ")} FROM (SELECT ${columnsSql(deltaSchema(columns), dialect).join(", ")} FROM inputs)`
  return `SELECT e.* FROM (${copiesSql(plan, "existing", where, null)}) e LEFT SEMI JOIN (${inputs}) i ON ${same}`
}

/** What is found out first, step by step. */
export const stepsOf = (plan: EnginePlan): ReadonlyArray<Step> => {
  const { key, decidesPartition } = plan.identity
  const inputs = copiesSql(plan, "inputs", "true", null)
  return [
    {
      name: "keyless",
      sql: `SELECT ${key.map((_, i) => `count_if(k${i} IS NULL)`).join(", ")} FROM (${inputs})`,
      none: "0"
    },
    { name: "touched", sql: `SELECT DISTINCT concat('${partitionMark}', p) FROM (${inputs})`, none: "''" },
    {
      name: "decided",
      sql: `SELECT old, f, CAST(count_if(old OR (${within(plan)})) AS BIGINT) AS copies, count_if(n = 1 AND wanted) AS won, count_if(n > 1 AND wanted) AS lost
            FROM (${rankedSql(plan, [inputs, rivalsSql(plan, decidesPartition ? touched : "true")])}) GROUP BY old, f`,
      none: ""
    },
    { name: "replaced", sql: "SELECT f FROM decided WHERE old AND lost > 0", none: String(noFile) }
  ]
}

const touched = `${partitionColumn} IN ({{touched}})`
const replaced = `${fileColumn} IN ({{replaced}})`

/** The rows to write, in their order, with the partition columns. */
export const rowsSql = (plan: EnginePlan): string => {
  const { identity, columns } = plan
  const names = columns.map(({ name }) => identifier(name))
  const row = `struct(${names.join(", ")})`
  const parts = identity.partition.columns.map(({ name }) => identifier(name))
  const copies = [
    copiesSql(plan, "inputs", "true", row),
    copiesSql(plan, "existing", replaced, row),
    rivalsSql(plan, identity.decidesPartition ? `${touched} AND NOT ${replaced}` : `NOT ${replaced}`)
  ]
  // The hint makes of a large partition several files, and of small ones no more than one each.
  const chosen = `SELECT /*+ REBALANCE${parts.length === 0 ? "" : "(p)"} */ * FROM (${rankedSql(plan, copies)})
                  WHERE row IS NOT NULL AND CASE WHEN old THEN n = 1 OR NOT wanted ELSE n = 1 AND wanted END`
  return `SELECT ${[...names, ...parts].join(", ")} FROM (
            SELECT ${[...sameness(identity), "row.*", ...partitionValuesSql(identity)].join(", ")} FROM (${chosen}))
          SORT BY ${[...parts, ...sameness(identity)].join(", ")}`
}
