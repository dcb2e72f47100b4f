import type { LeafColumn } from "../columns/leaf-column.ts"
import type { Value } from "../record/column.ts"

/** Smallest and largest of a leaf's values, exactly. */
export interface LeafBounds {
  readonly min: Value
  readonly max: Value
}

/**
 * Smallest and largest of a leaf's values: texts by their bytes. Null: there are no values, or one has no place in the order that all engines
 * agree on (NaN).
 */
export const leafBounds = (leaf: LeafColumn): LeafBounds | null => {
  if (leaf.count === 0) return null
  switch (leaf.storage) {
    case "bytes":
      return textBounds(leaf)
    case "int32":
      return intBounds(leaf)
    case "int64":
      return longBounds(leaf)
    case "double":
      return doubleBounds(leaf)
    case "boolean":
      return booleanBounds(leaf)
    case "fixed":
      return fixedBounds(leaf)
  }
}

const textBounds = (leaf: LeafColumn): LeafBounds => {
  // Every entry is some value's. First bytes settle most comparisons.
  let min = 0
  let max = 0
  let minHead = headOf(leaf, 0)
  let maxHead = minHead
  for (let entry = 1; entry < leaf.entries; entry++) {
    const head = headOf(leaf, entry)
    // Texts are often sorted: what is larger than all before is not looked at again.
    if (head > maxHead || (head === maxHead && compareEntries(leaf, entry, max) > 0)) {
      max = entry
      maxHead = head
    } else if (head < minHead || (head === minHead && compareEntries(leaf, entry, min) < 0)) {
      min = entry
      minHead = head
    }
  }
  return { min: textOf(leaf, min), max: textOf(leaf, max) }
}

/** The first four bytes as a number that sorts as they do; a shorter entry is filled up with zeros. */
const headOf = (leaf: LeafColumn, entry: number): number => {
  const from = (entry === 0 ? 0 : (leaf.ends[entry - 1] ?? 0)) + leaf.before
  const length = (leaf.ends[entry] ?? 0) - from
  if (length >= 4) return leaf.view.getUint32(from)
  return length === 0 ? 0 : (leaf.view.getUint32(from) & (-1 << (32 - 8 * length))) >>> 0
}

const compareEntries = (leaf: LeafColumn, a: number, b: number): number => {
  const { view } = leaf
  const [fromA, fromB] = [leaf.startOf(a), leaf.startOf(b)]
  const [lengthA, lengthB] = [(leaf.ends[a] ?? 0) - fromA, (leaf.ends[b] ?? 0) - fromB]
  const length = Math.min(lengthA, lengthB)
  for (let i = 0; i < length; i += 4) {
    // Of the last word only what is within both; behind the last entry four bytes can be read.
    const mask = length - i >= 4 ? -1 : -1 << (32 - 8 * (length - i))
    const difference = ((view.getInt32(fromA + i) & mask) >>> 0) - ((view.getInt32(fromB + i) & mask) >>> 0)
    if (difference !== 0) return difference
  }
  return lengthA - lengthB
}

/** A byte order mark at the beginning is part of a text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
const textOf = (leaf: LeafColumn, entry: number): string => decoder.decode(leaf.data.subarray(leaf.startOf(entry), leaf.ends[entry]))

const intBounds = (leaf: LeafColumn): LeafBounds => {
  const { ints, count } = leaf
  let min = ints[0] ?? 0
  let max = min
  for (let i = 1; i < count; i++) {
    const value = ints[i] ?? 0
    if (value < min) min = value
    if (value > max) max = value
  }
  return leaf.leaf.leaf.type === "decimal" ? { min: BigInt(min), max: BigInt(max) } : { min, max }
}

const longBounds = (leaf: LeafColumn): LeafBounds => {
  const { ints, count } = leaf
  let minLow = (ints[0] ?? 0) >>> 0
  let minHigh = ints[1] ?? 0
  let maxLow = minLow
  let maxHigh = minHigh
  for (let i = 1; i < count; i++) {
    const low = (ints[2 * i] ?? 0) >>> 0
    const high = ints[2 * i + 1] ?? 0
    if (high < minHigh || (high === minHigh && low < minLow)) {
      minHigh = high
      minLow = low
    }
    if (high > maxHigh || (high === maxHigh && low > maxLow)) {
      maxHigh = high
      maxLow = low
    }
  }
  return { min: (BigInt(minHigh) << 32n) | BigInt(minLow), max: (BigInt(maxHigh) << 32n) | BigInt(maxLow) }
}

/** Which of 0 and -0 is meant does not matter to an order: 0 is told. */
const doubleBounds = (leaf: LeafColumn): LeafBounds | null => {
  const { doubles, count } = leaf
  let min = doubles[0] ?? 0
  let max = min
  for (let i = 0; i < count; i++) {
    const value = doubles[i] ?? 0
    if (Number.isNaN(value)) return null
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min: min + 0, max: max + 0 }
}

const booleanBounds = (leaf: LeafColumn): LeafBounds => {
  const values = leaf.data.subarray(0, leaf.count)
  return { min: !values.includes(0), max: values.includes(1) }
}

const fixedBounds = (leaf: LeafColumn): LeafBounds => {
  const { view, count } = leaf
  let min = 0
  let max = 0
  for (let i = 1; i < count; i++) {
    if (compareFixed(view, 16 * i, 16 * min) < 0) min = i
    else if (compareFixed(view, 16 * i, 16 * max) > 0) max = i
  }
  const value = (at: number) => (view.getBigInt64(at) << 64n) | view.getBigUint64(at + 8)
  return { min: value(16 * min), max: value(16 * max) }
}

/** Big endian integers of 128 bits: the first word has the sign. */
const compareFixed = (view: DataView, a: number, b: number): number => {
  const first = view.getInt32(a) - view.getInt32(b)
  if (first !== 0) return first
  for (let i = 4; i < 16; i += 4) {
    const difference = view.getUint32(a + i) - view.getUint32(b + i)
    if (difference !== 0) return difference
  }
  return 0
}
