import { reserveLevels, reserveText, reserveValues } from "../../src/columns/add-page.ts"
import type { ColumnBuilders } from "../../src/columns/builders.ts"
import { field, type LeafStore, widths } from "../../src/columns/leaf-store.ts"

/** Where the entries of each row of a leaf begin, and its values that are there; behind the last row, where they end. */
export interface RowStarts {
  /** Has every row one entry? And one value? */
  readonly oneEntry: boolean
  readonly oneValue: boolean
  readonly entries: Int32Array
  readonly values: Int32Array
  /** Bytes that are its own: most leaves have one entry a row, or no value at all, and share what says so. */
  readonly bytes: number
}

/** One leaf is looked at a time, so all share the room. */
let entryStarts = new Int32Array(0)
let valueStarts = new Int32Array(0)

/** Starts of what is there once in every row, and of what is nowhere. */
let counted = new Int32Array(0)
let nothing = new Int32Array(0)

/**
 * Adds some rows of builders to builders of the same columns, in any order; there they stay as well. Leaf by leaf, so that what is read and what is written
 * stays in the cache.
 *
 * @param rows numbers of rows of `from`
 * @param first of the leaves that are taken, which are those before `end`; of the others nothing need be there
 * @param starts by leaf, where rows are taken more than once: to find them costs a look at every row of `from`
 */
export const takeRows = (
  to: ColumnBuilders,
  from: ColumnBuilders,
  rows: Int32Array,
  first: number,
  end: number,
  starts: ReadonlyArray<RowStarts> = []
): void => {
  for (let leaf = first; leaf < end; leaf++) {
    const { storage } = leafAt(from, leaf)
    const found = starts[leaf] ?? startsOf(from, leaf)
    copyLevels(to.store, from.store, leaf, rows, found)
    const values = found.oneValue ? rows.length : from.store.get(leaf, field.count) === 0 ? 0 : lengthOf(rows, found.values)
    if (values === 0) continue
    if (storage === "bytes") copyTexts(to.store, from.store, leaf, rows, values, found.values)
    else copyValues(to.store, from.store, leaf, rows, values, widths[storage], found)
  }
  to.endRows(rows.length)
}

/** Where the rows of a leaf begin. Valid until rows are added. */
export const startsOf = (from: ColumnBuilders, leaf: number): RowStarts => {
  const levels = from.store.get(leaf, field.levels)
  const count = from.store.get(leaf, field.count)
  const { maxDefinition, maxRepetition } = leafAt(from, leaf)
  // Outside of lists a row is an entry, and only where some have a value need these be looked for.
  const isKnown = maxRepetition === 0 && (count === 0 || count === levels)
  const rows = isKnown ? levels : findStarts(from.store, leaf, maxDefinition)
  if (counted.length <= levels) {
    counted = Int32Array.from({ length: levels * 2 + 1 }, (_, i) => i)
    nothing = new Int32Array(levels * 2 + 1)
  }
  const oneEntry = levels === rows
  const oneValue = oneEntry && count === rows
  const entries = oneEntry ? counted : entryStarts.slice(0, rows + 1)
  const values = count === 0 ? nothing : oneValue ? counted : valueStarts.slice(0, rows + 1)
  const own = [entries, values].filter((starts) => starts !== counted && starts !== nothing)
  return { oneEntry, oneValue, entries, values, bytes: own.length * 4 * (rows + 1) }
}

const leafAt = ({ leaves }: ColumnBuilders, leaf: number) => {
  const found = leaves[leaf]
  if (found === undefined) throw new RangeError(`there is no leaf ${leaf}`)
  return found
}

/** Finds where rows begin, into the shared room. @returns how many rows there are */
const findStarts = (store: LeafStore, leaf: number, maxDefinition: number): number => {
  const levels = store.get(leaf, field.levels)
  if (entryStarts.length <= levels) {
    entryStarts = new Int32Array(levels * 2 + 1)
    valueStarts = new Int32Array(levels * 2 + 1)
  }
  const { bytes } = store
  const definition = store.get(leaf, field.definition)
  const repetition = store.get(leaf, field.repetition)
  let row = 0
  let value = 0
  for (let at = 0; at < levels; at++) {
    if (repetition < 0 || bytes[repetition + at] === 0) {
      entryStarts[row] = at
      valueStarts[row++] = value
    }
    if (bytes[definition + at] === maxDefinition) value++
  }
  entryStarts[row] = levels
  valueStarts[row] = value
  return row
}

const lengthOf = (rows: Int32Array, starts: Int32Array): number => {
  let length = 0
  for (const row of rows) length += (starts[row + 1] ?? 0) - (starts[row] ?? 0)
  return length
}

const copyLevels = (to: LeafStore, from: LeafStore, leaf: number, rows: Int32Array, { entries, oneEntry }: RowStarts): void => {
  const levels = oneEntry ? rows.length : lengthOf(rows, entries)
  const before = reserveLevels(to, leaf, levels)
  const copy = (which: number) => {
    const [target, source] = [to.get(leaf, which), from.get(leaf, which)]
    if (source < 0) return
    const { bytes: into } = to
    const { bytes } = from
    let at = target + before
    if (oneEntry) for (let i = 0; i < rows.length; i++) into[at++] = bytes[source + (rows[i] ?? 0)] ?? 0
    else
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] ?? 0
        const last = source + (entries[row + 1] ?? 0)
        for (let entry = source + (entries[row] ?? 0); entry < last; entry++) into[at++] = bytes[entry] ?? 0
      }
  }
  copy(field.definition)
  copy(field.repetition)
  to.state[(leaf << 4) + field.levels] = before + levels
}

const copyValues = (
  to: LeafStore,
  from: LeafStore,
  leaf: number,
  rows: Int32Array,
  values: number,
  width: number,
  { values: starts, oneValue }: RowStarts
): void => {
  const before = reserveValues(to, leaf, values)
  const source = from.get(leaf, field.values) * width
  let at = (to.get(leaf, field.values) + before) * width
  if (oneValue && width >= 4) {
    // By words: as numbers of 64 bits they might become others.
    const words = width >> 2
    const { ints: into } = to
    const { ints } = from
    let word = at >> 2
    for (const row of rows) {
      const first = (source >> 2) + row * words
      for (let i = 0; i < words; i++) into[word++] = ints[first + i] ?? 0
    }
  } else for (const row of rows) at = copyBytes(to, at, from, source + (starts[row] ?? 0) * width, source + (starts[row + 1] ?? 0) * width)
  to.state[(leaf << 4) + field.count] = before + values
}

const copyTexts = (to: LeafStore, from: LeafStore, leaf: number, rows: Int32Array, values: number, starts: Int32Array): void => {
  const before = reserveValues(to, leaf, values)
  const ends = from.ints
  const firstEnd = from.get(leaf, field.values)
  const endOf = (value: number) => (value === 0 ? 0 : (ends[firstEnd + value - 1] ?? 0))
  let length = to.get(leaf, field.textLength)
  let more = 0
  for (const row of rows) more += endOf(starts[row + 1] ?? 0) - endOf(starts[row] ?? 0)
  reserveText(to, leaf, length + more)
  const text = to.get(leaf, field.text)
  const source = from.get(leaf, field.text)
  let end = to.get(leaf, field.values) + before
  for (const row of rows) {
    const last = starts[row + 1] ?? 0
    const start = endOf(starts[row] ?? 0)
    for (let value = starts[row] ?? 0; value < last; value++) to.ints[end++] = length + endOf(value + 1) - start
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
