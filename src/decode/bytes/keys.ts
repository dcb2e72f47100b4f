import { entryHash } from "../../columns/byte-hash.ts"
import { giveUp, type Scanner } from "./scan.ts"

/** Keys can be data: more spellings than this are not remembered, and an object that has such a key goes to the definition. */
const maxEntries = 1024

/** Numbers that are known of a key: its place in `entries`, half a cache line of 8 each. */
export const keyField = {
  /** Index of the first word of its pattern. */
  first: 0,
  /** Length of the pattern in bytes. */
  length: 1,
  /** The key that came behind it the last time; -1: none yet. */
  next: 2,
  /** What it means: a number that its table's owner has given it. */
  meaning: 3,
  /** Of a field what a walk needs of its node, see `nodeField`: its kind, 256 if it is plain, `respelled` if so, and 65536 times its level. */
  about: 4,
  leaf: 5,
  end: 6,
  hash: 7
} as const

/** What a key means, as numbers. */
export interface KeyMeaning {
  readonly meaning: number
  readonly about: number
  readonly leaf: number
  readonly end: number
}

/**
 * All keys that were met, in each way in which they stand in records: `"key":`, or `\"key\":` in a document that stands as text.
 *
 * Objects of a kind have their keys in the same order nearly always, wanted and unwanted ones, so each key knows which one came behind it the
 * last time. Whether it comes again is a comparison of a few words; only if it does not is the key hashed. Keys that follow each other in
 * records do so in memory, too, since they were learnt in that order.
 *
 * Patterns are compared eight bytes at a time, as floats, which is the widest that a `DataView` gives without making an object; the last word
 * overlaps the one before. Bytes of well-formed UTF-8 are never those of a NaN, nor of a zero.
 */
export class KeyStore {
  readonly entries: Int32Array
  /** Patterns of 8 bytes and more, in words of eight. */
  readonly wide: Float64Array
  /** Shorter ones: their first and their last four bytes. */
  readonly narrow: Int32Array
  #count = 0
  #wideTop = 0
  #narrowTop = 0

  /** @param arrays to use instead of its own; keys for which there is no room are given up */
  constructor(arrays: Pick<KeyStore, "entries" | "wide" | "narrow"> = ownArrays()) {
    this.entries = arrays.entries
    this.wide = arrays.wide
    this.narrow = arrays.narrow
  }

  /** Does the pattern of a key stand at `at`? */
  matches(key: number, view: DataView, at: number): boolean {
    const { entries } = this
    const e = key << 3
    const length = entries[e + keyField.length] ?? 0
    let word = entries[e] ?? 0
    if (length < 8) {
      const { narrow } = this
      return view.getInt32(at, true) === narrow[word] && view.getInt32(at + length - 4, true) === narrow[word + 1]
    }
    const { wide } = this
    const last = word + ((length + 7) >> 3) - 1
    for (let position = at; word < last; word++, position += 8) if (view.getFloat64(position, true) !== wide[word]) return false
    return view.getFloat64(at + length - 8, true) === wide[last]
  }

  get(key: number, which: number): number {
    return this.entries[(key << 3) + which] ?? 0
  }

  /** @param resolve what the key means, which is kept for good: asked only where the key is kept, too */
  add(pattern: Buffer, hash: number, resolve: () => KeyMeaning): number {
    const { length } = pattern
    const key = this.#count
    if (key << 3 >= this.entries.length || this.#wideTop + length > this.wide.length || this.#narrowTop + 2 > this.narrow.length)
      throw giveUp
    const { meaning, about, leaf, end } = resolve()
    this.#count++
    const isNarrow = length < 8
    const first = isNarrow ? this.#narrowTop : this.#wideTop
    const last = isNarrow ? first + 1 : first + Math.ceil(length / 8) - 1
    if (isNarrow) {
      this.narrow[first] = pattern.readInt32LE(0)
      this.narrow[last] = pattern.readInt32LE(length - 4)
      this.#narrowTop += 2
    } else {
      for (let word = first; word < last; word++) this.wide[word] = pattern.readDoubleLE((word - first) * 8)
      this.wide[last] = pattern.readDoubleLE(length - 8)
      this.#wideTop = last + 1
    }
    this.entries.set([first, length, -1, meaning, about, leaf, end, hash], key << 3)
    return key
  }
}

/** The keys of one kind of object, learnt as they are met. */
export class KeyTable {
  /** The key that came first the last time; -1: none yet. */
  first = -1
  readonly #store: KeyStore
  readonly #resolve: (key: string) => KeyMeaning
  #count = 0
  /** Key + 1 by hash, open addressing; 0 is free. */
  #table = new Int32Array(32)

  /** @param resolve tells what a key means */
  constructor(store: KeyStore, resolve: (key: string) => KeyMeaning) {
    this.#store = store
    this.#resolve = resolve
  }

  /**
   * The key whose opening quotation mark stands at `from`, or behind blanks there, learnt if it is new; `scanner.after` is then behind the colon.
   * Gives up on keys with escape sequences, and when there is no room for more.
   */
  find(scanner: Scanner, from: number, escaped: number): number {
    const { bytes, view } = scanner
    const at = scanner.past(from, escaped)
    scanner.openingQuote(at, escaped)
    const start = at + 1 + escaped
    const end = scanner.special(start)
    if (!scanner.closes(end, escaped)) throw giveUp
    const after = scanner.past(end + 1 + escaped, escaped)
    if (bytes[after] !== 58) throw giveUp
    scanner.after = after + 1

    const store = this.#store
    const hash = entryHash(view, start, end) + escaped
    const table = this.#table
    const mask = table.length - 1
    const length = end - start + 3 + 2 * escaped
    let slot = hash & mask
    for (let found = table[slot] ?? 0; found !== 0; found = table[slot] ?? 0) {
      const key = found - 1
      if (store.get(key, keyField.length) === length && (store.matches(key, view, at) || this.#sameButBlanks(key, scanner, at, length)))
        return key
      slot = (slot + 1) & mask
    }
    return this.#learn(scanner.text(start, end), escaped, hash)
  }

  /** Blanks may stand before the colon. */
  #sameButBlanks(key: number, { bytes }: Scanner, at: number, length: number): boolean {
    if (bytes[at + length - 1] === 58) return false
    // The pattern with its colon in place is the same key.
    const copy = Buffer.alloc(length + 8)
    bytes.copy(copy, 0, at, at + length - 1)
    copy[length - 1] = 58
    return this.#store.matches(key, new DataView(copy.buffer, copy.byteOffset, copy.byteLength), 0)
  }

  #learn(text: string, escaped: number, hash: number): number {
    // An empty key is too short for a pattern.
    if (this.#count >= maxEntries || text.length > 200 || text === "") throw giveUp
    const quote = escaped === 0 ? '"' : '\\"'
    const key = this.#store.add(Buffer.from(`${quote}${text}${quote}:`), hash, () => this.#resolve(text))
    this.#count++
    if (this.#count * 2 > this.#table.length) {
      const before = this.#table
      this.#table = new Int32Array(before.length * 2)
      for (const found of before) if (found > 0) this.#put(found - 1)
    }
    this.#put(key)
    return key
  }

  #put(key: number): void {
    const mask = this.#table.length - 1
    let slot = this.#store.get(key, keyField.hash) & mask
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask
    this.#table[slot] = key + 1
  }
}

const ownArrays = () => ({ entries: new Int32Array(8 * 4096), wide: new Float64Array(16_384), narrow: new Int32Array(8192) })
