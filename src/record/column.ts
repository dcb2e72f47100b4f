/**
 * The shape of the rows that flow: a tree of columns, plain data. A contract gives one; the decoder fills it, Parquet and Delta schemas,
 * Glue columns, lineage and documentation are derived from it.
 */
export type LeafType =
  | { readonly type: "text" }
  /** Text that holds JSON, for values whose keys are data. */
  | { readonly type: "json" }
  | { readonly type: "integer" }
  | { readonly type: "long" }
  | { readonly type: "double" }
  | { readonly type: "boolean" }
  | { readonly type: "decimal"; readonly precision: number; readonly scale: number }
  /** Microseconds since 1970, UTC. */
  | { readonly type: "timestamp" }
  | { readonly type: "date" }
  | { readonly type: "binary" }

/** What becomes of a sensitive value: its keyed hash, nothing, or itself (said out loud in the contract). */
export const sensitivePolicies = ["hash", "drop", "keep"] as const
export type SensitivePolicy = (typeof sensitivePolicies)[number]

interface ColumnBase {
  /** snake_case, unique among its siblings. The element of a list is named `element`. */
  readonly name: string
  readonly description: string
  /** Names that the column had before: files that were written then may hold its values under them. */
  readonly formerly?: ReadonlyArray<string> | undefined
}

export interface Leaf extends ColumnBase {
  readonly kind: "leaf"
  readonly leaf: LeafType
  readonly sensitive?: SensitivePolicy | undefined
}

export interface Struct extends ColumnBase {
  readonly kind: "struct"
  readonly fields: ReadonlyArray<Column>
}

export interface List extends ColumnBase {
  readonly kind: "list"
  readonly element: Column
}

export type Column = Leaf | Struct | List

/**
 * A value in a column, as decode gives it and Parquet takes it. Leaf: text and json `string`; integer, double and date `number`; long,
 * timestamp (µs) and decimal (unscaled) `bigint`; boolean; binary `Uint8Array`. Struct: an object by column name, absent = null. List: an array.
 */
export type Value = null | string | number | bigint | boolean | Uint8Array | ReadonlyArray<Value> | { readonly [name: string]: Value }

export const leaf = (name: string, type: LeafType | LeafType["type"], description: string, sensitive?: SensitivePolicy): Leaf => ({
  kind: "leaf",
  name,
  leaf: typeof type === "string" ? (type === "decimal" ? { type, precision: 38, scale: 18 } : { type }) : type,
  description,
  ...(sensitive === undefined ? {} : { sensitive })
})

/** Does a leaf below (or at) this column hold values that must not reach statistics, logs or lineage? */
export const holdsSensitive = (column: Column): boolean =>
  column.kind === "leaf"
    ? column.sensitive !== undefined
    : column.kind === "list"
      ? holdsSensitive(column.element)
      : column.fields.some(holdsSensitive)

/** The type of the leaf of this name among columns. */
export const leafTypeOf = (columns: ReadonlyArray<Column>, name: string): LeafType["type"] | undefined => {
  const column = columns.find((column) => column.name === name)
  return column?.kind === "leaf" ? column.leaf.type : undefined
}
