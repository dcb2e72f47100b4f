import { coordinateColumns } from "../record/system-columns.ts"
import type { Arrives } from "./arrives.ts"

/**
 * What the table for users keeps of a dataset, and where. Keys are those of fields, camelCase. Whether they are right is told with the contract,
 * see `check-table.ts`; what follows from them is derived once, in `identity.ts`.
 */
export type ContractTable = Versions | Events | Latest

/** Every version of every key, once: of several copies of one the latest arrival stays. */
export interface Versions {
  readonly kind: "versions"
  /** Fields that together identify what the versions are of. */
  readonly key: ReadonlyArray<string>
  /** Field that tells versions of one key apart. */
  readonly version: string
  readonly by: PartitionBy
}

/** Every key once: something that has happened, and does not change. */
export interface Events {
  readonly kind: "events"
  readonly key: ReadonlyArray<string>
  readonly by: PartitionBy
}

/** One row a key: the newest, unless it says that the key was deleted. */
export interface Latest {
  readonly kind: "latest"
  readonly key: ReadonlyArray<string>
  /**
   * Field by which one row is newer than another. Without it, of rows that say no time of a change, the latest arrival is the newest. Of several, the next
   * counts where rows are alike in those before, or have none of them; such a row need not have any.
   */
  readonly order?: string | ReadonlyArray<string>
  /** Boolean field that is true where the key was deleted; or a text field, and what it says there: `{ op: "D" }`. */
  readonly deleted?: string | { readonly [field: string]: string }
  /** Which files have the whole table, where others have what has changed since, see {@link Loads}. */
  readonly loads?: Loads
  readonly by: PartitionBy
}

/**
 * A table that came whole, and then its changes, from a program that may begin anew at any time: what is not in the newest load, and did not change since,
 * is gone. A load is as old as its beginning: of one age a change is newer, whose row the load may have or not. It is told by its files, whenever they come.
 */
export interface Loads {
  /** Patterns of the files of a load, as `arrives` has them, of names or of the ends of paths. */
  readonly files: Arrives
  /** Of these the one that begins it. What else the table has, and is older than the oldest row there, is gone. */
  readonly begin: Arrives
  /** Timestamp field that says when a row changed, and in a load when that began. Where it is missing, or is not said, when the file was written. */
  readonly at?: string
}

/**
 * Where rows lie: by the UTC day or hour of a field, by a hash of the key, or all together. Where the field is the event time, its fallback counts
 * where it is missing. A day takes files of hundreds of megabytes well, and thousands of days make a slow table; buckets are for tables without a
 * time, and the more there are, the less of the table a repartition reads, and the smaller its files become.
 */
export type PartitionBy = { readonly day: string } | { readonly hour: string } | { readonly bucket: number } | "none"

export const versions = (table: Omit<Versions, "kind">): Versions => ({ ...table, kind: "versions" })
export const events = (table: Omit<Events, "kind">): Events => ({ ...table, kind: "events" })
export const latest = (table: Omit<Latest, "kind">): Latest => ({ ...table, kind: "latest" })

/**
 * A key for records that nothing in them tells apart, such as lines of a log, of which two may be alike: where each came from. So every record that was
 * read is a row.
 */
export const coordinates: ReadonlyArray<string> = coordinateColumns.flatMap(({ name }) => (name === "_arrived_at" ? [] : [name]))

/** The fields of a key: all of it but coordinates, which every row has. */
export const keyFieldsOf = ({ key }: ContractTable): ReadonlyArray<string> => key.filter((field) => !coordinates.includes(field))

/** The field that tells copies of one key apart, or which is newer, and that a record must have; null: there is none. */
export const versionFieldOf = (table: ContractTable): string | null =>
  table.kind === "versions" ? table.version : table.kind === "latest" && typeof table.order === "string" ? table.order : null
