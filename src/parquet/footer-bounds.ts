import type { LeafColumn } from "../columns/leaf-column.ts"
import { lowerBound, upperBound } from "./bounds.ts"
import type { LeafBounds } from "./leaf-bounds.ts"

/** Bounds as a footer has them: in plain encoding, both or neither. */
export interface FooterBounds {
  readonly min: Uint8Array<ArrayBuffer> | null
  readonly max: Uint8Array<ArrayBuffer> | null
  /** Are they values of the chunk, and not only a bound? */
  readonly minExact: boolean
  readonly maxExact: boolean
}

const none: FooterBounds = { min: null, max: null, minExact: true, maxExact: true }
const utf8 = new TextEncoder()

/** A leaf's bounds in plain encoding, texts shortened as in the log. */
export const footerBounds = (leaf: LeafColumn, bounds: LeafBounds | null): FooterBounds => {
  if (bounds === null) return none
  const { min, max } = bounds
  if (typeof min === "string" && typeof max === "string") {
    const [lower, upper] = [lowerBound(min), upperBound(max)]
    if (upper === null) return none
    return { min: utf8.encode(lower), max: utf8.encode(upper), minExact: lower === min, maxExact: upper === max }
  }
  // Zero is both 0 and -0.
  const [first, last] = leaf.storage === "double" && min === 0 ? [-0, max] : [min, max]
  return { min: plain(leaf, first), max: plain(leaf, last), minExact: true, maxExact: true }
}

const plain = (leaf: LeafColumn, value: LeafBounds["min"]): Uint8Array<ArrayBuffer> => {
  const view = new DataView(new ArrayBuffer(16))
  const bytes = new Uint8Array(view.buffer)
  switch (leaf.storage) {
    case "boolean":
      view.setUint8(0, value === true ? 1 : 0)
      return bytes.slice(0, 1)
    case "int32":
      view.setInt32(0, Number(value), true)
      return bytes.slice(0, 4)
    case "double":
      view.setFloat64(0, Number(value), true)
      return bytes.slice(0, 8)
    case "int64":
      view.setBigInt64(0, typeof value === "bigint" ? value : 0n, true)
      return bytes.slice(0, 8)
    default: {
      const fixed = typeof value === "bigint" ? value : 0n
      view.setBigInt64(0, fixed >> 64n)
      view.setBigUint64(8, BigInt.asUintN(64, fixed))
      return bytes
    }
  }
}
