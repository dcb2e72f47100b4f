import { createGunzip, type Gunzip } from "node:zlib"
import { SourceError } from "../record/source-error.ts"
import { type ByteReader, type FileLocation, passOver, type StoredBytes, take } from "./byte-reader.ts"

/** Compressed bytes per step. At deflate's largest ratio (1:1032) one step gives 32 MiB, which bounds memory for hostile input. */
const gzipStep = 32 * 1024

/** Begins a member of gzip data. */
export const isGzipMember = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/**
 * The content of gzip data of one or more members, zeros between and behind which are padding. All that precedes damage is given before the
 * error: zlib throws away what it has made of the piece of input in which it meets the damage, so that piece is read once more, byte by byte.
 */
export const gzipReader = (file: FileLocation, stored: StoredBytes): ByteReader => {
  let inflater = inflate(stored, Number.POSITIVE_INFINITY)
  let given = 0
  let careful = false
  const read = async (target: Uint8Array): Promise<number> => {
    try {
      const length = await inflater.read(target)
      given += length
      return length
    } catch (cause) {
      if (cause instanceof SourceError) throw cause
      if (careful || cause instanceof NoMember) throw damaged(file, inflater.position(), cause)
      careful = true
      const again = inflate(stored, inflater.stepStart())
      await inflater.close()
      inflater = again
      await passOver(inflater, given)
      return read(target)
    }
  }
  return { read, ended: () => inflater.ended(), close: () => inflater.close() }
}

const damaged = (file: FileLocation, position: number, cause: unknown): SourceError =>
  new SourceError({
    source: file.source,
    reason: "Unreadable",
    location: file.path,
    detail: `The gzip data is damaged or cut off, ${cause instanceof NoMember ? "at" : "about"} byte ${position} of the file`,
    hint: "Copy the file again from where it came from; what stood before the damage has been read and will not be read twice.",
    cause
  })

/** Behind a member stands something that is neither another one nor padding. */
class NoMember extends Error {}

interface Inflater extends ByteReader {
  /** Offset in the file of the piece of input that was last given to zlib. */
  readonly stepStart: () => number
  /** Offset in the file up to which input was given. */
  readonly position: () => number
}

/** @param carefulFrom offset in the file from which on zlib gets single bytes */
const inflate = (stored: StoredBytes, carefulFrom: number): Inflater => {
  const input = Buffer.allocUnsafeSlow(gzipStep)
  const ready: Array<Buffer> = []
  let [stepStart, filled, used] = [0, 0, 0]
  let failure: Error | undefined
  let wake = (): void => {}
  /** Where the present `gunzip` began. */
  let begun = 0
  let isAtEnd = false
  let finished = false

  const open = (at: number): Gunzip => {
    ;[stepStart, filled, used, begun, isAtEnd] = [at, 0, 0, at, false]
    const opened = createGunzip({ chunkSize: 128 * 1024 })
    opened.on("data", (chunk: Buffer) => ready.push(chunk))
    opened.on("end", () => {
      isAtEnd = true
      wake()
    })
    opened.on("error", (cause) => {
      failure = cause
      wake()
    })
    return opened
  }

  const step = async (): Promise<void> => {
    if (used === filled) {
      stepStart += filled
      filled = await stored.read(input, stepStart)
      used = 0
    }
    const piece = input.subarray(used, stepStart >= carefulFrom ? Math.min(used + 1, filled) : filled)
    used += piece.length
    const stepped = new Promise<void>((resolve) => {
      wake = resolve
    })
    if (piece.length === 0) gunzip.end()
    else gunzip.write(piece, () => wake())
    await stepped
  }

  /** zlib goes from member to member by itself, and stops at a zero, whatever is behind it. */
  const goOn = async (): Promise<void> => {
    const at = await behindZeros(stored, begun + gunzip.bytesWritten)
    gunzip.destroy()
    finished = at === undefined
    if (at === undefined) return
    const magic = Buffer.alloc(2)
    await stored.read(magic, at)
    gunzip = open(at)
    if (!isGzipMember(magic)) throw new NoMember("neither a gzip member nor padding")
  }

  let gunzip = open(0)
  return {
    read: async (target) => {
      while (ready.length === 0) {
        if (failure !== undefined) throw failure
        if (finished) return 0
        await (isAtEnd ? goOn() : step())
      }
      return take(ready, target)
    },
    ended: () => finished && ready.length === 0,
    stepStart: () => stepStart,
    position: () => stepStart + used,
    close: async () => {
      gunzip.destroy()
    }
  }
}

/** Offset of the first byte from `at` on that is not zero; undefined where there is none. */
const behindZeros = async (stored: StoredBytes, at: number): Promise<number | undefined> => {
  const scratch = Buffer.allocUnsafeSlow(gzipStep)
  for (let from = at; ; ) {
    const read = await stored.read(scratch, from)
    if (read === 0) return undefined
    const found = scratch.subarray(0, read).findIndex((byte) => byte !== 0)
    if (found >= 0) return from + found
    from += read
  }
}
