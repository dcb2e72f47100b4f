import type { LeafColumn } from "./leaf-column.ts"
import type { LeafEntries } from "./leaf-entries.ts"
import type { TextPool } from "./text-pool.ts"

/** A dictionary pays when there are at least so many texts to each entry, and it is no larger than this; see `dictionary.ts`. */
const leastRepeats = 1.5
const maxDictionaryBytes = 1 << 20

const noInts = new Int32Array(0)
const noBytes = new Uint8Array(0)

/** Room that is kept for the next rows. */
const mostKept = 16 * 1024 * 1024

/** Runs pay when there are so many rows to each. */
const leastRun = 8

/** Where runs of rows that follow each other begin, by their place, and behind the last where it ends; null: there are too many. */
export const runsOf = (rows: Int32Array): Int32Array | null => {
  const { length } = rows
  const most = Math.floor(length / leastRun)
  const starts = new Int32Array(most + 1)
  let runs = 0
  let next = -1
  for (let i = 0; i < length; i++) {
    const row = rows[i] ?? 0
    if (row !== next) {
      if (runs === most) return null
      starts[runs++] = i
    }
    next = row + 1
  }
  starts[runs] = length
  return starts.subarray(0, runs + 1)
}

/**
 * Puts rows of a leaf that was gathered in an order, as the encoder takes them. Texts of a pool in which each stands once are moved as numbers, of which the
 * dictionary follows without a look at a text.
 */
export class OrderedRows {
  #definition = noBytes
  #repetition = noBytes
  /** Entries that have a value. */
  #taken = noInts
  #values = noInts
  #bytes = noBytes
  #view = new DataView(noBytes.buffer)
  #ends = noInts
  /** Of each text of the pool, one more than its number in the dictionary that is made, above those of the dictionaries before. */
  #seen = noInts
  #base = 0

