import { entryHash, sameBytes } from "./byte-hash.ts"

/** Byte strings, one after the other: `data[ends[i - 1], ends[i])`. */
interface ByteStrings {
  readonly data: Uint8Array
  /** Over the same bytes. */
  readonly view: DataView
  readonly ends: Int32Array
  readonly count: number
}

/**
 * At most and at least so many strings are looked at to guess how many are different. In between it is four times the root of their number: where
 * it is just worthwhile, 12 of them are expected to repeat then, whatever the number.
 */
const largestSample = 1024
const smallestSample = 128
/** A dictionary pays when there are at least so many strings to each entry. */
const leastRepeats = 1.5
/** Larger dictionaries cost readers more than they save. */
const maxDictionaryBytes = 1 << 20

// One column is worked on at a time, so they share the room. Entry + 1 by hash, open addressing; 0 is free. Each uses as much of the table, from
// its start, as it has entries for: most have few, and clearing what they do not need would take longer than all the rest.
const leastSlots = 4 * largestSample
let table = new Int32Array(leastSlots)
let hashes = new Int32Array(largestSample)

/**
 * Do the strings repeat enough? A sample of s strings, taken evenly, of which r came before in it, tells that there are about s² / 2r
 * different ones (the birthday problem). Those that repeat close by are missed by that: each of the sample is compared with its neighbour, too.
 * Strings count as the same here when their hashes are.
 */
export const isWorthwhile = ({ data, view, ends, count }: ByteStrings): boolean => {
  if (count < 2) return false
  const sample = Math.min(count, largestSample, Math.max(smallestSample, Math.floor(4 * Math.sqrt(count))))
  const step = count / sample
  const mask = leastSlots - 1
  table.fill(0, 0, leastSlots)
  let repeats = 0
  let twins = 0
  for (let i = 0; i < sample; i++) {
    const at = Math.floor(i * step)
    const start = at === 0 ? 0 : (ends[at - 1] ?? 0)
    const length = (ends[at] ?? 0) - start
    const before = at < 2 ? 0 : (ends[at - 2] ?? 0)
    if (at > 0 && start - before === length && sameBytes(data, view, start, view, data, before, length)) twins++
    // 0 is free.
    const hash = entryHash(view, start, start + length) | 1
    let slot = (hash >>> 1) & mask
    while (table[slot] !== 0 && table[slot] !== hash) slot = (slot + 1) & mask
    if (table[slot] === hash) repeats++
    table[slot] = hash
  }
  if (sample === count) return count >= leastRepeats * (count - repeats)
  return twins * leastRepeats >= sample * (leastRepeats - 1) || (repeats > 0 && count * 2 * repeats >= leastRepeats * sample * sample)
}

/**
 * Moves the strings together so that each stands there once, in the order in which they first came, and tells which of them each string was.
 * Should the dictionary grow too large, the strings from then on stay as they are, behind it.
 *
 * @param indices takes `indexed` numbers of entries
 * @returns the number of entries, and how many strings are told by them
 */
export const makeDictionary = (strings: ByteStrings, indices: Int32Array): { readonly entries: number; readonly indexed: number } => {
  const { data, view, ends, count } = strings
  // Variables of the function, which stay in registers.
  let slots = table
  let known = hashes
  let mask = leastSlots - 1
  slots.fill(0, 0, leastSlots)
  let entries = 0
  let bytes = 0
  let from = 0
  let i = 0
  // The entry of the string before, which is often the same.
  let last = -1
  let lastStart = 0
  let lastLength = -1
  for (; i < count; i++) {
    const end = ends[i] ?? 0
    const length = end - from
    if (length === lastLength && sameBytes(data, view, lastStart, view, data, from, length)) {
      indices[i] = last
      from = end
      continue
    }
    const hash = entryHash(view, from, end)
    let slot = hash & mask
    let entry = -1
    for (let found = slots[slot] ?? 0; found !== 0; found = slots[slot] ?? 0) {
      const start = found === 1 ? 0 : (ends[found - 2] ?? 0)
      if (
        known[found - 1] === hash &&
        (ends[found - 1] ?? 0) - start === length &&
        sameBytes(data, view, start, view, data, from, length)
      ) {
        entry = found - 1
        break
      }
      slot = (slot + 1) & mask
    }
    if (entry < 0) {
      if (bytes + length > maxDictionaryBytes) break
      entry = entries++
      if (bytes !== from) moveDown(data, view, bytes, from, length)
      bytes += length
      ends[entry] = bytes
      if (entry === known.length) {
        hashes = doubled(known)
        known = hashes
      }
      known[entry] = hash
      slots[slot] = entry + 1
      if (entries * 2 > mask) {
        mask = 2 * mask + 1
        fillTable(entries, mask)
        slots = table
      }
    }
    indices[i] = entry
    last = entry
    lastStart = entry === 0 ? 0 : (ends[entry - 1] ?? 0)
    lastLength = length
    from = end
  }
  // What did not go into the dictionary follows it.
  if (i < count) {
    const moved = from - bytes
    if (moved > 0) data.copyWithin(bytes, from, ends[count - 1] ?? 0)
    for (let rest = i; rest < count; rest++) ends[entries + rest - i] = (ends[rest] ?? 0) - moved
  }
  return { entries, indexed: i }
}

/** Moves a string towards the start of the same bytes. */
const moveDown = (data: Uint8Array, view: DataView, to: number, from: number, length: number): void => {
  // Words of four bytes, the last of which may go over the end: over what was moved already, if that is far enough away.
  if (length > 64 || from - to < 4) data.copyWithin(to, from, from + length)
  else for (let i = 0; i < length; i += 4) view.setInt32(to + i, view.getInt32(from + i, true), true)
}

const fillTable = (entries: number, mask: number): void => {
  if (table.length > mask) table.fill(0, 0, mask + 1)
  else table = new Int32Array(mask + 1)
  for (let entry = 0; entry < entries; entry++) {
    let slot = (hashes[entry] ?? 0) & mask
    while (table[slot] !== 0) slot = (slot + 1) & mask
    table[slot] = entry + 1
  }
}

const doubled = (old: Int32Array): Int32Array<ArrayBuffer> => {
  const array = new Int32Array(old.length * 2)
  array.set(old)
  return array
}
