/**
 * Index of the first byte at or after `from` at which a plain run inside of a JSON string ends: `"`, `\` or a control character. There is one:
 * zeros follow the page.
 *
 * @param mask bit `p & 31` of word `p >> 5` tells whether byte `p` is one; null: not known
 */
export const nextSpecial = (bytes: Uint8Array, mask: Int32Array | null, from: number): number => {
  if (mask === null) return nextSpecialByte(bytes, from)
  let word = from >> 5
  // Past the end, which a caller does not reach, all is special: no loop without an end.
  let bits = (mask[word] ?? -1) & (-1 << from)
  while (bits === 0) bits = mask[++word] ?? -1
  return (word << 5) + 31 - Math.clz32(bits & -bits)
}

/** Four steps in a turn: one at a time costs up to half more where V8 checks every access for a detached buffer. */
const nextSpecialByte = (bytes: Uint8Array, from: number): number => {
  for (let at = from; ; at += 4) {
    if (isSpecial(bytes[at] ?? 0)) return at
    if (isSpecial(bytes[at + 1] ?? 0)) return at + 1
    if (isSpecial(bytes[at + 2] ?? 0)) return at + 2
    if (isSpecial(bytes[at + 3] ?? 0)) return at + 3
  }
}

/** Exchanging 0x20 with 0x22 makes the quote the neighbour of the control characters: one comparison for both. */
const isSpecial = (byte: number): boolean => (byte ^ 0x02) <= 0x20 || byte === 0x5c
