/** Of which columns a SELECT's columns are made, in OpenLineage's words: what models work out, and lineage tells. */

export type DirectKind = "IDENTITY" | "TRANSFORMATION" | "AGGREGATION"
export type IndirectKind = "JOIN" | "GROUP_BY" | "FILTER" | "SORT" | "WINDOW" | "CONDITIONAL"

/** A column of a relation that is read, and what it does: `DIRECT`, its values come through; `INDIRECT`, they decide. */
export type LineageInput = {
  readonly relation: string
  /** Dotted path where it is a field of a struct. */
  readonly column: string
} & ({ readonly type: "DIRECT"; readonly kind: DirectKind } | { readonly type: "INDIRECT"; readonly kind: IndirectKind })

export interface OutputLineage {
  readonly output: string
  /** What it is made of, and what decides on its value alone; null: not decided. */
  readonly inputs: ReadonlyArray<LineageInput> | null
}

export interface SelectLineage {
  /** In their order; null: not even their names are decided. */
  readonly columns: ReadonlyArray<OutputLineage> | null
  /** What decides which rows there are and how they are put together: of all columns. Indirect, every one; null: not decided. */
  readonly whole: ReadonlyArray<LineageInput> | null
}
