import type { Identity } from "../../contract/identity.ts"
import { columnsSql } from "../../duckdb/former-names.ts"
import { firstOfSql, newestFirstSql, newnessSql } from "../../duckdb/identity-sql.ts"
import { type Column, leafTypeOf } from "../../record/column.ts"
import { coordinateColumns } from "../../record/system-columns.ts"
import { deltaSchema } from "../../table/schema.ts"
import { type EnginePlan, mostTombstoneFiles, tombstoneColumns } from "../engine.ts"
import { within } from "../fold-sql.ts"
import { fileColumn, partitionColumn, partitionMark } from "./scratch.ts"
import { dialect, identifier, literal, matches } from "./spark-sql.ts"

/**
 * The fold in Spark's SQL: the same decisions as `../fold-sql.ts` takes, by the same names. Two passes: the first looks at what decides alone, and finds which existing
 * files have a row that lost; the second moves whole rows, of the new files and of those.
 *
 * `inputs`, `existing` and `tombstones` are the files to read. Of `existing`, only the partitions of new rows are looked at, where the key decides them, and of
 * those only rows that there are new copies of, unless their file is written anew.
 */

/** A step of the driver. `none` stands in its list where it found nothing. */
export interface Step {
  readonly name: string
  readonly sql: string
  readonly none: string
}

/** Where a copy comes from, in its column `old`: whatever is old is in the table already. */
export const origins = { inputs: 0, existing: 1, tombstones: 2 } as const
type Origin = keyof typeof origins

/** Is no file's number. */
const noFile = "-1"

const firstOf = (names: ReadonlyArray<string>): string => firstOfSql(names, identifier)

/** As in `duckdb/identity-sql.ts`, but that long keys are no burden here. */
const identitySql = ({ key, version }: Identity): ReadonlyArray<readonly [name: string, sql: string]> => [
  ...key.map((name, i) => [`k${i}`, identifier(name)] as const),
  ...(version.length === 0 ? [] : [["v", firstOf(version)] as const])
]

const sameness = (identity: Identity): ReadonlyArray<string> => identitySql(identity).map(([name]) => name)

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
      const texts = key.map((name) => bucketText(name, columns)).join(", ")
      return `CAST(CAST(conv(left(md5(CAST(concat_ws('/', ${texts}) AS BINARY)), 7), 16, 10) AS BIGINT) % ${partition.buckets} AS STRING)`
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
    (column, i) =>
      `CASE WHEN p <> '' THEN CAST(split(p, '/')[${i}] AS ${dialect.type(column.kind === "leaf" ? column.leaf.type : "string")}) END AS ${identifier(column.name)}`
  )

const columnsOf = (plan: EnginePlan, from: Origin): ReadonlyArray<Column> => (from === "tombstones" ? tombstoneColumns(plan) : plan.columns)

/** Copies of rows with what decides between them. @param row columns that are needed of the whole row; empty: none */
const copiesSql = (plan: EnginePlan, from: Origin, where: string, row: ReadonlyArray<Column> = []): string => {
  const { identity } = plan
  const columns = columnsOf(plan, from)
  const read = `(SELECT ${columnsSql(deltaSchema(columns), dialect).join(", ")}, ${fileColumn}, ${partitionColumn} FROM ${from})`
  const values = [...identitySql(identity), ...newnessSql(identity, identifier, matches)].map(([name, sql]) => `${sql} AS ${name}`)
  const whole = row.length === 0 ? "NULL" : `struct(${row.map(({ name }) => identifier(name)).join(", ")})`
  const copies = `SELECT ${values.join(", ")}, ${partitionSql(identity, columns)} AS p, ${coordinateColumns.map(({ name }) => name).join(", ")},
     ${origins[from]} AS old, ${fileColumn} AS f, ${whole} AS row FROM ${read} WHERE ${where}`
  return from === "inputs" && plan.bounds !== null ? `SELECT * FROM (${copies}) WHERE ${within(plan.bounds)}` : copies
}

