import { addLevels, addTexts, addWords } from "../columns/add-page.ts"
import type { ColumnBuilders } from "../columns/builders.ts"
import type { LeafSource } from "./leaf-map.ts"
import { type FileLeaf, type ReadPage, readPages } from "./read-pages.ts"

/**
 * Adds the entries of one leaf in one row group of a file to the leaf of a table. Whoever calls it does so for all leaves, with the same rows, and
 * then ends the rows.
 *
 * @param chunk the bytes of the column chunk; null where the file has none
 * @param codec what the footer says of it
 * @param wanted one a row of the row group: 1, where it is to be taken
 * @throws Error where the bytes are not what Parquet says, or values do not fit the leaf
 */
export const appendLeaf = (
  { leaves, store }: ColumnBuilders,
  { leaf, from, definition: levels, maxRepetition, add, isAsItIs }: LeafSource,
  chunk: Uint8Array | null,
  codec: Parameters<typeof readPages>[2],
  wanted: Uint8Array
): void => {
  const column = leaves[leaf]
  if (column === undefined) throw new RangeError(`there is no leaf ${leaf}`)
  if (from === null || chunk === null) {
    for (let row = 0; row < wanted.length; row++) if (wanted[row] === 1) store.addNull(leaf, 0, 0)
    return
  }
  const isWhole = !wanted.includes(0)
  const deepest = levels.length - 1
  const last = levels[deepest] ?? 0
  let row = -1
  let isWanted = false
  // A page of a leaf that does not repeat has a row for each entry.
  const skip = (slots: number): boolean => {
    if (from.maxRepetition > 0) return false
    const next = wanted.indexOf(1, row + 1)
    if (next >= 0 && next <= row + slots) return false
    row += slots
    return true
  }
  for (const read of readPages(chunk, from, codec, skip)) {
    if (read === null) continue
    const page = spread(read, from)
    if (isAsItIs) {
      const rows = rowsIn(page)
      const kept = isWhole ? page : wantedOf(page, from, wanted, row, isWanted)
      row += rows
      isWanted = wanted[row] === 1
      addLevels(store, leaf, kept.definition, kept.repetition, kept.slots)
      if (column.storage === "bytes") addTexts(store, leaf, kept.values, kept.indices, kept.count)
      else addWords(store, leaf, kept.values.width, kept.values, kept.indices, kept.count)
      continue
    }
    const { slots, definition, repetition, values, indices } = page
    let value = 0
    for (let slot = 0; slot < slots; slot++) {
      const repeats = repetition.length === 0 ? 0 : (repetition[slot] ?? 0)
      if (repeats === 0) isWanted = wanted[++row] === 1
      const level = definition[slot] ?? 0
      const isThere = level === from.maxDefinition
      if (isWanted && repeats <= maxRepetition) {
        if (isThere && add !== null) add(store, leaf, repeats, values, indices === null ? value : (indices[value] ?? 0))
        else store.addNull(leaf, level > deepest ? last : (levels[level] ?? 0), repeats)
      }
      if (isThere) value++
    }
  }
  if (row + 1 !== wanted.length) throw new RangeError(`column ${column.path.join(".")} has ${row + 1} of ${wanted.length} rows`)
}

const noLevels = new Uint8Array(0)

/** The page with all of its levels. */
const spread = (page: ReadPage, { maxRepetition }: FileLeaf): ReadPage => {
  const { slots, definition, isUniform, isFlat } = page
  if (isUniform) definition.fill(definition[0] ?? 0, 0, slots)
  return isFlat ? { ...page, repetition: maxRepetition === 0 ? noLevels : new Uint8Array(slots) } : page
}

/** Rows that begin in a page. */
export const rowsIn = ({ slots, repetition, isFlat }: ReadPage): number => {
  if (isFlat) return slots
  let rows = 0
  for (let slot = 0; slot < slots; slot++) if (repetition[slot] === 0) rows++
  return rows
}

/** One page is looked at at a time, so all share the room. */
let numbersRoom = new Int32Array(0)

/**
 * The entries of a page that belong to wanted rows. They are moved together within the page, which has nothing else then.
 *
 * @param row the last that begins before the page
 * @param isWanted is that one?
 */
export const wantedOf = (page: ReadPage, { maxDefinition }: FileLeaf, wanted: Uint8Array, row: number, isWanted: boolean): ReadPage => {
  const { slots, definition, isUniform, repetition, indices } = page
  if (numbersRoom.length < page.count) numbersRoom = new Int32Array(page.count * 2)
  const numbers = indices ?? numbersRoom
  const repeats = repetition.length > 0
  let kept = 0
  if (isUniform && page.count === 0 && !repeats) {
    for (let slot = 0; slot < slots; slot++) kept += wanted[row + 1 + slot] ?? 0
    return { ...page, slots: kept }
  }
  let count = 0
  let value = 0
  let at = row
  let takes = isWanted
  for (let slot = 0; slot < slots; slot++) {
    if (!repeats || repetition[slot] === 0) takes = wanted[++at] === 1
    const level = (isUniform ? definition[0] : definition[slot]) ?? 0
    if (takes) {
      if (repeats) repetition[kept] = repetition[slot] ?? 0
      definition[kept++] = level
      if (level === maxDefinition) numbers[count++] = indices === null ? value : (indices[value] ?? 0)
    }
    if (level === maxDefinition) value++
  }
  return { ...page, slots: kept, count, indices: numbers }
}
