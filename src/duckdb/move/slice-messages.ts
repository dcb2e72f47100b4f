import type { ColumnBuilders } from "../../columns/builders.ts"
import { mapLeaves } from "../../parquet/leaf-map.ts"
import type { Column } from "../../record/column.ts"
import type { LakeError } from "../errors.ts"
import type { FileShape, RowsAt } from "../row-groups.ts"
import type { MovedLeaves, Slice, TakenRows } from "./leaf-mover.ts"

/** What a thread is made with. */
export interface WorkerSetup {
  readonly columns: ReadonlyArray<Column>
}

/** A slice on its way to a thread: how leaves are read holds functions, which cannot cross over, so files tell their schemas instead. */
export interface SliceMessage extends Omit<Slice, "wanted"> {
  readonly schemas: ReadonlyArray<FileShape["schema"]>
  readonly groups: ReadonlyArray<{
    readonly at: Omit<RowsAt, "shape">
    /** Number of its schema. */
    readonly schema: number
    readonly wanted: Uint8Array
    readonly taken: number
  }>
}

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "moved"; readonly moved: MovedLeaves }
  /** No leaf of the slice is left. */
  | { readonly kind: "done" }
  | ({ readonly kind: "failed" } & Pick<LakeError, "reason" | "problem" | "hint">)

export const sliceMessage = ({ wanted, ...slice }: Slice): SliceMessage => {
  const numbers = new Map<FileShape, number>()
  const groups = wanted.map(({ at: { shape, ...at }, ...rows }) => {
    const schema = numbers.get(shape) ?? numbers.size
    numbers.set(shape, schema)
    return { at, schema, ...rows }
  })
  return { ...slice, groups, schemas: [...numbers.keys()].map(({ schema }) => schema) }
}

/** The slice of a message. @param table whose leaves are moved */
export const sliceOf = ({ schemas, groups, ...slice }: SliceMessage, table: Pick<ColumnBuilders, "nodes" | "leaves">): Slice => {
  const shapes = schemas.map((schema): FileShape => ({ schema, sources: mapLeaves(table, schema) }))
  const wanted = groups.map(({ at, schema, ...rows }): TakenRows => {
    const shape = shapes[schema]
    if (shape === undefined) throw new RangeError(`there is no schema ${schema}`)
    return { at: { ...at, shape }, ...rows }
  })
  return { ...slice, wanted }
}
