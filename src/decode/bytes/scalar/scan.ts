import { cell, layout } from "../memory.ts"
import { words } from "../nodes.ts"

// Constants of this module: see leaves.ts.
const { null: nullWord, true: trueWord } = words
/** Behind the `f` of `false`. */
const alse = 0x65736c61
const maxDepth = (layout.cells >> 2) + cell.maxDepth

/**
 * Reads JSON tokens out of the page, as the SIMD kernel does: positions are indexes into the memory, and -1 is what the kernel gives up. It is the
 * `Scanner`'s brother without its state: functions over arrays that never change, whose addresses V8 writes into the code that it makes.
 *
 * `escaped`: see `Scanner`.
 */
export const makeScan = (buffer: ArrayBuffer) => {
  const bytes = new Uint8Array(buffer)
  const ints = new Int32Array(buffer)
  const view = new DataView(buffer)

  const byte = (at: number): number => bytes[at] ?? 0
  const word = (at: number): number => view.getInt32(at, true)
  const isFalse = (at: number): boolean => byte(at) === 102 && word((at + 1) | 0) === alse

  const blanks = (at: number, escaped: number): number => {
    let i = at | 0
    for (let c = byte(i); c === 32 || (escaped === 0 && (c === 10 || c === 13 || c === 9)); c = byte(i)) i = (i + 1) | 0
    return i
  }

  /** Behind the blanks at `at`, where there seldom is one. */
  const past = (at: number, escaped: number): number => (byte(at) <= 32 ? blanks(at, escaped) | 0 : at)

  /** Does a quotation mark stand there? */
  const quoteAt = (at: number, escaped: number): boolean => (escaped === 0 ? byte(at) === 34 : byte(at) === 92 && byte((at + 1) | 0) === 34)

  /** The next `"`, `\` or control character, see `nextSpecial`. */
  const special = (from: number): number => {
    for (let at = from | 0; ; at = (at + 4) | 0) {
      let c = byte(at)
      if ((c ^ 2) <= 32 || c === 92) return at
      c = byte((at + 1) | 0)
      if ((c ^ 2) <= 32 || c === 92) return (at + 1) | 0
      c = byte((at + 2) | 0)
      if ((c ^ 2) <= 32 || c === 92) return (at + 2) | 0
      c = byte((at + 3) | 0)
      if ((c ^ 2) <= 32 || c === 92) return (at + 3) | 0
    }
  }

  /** The four hexadecimal digits at `at` as a number; -1: they are none. */
  const hex = (at: number): number => {
    let unit = 0
    for (let i = at; i < at + 4; i++) {
      const c = byte(i)
      const letter = c | 32
      if (c >= 48 && c <= 57) unit = unit * 16 + c - 48
      else if (letter >= 97 && letter <= 102) unit = unit * 16 + letter - 87
      else return -1
    }
    return unit
  }

  /** Length of the escape sequence at `at`; 0: it is none. See `Scanner`. */
  const escapeLength = (at: number, escaped: number): number => {
    if (byte(at) !== 92) return 0
    const c = byte(at + 1)
    if (escaped === 0) return c === 117 ? (hex(at + 2) < 0 ? 0 : 6) : isLetter(c) ? 2 : 0
    if (c === 117) {
      const unit = hex(at + 2)
      return unit < 32 || unit === 34 || unit === 92 ? 0 : 6
    }
    if (c !== 92) return c === 47 ? 2 : 0
    const inner = byte(at + 2)
    if (inner === 117) return hex(at + 3) < 0 ? 0 : 7
    if (inner !== 92) return inner !== 34 && isLetter(inner) ? 3 : 0
    const outer = byte(at + 3)
    return outer === 34 || outer === 92 || outer === 47 ? 4 : 0
  }

  /** Where the string ends whose content begins at `from`: its closing quotation mark. */
  const endOfString = (from: number, escaped: number): number => {
    let at = from | 0
    for (;;) {
      at = special(at) | 0
      if (quoteAt(at, escaped)) return at
      // What is escaped in documents that are text is nearly always a quotation mark.
      if (escaped === 0 && byte(at) === 92 && byte((at + 1) | 0) === 34) at = (at + 2) | 0
      else {
        const length = escapeLength(at, escaped) | 0
        if (length === 0) return -1
        at = (at + length) | 0
      }
    }
  }

  /** Behind the digits at `at`. */
  const digits = (at: number): number => {
    let i = at | 0
    for (let c = byte(i); c >= 48 && c <= 57; c = byte(i)) i = (i + 1) | 0
    return i
  }

  const skipNumber = (from: number): number => {
    let at = (byte(from) === 45 ? from + 1 : from) | 0
    const whole = at
    at = (byte(at) === 48 ? at + 1 : digits(at)) | 0
    if (at === whole) return -1
    if (byte(at) === 46) {
      const fraction = (at + 1) | 0
      at = digits(fraction) | 0
      if (at === fraction) return -1
    }
    if ((byte(at) | 32) === 101) {
      const c = byte((at + 1) | 0)
      const exponent = (c === 43 || c === 45 ? at + 2 : at + 1) | 0
      at = digits(exponent) | 0
      if (at === exponent) return -1
    }
    return at
  }

  /** Behind the value at `at`, whatever it is. @param depth how deep an object or list here would stand */
  const skip = (at: number, escaped: number, depth: number): number => {
    const c = byte(at)
    if (quoteAt(at, escaped)) {
      const end = endOfString((at + 1 + escaped) | 0, escaped) | 0
      return end < 0 ? -1 : (end + 1 + escaped) | 0
    }
    if (c === 110 && word(at) === nullWord) return (at + 4) | 0
    if (c === 123 || c === 91) return skipBelow((at + 1) | 0, escaped, depth, c) | 0
    if (c === 116 && word(at) === trueWord) return (at + 4) | 0
    return isFalse(at) ? (at + 5) | 0 : skipNumber(at) | 0
  }

  /**
   * Behind the rest of an object (`open` is `{`) or of a list. One loop for all that is nested in it, which costs less than half of what a call for each
   * value does: `objects` tells, from its lowest bit up, which of the open ones are objects. What finds the end of a string stands in it,
   * since calling `endOfString` takes a tenth longer.
   */
  const skipBelow = (start: number, escaped: number, depth: number, open: number): number => {
    const most = (ints[maxDepth] ?? 0) - depth
    if (most < 0) return -1
    const quote = (34 + 58 * escaped) | 0
    const quoteLength = (1 + escaped) | 0
    let objects = open === 123 ? 1 : 0
    let levels = 1
    let at = past(start, escaped) | 0
    if (byte(at) === open + 2) return (at + 1) | 0
    let isKey = open === 123
    for (;;) {
      let c = byte(at)
      if (c === quote) {
        if (escaped === 1 && byte((at + 1) | 0) !== 34) return -1
        at = (at + quoteLength) | 0
        for (;;) {
          at = special(at) | 0
          if (byte(at) === quote && (escaped === 0 || byte((at + 1) | 0) === 34)) break
          const length = escapeLength(at, escaped) | 0
          if (length === 0) return -1
          at = (at + length) | 0
        }
        at = (at + quoteLength) | 0
        if (isKey) {
          at = past(at, escaped) | 0
          if (byte(at) !== 58) return -1
          at = past((at + 1) | 0, escaped) | 0
          isKey = false
          continue
        }
      } else if (isKey) return -1
      else if (c === 110 && word(at) === nullWord) at = (at + 4) | 0
      else if (c === 123 || c === 91) {
        if (levels > most) return -1
        if (levels === mostLevels) {
          at = skipBelow((at + 1) | 0, escaped, (depth + levels) | 0, c) | 0
          if (at < 0) return -1
        } else {
          at = past((at + 1) | 0, escaped) | 0
          if (byte(at) !== c + 2) {
            objects = (objects << 1) | (c === 123 ? 1 : 0)
            levels = (levels + 1) | 0
            isKey = c === 123
            continue
          }
          at = (at + 1) | 0
        }
      } else if (c === 116 && word(at) === trueWord) at = (at + 4) | 0
      else if (isFalse(at)) at = (at + 5) | 0
      else {
        at = skipNumber(at) | 0
        if (at < 0) return -1
      }
      for (;;) {
        at = past(at, escaped) | 0
        c = byte(at)
        at = (at + 1) | 0
        if (c === 44) break
        if (c !== ((objects & 1) === 1 ? 125 : 93)) return -1
        levels = (levels - 1) | 0
        if (levels === 0) return at
        objects >>= 1
      }
      at = past(at, escaped) | 0
      isKey = (objects & 1) === 1
    }
  }

  return { bytes, byte, word, isFalse, past, quoteAt, special, skip }
}

/** So many fit into the bits of a number. */
const mostLevels = 30

/** May it stand behind a backslash? */
const isLetter = (c: number): boolean => c === 34 || c === 92 || c === 47 || c === 98 || c === 102 || c === 110 || c === 114 || c === 116

export type Scan = ReturnType<typeof makeScan>
