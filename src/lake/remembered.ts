import type { CompiledContract } from "../contract/compile.ts"
import type { Identity } from "../contract/identity.ts"
import type { Column } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import { columnsOf } from "../table/columns-of.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { identityProperty } from "./log-keys.ts"

/** The identity that a table was made with, as its log tells it, with or without a contract that knows it. */

/** What a table remembers of the identity that it was made with. What is usual is not said: so tables are read that were made before there was more. */
export interface Remembered {
  /** One column, or several. */
  readonly key: string | ReadonlyArray<string>
  readonly version?: string | undefined
  /** Of a `latest` table: {@link orderColumns}. Absent in one that was made before tables said it. */
  readonly order?: string | ReadonlyArray<string> | undefined
  /** Absent: no row takes its key away. */
  readonly deleted?: string | undefined
  /** What {@link deleted} says there; absent: it is true. */
  readonly says?: string | undefined
  /** Absent: the table never comes whole. */
  readonly loads?: Identity["loads"] | undefined
  readonly eventTime: ReadonlyArray<string>
  /** Absent: `versions`. */
  readonly table?: Identity["kind"] | undefined
  /** Absent: by day of the event time. */
  readonly by?: RememberedBy | undefined
}

export type RememberedBy =
  | { readonly day: ReadonlyArray<string> }
  | { readonly hour: ReadonlyArray<string> }
  | { readonly bucket: number }
  | "none"

export const rememberedBy = ({ partition, eventTime }: Identity): RememberedBy | undefined => {
  switch (partition.by) {
    case "day":
      return partition.time.join() === eventTime.join() ? undefined : { day: partition.time }
    case "hour":
      return { hour: partition.time }
    case "bucket":
      return { bucket: partition.buckets }
    case "none":
      return "none"
  }
}

/** The columns by which rows of a `latest` table are newer than others: where the contract names none, when they arrived. */
export const orderColumns = ({ kind, order }: Identity): ReadonlyArray<string> =>
  kind !== "latest" ? [] : order.length === 0 ? ["_arrived_at"] : order.flatMap(([first]) => first ?? [])

/** Text of the property as a contract says it. */
export const identityText = ({ identity }: CompiledContract): string => {
  const { kind, key, version, deleted, loads, eventTime } = identity
  const [only] = key
  const order = orderColumns(identity)
  const remembered: Remembered = {
    key: key.length === 1 && only !== undefined ? only : key,
    version: version[0],
    order: order.length > 1 ? order : order[0],
    deleted: deleted?.column,
    says: deleted?.says ?? undefined,
    loads: loads ?? undefined,
    eventTime,
    table: kind === "versions" ? undefined : kind,
    by: rememberedBy(identity)
  }
  return JSON.stringify(remembered)
}

/** What the property says. Throws `Malformed` where it is damaged. */
export const readIdentity = (text: string): Remembered => {
  const textOf = (column: unknown) => (column === undefined ? undefined : String(column))
  try {
    const { key, version, order, deleted, says, loads, eventTime, table, by } = JSON.parse(text)
    const keys: ReadonlyArray<unknown> = [key].flat()
    if (keys.length > 0 && keys.every((each) => typeof each === "string") && Array.isArray(eventTime))
      return {
        key,
        version: textOf(version),
        order: Array.isArray(order) ? order.map(String) : textOf(order),
        deleted: textOf(deleted),
        says: textOf(says),
        loads,
        eventTime: eventTime.map(String),
        table,
        by
      }
  } catch {
    // As bad as one that says something else.
  }
  throw new Malformed(
    "Corrupt",
    `the property ${identityProperty} is ${JSON.stringify(text)}`,
    "It says which columns are key, version and event time."
  )
}

/** The name that a top-level column has now. */
export const nowOf = (columns: ReadonlyArray<Column>) => (before: string) =>
  columns.find(({ name, formerly }) => name === before || formerly?.includes(before) === true)?.name ?? before

/**
 * The columns by which rows of a table are told apart, under the names that they have now. Null: the table does not say, or not of columns that it has.
 * Throws `Malformed` where what it says is damaged.
 */
export const toldApartBy = ({ metaData, schema }: Snapshot): Pick<Identity, "key" | "version"> | null => {
  const text = metaData.configuration[identityProperty]
  if (text === undefined) return null
  const { key, version, eventTime } = readIdentity(text)
  const columns = columnsOf(schema)
  const now = nowOf(columns)
  const found = {
    key: [key].flat().map(now),
    // Where the version is the event time, its fallback stands in for it.
    version: (version === undefined ? [] : version === eventTime[0] ? eventTime : [version]).map(now)
  }
  const isThere = (name: string) => columns.some((column) => column.name === name && column.kind === "leaf")
  return [...found.key, ...found.version].every(isThere) ? found : null
}
