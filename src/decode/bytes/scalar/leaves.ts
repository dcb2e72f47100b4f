import type { KernelImports } from "../kernel.ts"
import { cell, layout } from "../memory.ts"
import { kinds, masks, nodeField, words } from "../nodes.ts"
import { readTimestamp } from "../timestamp.ts"
import type { Append } from "./append.ts"
import type { Scan } from "./scan.ts"

// Constants of this module, not properties of others': V8 takes their values into the code, and counts the shorter bytecode when it decides what to
// make inline. That is worth a tenth.
const {
  first: nodeFirst,
  level: nodeLevel,
  mask: nodeMask,
  nullText: nodeNullText,
  scale: nodeScale,
  precision: nodePrecision,
  isNarrow: nodeIsNarrow,
  depth: nodeDepth
} = nodeField
const {
  text: textKind,
  boolean: booleanKind,
  integer: integerKind,
  other: otherKind,
  json: jsonKind,
  timestamp: timestampKind,
  double: doubleKind,
  decimal: decimalKind
} = kinds
const { hash: hashMask, none: noneMask, drop: dropMask } = masks
const { escapedQuote, true: trueWord, null: nullWord } = words

// Where things lie, in units of their width.
const nodesAt = layout.nodes >> 2
const talliesAt = layout.tallies >> 2
const mostTallies = (layout.talliesEnd - layout.tallies) >> 2
const powersAt = layout.powers >> 3
const talliedAt = (layout.cells >> 2) + cell.tallied
const hashesAt = (layout.cells >> 2) + cell.hashes
const maxDepthAt = (layout.cells >> 2) + cell.maxDepth

