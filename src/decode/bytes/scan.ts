import { nextSpecial } from "./special.ts"

/** Thrown to hand what is being read to the definition. One constant, not an error: it costs no stack trace. */
export const giveUp: unique symbol = Symbol("give up")

/**
 * Reads JSON tokens out of the bytes of a page. Positions are indexes into `bytes`; behind the page stand zeros, which are part of no token.
 *
 * `escaped` says how the JSON stands in the record: 0 as it is, 1 inside of a string, where a quotation mark is `\"` and a backslash `\\`.
 * What would have to be unescaped twice is given up, and so is everything that is not JSON.
 */
export class Scanner {
  bytes: Buffer = Buffer.alloc(64)
  view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
  #mask: Int32Array | null = null

  /** Position behind the token that was read last, where a function returns something else. */
  after = 0

  /** The string read last, unescaped: `textBytes[textStart, textEnd)`. */
  textBytes: Uint8Array = this.bytes
  textView: DataView = this.view
  textStart = 0
  textEnd = 0

  /** The number read last: its digits as an integer (exact up to 15 digits), how many there are, and how many of them are a fraction. */
  mantissa = 0
  digits = 0
  fraction = 0
  negative = false
  exponent = false

  #scratch = Buffer.alloc(4096)
  #scratchView = new DataView(this.#scratch.buffer, this.#scratch.byteOffset, this.#scratch.byteLength)

