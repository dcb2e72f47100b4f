import { constants, zstdCompressSync } from "node:zlib"

/**
 * A call of the compressor costs as much as compressing some 5 kB, whatever it is given. Fewer bytes than this have nothing to gain that would
 * be worth it: of wide rows it is half of all pages and a hundredth of their bytes. Larger saves calls and makes larger files.
 */
export const worthCompressing = 512

/** Compresses a page. @param level 1 to 22 */
export const zstd = (page: Uint8Array, level: number): Uint8Array => {
  if (page.length < worthCompressing) return stored(page)
  return zstdCompressSync(page, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    // Room for the worst case, so that the output comes in one piece.
    chunkSize: page.length + (page.length >> 8) + 128
  })
}

/** A frame with bytes as they are (RFC 8878). */
const stored = (page: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(12 + page.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, 0xfd2fb528, true)
  // One segment; the length of the content takes four bytes.
  view.setUint8(4, 0xa0)
  view.setUint32(5, page.length, true)
  // One block, the last, not compressed; its length begins at bit 3 of three bytes.
  view.setUint16(9, ((page.length << 3) | 1) & 0xffff, true)
  view.setUint8(11, page.length >> 13)
  frame.set(page, 12)
  return frame
}
