import type { LeafColumn } from "../columns/leaf-column.ts"
import { bitsFor } from "./hybrid.ts"
import { plainBytes, type ValuePlan } from "./values.ts"

/** A data page: entries, the values that are there among them, and whether these are indices into the dictionary. */
export interface PageRange {
  readonly start: number
  readonly end: number
  readonly firstValue: number
  readonly endValue: number
  readonly indexed: boolean
}

/** Uncompressed bytes of a data page, about: readers decompress a page at a time. */
export const pageBytes = 1 << 20

/**
 * Divides a leaf's entries into data pages. A page begins where a row does, and has values of one kind: when a row has values on both sides of
 * the end of the dictionary's, all of them are written plainly.
 */
export const pageRanges = (leaf: LeafColumn, plan: ValuePlan): ReadonlyArray<PageRange> => {
  const mixed = plan.indexed > 0 && plan.indexed < leaf.count
  if (!mixed && mostBytes(leaf, plan) <= pageBytes) {
    return [{ start: 0, end: leaf.levels, firstValue: 0, endValue: leaf.count, indexed: plan.indexed > 0 }]
  }
  const isDense = leaf.maxRepetition === 0 && leaf.count === leaf.levels
  return isDense && leaf.storage === "bytes" && plan.indexed === 0 && leaf.entries === leaf.count ? divideTexts(leaf) : divide(leaf, plan)
}

/** The same as {@link divide} of texts that each stand for themselves, one a row: where a page is full is told by where the texts end. */
const divideTexts = (leaf: LeafColumn): ReadonlyArray<PageRange> => {
  const pages: Array<PageRange> = []
  const { levels, ends } = leaf
  const bytesOfEntry = 4 + levelBits(leaf) / 8
  let start = 0
  while (start < levels) {
    const from = leaf.startOf(start)
    // The first page that is too large ends behind `low`; a text by itself always goes.
    let low = start + 1
    let high = levels
    while (low < high) {
      const end = (low + high + 1) >> 1
      if ((ends[end - 1] ?? 0) - from + bytesOfEntry * (end - start) > pageBytes) high = end - 1
      else low = end
    }
    pages.push({ start, end: low, firstValue: start, endValue: low, indexed: false })
    start = low
  }
  return pages
}

const levelBits = (leaf: LeafColumn): number => bitsFor(leaf.maxDefinition) + bitsFor(leaf.maxRepetition)

/** No page of the whole leaf has more bytes. */
const mostBytes = (leaf: LeafColumn, plan: ValuePlan): number => {
  const levels = (leaf.levels * levelBits(leaf)) / 8
  if (plan.indexed > 0) return levels + (plan.indexed * plan.width) / 8
  const { count } = leaf
  if (leaf.storage !== "bytes") return levels + (count === 0 ? 0 : count * plainBytes(leaf, 0))
  return levels + 4 * count + leaf.startOf(leaf.entries)
}

const divide = (leaf: LeafColumn, plan: ValuePlan): ReadonlyArray<PageRange> => {
  const pages: Array<PageRange> = []
  const { levels, maxDefinition, definition, maxRepetition, repetition } = leaf
  const bits = levelBits(leaf)
  let [start, firstValue, bytes] = [0, 0, 0]
  const close = (end: number, endValue: number) => {
    pages.push({ start, end, firstValue, endValue, indexed: endValue <= plan.indexed && plan.indexed > 0 })
    start = end
    firstValue = endValue
    bytes = 0
  }
  let value = 0
  for (let at = 0; at < levels; ) {
    const rowValue = value
    let rowEnd = at
    let rowBytes = 0
    do {
      if (definition[rowEnd] === maxDefinition) {
        rowBytes += value < plan.indexed ? plan.width / 8 : plainBytes(leaf, value)
        value++
      }
      rowEnd++
    } while (maxRepetition > 0 && rowEnd < levels && repetition[rowEnd] !== 0)
    rowBytes += ((rowEnd - at) * bits) / 8
    const full = bytes + rowBytes > pageBytes
    const plainBegins = firstValue < plan.indexed && rowValue <= plan.indexed && value > plan.indexed
    if (at > start && (full || plainBegins)) close(at, rowValue)
    bytes += rowBytes
    at = rowEnd
  }
  close(levels, value)
  return pages
}
