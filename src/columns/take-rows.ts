import { reserveLevels, reserveText, reserveValues } from "./add-page.ts"
import type { ColumnBuilders } from "./builders.ts"
import { field, type LeafStore, widths } from "./leaf-store.ts"

/** One leaf is copied at a time, so all share the room. */
let rowStarts = new Int32Array(0)
let valueStarts = new Int32Array(0)

/**
 * Adds some rows of builders to builders of the same columns, in any order; there they stay as well. Leaf by leaf, so that what is read and what is written
 * stays in the cache.
 *
 * @param rows numbers of rows of `from`
 * @param first of the leaves that are taken, which are those before `end`; of the others nothing need be there
 */
export const takeRows = (to: ColumnBuilders, from: ColumnBuilders, rows: Int32Array, first: number, end: number): void => {
  for (let leaf = first; leaf < end; leaf++) {
    const { maxDefinition, storage } = leafAt(from, leaf)
    findStarts(from.store, leaf, maxDefinition)
    const { levels, values } = lengthsOf(rows)
    copyLevels(to.store, from.store, leaf, rows, levels)
    if (values === 0) continue
    if (storage === "bytes") copyTexts(to.store, from.store, leaf, rows, values)
    else copyValues(to.store, from.store, leaf, rows, values, widths[storage])
  }
  to.endRows(rows.length)
}

const leafAt = ({ leaves }: ColumnBuilders, leaf: number) => {
  const found = leaves[leaf]
  if (found === undefined) throw new RangeError(`there is no leaf ${leaf}`)
  return found
}

/** Where the entries of each row begin, and the values that are there; behind the last row, where they end. */
const findStarts = (store: LeafStore, leaf: number, maxDefinition: number): void => {
  const levels = store.get(leaf, field.levels)
  if (rowStarts.length <= levels) {
    rowStarts = new Int32Array(levels * 2 + 1)
    valueStarts = new Int32Array(levels * 2 + 1)
  }
  const { bytes } = store
  const definition = store.get(leaf, field.definition)
  const repetition = store.get(leaf, field.repetition)
  let row = 0
  let value = 0
  for (let at = 0; at < levels; at++) {
    if (repetition < 0 || bytes[repetition + at] === 0) {
      rowStarts[row] = at
      valueStarts[row++] = value
    }
    if (bytes[definition + at] === maxDefinition) value++
  }
  rowStarts[row] = levels
  valueStarts[row] = value
}

const lengthsOf = (rows: Int32Array): { readonly levels: number; readonly values: number } => {
  let levels = 0
  let values = 0
  for (const row of rows) {
    levels += (rowStarts[row + 1] ?? 0) - (rowStarts[row] ?? 0)
    values += (valueStarts[row + 1] ?? 0) - (valueStarts[row] ?? 0)
  }
  return { levels, values }
}

const copyLevels = (to: LeafStore, from: LeafStore, leaf: number, rows: Int32Array, levels: number): void => {
  const before = reserveLevels(to, leaf, levels)
  const copy = (which: number) => {
    const [target, source] = [to.get(leaf, which), from.get(leaf, which)]
    if (source < 0) return
    let at = target + before
    for (const row of rows) at = copyBytes(to, at, from, source + (rowStarts[row] ?? 0), source + (rowStarts[row + 1] ?? 0))
  }
  copy(field.definition)
  copy(field.repetition)
  to.state[(leaf << 4) + field.levels] = before + levels
}

const copyValues = (to: LeafStore, from: LeafStore, leaf: number, rows: Int32Array, values: number, width: number): void => {
  const before = reserveValues(to, leaf, values)
  const source = from.get(leaf, field.values) * width
  let at = (to.get(leaf, field.values) + before) * width
  for (const row of rows)
    at = copyBytes(to, at, from, source + (valueStarts[row] ?? 0) * width, source + (valueStarts[row + 1] ?? 0) * width)
  to.state[(leaf << 4) + field.count] = before + values
}

const copyTexts = (to: LeafStore, from: LeafStore, leaf: number, rows: Int32Array, values: number): void => {
  const before = reserveValues(to, leaf, values)
  const ends = from.ints
  const firstEnd = from.get(leaf, field.values)
  const endOf = (value: number) => (value === 0 ? 0 : (ends[firstEnd + value - 1] ?? 0))
  let length = to.get(leaf, field.textLength)
  let more = 0
  for (const row of rows) more += endOf(valueStarts[row + 1] ?? 0) - endOf(valueStarts[row] ?? 0)
  reserveText(to, leaf, length + more)
  const text = to.get(leaf, field.text)
  const source = from.get(leaf, field.text)
  let end = to.get(leaf, field.values) + before
  for (const row of rows) {
    const last = valueStarts[row + 1] ?? 0
    const start = endOf(valueStarts[row] ?? 0)
    for (let value = valueStarts[row] ?? 0; value < last; value++) to.ints[end++] = length + endOf(value + 1) - start
    copyBytes(to, text + length, from, source + start, source + endOf(last))
    length += endOf(last) - start
  }
  to.state[(leaf << 4) + field.count] = before + values
  to.state[(leaf << 4) + field.textLength] = length
}

/** @returns where the copy ends */
const copyBytes = (to: LeafStore, at: number, from: LeafStore, start: number, end: number): number => {
  const { bytes: target } = to
  const { bytes: source } = from
  // A call of its own for a few bytes costs more than they do.
  if (end - start > 48) target.set(source.subarray(start, end), at)
  else for (let i = start; i < end; i++) target[at + i - start] = source[i] ?? 0
  return at + end - start
}
