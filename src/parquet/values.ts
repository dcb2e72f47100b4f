import type { LeafColumn } from "../columns/leaf-column.ts"
import { widths } from "../columns/leaf-store.ts"
import type { ByteBuffer } from "./byte-buffer.ts"
import { bitsFor } from "./hybrid.ts"
import { integerDictionary } from "./integer-dictionary.ts"

/**
 * How the values of a chunk are written: the first `indexed` as indices into a dictionary of `size` values, those after them plainly. Without a
 * dictionary all are 0.
 */
export interface ValuePlan {
  readonly indexed: number
  readonly size: number
  readonly indices: Int32Array
  /** Bits of an index. One more than needed for a dictionary of one value, since not every reader takes indices of no bits. */
  readonly width: number
  /** Writes the dictionary's values, plainly. */
  readonly writeDictionary: (out: ByteBuffer) => void
}

const noIndices = new Int32Array(0)
const withoutDictionary: ValuePlan = { indexed: 0, size: 0, indices: noIndices, width: 0, writeDictionary: () => {} }

/** A dictionary of numbers must be so many times smaller than plain values: what repeats less, ZSTD makes smaller. */
const leastSaving = 3
/** Fewer bytes are not worth a page of their own. */
const fewBytes = 64

const planOf = (indexed: number, size: number, indices: Int32Array, writeDictionary: (out: ByteBuffer) => void): ValuePlan => ({
  indexed,
  size,
  indices,
  width: Math.max(1, bitsFor(size - 1)),
  writeDictionary
})

/** Decides how a leaf's values are written. Valid until the next leaf's are planned. */
export const planValues = (leaf: LeafColumn): ValuePlan => {
  const { storage } = leaf
  if (storage === "bytes") {
    const { dictionarySize: size, indexCount: indexed } = leaf
    if (indexed === 0) return withoutDictionary
    return planOf(indexed, size, leaf.ints, (out) => writeEntries(out, leaf, 0, size))
  }
  if (storage !== "int32" && storage !== "int64") return withoutDictionary
  const plain = leaf.count * widths[storage]
  if (plain <= fewBytes) return withoutDictionary
  const dictionary = integerDictionary(leaf)
  if (dictionary === null) return withoutDictionary
  const { size, values, indices } = dictionary
  if ((values.length + (leaf.count * bitsFor(size - 1)) / 8) * leastSaving > plain) return withoutDictionary
  return planOf(leaf.count, size, indices, (out) => out.append(values))
}

/** Storage bytes: the entry of a value, which it shares by index or has for itself. */
const entryOf = (leaf: LeafColumn, value: number): number =>
  value < leaf.indexCount ? (leaf.ints[value] ?? 0) : leaf.dictionarySize + value - leaf.indexCount

/** Bytes that a value takes when it is written plainly, about. */
export const plainBytes = (leaf: LeafColumn, value: number): number => {
  if (leaf.storage !== "bytes") return widths[leaf.storage]
  const entry = entryOf(leaf, value)
  return 4 + (leaf.ends[entry] ?? 0) - leaf.startOf(entry)
}

/** Writes the values `start` to before `end` plainly. */
export const writePlain = (out: ByteBuffer, leaf: LeafColumn, start: number, end: number): void => {
  switch (leaf.storage) {
    case "boolean":
      writeBits(out, leaf.data, start, end)
      return
    case "fixed":
      out.append(leaf.data.subarray(start * 16, end * 16))
      return
    case "int32":
      appendWords(out, leaf.ints, start * 4, end * 4)
      return
    case "int64":
      appendWords(out, leaf.ints, start * 8, end * 8)
      return
    case "double":
      appendWords(out, leaf.doubles, start * 8, end * 8)
      return
    case "bytes": {
      // What is indexed may refer to any entry; what is not has one after the other.
      let value = start
      for (; value < end && value < leaf.indexCount; value++) {
        const entry = entryOf(leaf, value)
        writeEntries(out, leaf, entry, entry + 1)
      }
      if (value < end) writeEntries(out, leaf, entryOf(leaf, value), entryOf(leaf, end))
    }
  }
}

/** Typed arrays are little endian on every machine that Node runs on for us, as Parquet is. */
const appendWords = (out: ByteBuffer, words: Int32Array | Float64Array, start: number, end: number): void =>
  out.append(new Uint8Array(words.buffer, words.byteOffset + start, end - start))

/** Eight booleans, a byte each, become the bits of one. */
export const writeBits = (out: ByteBuffer, values: Uint8Array, start: number, end: number): void => {
  out.reserve((end - start + 7) >> 3)
  const { bytes } = out
  let to = out.length
  let byte = 0
  for (let at = start; at < end; at++) {
    const bit = (at - start) & 7
    byte |= (values[at] ?? 0) << bit
    if (bit === 7) {
      bytes[to++] = byte
      byte = 0
    }
  }
  if (((end - start) & 7) !== 0) bytes[to++] = byte
  out.length = to
}

/** Longer ones are copied by the runtime, shorter ones by words. */
const longEntry = 128

/** Writes entries, each behind its length in four bytes. */
const writeEntries = (out: ByteBuffer, leaf: LeafColumn, first: number, end: number): void => {
  let from = leaf.startOf(first)
  out.reserve((end > first ? (leaf.ends[end - 1] ?? 0) - from : 0) + 4 * (end - first) + 4)
  const { bytes, view } = out
  const { ends, data, view: source } = leaf
  let to = out.length
  for (let entry = first; entry < end; entry++) {
    const length = (ends[entry] ?? 0) - from
    view.setInt32(to, length, true)
    to += 4
    if (length > longEntry) bytes.set(data.subarray(from, from + length), to)
    // The last word may go over the end, on both sides: entries have four bytes behind them.
    else for (let i = 0; i < length; i += 4) view.setInt32(to + i, source.getInt32(from + i, true), true)
    to += length
    from += length
  }
  out.length = to
}