/** Condition that a copy is older than the newest load of the whole table, which does not have it. Null: the table never comes whole. */
const outdatedSql = ({ loads }: Identity): string | null => (loads === null ? null : "unix_micros(t) < {{loaded}}")

/** What the table has of rows that there are new copies of, and what it has that a new load has not. */
const rivalsSql = (plan: EnginePlan, from: "existing" | "tombstones", where: string): ReadonlyArray<string> => {
  if (plan[from].length === 0) return []
  const same = sameness(plan.identity)
  const on = same.map((name) => `e.${name} <=> i.${name}`).join(" AND ")
  const inputs = `SELECT ${same.join(", ")} FROM (${copiesSql(plan, "inputs", "true")})`
  const rivals = `SELECT e.* FROM (${copiesSql(plan, from, where)}) e LEFT SEMI JOIN (${inputs}) i ON ${on}`
  const outdated = outdatedSql(plan.identity)
  return outdated === null
    ? [rivals]
    : [`${rivals} WHERE NOT ${outdated}`, `SELECT * FROM (${copiesSql(plan, from, where)}) WHERE ${outdated}`]
}

/** Numbers the copies of each row, the one that stays first (`n`), and says of each whether that one takes the key away (`gone`). One that is outdated never stays. */
const rankedSql = ({ identity }: EnginePlan, copies: ReadonlyArray<string>): string => {
  const outdated = outdatedSql(identity)
  const [n, gone, last] =
    outdated === null
      ? ["row_number() OVER newest", "d", ""]
      : [`CASE WHEN ${outdated} THEN 2 ELSE row_number() OVER newest END`, `d OR ${outdated}`, `${outdated}, `]
  return `SELECT *, ${n} AS n, first_value(${gone}) OVER newest AS gone FROM (${copies.join(" UNION ALL ")})
   WINDOW newest AS (PARTITION BY ${sameness(identity).join(", ")} ORDER BY ${last}${newestFirstSql(identity)}, old DESC, f DESC)`
}

/** The newest load of the whole table, of those that came and the one that is known: of parts of one file, the oldest row counts. No row: there was none. */
const loadedSql = (plan: EnginePlan): string => {
  const { load } = plan
  const came = `SELECT _shard AS shard, unix_micros(_arrived_at) AS arrived, unix_micros(t) AS at FROM (${copiesSql(plan, "inputs", "true")}) WHERE b`
  const known =
    load === null ? "" : ` UNION ALL SELECT ${literal(load.shard)}, CAST('${load.arrivedAt}' AS BIGINT), CAST('${load.at}' AS BIGINT)`
  const isKnown = load === null ? "false" : `shard = ${literal(load.shard)}`
  return `SELECT at, shard, CAST(arrived AS STRING), CAST(at AS STRING) FROM (SELECT shard, arrived, min(at) AS at FROM (${came}${known}) GROUP BY shard, arrived)
   ORDER BY at DESC, ${isKnown} DESC, shard, arrived LIMIT 1`
}

/** Earlier than any time: there was no load. */
const noLoad = "-9223372036854775807"

const inTouched = ({ identity }: EnginePlan): string => (identity.decidesPartition ? `${partitionColumn} IN ({{touched}})` : "true")

/** Counts of the step `decided`, of one file each. */
export const decidedColumns = ["old", "f", "copies", "added", "gone", "lost", "deleted"] as const

