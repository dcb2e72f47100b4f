import { entryHash, sameBytes } from "./byte-hash.ts"

/** Bytes in which texts stand, with four more behind the last that can be read. */
export interface TextBytes {
  readonly bytes: Uint8Array
  readonly view: DataView
}

const leastSlots = 1 << 10

/**
 * Texts by number: `bytes[starts[i], ends[i])`. As long as all come from dictionaries each stands there once, so that who moves them moves numbers, and neither copies
 * nor compares a text again. Texts that come plainly are those that hardly repeat: from the first on nothing is looked for any more.
 */
export class TextPool {
  bytes = new Uint8Array(1 << 12)
  view = new DataView(this.bytes.buffer)
  starts = new Int32Array(leastSlots)
  ends = new Int32Array(leastSlots)
  count = 0
  /** Is every text there once? */
  isDistinct = true
  #length = 0
  #hashes = new Int32Array(leastSlots)
  /** Number + 1 by hash, open addressing; 0 is free. */
  #table = new Int32Array(leastSlots)
  #mask = leastSlots - 1

  /** Bytes that it holds. */
  get size(): number {
    return this.#length + 8 * this.count
  }

  clear(): void {
    this.count = 0
    this.#length = 0
    this.isDistinct = true
    this.#mask = leastSlots - 1
    this.#table.fill(0, 0, leastSlots)
  }

  /** The number of a text, which is new or there already. */
  intern(from: TextBytes, start: number, end: number): number {
    if (!this.isDistinct) return this.add(from, start, end)
    const hash = entryHash(from.view, start, end)
    const length = end - start
    let slot = hash & this.#mask
    for (let found = this.#table[slot] ?? 0; found !== 0; found = this.#table[slot] ?? 0) {
      const at = this.starts[found - 1] ?? 0
      if (
        this.#hashes[found - 1] === hash &&
        (this.ends[found - 1] ?? 0) - at === length &&
        sameBytes(this.bytes, this.view, at, from.view, from.bytes, start, length)
      )
        return found - 1
      slot = (slot + 1) & this.#mask
    }
    const number = this.add(from, start, end)
    this.#hashes[number] = hash
    this.#table[slot] = number + 1
    if (this.count * 2 > this.#mask) this.#rehash()
    return number
  }

  /** Adds a text without looking whether it is there. @returns its number */
  add({ bytes, view }: TextBytes, start: number, end: number): number {
    const length = end - start
    this.reserve(1, length)
    const at = this.#length
    if (length > 64) this.bytes.set(bytes.subarray(start, end), at)
    else for (let i = 0; i < length; i += 4) this.view.setInt32(at + i, view.getInt32(start + i, true), true)
    this.#length = at + length
    this.starts[this.count] = at
    this.ends[this.count] = at + length
    return this.count++
  }

  /** Adds texts that stand in one piece of memory, between others. @returns the number of the first; the others follow */
  addAll({ bytes }: TextBytes, starts: Int32Array, ends: Int32Array, count: number): number {
    const from = starts[0] ?? 0
    const end = ends[count - 1] ?? 0
    this.reserve(count, end - from)
    const first = this.count
    const moved = this.#length - from
    this.bytes.set(bytes.subarray(from, end), this.#length)
    this.#length += end - from
    for (let i = 0; i < count; i++) {
      this.starts[first + i] = (starts[i] ?? 0) + moved
      this.ends[first + i] = (ends[i] ?? 0) + moved
    }
    this.count += count
    return first
  }

  /** Makes room for so many texts of so many bytes in all. */
  reserve(count: number, length: number): void {
    if (this.count + count > this.starts.length) {
      const room = Math.max(this.count + count, this.starts.length * 2)
      this.starts = larger(this.starts, room)
      this.ends = larger(this.ends, room)
      this.#hashes = larger(this.#hashes, room)
    }
    const needed = this.#length + length + 4
    if (needed <= this.bytes.length) return
    const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    bytes.set(this.bytes.subarray(0, this.#length))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  #rehash(): void {
    this.#mask = 2 * this.#mask + 1
    if (this.#table.length > this.#mask) this.#table.fill(0, 0, this.#mask + 1)
    else this.#table = new Int32Array(this.#mask + 1)
    for (let number = 0; number < this.count; number++) {
      let slot = (this.#hashes[number] ?? 0) & this.#mask
      while (this.#table[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#table[slot] = number + 1
    }
  }
}

export const larger = (array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> => {
  const grown = new Int32Array(length)
  grown.set(array)
  return grown
}
