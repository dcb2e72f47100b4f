import { jsonRows } from "../parquet/json-rows.ts"
import { SourceError } from "../record/source-error.ts"
import { type ByteReader, type FileLocation, type StoredBytes, take } from "./byte-reader.ts"

/** Begins a Parquet file. */
export const isParquet = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 4)).equals(Buffer.from("PAR1"))

/** The content of a Parquet file: its rows as lines of JSON. */
export const parquetReader = (file: FileLocation, stored: StoredBytes): ByteReader => {
  const groups = jsonRows({
    byteLength: stored.size,
    slice: async (start, end = stored.size) => {
      const buffer = new ArrayBuffer(Math.max(0, end - start))
      const bytes = new Uint8Array(buffer)
      for (let used = 0; used < bytes.length; ) {
        const read = await stored.read(bytes.subarray(used), start + used)
        if (read === 0) throw new Error("the file ends before it should")
        used += read
      }
      return buffer
    }
  })
  const ready: Array<Buffer> = []
  let finished = false
  return {
    read: async (target) => {
      while (ready.length === 0 && !finished) {
        const next = await groups.next().catch((cause) => {
          throw cause instanceof SourceError ? cause : damaged(file, cause)
        })
        if (next.done === true) finished = true
        else if (next.value.length > 0) ready.push(Buffer.from(`${next.value.join("\n")}\n`))
      }
      return take(ready, target)
    },
    ended: () => finished && ready.length === 0,
    close: async () => {
      await groups.return()
    }
  }
}

const damaged = (file: FileLocation, cause: unknown): SourceError =>
  new SourceError({
    source: file.source,
    reason: "Unreadable",
    location: file.path,
    detail: "The Parquet file is damaged or not complete",
    hint: "Copy the file again from where it came from; what stood before the damage has been read and will not be read twice.",
    cause
  })
