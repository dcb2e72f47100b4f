import type { DropState } from "../../contract/drops.ts"
import { fold } from "../../contract/names.ts"
import type { Plan } from "../plan.ts"
import type { Run } from "../run.ts"
import { KeyStore, KeyTable, keyField } from "./keys.ts"
import { giveUp, type Scanner } from "./scan.ts"

/** What a key inside of a column of JSON means. */
interface JsonMeaning {
  /** Drop rule under which the member is left out. */
  readonly rule: string | null
  /** Does the key tell that its value is sensitive? */
  readonly isSensitive: boolean
  readonly below: JsonKeys
  /** By depth: number of the last object in which it was seen. The same keys may stand in an object and in those below it. */
  readonly seen: Array<number>
}

/** The keys that stand at a place of a column of JSON, where the same drop rules hold. */
export interface JsonKeys {
  readonly table: KeyTable
  readonly masksInside: boolean
  /** The keys of objects that are elements of a list here. */
  readonly element: () => JsonKeys
}

/**
 * Copies JSON out of a record as compact text, the same that the definition writes: without blanks, without what drop rules leave out, texts
 * and numbers as they are. Gives up where text would have to be written otherwise, or looked into: escape sequences other than of a control
 * character or a backslash, quotation marks in texts (which may be JSON themselves), and members under sensitive keys.
 */
export class JsonCopier {
  /** The text: `out[0, length)`. */
  out = Buffer.alloc(4096)
  view = new DataView(this.out.buffer, this.out.byteOffset, this.out.byteLength)
  length = 0
  readonly #plan: Plan
  readonly #scanner: Scanner
  readonly #run: Run
  readonly #maxDepth: number
  readonly #keys = new KeyStore()
  readonly #meanings: Array<JsonMeaning> = []
  readonly #free: { readonly [masksInside: string]: JsonKeys }
  #objects = 0

  constructor(plan: Plan, scanner: Scanner, run: Run, maxDepth: number) {
    this.#plan = plan
    this.#scanner = scanner
    this.#run = run
    this.#maxDepth = maxDepth
    // Where no path rule can reach any more, one table serves all places.
    this.#free = { true: this.#makeKeys([], true), false: this.#makeKeys([], false) }
  }

  /** The keys at the place of a column. @param masksInside are values under sensitive keys masked there? */
  keysAt(state: DropState, masksInside: boolean): JsonKeys {
    const free = this.#free[String(masksInside)]
    return state.length === 0 && free !== undefined ? free : this.#makeKeys(state, masksInside)
  }

