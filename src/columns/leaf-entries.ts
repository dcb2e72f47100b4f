import type { Storage } from "./leaf-store.ts"
import { larger, type TextBytes, TextPool } from "./text-pool.ts"

/** Entries of a page, as it was read. */
export interface PageEntries {
  readonly slots: number
  readonly definition: Uint8Array
  /** Are all definition levels known to be the same? The first is enough then. */
  readonly isUniform: boolean
  readonly repetition: Uint8Array
  /** Is every entry known to begin a row? Nothing need be in `repetition` then. */
  readonly isFlat: boolean
  /** Values that are there. */
  readonly count: number
  /** `width` bytes each; 0: texts. */
  readonly values: TextBytes & { readonly width: number; readonly starts: Int32Array; readonly ends: Int32Array }
  /** Which of the values; null: all, in order. */
  readonly indices: Int32Array | null
  /** Do they stand in a dictionary, each once? */
  readonly inDictionary: boolean
}

/** Words of 32 bits that a value takes here; of texts and booleans one: its number in the pool, 0 or 1. */
export const wordsOf: Readonly<Record<Storage, number>> = { bytes: 1, int32: 1, boolean: 1, int64: 2, double: 2, fixed: 4 }

const noBytes = new Uint8Array(0)
const noInts = new Int32Array(0)

/** Room that is kept for the next leaf; more of it would stay with every thread. */
const mostKept = 16 * 1024 * 1024

/**
 * Entries of one leaf, gathered from any number of pages so that they can be put in another order. A value stands at its entry's place, so that a row outside of lists
 * is found by its number alone, and levels that are all the same take no room.
 */
export class LeafEntries {
  storage: Storage = "bytes"
  maxDefinition = 0
  words = 1
  repeats = false
  count = 0
  /** How many of the entries have a value. */
  valueCount = 0
  /** The definition level of all entries; -1: they differ, and stand in `definition`. */
  uniform = -1
  definition = noBytes
  /** Does every entry begin a row, as far as is known? Then nothing is in `repetition`. */
  isFlat = true
  repetition = noBytes
  values = noInts
  readonly texts = new TextPool()
  /** Numbers of a dictionary's texts in the pool + 1; 0: it was not met yet. */
  #numbers = noInts
  #dictionary: PageEntries["values"] | null = null

  /** Forgets all, and takes entries of this leaf. */
  begin({
    storage,
    maxDefinition,
    maxRepetition
  }: {
    readonly storage: Storage
    readonly maxDefinition: number
    readonly maxRepetition: number
  }): void {
    this.storage = storage
    this.maxDefinition = maxDefinition
    this.words = wordsOf[storage]
    this.repeats = maxRepetition > 0
    this.count = 0
    this.valueCount = 0
    this.uniform = -1
    this.isFlat = true
    this.#dictionary = null
    this.texts.clear()
    if (this.values.byteLength > mostKept) this.values = noInts
    if (this.definition.length > mostKept) this.definition = noBytes
    if (this.repetition.length > mostKept) this.repetition = noBytes
  }

  /** Bytes that it holds. */
  get bytes(): number {
    const levels = (this.uniform < 0 ? this.count : 0) + (this.isFlat ? 0 : this.count)
    return levels + (this.valueCount === 0 ? 0 : this.count * this.words * 4) + this.texts.size
  }

  /** Rows of one entry each that is defined so far, and has no value. */
  addNulls(level: number, rows: number): void {
    if (rows === 0) return
    if (!this.isFlat) this.#repetition(rows).fill(0, this.count, this.count + rows)
    this.#addLevel(level, rows)
  }

  /** Adds the entries of a page. */
  add(page: PageEntries): void {
    const { slots, count, definition } = page
    if (slots === 0) return
    const first = this.count
    if (!page.isFlat) this.#repetition(slots).set(page.repetition.subarray(0, slots), first)
    else if (!this.isFlat) this.#repetition(slots).fill(0, first, first + slots)
    if (page.isUniform) this.#addLevel(definition[0] ?? 0, slots)
    else {
      this.#spread(slots).set(definition.subarray(0, slots), first)
      this.count += slots
    }
    if (count === 0) return
    this.#addValues(page, first)
    this.valueCount += count
  }

