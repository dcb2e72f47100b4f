import { hash } from "node:crypto"
import { normalise } from "./mask.ts"

/** Longer texts, in bytes, are hashed each time: they seldom repeat. */
const longest = 96
/** Room for a normalised text, in bytes: NFC and lower case may lengthen what they change, by less than this. */
const room = 5 * longest
/** What SHA-256 takes at a time, and what it gives as hex digits. Both in bytes. */
const block = 64
/** Length that marks a slot as empty. */
const empty = 255

/**
 * Keyed hashes of sensitive texts, the same as {@link Masker.hash} gives, remembered by the exact bytes of the text. Most values come again:
 * the same address three times in one order, the same first names in many. A text has two places, of which it takes the one that was not used
 * last, so the memory is bounded: 2.5 MiB with 16,384 slots. It holds sensitive texts in the clear, and must not be written anywhere.
 */
export class HashMemo {
  /** Digests in hex, 64 ASCII bytes per slot. */
  readonly hex: Buffer
  /** Texts that are remembered. One more slot, behind theirs, is for one that is not. */
  readonly #slots: number
  /** Texts, {@link longest} bytes per slot, and their lengths. */
  readonly #texts: Uint8Array
  readonly #lengths: Uint8Array
  /** Which slot of each two was used last: 0 or 1. */
  readonly #latest: Uint8Array
  /** `K xor ipad`, then the text: the message of the inner hash. */
  readonly #inner = new Uint8Array(block + room)
  /** The inner message for each length of text. Making a view costs a tenth of a hash. */
  readonly #innerOfLength = Array.from({ length: room + 1 }, (_, length) => this.#inner.subarray(0, block + length))
  /** `K xor opad`, then the inner digest: the message of the outer hash. */
  readonly #outer = Buffer.alloc(block + 32)
  /** Drops a byte order mark at the start, which trimming would drop as well. */
  readonly #decoder = new TextDecoder()
  readonly #encoder = new TextEncoder()

  /**
   * @param key of HMAC-SHA-256, of any length
   * @param slots texts that are remembered: a power of two, at least 2
   * @param hex where the digests go, of one slot more than are remembered
   */
  constructor(key: Uint8Array, slots = 16_384, hex?: Buffer) {
    if (slots < 2 || (slots & (slots - 1)) !== 0) throw new RangeError(`${slots} slots: the number must be a power of two, at least 2`)
    this.#slots = slots
    this.#texts = new Uint8Array(slots * longest)
    this.#lengths = new Uint8Array(slots).fill(empty)
    this.#latest = new Uint8Array(slots >> 1)
    this.hex = hex ?? Buffer.alloc((slots + 1) * block)
    // RFC 2104: a key longer than a block is hashed first, a shorter one filled up with zeros.
    const padded = new Uint8Array(block)
    padded.set(key.length > block ? hash("sha256", key, "buffer") : key)
    for (const [i, byte] of padded.entries()) {
      this.#inner[i] = byte ^ 0x36
      this.#outer[i] = byte ^ 0x5c
    }
  }

  /**
   * Slot of the hash of the text in `bytes[start, end)`: its digest is `hex[slot * 64, slot * 64 + 64)`. Valid until the next call.
   * @param bytes the text is well-formed UTF-8, and unescaped
   */
  slotOf(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > longest) {
      this.#digest(this.#innerOfText(bytes, start, end), this.#slots)
      return this.#slots
    }
    const pair = hashOf(bytes, start, end) & ((this.#slots >> 1) - 1)
    const latest = (pair << 1) | (this.#latest[pair] ?? 0)
    if (this.#holds(latest, bytes, start, end)) return latest
    const other = latest ^ 1
    this.#latest[pair] = other & 1
    if (!this.#holds(other, bytes, start, end)) this.#remember(other, bytes, start, end)
    return other
  }

  #holds(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#lengths[slot] !== end - start) return false
    const texts = this.#texts
    for (let i = start, at = slot * longest; i < end; i++) if (texts[at++] !== bytes[i]) return false
    return true
  }

  #remember(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const length = this.#putAscii(bytes, start, end)
    const inner = length < 0 ? undefined : this.#innerOfLength[length]
    this.#digest(inner ?? this.#innerOfText(bytes, start, end), slot)
    for (let i = start, at = slot * longest; i < end; i++) this.#texts[at++] = bytes[i] ?? 0
    this.#lengths[slot] = end - start
  }

  /** Writes the normalised text into the inner message, if it is ASCII, and returns its length; -1 if it is not. */
  #putAscii(bytes: Uint8Array, start: number, end: number): number {
    let from = start
    let to = end
    while (from < to && isBlank(bytes[from] ?? 0)) from++
    while (to > from && isBlank(bytes[to - 1] ?? 0)) to--
    const inner = this.#inner
    let at = block
    for (let i = from; i < to; i++) {
      const byte = bytes[i] ?? 0
      if (byte >= 0x80) return -1
      inner[at++] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }
    return at - block
  }

  /** The inner message of any text. */
  #innerOfText(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const text = normalise(this.#decoder.decode(bytes.subarray(start, end)))
    const { read, written } = this.#encoder.encodeInto(text, this.#inner.subarray(block))
    const inner = read === text.length ? this.#innerOfLength[written] : undefined
    return inner ?? Buffer.concat([this.#inner.subarray(0, block), Buffer.from(text)])
  }

  /**
   * Both hashes at once, as strings of one byte per character: one-shot hashing takes a third of the time of `createHmac`, and a string costs
   * less than a buffer.
   */
  #digest(inner: Uint8Array, slot: number): void {
    this.#outer.write(hash("sha256", inner, "binary"), block, "latin1")
    this.hex.write(hash("sha256", this.#outer, "hex"), slot * block, "latin1")
  }
}

/** What `trim` takes away, of ASCII: tab, line feed, vertical tab, form feed, carriage return, space. */
const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** Four bytes at a time. Not for anything that must not be foreseen: the bytes are compared as well. */
const hashOf = (bytes: Uint8Array, start: number, end: number): number => {
  let hash = end - start
  let at = start
  for (; at + 3 < end; at += 4) {
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
    hash = Math.imul(hash ^ word, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x9e3779b1)
  return hash ^ (hash >>> 16)
}
