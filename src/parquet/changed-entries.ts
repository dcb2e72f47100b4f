import { sameBytes } from "../columns/byte-hash.ts"
import type { LeafEntries } from "../columns/leaf-entries.ts"
import { rowsIn } from "./append-leaf.ts"
import type { FileLeaf, PlainValues, ReadPage } from "./read-pages.ts"

/** Rows of a row group that do not stay as they are. */
export interface ChangedRows {
  /** Their numbers, in order. */
  readonly rows: Int32Array
  /** Of each the number of the row that takes its place, among the fresh ones; -1: none does. */
  readonly by: Int32Array
}

/** Rows of a leaf that take the places of others. */
export interface FreshRows {
  readonly entries: LeafEntries
  /** See `RowStarts`. */
  readonly starts: Int32Array | null
}

/** An entry of a page that does not stay. */
export interface ChangedEntry {
  readonly slot: number
  /** Number of its value in the page; where it has none, of the next that there is. */
  readonly value: number
  /** The fresh entry that takes its place; -1: none does. */
  readonly by: number
}

/** Finds what changes in the pages of a leaf, one after the other: a row that is replaced mostly has most of its values again. */
export class ChangedEntries {
  readonly #from: FileLeaf
  readonly #changed: ChangedRows
  readonly #fresh: FreshRows
  /** First row of the next page. */
  #row = 0
  #next = 0

  constructor(from: FileLeaf, changed: ChangedRows, fresh: FreshRows) {
    this.#from = from
    this.#changed = changed
    this.#fresh = fresh
  }

  /** Rows of the pages so far. */
  get rows(): number {
    return this.#row
  }

  /** Null: not entry by entry, as rows have several. */
  of(page: ReadPage): ReadonlyArray<ChangedEntry> | null {
    const { slots, definition, repetition, isUniform, isFlat, count } = page
    const { rows, by } = this.#changed
    const { maxDefinition } = this.#from
    const begin = this.#row
    this.#row += rowsIn(page)
    const entries: Array<ChangedEntry> = []
    // Of a page that begins within a row nobody knows whose entries these are.
    if (!isFlat && repetition[0] !== 0) return null
    const isEven = isFlat && (count === slots || count === 0)
    let [row, slot, value] = [begin, 0, 0]
    const pass = () => {
      do {
        if (definition[isUniform ? 0 : slot] === maxDefinition) value++
        slot++
      } while (!isFlat && slot < slots && repetition[slot] !== 0)
    }
    for (; (rows[this.#next] ?? this.#row) < this.#row; this.#next++) {
      const target = rows[this.#next] ?? 0
      if (isEven) {
        slot = target - begin
        value = count === 0 ? 0 : slot
      } else for (; row < target; row++) pass()
      let end = slot + 1
      if (!isFlat) while (end < slots && repetition[end] !== 0) end++
      const number = by[this.#next] ?? -1
      if (number >= 0 && this.#isSame(page, slot, end, value, number)) continue
      const taker = number < 0 ? -1 : this.#onlyEntry(number)
      if (!isFlat || taker === null) return null
      entries.push({ slot, value, by: taker })
    }
    return entries
  }

  #onlyEntry(row: number): number | null {
    const { starts } = this.#fresh
    if (starts === null) return row
    const start = starts[row] ?? 0
    return (starts[row + 1] ?? 0) - start === 1 ? start : null
  }

  #isSame(
    { definition, isUniform, repetition, isFlat, values, indices }: ReadPage,
    slot: number,
    end: number,
    first: number,
    row: number
  ): boolean {
    const { entries, starts } = this.#fresh
    const start = starts === null ? row : (starts[row] ?? 0)
    const length = starts === null ? 1 : (starts[row + 1] ?? 0) - start
    if (length !== end - slot) return false
    let value = first
    for (let i = 0; i < length; i++) {
      const level = definition[isUniform ? 0 : slot + i]
      if (level !== levelOf(entries, start + i)) return false
      if ((isFlat ? 0 : repetition[slot + i]) !== (entries.isFlat ? 0 : entries.repetition[start + i])) return false
      if (level !== this.#from.maxDefinition) continue
      if (!isSameValue(values, indices === null ? value : (indices[value] ?? 0), entries, start + i)) return false
      value++
    }
    return true
  }
}

/** How far an entry is defined. */
export const levelOf = ({ uniform, definition }: LeafEntries, entry: number): number => (uniform < 0 ? (definition[entry] ?? 0) : uniform)

const isSameValue = ({ bytes, view, width, starts, ends }: PlainValues, value: number, entries: LeafEntries, entry: number): boolean => {
  if (width === 1) return bytes[value] === entries.values[entry]
  const { words } = entries
  if (width > 0) {
    for (let word = 0; word < words; word++)
      if (view.getInt32(value * width + 4 * word, true) !== entries.values[entry * words + word]) return false
    return true
  }
  const { texts } = entries
  const number = entries.values[entry] ?? 0
  const [from, start] = [texts.starts[number] ?? 0, starts[value] ?? 0]
  const length = (texts.ends[number] ?? 0) - from
  return length === (ends[value] ?? 0) - start && sameBytes(bytes, view, start, texts.view, texts.bytes, from, length)
}

/** Values of a page that stay, from one on to before another, and the fresh entry whose value comes behind them; -1: none does. */
export interface Part {
  readonly from: number
  readonly to: number
  readonly by: number
}

/** What the values of a page become. */
export const partsOf = (
  { definition, count }: ReadPage,
  { maxDefinition }: FileLeaf,
  different: ReadonlyArray<ChangedEntry>,
  fresh: LeafEntries
): ReadonlyArray<Part> => {
  let from = 0
  const parts = different.map(({ slot, value, by }): Part => {
    const part = { from, to: value, by: by >= 0 && levelOf(fresh, by) === maxDefinition ? by : -1 }
    from = value + (definition[slot] === maxDefinition ? 1 : 0)
    return part
  })
  return [...parts, { from, to: count, by: -1 }]
}

/** How many values a page has then. */
export const valuesIn = (parts: ReadonlyArray<Part>): number =>
  parts.reduce((total, { from, to, by }) => total + to - from + (by < 0 ? 0 : 1), 0)
