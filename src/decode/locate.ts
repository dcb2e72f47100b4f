/** Where damaged bytes are damaged. Only walked when a record has failed. */

/** Index of the first byte that is not part of well-formed UTF-8 (Unicode 16, table 3-7); the length when all of it is. */
export const firstInvalidUtf8 = (bytes: Uint8Array): number => {
  const continues = (at: number, low = 0x80, high = 0xbf) => {
    const byte = bytes[at]
    return byte !== undefined && byte >= low && byte <= high
  }
  let i = 0
  while (i < bytes.length) {
    const b = bytes[i] ?? 0
    if (b < 0x80) i += 1
    else if (b >= 0xc2 && b <= 0xdf && continues(i + 1)) i += 2
    else if (b >= 0xe0 && b <= 0xef && continues(i + 1, b === 0xe0 ? 0xa0 : 0x80, b === 0xed ? 0x9f : 0xbf) && continues(i + 2)) i += 3
    else if (
      b >= 0xf0 &&
      b <= 0xf4 &&
      continues(i + 1, b === 0xf0 ? 0x90 : 0x80, b === 0xf4 ? 0x8f : 0xbf) &&
      continues(i + 2) &&
      continues(i + 3)
    )
      i += 4
    else return i
  }
  return i
}

/** Bytes of UTF-8 before a place in a text that is given in UTF-16 units. */
export const byteOffset = (text: string, units: number): number => Buffer.byteLength(text.slice(0, units))