  #addValues(page: PageEntries, first: number): void {
    const { words } = this
    if (this.values.length < this.count * words) this.values = larger(this.values, Math.max(this.count, first * 2) * words)
    if (this.storage === "bytes") this.#addTexts(page, first)
    else if (page.indices === null && page.count === page.slots && words * 4 === page.values.width)
      new Uint8Array(this.values.buffer).set(page.values.bytes.subarray(0, page.count * words * 4), first * words * 4)
    else this.#addWords(page, first)
  }

  #addWords({ slots, count, definition, indices, values: { bytes, view, width } }: PageEntries, first: number): void {
    const { values, words, maxDefinition } = this
    const isDense = count === slots
    let value = 0
    let to = first * words
    for (let slot = 0; slot < slots; slot++, to += words) {
      if (!isDense && definition[slot] !== maxDefinition) continue
      const from = indices === null ? value : (indices[value] ?? 0)
      value++
      if (width === 1) values[to] = bytes[from] ?? 0
      else for (let word = 0; word < words; word++) values[to + word] = view.getInt32(from * width + 4 * word, true)
    }
  }

  #addTexts({ slots, count, definition, indices, values: from, inDictionary }: PageEntries, first: number): void {
    const { values, texts, maxDefinition } = this
    const isDense = count === slots
    if (!inDictionary) texts.isDistinct = false
    let all = inDictionary || indices !== null ? -1 : texts.addAll(from, from.starts, from.ends, count)
    if (inDictionary) this.#meet(from)
    const numbers = this.#numbers
    let value = 0
    for (let slot = 0; slot < slots; slot++) {
      if (!isDense && definition[slot] !== maxDefinition) continue
      if (all >= 0) {
        values[first + slot] = all++
        continue
      }
      const index = indices === null ? value : (indices[value] ?? 0)
      value++
      let number = inDictionary ? (numbers[index] ?? 0) - 1 : texts.add(from, from.starts[index] ?? 0, from.ends[index] ?? 0)
      if (number < 0) {
        number = texts.intern(from, from.starts[index] ?? 0, from.ends[index] ?? 0)
        numbers[index] = number + 1
      }
      values[first + slot] = number
    }
  }

  /** Of a dictionary only what is used goes into the pool. */
  #meet(dictionary: PageEntries["values"]): void {
    if (this.#dictionary === dictionary) return
    this.#dictionary = dictionary
    const { length } = dictionary.ends
    if (this.#numbers.length < length) this.#numbers = new Int32Array(length * 2)
    else this.#numbers.fill(0, 0, length)
  }

  #addLevel(level: number, entries: number): void {
    if (this.count === 0) this.uniform = level
    if (this.uniform !== level) this.#spread(entries).fill(level, this.count, this.count + entries)
    this.count += entries
  }

  /** Definition levels, one by one, with room for so many more. */
  #spread(more: number): Uint8Array {
    const needed = this.count + more
    if (this.definition.length < needed) this.definition = largerBytes(this.definition, needed)
    if (this.uniform >= 0) this.definition.fill(this.uniform, 0, this.count)
    this.uniform = -1
    return this.definition
  }

  #repetition(more: number): Uint8Array {
    const needed = this.count + more
    if (this.repetition.length < needed) this.repetition = largerBytes(this.repetition, needed)
    if (this.isFlat) this.repetition.fill(0, 0, this.count)
    this.isFlat = false
    return this.repetition
  }
}

const largerBytes = (bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> => {
  const grown = new Uint8Array(Math.max(needed, bytes.length * 2))
  grown.set(bytes)
  return grown
}

/**
 * Where the entries of each row begin, and behind the last row where they end; null: every row has one. Leaves of the same lists begin alike, and stand side by side,
 * so what was found for the last one is kept.
 */
export class RowStarts {
  #repetition = noBytes
  #count = -1
  #starts: Int32Array | null = null

  of({ isFlat, repetition, count }: LeafEntries): Int32Array | null {
    if (isFlat) return null
    const now = repetition.subarray(0, count)
    if (count === this.#count && Buffer.compare(now, this.#repetition.subarray(0, count)) === 0) return this.#starts
    if (this.#repetition.length < count) this.#repetition = new Uint8Array(count * 2)
    this.#repetition.set(now)
    this.#count = count
    let rows = 0
    for (let at = 0; at < count; at++) if (now[at] === 0) rows++
    this.#starts = rows === count ? null : startsOf(now, rows)
    return this.#starts
  }
}

const startsOf = (repetition: Uint8Array, rows: number): Int32Array => {
  const { length } = repetition
  const starts = new Int32Array(rows + 1)
  let row = 0
  for (let at = 0; at < length; at++) if (repetition[at] === 0) starts[row++] = at
  starts[row] = length
  return starts
}
