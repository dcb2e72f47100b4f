import { reserveLevels, reserveText, reserveValues } from "./add-page.ts"
import { field, type LeafStore, type Storage } from "./leaf-store.ts"

/** Entries of many rows, added to a leaf at once, values only to one outside of lists: what is known of the leaf is looked up once, and not for each row. */

const { levels, definition, repetition, maxDefinition, count, values, text, textLength } = field

/** Makes an entry with a value for each of so many rows. @returns the index of the first value, in units of its width */
const addEntries = (store: LeafStore, leaf: number, rows: number): number => {
  const before = reserveLevels(store, leaf, rows)
  const first = reserveValues(store, leaf, rows)
  const at = store.get(leaf, definition) + before
  store.bytes.fill(store.get(leaf, maxDefinition), at, at + rows)
  store.state[(leaf << 4) + levels] = before + rows
  store.state[(leaf << 4) + count] = first + rows
  return store.get(leaf, values) + first
}

/** No value, in each of the leaves `first` to before `end`. */
export const addNulls = (store: LeafStore, first: number, end: number, rows: number): void => {
  for (let leaf = first; leaf < end; leaf++) {
    const before = reserveLevels(store, leaf, rows)
    // Where rows were before, each has another level there.
    for (const start of [store.get(leaf, definition), store.get(leaf, repetition)])
      if (start >= 0) store.bytes.fill(0, start + before, start + before + rows)
    store.state[(leaf << 4) + levels] = before + rows
  }
}

/** The same integer of at most 53 bits for so many rows, in a leaf of 64 bits. */
export const addSameLong = (store: LeafStore, leaf: number, value: number, rows: number): void => {
  const at = addEntries(store, leaf, rows)
  const { ints } = store
  ints[2 * at] = value | 0
  ints[2 * at + 1] = Math.floor(value / 4294967296) | 0
  for (let done = 1; done < rows; done *= 2) ints.copyWithin(2 * (at + done), 2 * at, 2 * (at + Math.min(done, rows - done)))
}

/** The same text for so many rows. */
export const addSameText = (store: LeafStore, leaf: number, value: Uint8Array, rows: number): void => {
  const { length } = value
  const before = store.get(leaf, textLength)
  reserveText(store, leaf, before + length * rows)
  let at = addEntries(store, leaf, rows)
  const { bytes, ints } = store
  const start = store.get(leaf, text) + before
  bytes.set(value, start)
  for (let done = 1; done < rows; done *= 2) bytes.copyWithin(start + done * length, start, start + Math.min(done, rows - done) * length)
  for (let row = 1; row <= rows; row++) ints[at++] = before + row * length
  store.state[(leaf << 4) + textLength] = before + length * rows
}

/** Texts `bytes[starts[i], ends[i])`, where a start below 0 says that there is none. */
export interface Texts {
  readonly bytes: Uint8Array
  /** Over the same bytes, with at least 4 more behind each text. */
  readonly view: DataView
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** For `rows` rows the texts `first`, `first + step`, … */
export const addTextRun = (
  store: LeafStore,
  leaf: number,
  { bytes, view, starts, ends }: Texts,
  first: number,
  step: number,
  rows: number
): void => {
  let more = 0
  for (let i = first, row = 0; row < rows; row++, i += step) {
    const start = starts[i] ?? 0
    if (start >= 0) more += (ends[i] ?? 0) - start
  }
  let length = store.get(leaf, textLength)
  reserveText(store, leaf, length + more)
  const before = reserveLevels(store, leaf, rows)
  const known = reserveValues(store, leaf, rows)
  const { bytes: target, ints, view: own } = store
  const textAt = store.get(leaf, text)
  const valuesAt = store.get(leaf, values)
  const there = store.get(leaf, maxDefinition)
  let level = store.get(leaf, definition) + before
  let value = valuesAt + known
  for (let i = first, row = 0; row < rows; row++, i += step) {
    const start = starts[i] ?? 0
    if (start < 0) {
      target[level++] = 0
      continue
    }
    target[level++] = there
    const end = ends[i] ?? 0
    let to = textAt + length
    length += end - start
    ints[value++] = length
    // Words of four bytes, the last of which may go over the end.
    if (end - start > 256) target.set(bytes.subarray(start, end), to)
    else for (let at = start; at < end; at += 4, to += 4) own.setInt32(to, view.getInt32(at, true), true)
  }
  const { state } = store
  state[(leaf << 4) + levels] = before + rows
  state[(leaf << 4) + count] = value - valuesAt
  state[(leaf << 4) + textLength] = length
}

/** For `rows` rows the numbers `first`, `first + step`, …; NaN where there is none; of a leaf of 64 bits at most 53. Booleans are 0 and 1. */
export const addNumberRun = (
  store: LeafStore,
  leaf: number,
  storage: Exclude<Storage, "bytes" | "fixed">,
  numbers: Float64Array,
  first: number,
  step: number,
  rows: number
): void => {
  const before = reserveLevels(store, leaf, rows)
  const known = reserveValues(store, leaf, rows)
  const { bytes, ints, doubles } = store
  const there = store.get(leaf, maxDefinition)
  const valuesAt = store.get(leaf, values)
  let level = store.get(leaf, definition) + before
  let value = valuesAt + known
  for (let i = first, row = 0; row < rows; row++, i += step) {
    const number = numbers[i] ?? 0
    if (Number.isNaN(number)) {
      bytes[level++] = 0
      continue
    }
    bytes[level++] = there
    if (storage === "int64") {
      ints[2 * value] = number | 0
      ints[2 * value + 1] = Math.floor(number / 4294967296) | 0
    } else if (storage === "int32") ints[value] = number
    else if (storage === "double") doubles[value] = number
    else bytes[value] = number
    value++
  }
  store.state[(leaf << 4) + levels] = before + rows
  store.state[(leaf << 4) + count] = value - valuesAt
}