/** What is found out first, step by step. */
export const stepsOf = (plan: EnginePlan): ReadonlyArray<Step> => {
  const inputs = copiesSql(plan, "inputs", "true")
  const keyless = plan.identity.key.map((_, i) => `count_if(k${i} IS NULL)`).join(", ")
  const copies = [inputs, ...rivalsSql(plan, "existing", inTouched(plan)), ...rivalsSql(plan, "tombstones", "true")]
  const steps: ReadonlyArray<Step> = [
    ...(plan.identity.loads === null ? [] : [{ name: "loaded", sql: loadedSql(plan), none: noLoad }]),
    { name: "touched", sql: `SELECT concat('${partitionMark}', p), ${keyless} FROM (${inputs}) GROUP BY p`, none: "''" },
    {
      name: "decided",
      sql: `SELECT old, f, count(*) AS copies, count_if(n = 1 AND NOT d) AS added, count_if(n = 1 AND d) AS gone, count_if(n > 1) AS lost,
              count_if(n > 1 AND gone) AS deleted
            FROM (${rankedSql(plan, copies)}) GROUP BY old, f`,
      none: ""
    },
    { name: "replaced", sql: lostSql("existing"), none: noFile }
  ]
  if (plan.identity.deleted === null) return steps
  const files = plan.tombstones.length
  const staying = `${files} - (SELECT count(*) FROM (${lostSql("tombstones")}))`
  return [
    ...steps,
    // Files in which deleted keys change: new ones, of which no number is told, and old ones.
    {
      name: "remembered",
      sql: `SELECT DISTINCT CASE WHEN old = 0 THEN ${noFile} ELSE f END FROM decided
            WHERE (old = ${origins.inputs} AND gone > 0) OR (old = ${origins.tombstones} AND lost > 0)`,
      none: noFile
    },
    {
      name: "merged",
      sql:
        files === 0
          ? `SELECT 0 WHERE false`
          : `SELECT f FROM (SELECT explode(sequence(0, ${files - 1})) AS f)
            WHERE f IN (${lostSql("tombstones")}) OR ${staying} >= ${mostTombstoneFiles}`,
      none: noFile
    }
  ]
}

/** Files with a copy that lost. */
const lostSql = (from: Origin): string => `SELECT f FROM decided WHERE old = ${origins[from]} AND lost > 0`

/** The rows to write, in their order, with the partition columns. */
export const rowsSql = (plan: EnginePlan): string => {
  const { identity, columns, existing } = plan
  const parts = identity.partition.columns.map(({ name }) => identifier(name))
  const replaced = `${fileColumn} IN ({{replaced}})`
  const copies = [
    copiesSql(plan, "inputs", "true", columns),
    ...(existing.length === 0 ? [] : [copiesSql(plan, "existing", replaced, columns)]),
    ...rivalsSql(plan, "existing", `${inTouched(plan)} AND NOT ${replaced}`),
    ...rivalsSql(plan, "tombstones", "true")
  ]
  // The hint makes several files of a large partition, and of a small one no more than one.
  const chosen = `SELECT /*+ REBALANCE${parts.length === 0 ? "" : "(p)"} */ * FROM (${rankedSql(plan, copies)})
     WHERE row IS NOT NULL AND n = 1 AND (old > 0 OR NOT d)`
  return `SELECT ${[...columns.map(({ name }) => identifier(name)), ...parts].join(", ")}
   FROM (SELECT ${[...sameness(identity), "row.*", ...partitionValuesSql(identity)].join(", ")} FROM (${chosen}))
   SORT BY ${[...parts, ...sameness(identity)].join(", ")}`
}

/** The keys that new copies take away, and those of files of such keys that become one. */
export const tombstonesSql = (plan: EnginePlan): string => {
  const columns = tombstoneColumns(plan)
  const merged = `${fileColumn} IN ({{merged}})`
  const copies = [
    copiesSql(plan, "inputs", "true", columns),
    ...rivalsSql(plan, "existing", inTouched(plan)),
    ...(plan.tombstones.length === 0 ? [] : [copiesSql(plan, "tombstones", merged, columns)]),
    ...rivalsSql(plan, "tombstones", `NOT ${merged}`)
  ]
  const chosen = `SELECT /*+ REPARTITION(1) */ * FROM (${rankedSql(plan, copies)}) WHERE row IS NOT NULL AND n = 1 AND d`
  return `SELECT ${columns.map(({ name }) => identifier(name)).join(", ")}
   FROM (SELECT ${[...sameness(plan.identity), "row.*"].join(", ")} FROM (${chosen})) SORT BY ${sameness(plan.identity).join(", ")}`
}
