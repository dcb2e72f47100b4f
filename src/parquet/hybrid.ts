import type { ByteBuffer } from "./byte-buffer.ts"

/** Bits that hold every whole number from 0 to `max`. */
export const bitsFor = (max: number): number => 32 - Math.clz32(max)

/** Runs of groups: the header of so many takes one byte. */
const maxGroups = 63

/**
 * Writes `values[start, end)` in Parquet's hybrid of run lengths and bit packing, without a length in front: a run of equal values once, what
 * is between runs in groups of eight, of which the last is filled up with zeros.
 *
 * @param width bits of a value, 1 to 24
 */
export const writeHybrid = (out: ByteBuffer, values: Uint8Array | Int32Array, start: number, end: number, width: number): void => {
  // A group takes at most its bits, a header, and a run of it in front.
  out.reserve(32 + Math.ceil((end - start) / 8) * (width + 8))
  // Packed, so few narrow values take no more than the headers of a run and of what follows it.
  const shortest = width < 4 ? 16 : 8
  for (let at = start; at < end; ) {
    const runEnd = endOfRun(values, at, end)
    if (runEnd - at >= shortest || runEnd === end) {
      writeRun(out, values[at] ?? 0, runEnd - at, width)
      at = runEnd
    } else {
      const last = endOfPacked(values, at, end, shortest)
      out.bytes[out.length++] = (((last - at + 7) >> 3) << 1) | 1
      if (width <= 8) packNarrow(out, values, at, last, width)
      else packWide(out, values, at, last, width)
      at = last
    }
  }
}

/** Writes a run of one value: `count` times, `width` bits wide. */
export const writeRun = (out: ByteBuffer, value: number, count: number, width: number): void => {
  out.varint(count * 2)
  out.reserve(4)
  out.view.setInt32(out.length, value, true)
  out.length += (width + 7) >> 3
}

const endOfRun = (values: Uint8Array | Int32Array, start: number, end: number): number => {
  const value = values[start]
  let at = start + 1
  while (at < end && values[at] === value) at++
  return at
}

/** Where packed groups that begin at `start` end: at a run, or at the end, or where the header would need another byte. */
const endOfPacked = (values: Uint8Array | Int32Array, start: number, end: number, shortest: number): number => {
  const limit = Math.min(end, start + maxGroups * 8)
  let at = start + 8
  for (; at < limit; at += 8) {
    const value = values[at]
    const enough = at + shortest
    if (enough > end) continue
    let next = at + 1
    while (next < enough && values[next] === value) next++
    if (next === enough) break
  }
  return Math.min(at, limit)
}

/** At most 8 bits: a group is two words of four values each, put together. */
const packNarrow = (out: ByteBuffer, values: Uint8Array | Int32Array, start: number, end: number, width: number): void => {
  const { view } = out
  const half = 4 * width
  let to = out.length
  for (let at = start; at < end; at += 8) {
    let low = 0
    let high = 0
    if (at + 8 <= end) {
      low = v(values, at) | (v(values, at + 1) << width) | (v(values, at + 2) << (2 * width)) | (v(values, at + 3) << (3 * width))
      high = v(values, at + 4) | (v(values, at + 5) << width) | (v(values, at + 6) << (2 * width)) | (v(values, at + 7) << (3 * width))
    } else {
      for (let i = at; i < end; i++) {
        if (i < at + 4) low |= v(values, i) << ((i - at) * width)
        else high |= v(values, i) << ((i - at - 4) * width)
      }
    }
    view.setInt32(to, half === 32 ? low : low | (high << half), true)
    if (width > 4) view.setInt32(to + 4, half === 32 ? high : high >>> (32 - half), true)
    to += width
  }
  out.length = to
}

/** Up to 24 bits: with the 7 that may be left over they fit a word. */
const packWide = (out: ByteBuffer, values: Uint8Array | Int32Array, start: number, end: number, width: number): void => {
  const { bytes } = out
  let to = out.length
  let bits = 0
  let held = 0
  for (let at = start; at < end; at++) {
    bits |= v(values, at) << held
    for (held += width; held >= 8; held -= 8) {
      bytes[to++] = bits
      bits >>>= 8
    }
  }
  const finish = out.length + ((end - start + 7) >> 3) * width
  if (to < finish) bytes[to++] = bits
  bytes.fill(0, to, Math.max(to, finish))
  out.length = finish
}

const v = (values: Uint8Array | Int32Array, at: number): number => values[at] ?? 0