/** Reads values of leaves into the store, as `LeafReader` does. Where nothing else is said, a position is given back; -1: the record is given up. */
export const makeLeaves = (buffer: ArrayBuffer, scan: Scan, append: Append, hash: KernelImports["hash"]) => {
  const { bytes, byte, word, isFalse, past, quoteAt, special, skip } = scan
  const { addLevel, addEntry, addBytes, addBoolean, addInteger } = append
  const ints = new Int32Array(buffer)
  const doubles = new Float64Array(buffer)

  const int = (at: number): number => ints[at] ?? 0
  const field = (node: number, which: number): number => int((nodesAt + (node << 4) + which) | 0)

  /** Remembers that a value of a node was masked, or left out. */
  const tally = (node: number): boolean => {
    const tallied = int(talliedAt)
    if (tallied >= mostTallies) return false
    ints[(talliesAt + tallied) | 0] = node
    ints[talliedAt] = (tallied + 1) | 0
    return true
  }

  const addNull = (node: number, repetition: number): boolean => addLevel(field(node, nodeFirst), field(node, nodeLevel), repetition)

  /** What most values are: texts without escape sequences, short whole numbers, true and false. 0: it is something else. */
  const plain = (kind: number, leaf: number, first: number, at: number, escaped: number, repetition: number): number => {
    const c = first & 255
    if (kind === textKind) {
      if (escaped === 0 ? c !== 34 : (first & 0xffff) !== escapedQuote) return 0
      const start = (at + 1 + escaped) | 0
      const end = special(start) | 0
      if (!quoteAt(end, escaped)) return 0
      return addBytes(leaf, repetition, start, end) ? (end + 1 + escaped) | 0 : -1
    }
    if (kind === booleanKind) {
      const isTrue = first === trueWord
      if (!isTrue && !isFalse(at)) return 0
      return addBoolean(leaf, repetition, isTrue) ? (isTrue ? at + 4 : at + 5) | 0 : -1
    }
    if (c < 48 || c > 57) return 0
    let number = (c - 48) | 0
    let end = (at + 1) | 0
    let digit = (byte(end) - 48) | 0
    const most = (number === 0 ? end : at + 9) | 0
    while (digit >= 0 && digit <= 9 && end < most) {
      number = (number * 10 + digit) | 0
      end = (end + 1) | 0
      digit = (byte(end) - 48) | 0
    }
    // A comma, or the end of an object or a list.
    if (digit !== -4 && digit !== 77 && digit !== 45) return 0
    return addInteger(leaf, repetition, number, kind === integerKind) ? end : -1
  }

  // --- leaves that are not plain. 0: it is the ByteWalker's, and nothing has been added.

  const leaf = (kind: number, node: number, at: number, escaped: number, repetition: number): number => {
    const mask = field(node, nodeMask)
    if (kind === otherKind || (mask === hashMask && kind !== textKind)) return 0
    if (kind === jsonKind) return json(node, mask, at, escaped, repetition) | 0
    const isText = quoteAt(at, escaped)
    const from = (isText ? at + 1 + escaped : at) | 0
    if (kind === textKind) return text(node, mask, from, isText, escaped, repetition) | 0
    if (isText) {
      const close = (word(from) === nullWord ? from + 4 : from) | 0
      if (quoteAt(close, escaped)) return addNull(node, repetition) ? (close + 1 + escaped) | 0 : -1
    }
    let end = 0
    if (kind === booleanKind) end = mask === noneMask ? boolean(node, from, isText, escaped, repetition) | 0 : 0
    else if (kind === timestampKind) end = mask === noneMask && isText ? timestamp(node, from, escaped, repetition) | 0 : 0
    else end = number(kind, node, mask, from, isText, escaped, repetition) | 0
    return (end > 0 && isText ? end + 1 + escaped : end) | 0
  }

  const text = (node: number, mask: number, from: number, isText: boolean, escaped: number, repetition: number): number => {
    if (isText) {
      const end = special(from) | 0
      if (!quoteAt(end, escaped)) return 0
      const nullText = end - from === 4 && word(from) === nullWord ? field(node, nodeNullText) | 0 : 0
      const isAdded = nullText > 0 ? tally(nullText) && addNull(node, repetition) : addText(node, mask, from, end, repetition)
      return isAdded ? (end + 1 + escaped) | 0 : -1
    }
    // Numbers and words stand as they were written.
    const c = byte(from)
    if (c === 123 || c === 91 || c === 34 || c === 92 || mask === hashMask) return 0
    const end = skip(from, escaped, 0) | 0
    return end >= 0 && addText(node, mask, from, end, repetition) ? end : -1
  }

  /** Adds a text, masked where it is sensitive. */
  const addText = (node: number, mask: number, start: number, end: number, repetition: number): boolean => {
    if (mask === noneMask) return addBytes(field(node, nodeFirst), repetition, start, end)
    if (!tally(node)) return false
    if (mask === dropMask || int(hashesAt) === 0) return addNull(node, repetition)
    const digest = (layout.digests + (hash(start, end) << 6)) | 0
    return addBytes(field(node, nodeFirst), repetition, digest, (digest + 64) | 0)
  }

  const boolean = (node: number, from: number, isText: boolean, escaped: number, repetition: number): number => {
    const isTrue = word(from) === trueWord
    if (!isTrue && !isFalse(from)) return 0
    const end = (isTrue ? from + 4 : from + 5) | 0
    if (isText && !quoteAt(end, escaped)) return 0
    return addBoolean(field(node, nodeFirst), repetition, isTrue) ? end : -1
  }

  const timestamp = (node: number, from: number, escaped: number, repetition: number): number => {
    const end = special(from) | 0
    const micros = quoteAt(end, escaped) ? readTimestamp(bytes, from, end) : Number.NaN
    if (Number.isNaN(micros)) return 0
    return addInteger(field(node, nodeFirst), repetition, micros, false) ? end : -1
  }

  const number = (kind: number, node: number, mask: number, from: number, isText: boolean, escaped: number, repetition: number): number => {
    const isNegative = byte(from) === 45
    let at = (isNegative ? from + 1 : from) | 0
    let c = byte(at)
    if (c < 48 || c > 57) return 0
    let mantissa = 0
    let digits = 0
    // A zero in front is the only digit.
    const whole = (c === 48 ? at + 1 : 1 << 30) | 0
    while (c >= 48 && c <= 57 && at < whole) {
      mantissa = mantissa * 10 + (c - 48)
      digits = (digits + 1) | 0
      at = (at + 1) | 0
      c = byte(at)
    }
    let fraction = 0
    if (c === 46) {
      at = (at + 1) | 0
      for (c = byte(at); c >= 48 && c <= 57; c = byte(at)) {
        mantissa = mantissa * 10 + (c - 48)
        fraction = (fraction + 1) | 0
        at = (at + 1) | 0
      }
      if (fraction === 0) return 0
    }
    if ((c | 32) === 101 || (isText && !quoteAt(at, escaped))) return 0
    digits = (digits + fraction) | 0
    const isDropped = mask === dropMask
    // Of more the mantissa is not exact.
    if (digits > 15 && (kind !== doubleKind || !isDropped || digits > 300)) return 0
    if (kind === decimalKind) {
      const missing = (field(node, nodeScale) - fraction) | 0
      // The limit is a number of nines, which as a rule is far away.
      if (missing < 0 || digits + missing > 15 || digits + missing > field(node, nodePrecision)) return 0
      mantissa *= doubles[(powersAt + missing) | 0] ?? 0
    } else if (kind !== doubleKind && (fraction > 0 || (kind === integerKind && mantissa > 2147483647))) return 0
    if (isDropped) return tally(node) && addNull(node, repetition) ? at : -1
    const leaf = field(node, nodeFirst)
    if (kind === doubleKind) {
      const place = addEntry(leaf, repetition) | 0
      if (place < 0) return -1
      const float = mantissa / (doubles[(powersAt + fraction) | 0] ?? 0)
      doubles[place] = isNegative ? -float : float
      return at
    }
    return addInteger(leaf, repetition, isNegative ? -mantissa : mantissa, field(node, nodeIsNarrow) === 1) ? at : -1
  }

  /** Nothing, or an object or list without members. */
  const json = (node: number, mask: number, at: number, escaped: number, repetition: number): number => {
    let from = at | 0
    let inner = escaped
    if (byte(at) === 34 && escaped === 0) {
      from = past((at + 1) | 0, 1) | 0
      inner = 1
      const end = past((word(from) === nullWord ? from + 4 : from) | 0, 1) | 0
      if (byte(end) === 34) return addNull(node, repetition) ? (end + 1) | 0 : -1
    }
    const both = word(from) & 0xffff
    if (both !== 0x5d5b && both !== 0x7d7b) return 0
    let end = (from + 2) | 0
    if (inner !== escaped) {
      end = past(end, 1) | 0
      if (byte(end) !== 34) return 0
      end = (end + 1) | 0
    }
    if (field(node, nodeDepth) > int(maxDepthAt)) return 0
    return addText(node, mask, from, (from + 2) | 0, repetition) ? end : -1
  }

  return { tally, plain, leaf }
}
