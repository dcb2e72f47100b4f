import type { Identity, Partition } from "../contract/identity.ts"
import { type Column, leafTypeOf } from "../record/column.ts"
import { identifier, literal } from "./sql.ts"

/** What makes two rows the same, and where they lie, in SQL: for whoever folds rows, and for whoever counts them again. */

/**
 * A column of a key as it is told apart and sorted by: long texts by their beginning and a hash. What is so shortened is longer than any that is not, so
 * that no key looks like another's.
 *
 * @param columns the key's among them
 */
const keySql = (name: string, columns: ReadonlyArray<Column>): string => {
  const key = identifier(name)
  return leafTypeOf(columns, name) === "text"
    ? `CASE WHEN strlen(${key}) > 1024 THEN left(${key}, 1024) || sha256(${key}) ELSE ${key} END`
    : key
}

/** The first of some columns that is not null. @param quote makes a name of the engine's SQL of a column's */
export const firstOfSql = (names: ReadonlyArray<string>, quote = identifier): string =>
  names.length === 1 ? names.map(quote).join() : `coalesce(${names.map(quote).join(", ")})`

/** Rows are the same where all of these are: each column of the key, then the version where there is one. By names that are the same for any dataset. */
export const identitySql = (
  { key, version }: Pick<Identity, "key" | "version">,
  columns: ReadonlyArray<Column>
): ReadonlyArray<readonly [name: string, sql: string]> => [
  ...key.map((name, i) => [`k${i}`, keySql(name, columns)] as const),
  ...(version.length === 0 ? [] : [["v", firstOfSql(version)] as const])
]

/**
 * What the contract's order compares, and whether a row takes its key away, by names that are the same for any dataset: `w0`, `w1`, …, and `d`, which is
 * never null. Of a table that comes whole, `c`, is it a change rather than of a load; `b`, does it begin a load; and `t`, how old it is.
 *
 * @param quote as of {@link firstOfSql}
 * @param matches whether a text has something that matches a regular expression
 */
export const newnessSql = (
  { order, deleted, loads }: Pick<Identity, "order" | "deleted" | "loads">,
  quote = identifier,
  matches = (text: string, pattern: string) => `regexp_matches(${text}, ${literal(pattern)})`
): ReadonlyArray<readonly [name: string, sql: string]> => [
  ...order.map((columns, i) => [`w${i}`, firstOfSql(columns, quote)] as const),
  [
    "d",
    deleted === null ? "false" : `coalesce(${quote(deleted.column)}${deleted.says === null ? "" : ` = ${literal(deleted.says)}`}, false)`
  ],
  ...(loads === null
    ? []
    : ([
        ["c", `NOT ${matches("_shard", loads.files)}`],
        ["b", matches("_shard", loads.begin)],
        ["t", loads.at === null ? "_arrived_at" : `coalesce(${quote(loads.at)}, _arrived_at)`]
      ] as const))
]

/**
 * Names of what decides which row is newer, before its arrival does. Of a table that comes whole, its age does first: a row must never lose to one that a
 * load, which is yet to come, will take away.
 */
export const orderNames = ({ order, loads }: Pick<Identity, "order" | "loads">): ReadonlyArray<string> => [
  ...(loads === null ? [] : ["t", "c"]),
  ...order.map((_, i) => `w${i}`)
]

/** When each load began that some copies begin, and which it was. @param from copies with what {@link newnessSql} names */
export const loadsSql = (from: string): string =>
  `SELECT _shard AS shard, epoch_us(_arrived_at) AS arrived_at, epoch_us(min(t)) AS begun_at FROM ${from} WHERE b GROUP BY ALL`

/**
 * The order of copies of one row, of which the first stays: the newest by the contract's order where there is one, then the latest arrival. Of one time it
 * is the latest by name of source and shard (of files, the last by path), and in one shard by position, compared as integers (longer is larger, then as
 * text): rows alone decide, so that it is the same however they were batched, compacted or folded before. Of columns as {@link newnessSql} names them, and
 * the coordinates.
 */
export const newestFirstSql = (identity: Pick<Identity, "order" | "loads">): string =>
  [...orderNames(identity), "_arrived_at", "_source", "_shard", "length(_sequence_number)", "_sequence_number", "_sub_sequence_number"]
    .map((sql) => `${sql} DESC NULLS LAST`)
    .join(", ")

/** Condition that rows of two sides are the same. Only a version may be null. */
export const sameSql = (identity: Identity, a: string, b: string): string =>
  identitySql(identity, [])
    .map(([name]) => `${a}.${name} ${name === "v" ? "IS NOT DISTINCT FROM" : "="} ${b}.${name}`)
    .join(" AND ")

/** The partition of a row as text: `2026-11-20`, `2026-11-20/7`, the number of a bucket. Empty: the one without a time, and where there is only one. */
export const partitionSql = ({ key, partition }: Identity, columns: ReadonlyArray<Column>): string => {
  switch (partition.by) {
    case "day":
    case "hour": {
      const time = firstOfSql(partition.time)
      const format = partition.by === "day" ? "%Y-%m-%d" : "%Y-%m-%d/%-H"
      // Not by `year`, which counts back from the year 1 as people do.
      return `CASE WHEN ${time} >= '0001-01-01' AND ${time} < '10000-01-01' THEN strftime(${time}, ${literal(format)}) ELSE '' END`
    }
    case "bucket":
      // What any engine can do, and has done before: the first 28 bits of the MD5 of the key's text.
      return `(('0x' || left(md5(concat_ws('/', ${key.map((name) => bucketText(name, columns)).join(", ")})), 7))::INTEGER % ${partition.buckets})::VARCHAR`
    case "none":
      return "''"
  }
}

/** A value of a key as text: times as microseconds, and dates as days, since 1970. */
const bucketText = (name: string, columns: ReadonlyArray<Column>): string => {
  const key = identifier(name)
  switch (leafTypeOf(columns, name)) {
    case "timestamp":
      return `epoch_us(${key})`
    case "date":
      return `(${key} - DATE '1970-01-01')`
    default:
      return key
  }
}

/** The same of a row of the table, as its partition columns say it. */
export const storedPartitionSql = ({ columns }: Partition): string =>
  columns.length === 0 ? "''" : `concat_ws('/', ${columns.map(({ name }) => `${identifier(name)}::VARCHAR`).join(", ")})`
