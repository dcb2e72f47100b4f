/**
 * Reads values of `width` bits that were written as Parquet's mixture of runs and packed groups of eight, from `bytes[start, end)`, until `count` are there.
 * The counterpart of `hybrid.ts`.
 *
 * @param into takes the values from its start
 * @throws RangeError where the bytes end too early
 */
export const readHybrid = (
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  into: Uint8Array | Int32Array,
  count: number
): void => {
  let at = start
  let filled = 0
  const bytesOfValue = (width + 7) >> 3
  const mask = width === 32 ? -1 : (1 << width) - 1
  while (filled < count) {
    let header = 0
    let byte = 0x80
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (at >= end || shift > 28) throw new RangeError("levels or indices are cut off")
      byte = bytes[at++] ?? 0
      header |= (byte & 0x7f) << shift
    }
    if ((header & 1) === 0) {
      if (at + bytesOfValue > end) throw new RangeError("levels or indices are cut off")
      let value = 0
      for (let i = 0; i < bytesOfValue; i++) value |= (bytes[at++] ?? 0) << (8 * i)
      const run = Math.min(header >>> 1, count - filled)
      into.fill(value, filled, filled + run)
      filled += run
      continue
    }
    const packed = (header >>> 1) * 8
    const packedEnd = at + (packed >> 3) * width
    const wanted = Math.min(packed, count - filled)
    // The last group may be cut where nobody needs the rest of it.
    if (at + Math.ceil((wanted * width) / 8) > end) throw new RangeError("levels or indices are cut off")
    let held = 0
    let bits = 0
    for (let i = 0; i < wanted; i++) {
      while (bits < width) {
        // Of the byte that does not fit beside what is held, the rest is taken with the next value.
        if (bits > 24) break
        held |= (bytes[at++] ?? 0) << bits
        bits += 8
      }
      if (bits >= width) {
        into[filled++] = held & mask
        held = width === 32 ? 0 : held >>> width
        bits -= width
      } else {
        const next = bytes[at++] ?? 0
        into[filled++] = (held | (next << bits)) & mask
        const used = width - bits
        held = next >>> used
        bits = 8 - used
      }
    }
    at = packedEnd
  }
}

/** Are so many values, which begin there, one run? False also where a number is too long to tell at once. */
export const isOneRun = (bytes: Uint8Array, at: number, count: number): boolean => {
  const [first = 1, second = 0, third = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]]
  if ((first & 1) === 1 || (first >= 0x80 && second >= 0x80 && third >= 0x80)) return false
  const header =
    first < 0x80 ? first : second < 0x80 ? (first & 0x7f) | (second << 7) : (first & 0x7f) | ((second & 0x7f) << 7) | (third << 14)
  return header >>> 1 >= count
}
