import { coordinateColumns } from "../record/system-columns.ts"

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
  /** Field by which one row is newer than another. Without it, of rows that say no time of a change, the latest arrival is the newest. */
  readonly order?: string
  /** Boolean field that is true where the key was deleted. */
  readonly deleted?: string
  readonly by: PartitionBy
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

/** The field that tells copies of one key apart, or which is newer; null: nothing does. */
export const versionFieldOf = (table: ContractTable): string | null =>
  table.kind === "versions" ? table.version : table.kind === "latest" ? (table.order ?? null) : null
