import type { ColumnBuilders } from "../columns/builders.ts"
import type { LeafEntries, PageEntries } from "../columns/leaf-entries.ts"
import { field, widths } from "../columns/leaf-store.ts"
import { appendLeaf, rowsIn, wantedOf } from "./append-leaf.ts"
import type { LeafSource } from "./leaf-map.ts"
import { readPages } from "./read-pages.ts"

/**
 * Adds the entries of one leaf in one row group of a file to those that are gathered of it; otherwise as {@link appendLeaf}.
 *
 * @param builders of the table, with nothing in them, for leaves that the file has in another form
 * @param taken how many rows are wanted
 */
export const gatherLeaf = (
  into: LeafEntries,
  builders: ColumnBuilders,
  source: LeafSource,
  chunk: Uint8Array | null,
  codec: Parameters<typeof readPages>[2],
  wanted: Uint8Array,
  taken: number
): void => {
  const { from } = source
  const isWhole = taken === wanted.length
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
    const rows = rowsIn(page)
    // Of wide rows most leaves have nothing in all rows of a row group.
    if (page.isFlat && page.isUniform && page.count === 0 && rows === wanted.length) into.addNulls(page.definition[0] ?? 0, taken)
    else into.add(isWhole ? page : wantedOf(page, from, wanted, row, isWanted))
    row += rows
    isWanted = wanted[row] === 1
  }
  if (row + 1 !== wanted.length) throw new RangeError(`a column has ${row + 1} of ${wanted.length} rows`)
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
