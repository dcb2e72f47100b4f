/**
 * Hash of `[start, end)`, 32 bits, four bytes at a time. Not for anything that an attacker must not foresee: who uses it compares bytes too.
 * @param view with at least 4 more bytes behind `end`, which do not count
 */
export const entryHash = (view: DataView, start: number, end: number): number => {
  let hash = (end - start) | 0
  let at = start
  for (const last = end - 4; at <= last; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  const rest = end - at
  if (rest > 0) {
    hash = Math.imul(hash ^ (view.getInt32(at, true) & ((1 << (rest * 8)) - 1)), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash, 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

/** Are `length` bytes the same from `at` in one and from `other` in the other? */
export const sameBytes = (
  bytes: Uint8Array,
  view: DataView,
  at: number,
  otherView: DataView,
  otherBytes: Uint8Array,
  other: number,
  length: number
): boolean => {
  let i = 0
  for (const last = length - 4; i <= last; i += 4) if (view.getInt32(at + i, true) !== otherView.getInt32(other + i, true)) return false
  for (; i < length; i++) if (bytes[at + i] !== otherBytes[other + i]) return false
  return true
}
