import { closeSync, openSync, readSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import type { Readable } from "node:stream"
import { crc32 } from "node:zlib"
import { ioError } from "./io-error.ts"

/** Bytes, front to back, into buffers that the caller owns. */
export interface ByteReader {
  /** Copies at most `target.length` bytes into `target`; resolves to how many, 0 only at the end. Rejects with a `SourceError`. */
  readonly read: (target: Uint8Array) => Promise<number>
  /** Is it known, without reading, that nothing more comes? */
  readonly ended: () => boolean
  readonly close: () => Promise<void>
}

/** Where a file is and how its errors are named. */
export interface FileLocation {
  readonly source: string
  readonly path: string
}

/**
 * The bytes of an open file up to the size that it had when it was looked at: what a writer appends meanwhile belongs to the next look, so that
 * "read to the end" means one thing.
 */
export interface StoredBytes {
  readonly size: number
  /** The first bytes, as many as tell what they are. */
  readonly head: Uint8Array
  /** Copies what stands at `position` into `target`; resolves to how many bytes, 0 only at the end. Rejects with a `SourceError`. */
  readonly read: (target: Uint8Array, position: number) => Promise<number>
  readonly close: () => Promise<void>
}

const headBytes = 64

/** Up to here three calls through the thread pool (open, read, close) cost several times what reading itself does. */
const smallFile = 128 * 1024

export const openStored = async (file: FileLocation, size: number): Promise<StoredBytes> => {
  if (size <= smallFile) return inMemory(readSmall(file, size))
  const failed = (cause: unknown) => ioError(file.source, file.path, cause)
  let handle: FileHandle
  try {
    handle = await open(file.path, "r")
  } catch (cause) {
    throw failed(cause)
  }
  const read = async (target: Uint8Array, position: number): Promise<number> => {
    const length = Math.min(target.length, size - position)
    if (length <= 0) return 0
    try {
      return (await handle.read(target, 0, length, position)).bytesRead
    } catch (cause) {
      throw failed(cause)
    }
  }
  const close = () => handle.close()
  const head = Buffer.alloc(headBytes)
  try {
    return { size, head: head.subarray(0, await read(head, 0)), read, close }
  } catch (cause) {
    await close()
    throw cause
  }
}

const readSmall = (file: FileLocation, size: number): Buffer => {
  try {
    const descriptor = openSync(file.path, "r")
    try {
      const content = Buffer.allocUnsafeSlow(size)
      return content.subarray(0, readSync(descriptor, content, 0, size, 0))
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    throw ioError(file.source, file.path, cause)
  }
}

const inMemory = (content: Buffer): StoredBytes => ({
  size: content.length,
  head: content.subarray(0, headBytes),
  read: async (target, position) => content.copy(target, 0, Math.min(position, content.length)),
  close: async () => {}
})

/** The bytes as they stand, from byte `start` on. */
export const storedReader = (stored: StoredBytes, start: number): ByteReader => {
  let position = start
  return {
    read: async (target) => {
      const length = await stored.read(target, position)
      // A file that was cut meanwhile ends here.
      position = length === 0 && target.length > 0 ? stored.size : position + length
      return length
    },
    ended: () => position >= stored.size,
    close: async () => {}
  }
}

/** What was passed over: how many bytes, their CRC-32, and the last of them (-1: none). */
export interface Passed {
  readonly length: number
  readonly sum: number
  readonly last: number
}

/** Reads `length` bytes, or as many as there are, and drops them. @param sum of what is before, which the sum goes on from */
export const passOver = async (reader: ByteReader, length: number, sum = 0): Promise<Passed> => {
  const scratch = Buffer.allocUnsafeSlow(Math.max(1, Math.min(length, 256 * 1024)))
  let passed: Passed = { length: 0, sum, last: -1 }
  while (passed.length < length) {
    const read = await reader.read(scratch.subarray(0, Math.min(scratch.length, length - passed.length)))
    if (read === 0) break
    passed = { length: passed.length + read, sum: crc32(scratch.subarray(0, read), passed.sum), last: scratch[read - 1] ?? -1 }
  }
  return passed
}

/** What a pipe or terminal gives. It reads ahead no more than the stream's own buffer. */
export const fromReadable = (location: FileLocation, readable: Readable): ByteReader & { readonly head: () => Promise<Uint8Array> } => {
  const chunks: AsyncIterator<Buffer | string> = readable[Symbol.asyncIterator]()
  const ready: Array<Buffer> = []
  let finished = false
  const wait = async (): Promise<void> => {
    try {
      while (ready.length === 0 && !finished) {
        const next = await chunks.next()
        if (next.done === true) finished = true
        else if (next.value.length > 0) ready.push(Buffer.from(next.value))
      }
    } catch (cause) {
      throw ioError(location.source, location.path, cause)
    }
  }
  return {
    read: async (target) => {
      await wait()
      return take(ready, target)
    },
    /** What came first, which is still to be read. */
    head: async () => {
      await wait()
      return ready[0]?.subarray(0, headBytes) ?? new Uint8Array(0)
    },
    ended: () => finished && ready.length === 0,
    close: async () => {
      readable.destroy()
    }
  }
}

/** Moves bytes from the front of `ready` into `target`. */
export const take = (ready: Array<Buffer>, target: Uint8Array): number => {
  let used = 0
  while (used < target.length) {
    const first = ready[0]
    if (first === undefined) break
    const length = Math.min(first.length, target.length - used)
    target.set(first.subarray(0, length), used)
    used += length
    if (length === first.length) ready.shift()
    else ready[0] = first.subarray(length)
  }
  return used
}
