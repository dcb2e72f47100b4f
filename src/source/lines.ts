import { crc32 } from "node:zlib"
import type { ByteReader } from "./byte-reader.ts"
import { PageBuffer, PageMemory, type PageRoom } from "./page-memory.ts"
import type { RecordEnds } from "./record-ends.ts"

/**
 * From bytes to the boundaries of records. Invariants: a record is never split between pages; every byte belongs to exactly one record or is
 * the newline behind one; memory stays below a page plus the record limit, for any input.
 */
export interface Cut {
  readonly bytes: Uint8Array
  readonly starts: ReadonlyArray<number>
  readonly ends: ReadonlyArray<number>
  /** Offset of `bytes[0]` in the content. */
  readonly offset: number
  /** Offset behind the last byte that these records account for, newline included: where reading goes on. */
  readonly end: number
  /** CRC-32 of all content up to `end`. */
  readonly sum: number
  /** True lengths of records that were cut to `maxRecordBytes + 1` bytes, so that they are seen to be too large. */
  readonly cut?: ReadonlyMap<number, number>
  /** Makes the memory of `bytes` free for another page. */
  readonly release: () => void
  /** Has the content been read to its end? `end` may still lie before it, when an unfinished record is held back. */
  readonly last: boolean
}

export interface CutSettings {
  /** Where records end. Made anew for each piece of the content, which begins with a record. */
  readonly ends: () => RecordEnds
  /** Aimed size of a page in bytes. Large values cost memory, small ones an effect per few records. */
  readonly pageBytes: number
  readonly maxRecordBytes: number
  /** Is an unterminated last record delivered, or held back because its writer may not be done? */
  readonly atEnd: "deliver" | "hold"
  /** Give what is there as soon as it holds a record, rather than fill pages: for input that arrives by and by. */
  readonly eager: boolean
  /** For large pages, which hold it until they are released; undefined: there is enough. */
  readonly room: PageRoom | undefined
}

const newline = 10
const nothing = new Uint8Array(0)
/** Memory that is not used again. */
const keep = () => {}

/** Where cutting begins. */
export interface CutStart {
  /** Offset in the content. */
  readonly offset: number
  /** CRC-32 of all content before it. */
  readonly sum: number
  /** Bytes from there on that were read already. */
  readonly head: Uint8Array
}

/** @param reader stands behind the `head` of `start` */
export async function* cutRecords(reader: ByteReader, { head, ...start }: CutStart, settings: CutSettings): AsyncGenerator<Cut, void> {
  const { maxRecordBytes } = settings
  let { offset, sum } = start
  let carry = head
  const memory = new PageMemory(settings.room)
  try {
    for (;;) {
      const filled = await fill(reader, carry, settings, memory)
      const { bytes, failure } = filled
      const last = filled.ended && failure === undefined
      const ends = filled.ends.of(bytes)
      const behindEnds = (ends.at(-1) ?? -1) + 1
      const deliverTail = last && settings.atEnd === "deliver"
      carry = nothing
      if (behindEnds > 0 || (deliverTail && bytes.length > 0 && bytes.length <= maxRecordBytes)) {
        const length = deliverTail ? bytes.length : behindEnds
        const records = split(bytes.subarray(0, length), ends, maxRecordBytes)
        sum = crc32(records.bytes, sum)
        const rest = filled.page.kept(length, bytes.length)
        yield { ...records, offset, end: offset + length, sum, last, release: () => filled.page.release() }
        carry = rest
        offset += length
      } else if (bytes.length > maxRecordBytes) {
        const kept = bytes.subarray(0, maxRecordBytes + 1)
        const rest = await skip(reader, filled.ends.byNewline, bytes.length, crc32(bytes, sum))
        if (rest.ended && settings.atEnd === "hold") return
        const end = offset + rest.length + (rest.behind === undefined ? 0 : 1)
        sum = rest.sum
        const ended = rest.ended || (reader.ended() && rest.behind?.length === 0)
        yield {
          bytes: kept,
          starts: [0],
          ends: [kept.length],
          cut: new Map([[0, rest.length]]),
          offset,
          end,
          sum,
          last: ended,
          release: () => filled.page.release()
        }
        if (ended) return
        carry = rest.behind ?? nothing
        offset = end
      } else if (last) {
        // Nothing left, or only what is held back: tells the reader of the pages that the end was seen.
        yield { bytes: nothing, starts: [], ends: [], offset, end: offset, sum, last: true, release: keep }
      }
      if (failure !== undefined) throw failure
      if (last) return
    }
  } finally {
    memory.close()
  }
}

