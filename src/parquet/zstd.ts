import type { Transform } from "node:stream"
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from "node:zlib"

/**
 * A call of the compressor costs as much as compressing some 2 kB, whatever it is given. Fewer bytes than this have nothing to gain that would
 * be worth it: of wide rows it is half of all pages and a hundredth of their bytes. Larger saves calls and makes larger files.
 */
export const worthCompressing = 512

/** Compresses a page. @param level 1 to 22. @returns a frame, which is valid until the next call */
export const zstd = (page: Uint8Array, level: number): Uint8Array => {
  if (page.length < worthCompressing) return stored(page)
  if (compressor?.level !== level) compressor = makeCompressor(level)
  return compressor.compress(page)
}

interface Compressor {
  readonly level: number
  /** Does one context serve all pages? */
  readonly keepsContext: boolean
  /** @returns a frame, which is valid until the next call */
  readonly compress: (page: Uint8Array) => Uint8Array
}

let compressor: Compressor | null = null
const empty = new Uint8Array(0)

/** Room for the worst case, so that the output comes in one piece. */
const roomFor = (length: number): number => length + (length >> 8) + 128

/** Releases of Node in which the parts that {@link keptContext} uses are what they are taken for. Node does not promise that of others. */
const triedRelease = "24."

/** @param level 1 to 22 */
export const makeCompressor = (level: number): Compressor => {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  const anew = (page: Uint8Array): Uint8Array => zstdCompressSync(page, { params, chunkSize: roomFor(page.length) })
  const kept = process.versions.node.startsWith(triedRelease) ? keptContext(createZstdCompress({ params })) : null
  const compress = kept === null ? anew : (page: Uint8Array) => kept(page, roomFor(page.length)) ?? anew(page)
  return { level, keepsContext: kept !== null, compress }
}

let decompressor: ReturnType<typeof keptContext> | undefined

/**
 * Decompresses a frame. @param length of what comes out. @returns what came out, with four bytes and more behind it; valid until the next call
 * @throws where the frame is damaged
 */
export const unzstd = (frame: Uint8Array, length: number): Uint8Array => {
  const raw = storedBytes(frame, length)
  if (raw !== null) return raw
  decompressor ??= process.versions.node.startsWith(triedRelease) ? keptContext(createZstdDecompress()) : null
  const kept = decompressor?.(frame, length + 4) ?? null
  if (kept !== null) return kept
  // Another frame begins afresh.
  decompressor = undefined
  return zstdDecompressSync(frame)
}

/** What Node's streams work with. `writeSync` leaves in `_writeState` how much room and how much input is left. */
interface StreamParts {
  readonly _writeState: Uint32Array
  readonly _handle: {
    readonly writeSync: (
      flush: number,
      input: Uint8Array,
      inputStart: number,
      inputLength: number,
      output: Uint8Array,
      outputStart: number,
      outputLength: number
    ) => void
  }
}

const hasParts = (stream: object): stream is StreamParts =>
  "_writeState" in stream &&
  stream._writeState instanceof Uint32Array &&
  "_handle" in stream &&
  typeof stream._handle === "object" &&
  stream._handle !== null &&
  "writeSync" in stream._handle &&
  typeof stream._handle.writeSync === "function"

/**
 * Compresses or decompresses in one context, page after page. `zstdCompressSync` makes one for each call, which costs more than compressing a small page, and
 * the collector, which is told how large they are, looks through the whole heap every few dozen of them. The frames are the same.
 *
 * @returns null where this Node has no such parts; what is returned takes a page and how much room its output needs, and gives null where it failed
 */
const keptContext = (context: Transform): ((page: Uint8Array, room: number) => Uint8Array | null) | null => {
  // A failure would be told to listeners; here it shows in what is left, and whoever works on the page anew is told what it was.
  const stream: object = context.on("error", () => {})
  if (!hasParts(stream)) return null
  const { _handle: handle, _writeState: left } = stream
  let output = empty
  let isBroken = false
  return (page, most) => {
    if (isBroken) return null
    if (output.length < most) output = new Uint8Array(most)
    left.fill(failed)
    handle.writeSync(constants.ZSTD_e_end, page, 0, page.length, output, 0, output.length)
    const [room = failed, input = failed] = left
    isBroken = input !== 0 || room === 0
    return isBroken ? null : output.subarray(0, output.length - room)
  }
}

/** Stands where a call that failed leaves no number. */
const failed = 0xffffffff

/** What a frame of {@link stored} has; null for others. */
const storedBytes = (frame: Uint8Array, length: number): Uint8Array | null =>
  frame.length === 12 + length && frame[4] === 0xa0 && (frame[9] ?? 0) % 8 === 1 ? frame.subarray(12) : null

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
