import type { Plan, Slot } from "../plan.ts"
import type { Run } from "../run.ts"
import type { Walker } from "../walk.ts"
import type { Cells } from "./cells.ts"

/** Finds the fields of records of a format in their bytes. It only accepts, or gives up. */
export interface FieldFinder {
  /** Does it take these bytes, as far as their encoding goes? */
  readonly accepts: (bytes: Uint8Array) => boolean
  /** Names of the fields of the records of a page: keys of the contract's fields, or what is unknown is called; null: known, and not wanted. Undefined: there are none. */
  readonly names: (header: Uint8Array | undefined) => ReadonlyArray<string | null> | undefined
  /** Is told that the cells have taken in bytes before `end`. */
  readonly take: (cells: Cells, end: number) => void
  /** Finds the fields of the record `[start, end)` of the cells' bytes, one for each of its names. False: it is the definition's. */
  readonly find: (cells: Cells, start: number, end: number, names: number) => boolean
}

/** What the reader works with. */
export interface FieldsParts {
  readonly plan: Plan
  readonly run: Run
  readonly walker: Walker
  /** Key of the hashes that stand in for sensitive values. */
  readonly hashKey: Uint8Array | null
  /** Are unknown fields kept? */
  readonly keepUnknown: boolean
}

/** What the fields of records mean, by their places. */
export interface Places {
  /** Number of the contract's field; -1: it has none. */
  readonly fields: Int32Array
  /** What becomes of fields that have no column; null: nothing. */
  readonly others: ReadonlyArray<{ readonly slot: Exclude<Slot, { readonly is: "field" }>; readonly name: string } | null>
  /** Fields of the contract that the records do not have. */
  readonly absent: Int32Array
}
