import { crc32 } from "node:zlib"

/**
 * What lies in a segment: a header, then frames. A frame is what was committed together, with one checksum: it is there whole, or it is not there.
 *
 *     segment: magic (8), sequence number of the first record (f64), when it was begun (f64), checksum (u32), nothing (4)
 *     frame:   mark (u32), checksum of all that follows (u32), bytes of the records (u32), how many (u32), sequence number of the first (f64), time (f64), records;
 *              of records that are lost, as `set-aside.ts` leaves it, how many, and none
 *     record:  bytes of data (u32), bytes of key (u16), shard (u16), key, data
 *
 * All little endian. Checksums are CRC-32 with a seed of the stream's own: what somebody writes into a record is never taken for a frame.
 */
export const segmentHeaderBytes = 32
export const frameHeaderBytes = 32
export const recordHeaderBytes = 8

const magic = Buffer.from("SLUICE\u0001\n", "latin1")
const mark = 0x9d7fc15a
const markBytes = Buffer.from([0x5a, 0xc1, 0x7f, 0x9d])
/** Behind mark and checksum. */
const checkedFrom = 8

/** What checksums of a stream begin with. */
export const seedOf = (name: string): number => crc32(name)

export interface SegmentHeader {
  /** Sequence number of its first record. */
  readonly first: number
  /** When it was begun, milliseconds since 1970: all records of the segments before are older. */
  readonly begunAt: number
}

export const encodeSegmentHeader = ({ first, begunAt }: SegmentHeader, seed: number): Buffer => {
  const out = Buffer.alloc(segmentHeaderBytes)
  magic.copy(out)
  out.writeDoubleLE(first, 8)
  out.writeDoubleLE(begunAt, 16)
  out.writeUInt32LE(crc32(out.subarray(0, 24), seed), 24)
  return out
}

/** Null where there is none. */
export const readSegmentHeader = (bytes: Buffer, seed: number): SegmentHeader | null =>
  bytes.length >= segmentHeaderBytes && magic.equals(bytes.subarray(0, 8)) && bytes.readUInt32LE(24) === crc32(bytes.subarray(0, 24), seed)
    ? { first: bytes.readDoubleLE(8), begunAt: bytes.readDoubleLE(16) }
    : null

/** The header of a frame. */
export interface Frame {
  /** Bytes of its records. */
  readonly length: number
  readonly count: number
  /** Sequence number of its first record; the others follow one by one. */
  readonly first: number
  /** When its records arrived, milliseconds since 1970. */
  readonly time: number
}

/** @param records as they will lie behind the header */
export const encodeFrameHeader = ({ length, count, first, time }: Frame, records: ReadonlyArray<Uint8Array>, seed: number): Buffer => {
  const out = Buffer.allocUnsafe(frameHeaderBytes)
  out.writeUInt32LE(mark, 0)
  out.writeUInt32LE(length, 8)
  out.writeUInt32LE(count, 12)
  out.writeDoubleLE(first, 16)
  out.writeDoubleLE(time, 24)
  let checksum = crc32(out.subarray(checkedFrom), seed)
  for (const each of records) checksum = crc32(each, checksum)
  out.writeUInt32LE(checksum, 4)
  return out
}

/** What stands at `at` as a frame's header, be it or not; null where it can be none. Only {@link isWhole} tells. */
export const readFrameHeader = (bytes: Buffer, at: number): Frame | null => {
  if (at + frameHeaderBytes > bytes.length || bytes.readUInt32LE(at) !== mark) return null
  return {
    length: bytes.readUInt32LE(at + 8),
    count: bytes.readUInt32LE(at + 12),
    first: bytes.readDoubleLE(at + 16),
    time: bytes.readDoubleLE(at + 24)
  }
}

export const frameBytes = ({ length }: Frame): number => frameHeaderBytes + length

/** Is the frame that begins at `at` there with all its bytes, as they were written? */
export const isWhole = (bytes: Buffer, at: number, frame: Frame, seed: number): boolean =>
  at + frameBytes(frame) <= bytes.length &&
  bytes.readUInt32LE(at + 4) === crc32(bytes.subarray(at + checkedFrom, at + frameBytes(frame)), seed)

/** Stands in place of records that were acknowledged and could not be read any more: of so many, without any. */
export const isOfLost = ({ length, count }: Frame): boolean => length === 0 && count > 0

/** The first whole frame that begins at `from` or behind it and whose records are `sequenceNumber` or come after it; null: there is none. */
export const frameBehind = (
  bytes: Buffer,
  from: number,
  sequenceNumber: number,
  seed: number
): { readonly at: number; readonly frame: Frame } | null => {
  for (let at = bytes.indexOf(markBytes, from); at >= 0; at = bytes.indexOf(markBytes, at + 1)) {
    const frame = readFrameHeader(bytes, at)
    if (frame !== null && frame.first >= sequenceNumber && isWhole(bytes, at, frame, seed)) return { at, frame }
  }
  return null
}

/** What a record takes in a frame. */
export const recordBytes = (keyBytes: number, dataBytes: number): number => recordHeaderBytes + keyBytes + dataBytes

/** Writes a record. @returns where it ends */
export const writeRecord = (out: Buffer, at: number, shard: number, key: string, data: Uint8Array): number => {
  const keyAt = at + recordHeaderBytes
  const keyBytes = out.write(key, keyAt)
  out.writeUInt32LE(data.length, at)
  out.writeUInt16LE(keyBytes, at + 4)
  out.writeUInt16LE(shard, at + 6)
  out.set(data, keyAt + keyBytes)
  return keyAt + keyBytes + data.length
}

/** Calls back for the records of one shard in a whole frame, in order, until it is told to stop. @param i which of the frame's records it is, from 0 */
export const eachRecord = (
  bytes: Buffer,
  at: number,
  frame: Frame,
  shard: number,
  take: (i: number, keyAt: number, dataAt: number, end: number) => boolean
): void => {
  let next = at + frameHeaderBytes
  for (let i = 0; i < frame.count; i++) {
    const keyAt = next + recordHeaderBytes
    const dataAt = keyAt + bytes.readUInt16LE(next + 4)
    const end = dataAt + bytes.readUInt32LE(next)
    if (bytes.readUInt16LE(next + 6) === shard && !take(i, keyAt, dataAt, end)) return
    next = end
  }
}
