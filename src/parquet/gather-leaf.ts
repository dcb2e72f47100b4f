import type { ColumnBuilders } from "../columns/builders.ts"
import type { LeafEntries, PageEntries } from "../columns/leaf-entries.ts"
import { field, widths } from "../columns/leaf-store.ts"
import { appendLeaf, rowsIn, wantedOf } from "./append-leaf.ts"
import type { LeafSource } from "./leaf-map.ts"
import { type FileLeaf, type ReadPage, readPages } from "./read-pages.ts"

/**
 * Adds the entries of one leaf in one row group of a file to those that are gathered of it; otherwise as {@link appendLeaf}.
 *
 * @param builders of the table, with nothing in them, for leaves that the file has in another form
 * @param rows the numbers of the wanted rows, in order; null: all are
 */
export const gatherLeaf = (
  into: LeafEntries,
  builders: ColumnBuilders,
  source: LeafSource,
  chunk: Uint8Array | null,
  codec: Parameters<typeof readPages>[2],
  wanted: Uint8Array,
  rows: Int32Array | null
): void => {
  const { from } = source
  const isWhole = rows === null
  const taken = isWhole ? wanted.length : rows.length
  if (from === null || chunk === null) {
    into.addNulls(0, taken)
    return
  }
  if (!source.isAsItIs) {
    appendLeaf(builders, source, chunk, codec, wanted)
    into.add(pageOf(builders, source.leaf))
    builders.reset()
    return
  }
  let row = -1
  let isWanted = false
  // A page of a leaf that does not repeat has a row for each entry.
  const skip = (slots: number): boolean => {
    if (isWhole || from.maxRepetition > 0) return false
    const next = wanted.indexOf(1, row + 1)
    if (next >= 0 && next <= row + slots) return false
    row += slots
    return true
  }
  for (const page of readPages(chunk, from, codec, skip)) {
    if (page === null) continue
    const begun = rowsIn(page)
    const isAll = begun === wanted.length
    // Of wide rows most leaves have nothing in all rows of a row group.
    if (page.isFlat && page.isUniform && page.count === 0 && isAll) into.addNulls(page.definition[0] ?? 0, taken)
    else if (isWhole) into.add(page)
    else into.add(page.isFlat && isAll ? pick(page, from, rows) : wantedOf(page, from, wanted, row, isWanted))
    row += begun
    isWanted = wanted[row] === 1
  }
  if (row + 1 !== wanted.length) throw new RangeError(`a column has ${row + 1} of ${wanted.length} rows`)
}

/** One page is looked at at a time, so all share the room. */
let ranks = new Int32Array(0)
let numbersRoom = new Int32Array(0)

/** Rows of a page in which each entry is one, by their numbers: to look at each whether it is wanted would cost more than to take it. They move together in place. */
const pick = (page: ReadPage, { maxDefinition }: FileLeaf, rows: Int32Array): ReadPage => {
  const { slots, count, definition, isUniform, indices } = page
  if (count === 0) {
    if (!isUniform) for (let i = 0; i < rows.length; i++) definition[i] = definition[rows[i] ?? 0] ?? 0
    return { ...page, slots: rows.length }
  }
  const isDense = count === slots
  if (!isDense) {
    if (ranks.length < slots) ranks = new Int32Array(slots * 2)
    let rank = 0
    for (let slot = 0; slot < slots; slot++) {
      ranks[slot] = rank
      if (definition[slot] === maxDefinition) rank++
    }
  }
  if (numbersRoom.length < rows.length) numbersRoom = new Int32Array(rows.length * 2)
  const numbers = numbersRoom
  let taken = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0
    if (!isDense) {
      const level = definition[row] ?? 0
      definition[i] = level
      if (level !== maxDefinition) continue
    }
    const value = isDense ? row : (ranks[row] ?? 0)
    numbers[taken++] = indices === null ? value : (indices[value] ?? 0)
  }
  if (isDense && !isUniform) definition.fill(maxDefinition, 0, rows.length)
  return { ...page, slots: rows.length, count: taken, indices: numbers }
}

/** What builders hold of a leaf, as a page would have it. */
const pageOf = ({ leaves, store }: ColumnBuilders, leaf: number): PageEntries => {
  const column = leaves[leaf]
  if (column === undefined) throw new RangeError(`there is no leaf ${leaf}`)
  const slots = store.get(leaf, field.levels)
  const count = store.get(leaf, field.count)
  const at = store.get(leaf, field.values)
  const levelsAt = (start: number) => (start < 0 ? new Uint8Array(0) : store.bytes.subarray(start, start + slots))
  const about = {
    slots,
    count,
    definition: levelsAt(store.get(leaf, field.definition)),
    repetition: levelsAt(store.get(leaf, field.repetition)),
    isUniform: false,
    isFlat: column.maxRepetition === 0,
    indices: null,
    inDictionary: false
  }
  const width = widths[column.storage]
  if (column.storage !== "bytes") {
    const bytes = store.bytes.subarray(at * width, (at + count) * width)
    const view = new DataView(store.bytes.buffer, at * width)
    return { ...about, values: { bytes, view, width, starts: noInts, ends: noInts } }
  }
  const text = store.get(leaf, field.text)
  const ends = store.ints.slice(at, at + count)
  const starts = new Int32Array(count)
  if (count > 1) starts.set(ends.subarray(0, -1), 1)
  const bytes = store.bytes.subarray(text, text + store.get(leaf, field.textLength))
  return { ...about, values: { bytes, view: new DataView(store.bytes.buffer, text), width: 0, starts, ends } }
}

const noInts = new Int32Array(0)
