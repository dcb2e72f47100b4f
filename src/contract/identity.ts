import { type Column, leaf } from "../record/column.ts"
import { expressionOfEnds } from "./arrives.ts"
import type { ContractDefinition } from "./definition.ts"
import { snakeCase } from "./names.ts"
import type { ContractTable, Latest, Loads } from "./table.ts"

/**
 * What makes two rows of a dataset the same, and where a row lies: worked out here from the contract, and nowhere else. Columns by their names.
 * Where several stand for one value, it is the first of them that is not null.
 */
export interface Identity {
  readonly kind: ContractTable["kind"]
  /** Rows are of one thing when they are alike in all of these. None of them is null. */
  readonly key: ReadonlyArray<string>
  /** And they are one version of it when they have this value in common; empty: there are no versions. */
  readonly version: ReadonlyArray<string>
  /**
   * Of rows of one key the one with the largest value stays, whenever it arrived; a null is less than any. Of several values, each of its columns, the first
   * that differs decides. Empty: the latest arrival stays.
   */
  readonly order: ReadonlyArray<ReadonlyArray<string>>
  /** Column by which a row takes its key away: where it says so, or, a boolean one, is true. Null: no row does. */
  readonly deleted: { readonly column: string; readonly says: string | null } | null
  /** Null: the table never comes whole. */
  readonly loads: LoadedBy | null
  /** When it happened; empty: the dataset does not say. */
  readonly eventTime: ReadonlyArray<string>
  readonly partition: Partition
  /** Do copies of one row always lie in one partition? Else each of a table's files may hold one. */
  readonly decidesPartition: boolean
}

/** How it is told which rows are of a load of the whole table, see `Loads`. */
export interface LoadedBy {
  /** Regular expressions, of any engine, of shards that are files of a load, and that begin one. */
  readonly files: string
  readonly begin: string
  /** Column that says how old a row is; null: when it arrived. */
  readonly at: string | null
}

/** How the consumable is partitioned. `columns` are in the table's schema, and not in its files. */
export type Partition =
  /** UTC day, or hour, of a time; rows without one, or with one outside of the years 1 to 9999, have nulls in `columns`. */
  | { readonly by: "day" | "hour"; readonly time: ReadonlyArray<string>; readonly columns: ReadonlyArray<Column> }
  | { readonly by: "bucket"; readonly buckets: number; readonly columns: ReadonlyArray<Column> }
  | { readonly by: "none"; readonly columns: readonly [] }

/** Derives it from a contract without problems. */
export const identityOf = ({ table, eventTime }: Pick<ContractDefinition, "table" | "eventTime">): Identity => {
  const times = eventTime === undefined ? [] : [eventTime.field, ...(eventTime.fallback === undefined ? [] : [eventTime.fallback])]
  /** The columns of a field: where it is the event time, its fallback stands in for it, wherever it is used. */
  const columnsOf = (field: string): ReadonlyArray<string> => (field === times[0] ? times : [field]).map(snakeCase)
  const key = table.key.map(snakeCase)
  const version = table.kind === "versions" ? columnsOf(table.version) : []
  const order = table.kind === "latest" ? [table.order ?? []].flat().map(columnsOf) : []
  const loads = table.kind === "latest" && table.loads !== undefined ? loadedBy(table.loads) : null
  const partition = partitionOf(table, columnsOf)
  // A load takes away rows of any partition.
  const isTold =
    loads === null &&
    (!("time" in partition) ||
      partition.time.join() === version.join() ||
      (partition.time.length === 1 && partition.time.every((column) => key.includes(column))))
  const deleted = table.kind === "latest" ? deletedBy(table.deleted) : null
  return { kind: table.kind, key, version, order, deleted, loads, eventTime: times.map(snakeCase), partition, decidesPartition: isTold }
}

const deletedBy = (deleted: Latest["deleted"]): Identity["deleted"] => {
  if (deleted === undefined) return null
  if (typeof deleted === "string") return { column: snakeCase(deleted), says: null }
  const [[field, says] = ["", ""]] = Object.entries(deleted)
  return { column: snakeCase(field), says }
}

const loadedBy = ({ files, begin, at }: Loads): LoadedBy => ({
  files: expressionOfEnds(files),
  begin: expressionOfEnds(begin),
  at: at === undefined ? null : snakeCase(at)
})

/** Beginning of a partition column's name, and what it tells the time of. */
const placeWords: { readonly [kind in ContractTable["kind"]]: readonly [prefix: string, what: string] } = {
  versions: ["change", "this version last changed"],
  events: ["event", "this happened"],
  latest: ["change", "this row last changed"]
}

/** The partition of a contract's table. @param columnsOf the columns that stand for a field */
export const partitionOf = (
  { kind, by }: Pick<ContractTable, "kind" | "by">,
  columnsOf: (field: string) => ReadonlyArray<string>
): Partition => {
  if (by === "none") return { by, columns: [] }
  if ("bucket" in by) {
    const column = leaf("key_bucket", "integer", `Number that the key is hashed to, 0 to ${by.bucket - 1}. Partition column.`)
    return { by: "bucket", buckets: by.bucket, columns: [column] }
  }
  const [prefix, what] = placeWords[kind]
  const date = leaf(`${prefix}_date`, "date", `UTC day on which ${what}. Partition column.`)
  const hour = leaf(`${prefix}_hour`, "integer", `UTC hour in which ${what}, 0 to 23. Partition column.`)
  return "day" in by
    ? { by: "day", time: columnsOf(by.day), columns: [date] }
    : { by: "hour", time: columnsOf(by.hour), columns: [date, hour] }
}

/** Every column that a row is told apart or placed by. */
export const identityColumns = ({ key, version, order, deleted, loads, partition }: Identity): ReadonlyArray<string> => [
  ...new Set([
    ...key,
    ...version,
    ...order.flat(),
    ...(deleted === null ? [] : [deleted.column]),
    ...(loads === null || loads.at === null ? [] : [loads.at]),
    ...("time" in partition ? partition.time : [])
  ])
]

/** The columns that tell rows apart, as people say it: `order_id and last_change`. */
export const identityWords = ({ key, version }: Identity): string => [...key, ...version.slice(0, 1)].join(" and ")

/** Which of several copies of one row stays, as people say it: `the newest by revision`. */
export const winnerWords = ({ order }: Identity): string =>
  order.length === 0 ? "the latest arrival" : `the newest by ${orderWords(order)}`

/** Several columns of one value, and several values, as people say them. */
export const orderWords = (order: Identity["order"], name = (column: string): string => column): string =>
  order.map((columns) => columns.map(name).join(", else ")).join(", then ")

/** Where rows lie, as people say it: `by day of last_change, else of creation_date`. */
export const partitionWords = (partition: Partition): string =>
  partition.by === "none"
    ? "not partitioned"
    : partition.by === "bucket"
      ? `by ${partition.buckets} buckets of the key`
      : `by ${partition.by} of ${partition.time.join(", else of ")}`
