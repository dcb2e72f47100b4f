import type { Value } from "../record/column.ts"
import type { LeafColumn } from "./leaf-column.ts"
import { field, type LeafStore } from "./leaf-store.ts"
import type { ColumnNode } from "./shred.ts"

/** Where reading stands in each leaf: its next entry, and its next value. */
export class Cursors {
  readonly entries: Int32Array
  readonly values: Int32Array

  constructor(leaves: number) {
    this.entries = new Int32Array(leaves)
    this.values = new Int32Array(leaves)
  }
}

/** Puts the leaves of a column together again, for the row at which the cursors stand, and moves them on to the next row. */
export type Reader = (store: LeafStore, cursors: Cursors) => Value

/**
 * The inverse of shredding. Leaves that are not wanted are left out, and with them structs and lists that have none left: undefined then.
 *
 * @param wanted asked for the index of each leaf
 */
export const makeReader = (node: ColumnNode, leaves: ReadonlyArray<LeafColumn>, wanted: (leaf: number) => boolean): Reader | undefined => {
  const { depth, lists, column } = node
  if (column.kind === "leaf") {
    const index = node.first
    if (!wanted(index)) return undefined
    const leaf = leaves[index]
    if (leaf === undefined) return undefined
    return (store, { entries, values }) => {
      const entry = entries[index] ?? 0
      entries[index] = entry + 1
      if (store.bytes[store.get(index, field.definition) + entry] !== leaf.maxDefinition) return null
      const value = values[index] ?? 0
      values[index] = value + 1
      return valueAt(store, index, leaf, value)
    }
  }
  const below = node.below.flatMap((child) => {
    const read = makeReader(child, leaves, wanted)
    return read === undefined ? [] : [{ name: child.column.name, read }]
  })
  // The levels of the first leaf that is read tell what is there.
  let lead = node.first
  while (lead < node.end && !wanted(lead)) lead++
  const [first] = below
  if (first === undefined) return undefined
  const { read } = first
  const levelAt = (store: LeafStore, { entries }: Cursors) => store.bytes[store.get(lead, field.definition) + (entries[lead] ?? 0)] ?? 0
  if (column.kind === "struct")
    return (store, cursors) => {
      const there = levelAt(store, cursors) > depth
      const fields: { [name: string]: Value } = {}
      for (const { name, read } of below) fields[name] = read(store, cursors)
      return there ? fields : null
    }
  const goesOn = (store: LeafStore, { entries }: Cursors) => {
    const entry = entries[lead] ?? 0
    return entry < store.get(lead, field.levels) && (store.bytes[store.get(lead, field.repetition) + entry] ?? 0) > lists
  }
  return (store, cursors) => {
    const level = levelAt(store, cursors)
    const elements: Array<Value> = []
    do elements.push(read(store, cursors))
    while (goesOn(store, cursors))
    return level <= depth ? null : level === depth + 1 ? [] : elements
  }
}

/** Value `value` of leaf `index`, of those that are there. */
export const valueAt = (store: LeafStore, index: number, { storage, leaf: { leaf } }: LeafColumn, value: number): Value => {
  const at = store.get(index, field.values) + value
  switch (storage) {
    case "bytes": {
      const text = store.get(index, field.text)
      const start = text + (value === 0 ? 0 : (store.ints[at - 1] ?? 0))
      const end = text + (store.ints[at] ?? 0)
      return leaf.type === "binary" ? store.bytes.slice(start, end) : store.textAt(start, end)
    }
    case "int32": {
      const int = store.ints[at] ?? 0
      return leaf.type === "decimal" ? BigInt(int) : int
    }
    case "int64": {
      const low = (store.ints[2 * at] ?? 0) >>> 0
      const high = store.ints[2 * at + 1] ?? 0
      // One step where a float holds it.
      return high >= -(1 << 20) && high < 1 << 20 ? BigInt(high * 4294967296 + low) : (BigInt(high) << 32n) | BigInt(low)
    }
    case "double":
      return store.doubles[at] ?? 0
    case "boolean":
      return store.bytes[at] === 1
    case "fixed":
      return (store.view.getBigInt64(16 * at) << 64n) | store.view.getBigUint64(16 * at + 8)
  }
}