/**
 * Reads behind `carry` until a page is full and holds the end of a record, the record limit is passed, or the input ends or fails. A failure
 * is given back, not thrown, so that what precedes it is delivered first.
 */
const fill = async (reader: ByteReader, carry: Uint8Array, settings: CutSettings, memory: PageMemory) => {
  const { eager, maxRecordBytes, pageBytes } = settings
  const ends = settings.ends()
  const limit = maxRecordBytes + 1
  const larger = (size: number): number => (size < limit && size * 4 >= limit ? limit : size * 2)
  let size = pageBytes
  while (size < Math.min(carry.length * 2, limit) || size < carry.length) size = larger(size)
  const page = new PageBuffer(memory)
  // What is carried over may stand in the very buffer that is used again.
  await page.resize(size, carry)
  let used = carry.length
  let holdsEnd = ends.see(page.bytes, 0, used)
  let ended = false
  let failure: unknown
  try {
    while (!(eager && holdsEnd)) {
      if (reader.ended()) {
        ended = true
        break
      }
      if (used === page.bytes.length) {
        if (holdsEnd || used >= limit) break
        await page.resize(larger(used), page.bytes)
      }
      const read = await reader.read(page.bytes.subarray(used))
      if (read === 0) {
        ended = true
        break
      }
      holdsEnd = ends.see(page.bytes, used, used + read)
      used += read
    }
  } catch (cause) {
    failure = cause
    ended = true
  }
  return { page, bytes: page.bytes.subarray(0, used), ends, ended: ended || reader.ended(), failure }
}

/**
 * Reads to the end of a record of which `length` bytes were read; `behind` is what was read of the next ones, undefined at the end. `sum` goes on
 * from what it was to the end of the record.
 */
const skip = async (reader: ByteReader, byNewline: boolean, length: number, sum: number) => {
  const scratch = Buffer.allocUnsafeSlow(256 * 1024)
  for (;;) {
    const read = await reader.read(scratch)
    if (read === 0) return { length, behind: undefined, ended: true, sum }
    const at = byNewline ? scratch.subarray(0, read).indexOf(newline) : -1
    const own = scratch.subarray(0, at < 0 ? read : at + 1)
    sum = crc32(own, sum)
    if (at >= 0) return { length: length + at, behind: scratch.subarray(at + 1, read), ended: false, sum }
    length += read
  }
}

/** Boundaries of the records in a page. What follows the last end, if anything, is a record too. */
const split = (bytes: Buffer, found: ReadonlyArray<number>, maxRecordBytes: number) => {
  const starts: Array<number> = []
  const ends: Array<number> = []
  const cut = new Map<number, number>()
  for (let start = 0; start < bytes.length; ) {
    const end = found[starts.length] ?? bytes.length
    const tooLarge = end - start > maxRecordBytes + 1
    if (tooLarge) cut.set(starts.length, end - start)
    starts.push(start)
    ends.push(tooLarge ? start + maxRecordBytes + 1 : end)
    start = end + 1
  }
  return cut.size === 0 ? { bytes, starts, ends } : { bytes, starts, ends, cut }
}

/** A cut without its first records, which its `end` and `sum` still account for. */
export const withoutFirst = (cut: Cut, count: number): Cut => {
  const { cut: lengths, ...rest } = cut
  const moved = new Map([...(lengths ?? [])].filter(([i]) => i >= count).map(([i, length]) => [i - count, length]))
  return { ...rest, starts: cut.starts.slice(count), ends: cut.ends.slice(count), ...(moved.size === 0 ? {} : { cut: moved }) }
}
