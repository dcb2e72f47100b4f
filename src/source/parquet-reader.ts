import type { BytesAt } from "../contract/bytes-at.ts"
import { type CsvForm, csvRows } from "../parquet/csv-rows.ts"
import { jsonRows } from "../parquet/json-rows.ts"
import { SourceError } from "../record/source-error.ts"
import { type ByteReader, type FileLocation, type StoredBytes, take } from "./byte-reader.ts"

/** Begins a Parquet file. */
export const isParquet = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 4)).equals(Buffer.from("PAR1"))

/** What rows are written as: lines of JSON, or records of CSV behind a header. */
export type RowsAs = "json" | CsvForm

/** The content of a Parquet file: its rows as text. @param bytes how bytes are written, and where */
export const parquetReader = (file: FileLocation, stored: StoredBytes, as: RowsAs, bytes: BytesAt | undefined): ByteReader => {
  const whole = {
    byteLength: stored.size,
    slice: async (start: number, end = stored.size) => {
      const buffer = new ArrayBuffer(Math.max(0, end - start))
      const bytes = new Uint8Array(buffer)
      for (let used = 0; used < bytes.length; ) {
        const read = await stored.read(bytes.subarray(used), start + used)
        if (read === 0) throw new Error("the file ends before it should")
        used += read
      }
      return buffer
    }
  }
  const groups = as === "json" ? jsonRows(whole, bytes) : csvRows(whole, as, bytes)
  const ready: Array<Buffer> = []
  let finished = false
  return {
    read: async (target) => {
      while (ready.length === 0 && !finished) {
        const next = await groups.next().catch((cause) => {
          throw cause instanceof SourceError ? cause : unreadable(file, cause)
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

/** What hyparquet says of what it knows by name and does not read. A number that means nothing, as in damage, is `undefined` there. */
const unsupported = /^(?:parquet )?(?!.*undefined)(.*(?:not supported|unsupported).*)/i

const unreadable = (file: FileLocation, cause: unknown): SourceError => {
  const [, what] = (cause instanceof Error && unsupported.exec(cause.message)) || []
  return what === undefined ? damaged(file, cause) : foreign(file, what, cause)
}

const foreign = (file: FileLocation, what: string, cause: unknown): SourceError =>
  new SourceError({
    source: file.source,
    reason: "Invalid",
    location: file.path,
    detail: `The Parquet file holds what cannot be read here (${what})`,
    hint: "Write it again without that: compressed with ZSTD or Snappy, a column of such a type as another one, such as text, or left out.",
    cause
  })

const damaged = (file: FileLocation, cause: unknown): SourceError =>
  new SourceError({
    source: file.source,
    reason: "Unreadable",
    location: file.path,
    detail: "The Parquet file is damaged or not complete",
    hint: "Copy the file again from where it came from; what stood before the damage has been read and will not be read twice.",
    cause
  })