  /** Turns to another page. @param mask where the special bytes are, see `PageScanner`; null: not known */
  begin(bytes: Buffer, mask: Int32Array | null): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#mask = mask
  }

  /** The next `"`, `\` or control character. */
  special(at: number): number {
    return nextSpecial(this.bytes, this.#mask, at)
  }

  text(start: number, end: number): string {
    return this.bytes.toString("utf8", start, end)
  }

  /** Behind the blanks at `at`. Inside of a string only the space is one. */
  blanks(at: number, escaped: number): number {
    const { bytes } = this
    for (let i = at; ; i++) {
      const c = bytes[i]
      if (c !== 32 && (escaped === 1 || (c !== 10 && c !== 13 && c !== 9))) return i
    }
  }

  /** The same, where there seldom is one. */
  past(at: number, escaped: number): number {
    return (this.bytes[at] ?? 0) <= 32 ? this.blanks(at, escaped) : at
  }

  openingQuote(at: number, escaped: number): void {
    if (escaped === 0 ? this.bytes[at] !== 34 : this.bytes[at] !== 92 || this.bytes[at + 1] !== 34) throw giveUp
  }

  /** Does a string end at the special byte at `at`? */
  closes(at: number, escaped: number): boolean {
    return escaped === 0 ? this.bytes[at] === 34 : this.bytes[at] === 92 && this.bytes[at + 1] === 34
  }

  /** Is it the word `null`? */
  isNull(at: number): boolean {
    return this.view.getInt32(at, true) === 0x6c6c756e
  }

  isTrue(at: number): boolean {
    return this.view.getInt32(at, true) === 0x65757274
  }

  isFalse(at: number): boolean {
    return this.view.getInt32(at + 1, true) === 0x65736c61 && this.bytes[at] === 102
  }

  /** Reads the string whose content begins at `start`; it is `textBytes[textStart, textEnd)` then. @returns the position behind it */
  string(start: number, escaped: number): number {
    const end = this.special(start)
    if (this.closes(end, escaped)) {
      this.textBytes = this.bytes
      this.textView = this.view
      this.textStart = start
      this.textEnd = end
      return end + 1 + escaped
    }
    return this.#unescape(start, end, escaped)
  }

  /** Behind the string whose content begins at `start`. */
  skipString(start: number, escaped: number): number {
    const { bytes } = this
    for (let at = start; ; ) {
      const end = this.special(at)
      if (this.closes(end, escaped)) return end + 1 + escaped
      // What is escaped in documents that are text is nearly always a quotation mark.
      at = end + (bytes[end] === 92 && bytes[end + 1] === 34 ? 2 : this.#escape(end, escaped))
    }
  }

  /** What the escape sequence read last stands for: a code unit. */
  #unit = 0

  /** Length of the escape sequence at `at`; `#unit` is then what it stands for. */
  #escape(at: number, escaped: number): number {
    const { bytes } = this
    if (bytes[at] !== 92) throw giveUp
    const c = bytes[at + 1] ?? 0
    if (escaped === 0) {
      if (c === 117) return this.#hex(at + 2, 6)
      this.#unit = simpleEscapes[c] ?? 0
      if (this.#unit === 0) throw giveUp
      return 2
    }
    if (c === 92) {
      // The inner escape sequence: its own backslash, as `\\`, and then what is escaped, of which `"`, `\` and `/` may be escaped outside, too.
      const inner = bytes[at + 2] ?? 0
      if (inner === 117) return this.#hex(at + 3, 7)
      const outer = inner === 92 ? (bytes[at + 3] ?? 0) : inner
      if (inner === 92 && outer !== 34 && outer !== 92 && outer !== 47) throw giveUp
      this.#unit = simpleEscapes[outer] ?? 0
      if (this.#unit === 0 || (inner === 34 && outer === 34)) throw giveUp
      return inner === 92 ? 4 : 3
    }
    if (c === 117) {
      const length = this.#hex(at + 2, 6)
      // It would be a quotation mark, a backslash or a control character of the inner JSON.
      if (this.#unit < 32 || this.#unit === 34 || this.#unit === 92) throw giveUp
      return length
    }
    if (c !== 47) throw giveUp
    this.#unit = 47
    return 2
  }

  #hex(at: number, length: number): number {
    let unit = 0
    for (let i = 0; i < 4; i++) {
      const digit = hexDigits[this.bytes[at + i] ?? 0] ?? -1
      if (digit < 0) throw giveUp
      unit = unit * 16 + digit
    }
    this.#unit = unit
    return length
  }

  #unescape(start: number, special: number, escaped: number): number {
    const { bytes } = this
    let end = special
    let from = start
    let to = 0
    for (;;) {
      // What is left of the string is never longer than what it stands for.
      if (to + (end - from) + 8 > this.#scratch.length) this.#growScratch(to + end - from + 8)
      to += bytes.copy(this.#scratch, to, from, end)
      if (this.closes(end, escaped)) break
      let length = this.#escape(end, escaped)
      let code = this.#unit
      if (code >= 0xd800 && code <= 0xdfff) {
        const second = code < 0xdc00 ? this.#escape(end + length, escaped) : 0
        // Half a pair is not text: the definition says what becomes of it.
        if (second === 0 || this.#unit < 0xdc00 || this.#unit > 0xdfff) throw giveUp
        code = 0x10000 + ((code - 0xd800) << 10) + (this.#unit - 0xdc00)
        length += second
      }
      to = putUtf8(this.#scratch, to, code)
      from = end + length
      end = this.special(from)
    }
    this.textBytes = this.#scratch
    this.textView = this.#scratchView
    this.textStart = 0
    this.textEnd = to
    return end + 1 + escaped
  }

  #growScratch(least: number): void {
    const grown = Buffer.alloc(Math.max(least, this.#scratch.length * 2))
    this.#scratch.copy(grown)
    this.#scratch = grown
    this.#scratchView = new DataView(grown.buffer, grown.byteOffset, grown.byteLength)
  }

  /** Reads the number at `at`. @returns the position behind it */
  number(at: number): number {
    const { bytes } = this
    let i = at
    this.negative = bytes[i] === 45
    if (this.negative) i++
    let mantissa = (bytes[i++] ?? 0) - 48
    if (mantissa < 0 || mantissa > 9) throw giveUp
    let digits = 1
    let c = bytes[i] ?? 0
    if (mantissa !== 0)
      for (; c >= 48 && c <= 57; c = bytes[++i] ?? 0) {
        mantissa = mantissa * 10 + (c - 48)
        digits++
      }
    let fraction = 0
    if (c === 46) {
      for (c = bytes[++i] ?? 0; c >= 48 && c <= 57; c = bytes[++i] ?? 0) {
        mantissa = mantissa * 10 + (c - 48)
        fraction++
      }
      if (fraction === 0) throw giveUp
    }
    this.exponent = (c | 32) === 101
    if (this.exponent) {
      c = bytes[++i] ?? 0
      if (c === 43 || c === 45) c = bytes[++i] ?? 0
      if (c < 48 || c > 57) throw giveUp
      while (c >= 48 && c <= 57) c = bytes[++i] ?? 0
    }
    this.mantissa = mantissa
    this.digits = digits + fraction
    this.fraction = fraction
    return i
  }

  /** Behind the value at `at`, whatever it is. @param depth how deep an object or list here would stand; deeper than `limit` is given up */
  skip(at: number, escaped: number, depth: number, limit: number): number {
    const { bytes } = this
    const c = bytes[at] ?? 0
    if (c === 123 || c === 91) return this.#skipBelow(at + 1, escaped, depth, limit, c)
    if (c === 34 || c === 92) {
      this.openingQuote(at, escaped)
      return this.skipString(at + 1 + escaped, escaped)
    }
    if (c === 110 && this.isNull(at)) return at + 4
    if (c === 116 && this.isTrue(at)) return at + 4
    if (c === 102 && this.isFalse(at)) return at + 5
    return this.number(at)
  }

  /** Behind the rest of an object (`open` is `{`) or of a list. */
  #skipBelow(start: number, escaped: number, depth: number, limit: number, open: number): number {
    if (depth > limit) throw giveUp
    const { bytes } = this
    const close = open + 2
    let at = this.past(start, escaped)
    if (bytes[at] === close) return at + 1
    for (;;) {
      if (open === 123) {
        this.openingQuote(at, escaped)
        at = this.skipString(at + 1 + escaped, escaped)
        // Blanks are looked for only where something else stands than what has to.
        if (bytes[at] !== 58) at = this.past(at, escaped)
        if (bytes[at] !== 58) throw giveUp
        at++
      }
      at = this.skip(this.past(at, escaped), escaped, depth + 1, limit)
      let c = bytes[at]
      if (c !== 44 && c !== close) {
        at = this.past(at, escaped)
        c = bytes[at]
      }
      if (c === close) return at + 1
      if (c !== 44) throw giveUp
      at = this.past(at + 1, escaped)
    }
  }
}

/** Code unit by the byte behind a backslash; 0: no escape sequence. */
const simpleEscapes = new Uint8Array(256)
for (const [letter, unit] of Object.entries({ '"': 34, "\\": 92, "/": 47, b: 8, f: 12, n: 10, r: 13, t: 9 }))
  simpleEscapes[letter.charCodeAt(0)] = unit

const hexDigits = new Int8Array(256).fill(-1)
for (let i = 0; i < 16; i++) for (const digit of [i.toString(16), i.toString(16).toUpperCase()]) hexDigits[digit.charCodeAt(0)] = i

const putUtf8 = (bytes: Uint8Array, at: number, code: number): number => {
  let i = at
  if (code < 0x80) bytes[i++] = code
  else if (code < 0x800) {
    bytes[i++] = 0xc0 | (code >> 6)
    bytes[i++] = 0x80 | (code & 63)
  } else if (code < 0x10000) {
    bytes[i++] = 0xe0 | (code >> 12)
    bytes[i++] = 0x80 | ((code >> 6) & 63)
    bytes[i++] = 0x80 | (code & 63)
  } else {
    bytes[i++] = 0xf0 | (code >> 18)
    bytes[i++] = 0x80 | ((code >> 12) & 63)
    bytes[i++] = 0x80 | ((code >> 6) & 63)
    bytes[i++] = 0x80 | (code & 63)
  }
  return i
}