  /** Rows of these entries follow. */
  begin({ texts }: LeafEntries): void {
    if (this.#seen.length < texts.count) this.#seen = new Int32Array(texts.count * 2)
    else this.#seen.fill(0, 0, texts.count)
    this.#base = 0
    if (this.#bytes.length > mostKept) this.#bytes = noBytes
    if (this.#values.byteLength > mostKept) this.#values = noInts
    if (this.#taken.byteLength > mostKept) this.#taken = noInts
  }

  /**
   * What is seen in the leaf is valid until the next rows are taken.
   *
   * @param starts of the rows, see `RowStarts`
   * @param rows numbers of rows
   * @param runs of them, see {@link runsOf}
   */
  take(into: LeafColumn, from: LeafEntries, starts: Int32Array | null, rows: Int32Array, runs: Int32Array | null): void {
    const levels = starts === null ? rows.length : entriesOf(rows, starts)
    const { taken, count } = this.#takeLevels(into, from, starts, rows, levels)
    const ofTaken = taken === rows ? runs : null
    into.levels = levels
    into.count = count
    into.entries = 0
    into.dictionarySize = 0
    into.indexCount = 0
    switch (from.storage) {
      case "bytes":
        this.#takeTexts(into, from, taken, ofTaken, count)
        return
      case "boolean": {
        const data = this.#room(count)
        for (let i = 0; i < count; i++) data[i] = from.values[taken[i] ?? 0] ?? 0
        into.data = data.subarray(0, count)
        return
      }
      default: {
        const { words } = from
        const values = this.#takeWords(from, taken, ofTaken, count)
        into.ints = values.subarray(0, count * words)
        if (from.storage === "double") into.doubles = new Float64Array(values.buffer, 0, count)
        if (from.storage === "fixed") {
          into.data = new Uint8Array(values.buffer, 0, count * 16)
          into.view = new DataView(values.buffer, 0, count * 16)
        }
      }
    }
  }

  #takeLevels(into: LeafColumn, from: LeafEntries, starts: Int32Array | null, rows: Int32Array, levels: number) {
    const { uniform, maxDefinition, valueCount } = from
    if (this.#definition.length < levels) {
      this.#definition = new Uint8Array(levels * 2)
      this.#repetition = new Uint8Array(levels * 2)
    }
    const definition = this.#definition
    const repetition = this.#repetition
    into.definition = definition.subarray(0, levels)
    if (from.repeats) into.repetition = repetition.subarray(0, levels)
    if (starts === null) {
      if (from.repeats) repetition.fill(0, 0, levels)
      if (uniform >= 0) {
        definition.fill(uniform, 0, levels)
        return { taken: rows, count: uniform === maxDefinition ? levels : 0 }
      }
      if (valueCount === from.count) {
        definition.fill(maxDefinition, 0, levels)
        return { taken: rows, count: levels }
      }
    }
    if (this.#taken.length < levels) this.#taken = new Int32Array(levels * 2)
    const taken = this.#taken
    const { definition: all, repetition: repeats } = from
    let count = 0
    if (starts === null) {
      for (let i = 0; i < levels; i++) {
        const row = rows[i] ?? 0
        const level = all[row] ?? 0
        definition[i] = level
        if (level === maxDefinition) taken[count++] = row
      }
      return { taken, count }
    }
    let at = 0
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] ?? 0
      const end = starts[row + 1] ?? 0
      for (let entry = starts[row] ?? 0; entry < end; entry++) {
        const level = uniform < 0 ? (all[entry] ?? 0) : uniform
        definition[at] = level
        repetition[at++] = repeats[entry] ?? 0
        if (level === maxDefinition) taken[count++] = entry
      }
    }
    return { taken, count }
  }

  #takeWords({ values: from, words }: LeafEntries, taken: Int32Array, runs: Int32Array | null, count: number): Int32Array {
    if (this.#values.length < count * words) this.#values = new Int32Array(count * words * 2)
    const to = this.#values
    if (runs !== null && count > 0)
      for (let run = 0; run + 1 < runs.length; run++) {
        const start = runs[run] ?? 0
        const first = taken[start] ?? 0
        to.set(from.subarray(first * words, (first + (runs[run + 1] ?? 0) - start) * words), start * words)
      }
    else if (words === 1) for (let i = 0; i < count; i++) to[i] = from[taken[i] ?? 0] ?? 0
    else if (words === 2)
      for (let i = 0; i < count; i++) {
        const at = (taken[i] ?? 0) * 2
        to[2 * i] = from[at] ?? 0
        to[2 * i + 1] = from[at + 1] ?? 0
      }
    else
      for (let i = 0; i < count; i++)
        for (let word = 0; word < words; word++) to[i * words + word] = from[(taken[i] ?? 0) * words + word] ?? 0
    return to
  }

  #takeTexts(into: LeafColumn, from: LeafEntries, taken: Int32Array, runs: Int32Array | null, count: number): void {
    const { values, texts } = from
    const isWorthwhile = texts.isDistinct ? this.#takeByDictionary(into, values, texts, taken, count) : null
    if (isWorthwhile === true) return
    const numbers = this.#takeWords(from, taken, runs, count)
    this.#write(into, texts, numbers, count)
    into.entries = count
    if (isWorthwhile === null) into.deduplicate()
  }

  /** @returns whether a dictionary is worthwhile, which the leaf has then; null: it would be too large for all of them */
  #takeByDictionary(into: LeafColumn, values: Int32Array, texts: TextPool, taken: Int32Array, count: number): boolean | null {
    if (this.#values.length < count * 2) this.#values = new Int32Array(count * 4)
    const seen = this.#seen
    const base = this.#base
    // Indices in front, and behind them which text is which entry.
    const room = this.#values
    let size = 0
    let bytes = 0
    for (let i = 0; i < count; i++) {
      const number = values[taken[i] ?? 0] ?? 0
      let entry = (seen[number] ?? 0) - base
      if (entry <= 0) {
        room[count + size] = number
        entry = ++size
        seen[number] = base + entry
        bytes += (texts.ends[number] ?? 0) - (texts.starts[number] ?? 0)
      }
      room[i] = entry - 1
    }
    this.#base = base + size
    if (count < 2 || count < leastRepeats * size) return false
    if (bytes > maxDictionaryBytes) return null
    this.#write(into, texts, room.subarray(count, count + size), size)
    into.ints = room.subarray(0, count)
    into.entries = size
    into.dictionarySize = size
    into.indexCount = count
    return true
  }

  /** The texts of these numbers, one behind the other. */
  #write(into: LeafColumn, { bytes, view, starts, ends }: TextPool, numbers: Int32Array, count: number): void {
    let length = 0
    for (let i = 0; i < count; i++) {
      const number = numbers[i] ?? 0
      length += (ends[number] ?? 0) - (starts[number] ?? 0)
    }
    const data = this.#room(length + 4)
    const target = this.#view
    if (this.#ends.length < count) this.#ends = new Int32Array(count * 2)
    const to = this.#ends
    let at = 0
    for (let i = 0; i < count; i++) {
      const number = numbers[i] ?? 0
      const start = starts[number] ?? 0
      const size = (ends[number] ?? 0) - start
      // Words of four bytes, the last of which may go over the end: on both sides there is room for it.
      if (size > 64) data.set(bytes.subarray(start, start + size), at)
      else for (let i = 0; i < size; i += 4) target.setInt32(at + i, view.getInt32(start + i, true), true)
      at += size
      to[i] = at
    }
    into.data = data.subarray(0, length)
    into.view = new DataView(data.buffer, 0, count === 0 ? 0 : length + 4)
    into.ends = to.subarray(0, count)
  }

  #room(length: number): Uint8Array {
    if (this.#bytes.length < length) {
      this.#bytes = new Uint8Array(length * 2)
      this.#view = new DataView(this.#bytes.buffer)
    }
    return this.#bytes
  }
}

const entriesOf = (rows: Int32Array, starts: Int32Array): number => {
  let entries = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0
    entries += (starts[row + 1] ?? 0) - (starts[row] ?? 0)
  }
  return entries
}