  #makeKeys(state: DropState, masksInside: boolean): JsonKeys {
    const { drops, tellingKeys } = this.#plan
    let element: JsonKeys | undefined
    const keys: JsonKeys = {
      table: new KeyTable(this.#keys, (key) => {
        const below = this.keysAt(drops.child(state, key), masksInside)
        const isSensitive = masksInside && tellingKeys.has(fold(key))
        const meaning = this.#meanings.push({ rule: drops.ruleFor(state, key), isSensitive, below, seen: [] }) - 1
        return { meaning, about: 0, leaf: 0, end: 0 }
      }),
      masksInside,
      element: () => {
        element ??= this.keysAt(drops.element(state), masksInside)
        return element
      }
    }
    return keys
  }

  /** Copies the object or list at `at`. @param depth how deep it stands @returns the position behind it */
  copy(keys: JsonKeys, at: number, escaped: number, depth: number): number {
    this.length = 0
    return this.#value(keys, at, escaped, depth)
  }

  #value(keys: JsonKeys, at: number, escaped: number, depth: number): number {
    const scanner = this.#scanner
    const c = scanner.bytes[at] ?? 0
    if (c === 123) return this.#object(keys, at + 1, escaped, depth)
    if (c === 91) return this.#list(keys, at + 1, escaped, depth)
    if (c === 34 || c === 92) return this.#string(keys, at, escaped)
    // A word or a number stands as it is.
    const end = scanner.skip(at, escaped, depth, this.#maxDepth)
    this.#bytes(at, end)
    return end
  }

  #object(keys: JsonKeys, start: number, escaped: number, depth: number): number {
    if (depth > this.#maxDepth) throw giveUp
    const scanner = this.#scanner
    const { bytes, view } = scanner
    const { table } = keys
    const store = this.#keys
    const object = ++this.#objects
    this.#put(123)
    let isFirst = true
    let before = -1
    let at = this.#scanner.past(start, escaped)
    if (bytes[at] === 125) {
      this.#put(125)
      return at + 1
    }
    for (;;) {
      let key = before < 0 ? table.first : store.get(before, keyField.next)
      const from = at + 1 + escaped
      if (key >= 0 && bytes[at] === (escaped === 0 ? 34 : 92) && store.matches(key, view, at)) at += store.get(key, keyField.length)
      else {
        key = table.find(scanner, at, escaped)
        at = scanner.after
        if (before < 0) table.first = key
        else store.entries[(before << 3) + keyField.next] = key
      }
      before = key
      const meaning = this.#meanings[store.get(key, keyField.meaning)]
      if (meaning === undefined || meaning.seen[depth] === object) throw giveUp
      meaning.seen[depth] = object
      at = this.#scanner.past(at, escaped)
      if (meaning.rule !== null) {
        this.#run.drops.push(meaning.rule)
        at = scanner.skip(at, escaped, depth + 1, this.#maxDepth)
      } else {
        if (meaning.isSensitive && !scanner.isNull(at)) throw giveUp
        if (!isFirst) this.#put(44)
        isFirst = false
        this.#put(34)
        this.#bytes(from, from + store.get(key, keyField.length) - 3 - 2 * escaped)
        this.#put(34)
        this.#put(58)
        at = this.#value(meaning.below, at, escaped, depth + 1)
      }
      at = this.#scanner.past(at, escaped)
      const c = bytes[at]
      if (c === 125) {
        this.#put(125)
        return at + 1
      }
      if (c !== 44) throw giveUp
      at = this.#scanner.past(at + 1, escaped)
    }
  }

  #list(keys: JsonKeys, start: number, escaped: number, depth: number): number {
    if (depth > this.#maxDepth) throw giveUp
    const { bytes } = this.#scanner
    this.#put(91)
    let at = this.#scanner.past(start, escaped)
    if (bytes[at] === 93) {
      this.#put(93)
      return at + 1
    }
    for (;;) {
      at = this.#scanner.past(this.#value(keys.element(), at, escaped, depth + 1), escaped)
      const c = bytes[at]
      if (c !== 44 && c !== 93) throw giveUp
      this.#put(c)
      if (c === 93) return at + 1
      at = this.#scanner.past(at + 1, escaped)
    }
  }

  #string(keys: JsonKeys, at: number, escaped: number): number {
    const scanner = this.#scanner
    const { bytes } = scanner
    scanner.openingQuote(at, escaped)
    this.#put(34)
    let from = at + 1 + escaped
    for (;;) {
      const end = scanner.special(from)
      this.#bytes(from, end)
      if (scanner.closes(end, escaped)) {
        this.#put(34)
        return end + 1 + escaped
      }
      if (bytes[end] !== 92 || (escaped === 1 && bytes[end + 1] !== 92)) throw giveUp
      let letter = bytes[end + 1 + escaped] ?? 0
      from = end + 2 + escaped
      // Inside of a string a backslash or a quotation mark behind the backslash has a backslash of its own.
      const isDoubled = escaped === 1 && letter === 92
      if (isDoubled) letter = bytes[from++] ?? 0
      const isQuote = letter === 34 && (escaped === 0 || isDoubled)
      // A text with a quotation mark may hold JSON.
      if (isQuote ? keys.masksInside : isKept[letter] !== 1 || (isDoubled && letter !== 92)) throw giveUp
      this.#put(92)
      this.#put(letter)
    }
  }

  #put(byte: number): void {
    if (this.length + 8 > this.out.length) this.#grow(8)
    this.out[this.length++] = byte
  }

  #bytes(start: number, end: number): void {
    const length = end - start
    if (this.length + length + 8 > this.out.length) this.#grow(length + 8)
    if (length > 64) this.#scanner.bytes.copy(this.out, this.length, start, end)
    else for (let i = start, to = this.length; i < end; ) this.out[to++] = this.#scanner.bytes[i++] ?? 0
    this.length += length
  }

  #grow(by: number): void {
    const grown = Buffer.alloc(Math.max(this.out.length * 2, this.length + by))
    this.out.copy(grown, 0, 0, this.length)
    this.out = grown
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.byteLength)
  }
}

/** Letters behind a backslash that JSON text has to be written with. */
const isKept = new Uint8Array(256)
for (const letter of "\\bfnrt") isKept[letter.charCodeAt(0)] = 1
