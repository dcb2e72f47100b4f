import type { LeafColumn } from "../columns/leaf-column.ts"

/** The values of a dictionary and, for each value of the leaf, which one it is. Valid until the next dictionary is made. */
export interface IntegerDictionary {
  readonly size: number
  /** As they are in a plain page. */
  readonly values: Uint8Array
  readonly indices: Int32Array
}

/** So many new values are not held against a dictionary: values may come again later. */
const allowance = 1024

let table = new Int32Array(0)
let indices = new Int32Array(0)
let distinct = new Int32Array(0)

/** A dictionary of a leaf of storage int32 or int64; null as soon as it is seen not to pay: when most values are new. */
export const integerDictionary = (leaf: LeafColumn): IntegerDictionary | null => {
  const { count } = leaf
  if (indices.length < count) {
    indices = new Int32Array(count * 2)
    distinct = new Int32Array(count * 2 + 4 * allowance)
  }
  const slots = 1 << (32 - Math.clz32(count + 2 * allowance))
  if (table.length < slots) table = new Int32Array(slots)
  else table.fill(0, 0, slots)
  const size = leaf.storage === "int64" ? ofLongs(leaf.ints, count, slots - 1) : ofInts(leaf.ints, count, slots - 1)
  if (size < 0) return null
  const words = leaf.storage === "int64" ? size * 2 : size
  return { size, values: new Uint8Array(distinct.buffer, 0, words * 4), indices }
}

const ofInts = (values: Int32Array, count: number, mask: number): number => {
  let size = 0
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? 0
    const hash = Math.imul(value, 0x9e3779b1)
    let slot = (hash ^ (hash >>> 15)) & mask
    let found = (table[slot] ?? 0) - 1
    while (found >= 0 && distinct[found] !== value) {
      slot = (slot + 1) & mask
      found = (table[slot] ?? 0) - 1
    }
    if (found < 0) {
      if (size * 2 > i + allowance) return -1
      found = size++
      distinct[found] = value
      table[slot] = size
    }
    indices[i] = found
  }
  return size
}

const ofLongs = (values: Int32Array, count: number, mask: number): number => {
  let size = 0
  for (let i = 0; i < count; i++) {
    const low = values[2 * i] ?? 0
    const high = values[2 * i + 1] ?? 0
    const hash = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1)
    let slot = (hash ^ (hash >>> 15)) & mask
    let found = (table[slot] ?? 0) - 1
    while (found >= 0 && (distinct[2 * found] !== low || distinct[2 * found + 1] !== high)) {
      slot = (slot + 1) & mask
      found = (table[slot] ?? 0) - 1
    }
    if (found < 0) {
      if (size * 2 > i + allowance) return -1
      found = size++
      distinct[2 * found] = low
      distinct[2 * found + 1] = high
      table[slot] = size
    }
    indices[i] = found
  }
  return size
}
