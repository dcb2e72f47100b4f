/** Bytes of the byte order mark of UTF-8 that stands at a place: 3, or 0 where there is none. */
export const markAt = (bytes: Uint8Array, at = 0): number =>
  bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf ? 3 : 0
