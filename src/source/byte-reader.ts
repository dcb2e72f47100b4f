import { closeSync, openSync, readSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import type { Readable } from "node:stream"
import { createGunzip } from "node:zlib"
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
 * A plain file from byte `start` to byte `end`, its size when it was looked at: what a writer appends meanwhile belongs to the next look, so
 * that "read to the end" means one thing.
 */
export const openPlain = async (file: FileLocation, start: number, end: number): Promise<ByteReader> => {
  if (end - start <= smallFile) return smallReader(file, start, end)
  const handle = await openFile(file)
  let position = start
  return {
    read: async (target) => {
      const length = Math.min(target.length, end - position)
      if (length <= 0) return 0
      try {
        const { bytesRead } = await handle.read(target, 0, length, position)
        position = bytesRead === 0 ? end : position + bytesRead
        return bytesRead
      } catch (cause) {
        throw ioError(file.source, file.path, cause)
      }
    },
    ended: () => position >= end,
    close: () => handle.close()
  }
}

/** Up to here three calls through the thread pool (open, read, close) cost several times what reading itself does. */
const smallFile = 128 * 1024

const smallReader = (file: FileLocation, start: number, end: number): ByteReader => {
  let content: Buffer
  try {
    const descriptor = openSync(file.path, "r")
    try {
      content = Buffer.allocUnsafeSlow(Math.max(0, end - start))
      content = content.subarray(0, readSync(descriptor, content, 0, content.length, start))
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    throw ioError(file.source, file.path, cause)
  }
  const ready = content.length === 0 ? [] : [content]
  return { read: async (target) => take(ready, target), ended: () => ready.length === 0, close: async () => {} }
}

/** Compressed bytes per step. At deflate's largest ratio (1:1032) one step gives 32 MiB, which bounds memory for hostile input. */
const gzipStep = 32 * 1024

/**
 * The content of a gzip file of one or more members. All that precedes damage is given before the error: zlib throws away what it has made
 * of the piece of input in which it meets the damage, so that piece is read once more, byte by byte.
 */
export const openGzip = async (file: FileLocation): Promise<ByteReader> => {
  let inflater = await openInflater(file, Number.POSITIVE_INFINITY)
  let given = 0
  let careful = false
  const read = async (target: Uint8Array): Promise<number> => {
    try {
      const length = await inflater.read(target)
      given += length
      return length
    } catch (cause) {
      if (careful) throw ioError(file.source, file.path, cause)
      careful = true
      const again = await openInflater(file, inflater.stepStart())
      await inflater.close()
      inflater = again
      await skipBytes(inflater, given)
      return read(target)
    }
  }
  return { read, ended: () => inflater.ended(), close: () => inflater.close() }
}

interface Inflater extends ByteReader {
  /** Offset in the file of the piece of input that was last given to zlib. */
  readonly stepStart: () => number
}

/** @param carefulFrom offset in the file from which on zlib gets single bytes */
const openInflater = async (file: FileLocation, carefulFrom: number): Promise<Inflater> => {
  const handle = await openFile(file)
  const input = Buffer.allocUnsafeSlow(gzipStep)
  const gunzip = createGunzip({ chunkSize: 128 * 1024 })
  const ready: Array<Buffer> = []
  let [stepStart, filled, used] = [0, 0, 0]
  let failure: Error | undefined
  let finished = false
  let wake = (): void => {}
  gunzip.on("data", (chunk: Buffer) => ready.push(chunk))
  gunzip.on("end", () => {
    finished = true
    wake()
  })
  gunzip.on("error", (cause) => {
    failure = cause
    wake()
  })
  const step = async (): Promise<void> => {
    if (used === filled) {
      stepStart += filled
      filled = (await handle.read(input, 0, gzipStep, stepStart)).bytesRead
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
  return {
    read: async (target) => {
      while (ready.length === 0) {
        if (failure !== undefined) throw failure
        if (finished) return 0
        await step()
      }
      return take(ready, target)
    },
    ended: () => finished && ready.length === 0,
    stepStart: () => stepStart,
    close: async () => {
      gunzip.destroy()
      await handle.close()
    }
  }
}

/** Reads `length` bytes and drops them; gives how many there were. */
export const skipBytes = async (reader: ByteReader, length: number): Promise<number> => {
  const scratch = Buffer.allocUnsafeSlow(Math.max(1, Math.min(length, 256 * 1024)))
  let skipped = 0
  while (skipped < length) {
    const read = await reader.read(scratch.subarray(0, Math.min(scratch.length, length - skipped)))
    if (read === 0) break
    skipped += read
  }
  return skipped
}

/** What a pipe or terminal gives. It reads ahead no more than the stream's own buffer. */
export const fromReadable = (location: FileLocation, readable: Readable): ByteReader => {
  const chunks: AsyncIterator<Buffer | string> = readable[Symbol.asyncIterator]()
  const ready: Array<Buffer> = []
  let finished = false
  return {
    read: async (target) => {
      try {
        while (ready.length === 0) {
          if (finished) return 0
          const next = await chunks.next()
          if (next.done === true) finished = true
          else if (next.value.length > 0) ready.push(Buffer.from(next.value))
        }
      } catch (cause) {
        throw ioError(location.source, location.path, cause)
      }
      return take(ready, target)
    },
    ended: () => finished && ready.length === 0,
    close: async () => {
      readable.destroy()
    }
  }
}

const openFile = async (file: FileLocation): Promise<FileHandle> => {
  try {
    return await open(file.path, "r")
  } catch (cause) {
    throw ioError(file.source, file.path, cause)
  }
}

/** Moves bytes from the front of `ready` into `target`. */
const take = (ready: Array<Buffer>, target: Uint8Array): number => {
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
