import type { Column, Value } from "../record/column.ts"
import { LeafColumn } from "./leaf-column.ts"
import type { LeafStore, Storage } from "./leaf-store.ts"

/**
 * Cuts nested values into their leaves: each leaf gets flat entries with two levels, which is what a Parquet column chunk is. The definition
 * level says how much of the path to the leaf is there (so a null list, an empty list and a null element differ), the repetition level at
 * which list a value goes on (0: a new row).
 */
export type Shred = (store: LeafStore, value: Value | undefined, definition: number, repetition: number) => void

/** A column, or a part of one, with the leaves below it: `leaves[first]` to before `leaves[end]`. */
export interface ColumnNode {
  /** Its number among all nodes of the columns, parents first. */
  readonly id: number
  readonly column: Column
  /** Definition level when everything above is there. */
  readonly depth: number
  /** How many lists enclose it. */
  readonly lists: number
  readonly first: number
  readonly end: number
  /** Of a struct its fields, of a list its element, in order. */
  readonly below: ReadonlyArray<ColumnNode>
  /** Adds a value, checked before, to the leaves. */
  readonly shred: Shred
}

/** Makes the leaves of a column, adding them to `leaves`, and what fills them from values; adds its nodes to `nodes`, parents first. */
export const columnNode = (
  column: Column,
  leaves: Array<LeafColumn>,
  nodes: Array<ColumnNode | null>,
  path: ReadonlyArray<string> = [column.name],
  depth = 0,
  lists = 0
): ColumnNode => {
  const first = leaves.length
  const id = nodes.push(null) - 1
  const node = (below: ReadonlyArray<ColumnNode>, shred: Shred): ColumnNode => {
    const made = { id, column, depth, lists, first, end: leaves.length, below, shred }
    nodes[id] = made
    return made
  }
  switch (column.kind) {
    case "leaf": {
      const leaf = new LeafColumn(path, column, depth + 1, lists)
      leaves.push(leaf)
      const { storage } = leaf
      return node([], (store, value, definition, repetition) => {
        if (value === null || value === undefined) store.addNull(first, definition, repetition)
        else addValue(store, first, storage, repetition, value)
      })
    }
    case "struct": {
      const names = column.fields.map((field) => field.name)
      const below = column.fields.map((field) => columnNode(field, leaves, nodes, [...path, field.name], depth + 1, lists))
      return node(below, (store, value, definition, repetition) => {
        const absent = value === null || value === undefined
        const fields = absent ? noFields : (value as { readonly [name: string]: Value }) // checked by ColumnBuilders
        const level = absent ? definition : definition + 1
        for (let i = 0; i < below.length; i++) (below[i] as ColumnNode).shred(store, fields[names[i] as string], level, repetition) // i < both lengths
      })
    }
    case "list": {
      const element = columnNode(column.element, leaves, nodes, path, depth + 2, lists + 1)
      return node([element], (store, value, definition, repetition) => {
        if (value === null || value === undefined) return element.shred(store, null, definition, repetition)
        const elements = value as ReadonlyArray<Value> // checked by ColumnBuilders
        if (elements.length === 0) return element.shred(store, null, definition + 1, repetition)
        for (let i = 0; i < elements.length; i++) element.shred(store, elements[i], definition + 2, i === 0 ? repetition : lists + 1)
      })
    }
  }
}

const noFields: { readonly [name: string]: Value } = Object.freeze({})

let scratch = Buffer.alloc(1024)
let scratchView = new DataView(scratch.buffer, scratch.byteOffset, scratch.byteLength)

/** Adds text as UTF-8; what is not well-formed becomes U+FFFD. */
export const addText = (store: LeafStore, leaf: number, repetition: number, text: string): void => {
  if (text.length * 3 + 4 > scratch.length) {
    scratch = Buffer.alloc(text.length * 6 + 4)
    scratchView = new DataView(scratch.buffer, scratch.byteOffset, scratch.byteLength)
  }
  store.addBytes(leaf, repetition, scratch, scratchView, 0, putShort(text) || scratch.write(text, 0, "utf8"))
}

/** Writes a short text of ASCII letters into the scratch, which a call of `write` takes longer for. @returns its length; 0: it is none */
const putShort = (text: string): number => {
  const { length } = text
  if (length > 48) return 0
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 127) return 0
    scratch[i] = unit
  }
  return length
}

const addBinary = (store: LeafStore, leaf: number, repetition: number, bytes: Uint8Array): void => {
  const padded = new Uint8Array(bytes.length + 4)
  padded.set(bytes)
  store.addBytes(leaf, repetition, padded, new DataView(padded.buffer), 0, bytes.length)
}

/** Adds a value that is there, checked before. */
const addValue = (store: LeafStore, leaf: number, storage: Storage, repetition: number, value: Value): void => {
  switch (storage) {
    case "bytes":
      if (typeof value === "string") addText(store, leaf, repetition, value)
      else addBinary(store, leaf, repetition, value as Uint8Array) // checked
      return
    case "int32":
      store.addInt(leaf, repetition, Number(value))
      return
    case "int64": {
      const long = value as bigint // checked
      store.addLong(leaf, repetition, Number(BigInt.asIntN(32, long)), Number(BigInt.asIntN(32, long >> 32n)))
      return
    }
    case "double":
      store.addDouble(leaf, repetition, value as number) // checked
      return
    case "boolean":
      store.addBoolean(leaf, repetition, value === true)
      return
    case "fixed":
      store.addFixed(leaf, repetition, value as bigint) // checked
  }
}
