import type { BytesAt } from "../contract/bytes-at.ts"
import { SourceError } from "../record/source-error.ts"
import { type ByteReader, type FileLocation, openStored, passOver, type StoredBytes, storedReader } from "./byte-reader.ts"
import { gzipReader, isGzipMember } from "./gzip-reader.ts"
import { isParquet, parquetReader, type RowsAs } from "./parquet-reader.ts"

/** What a file holds, decompressed where its first bytes say that it is gzip: names do not matter. Of a Parquet file it is the rows, as text. */
export interface Content {
  /** Is it other bytes than those of the file? */
  readonly isPacked: boolean
  /** Is it made of the rows of a Parquet file? */
  readonly isRows: boolean
  /**
   * Its bytes from `start` on. There is no way into the middle of what is packed: what is before is unpacked and left out; where there is less of
   * it than `start`, nothing is given.
   */
  readonly from: (start: number) => Promise<ByteReader>
  /** Closes the file. Readers are closed by themselves, before. */
  readonly close: () => Promise<void>
}

/** Opens a file that has `size` bytes. Throws `SourceError`, also where the first bytes say that it is something that is not read. */
export const openContent = async (file: FileLocation, size: number): Promise<Content> => contentIn(file, await openStored(file, size))

/** Which Parquet files are read, and what their rows are written as: `only` where nothing else is, `also` where the first bytes tell. */
export type ParquetRead = { readonly only: RowsAs } | { readonly also: RowsAs }

/** The same of bytes that are open, which are closed where it throws. @param bytesAt how the rows of a Parquet file have bytes, and where */
export const contentIn = async (
  file: FileLocation,
  stored: StoredBytes,
  parquet: ParquetRead | undefined = undefined,
  bytesAt?: BytesAt
): Promise<Content> => {
  try {
    if (parquet !== undefined && "only" in parquet) return parquetContent(file, stored, parquet.only, bytesAt)
    if (parquet !== undefined && isParquet(stored.head)) return parquetContent(file, stored, parquet.also, bytesAt)
    refuseForeign(file, stored.head)
    return contentOf(file, stored)
  } catch (cause) {
    await stored.close()
    throw cause
  }
}

const contentOf = (file: FileLocation, stored: StoredBytes): Content => {
  const isGzip = isGzipMember(stored.head)
  if (!isGzip && /\.gz$/i.test(file.path) && !beginsAsJson(stored.head)) {
    throw new SourceError({
      source: file.source,
      reason: "Unreadable",
      location: file.path,
      detail: "The name says that it is gzip data, which it does not begin as, and not as JSON either",
      hint: "Copy the file again from where it came from."
    })
  }
  const from = async (start: number): Promise<ByteReader> =>
    isGzip ? behind(gzipReader(file, stored), start) : storedReader(stored, start)
  return { isPacked: isGzip, isRows: false, from, close: stored.close }
}

const parquetContent = (file: FileLocation, stored: StoredBytes, as: RowsAs, bytesAt: BytesAt | undefined): Content => {
  if (!isParquet(stored.head)) {
    throw new SourceError({
      source: file.source,
      reason: "Invalid",
      location: file.path,
      detail: "The content is not a Parquet file, which the contract says that it is",
      hint: "Leave such files out of the input, or say in the contract what they are."
    })
  }
  const from = (start: number) => behind(parquetReader(file, stored, as, bytesAt), start)
  return { isPacked: true, isRows: true, from, close: stored.close }
}

/** A reader behind its first bytes. */
const behind = async (reader: ByteReader, start: number): Promise<ByteReader> => {
  try {
    await passOver(reader, start)
    return reader
  } catch (cause) {
    await reader.close()
    throw cause
  }
}

const beginsAsJson = (head: Uint8Array): boolean => /^\uFEFF?\s*[{[]/.test(Buffer.from(head).toString("utf8"))

const unpack = "Decompress it first: of compressed files only gzip is read."
const convert = "Convert it first, for instance with `iconv -t UTF-8`."
const other = "Give what the contract says: lines or documents of JSON, where it says nothing."

/** How contents begin that are told by name, rather than taken apart into thousands of records that are none. */
const foreign: ReadonlyArray<readonly [name: string, hint: string, begins: ReadonlyArray<number | null>]> = [
  ["Zstandard data", unpack, [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2 data", unpack, [0x42, 0x5a, 0x68, null, 0x31, 0x41, 0x59, 0x26]],
  ["xz data", unpack, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
  ["LZ4 data", unpack, [0x04, 0x22, 0x4d, 0x18]],
  ["framed Snappy data", unpack, [0xff, 0x06, 0, 0, 0x73, 0x4e]],
  ["a ZIP archive", unpack, [0x50, 0x4b, 3, 4]],
  ["a 7z archive", unpack, [0x37, 0x7a, 0xbc, 0xaf]],
  ["a Parquet file", other, [0x50, 0x41, 0x52, 0x31]],
  ["an Avro file", other, [0x4f, 0x62, 0x6a, 1]],
  ["text in UTF-32", convert, [0xff, 0xfe, 0, 0]],
  ["text in UTF-16", convert, [0xff, 0xfe]],
  ["text in UTF-16", convert, [0xfe, 0xff]],
  ["text in UTF-16", convert, [0x7b, 0]],
  ["text in UTF-16", convert, [0x5b, 0]],
  ["text in UTF-16", convert, [0, 0x7b]],
  ["text in UTF-16", convert, [0, 0x5b]]
]

/** Throws `SourceError` where the first bytes of an input say that it is something that is not read. */
export const refuseForeign = (file: FileLocation, head: Uint8Array): void => {
  const found = foreign.find(([, , begins]) => begins.every((byte, i) => (byte === null ? i < head.length : head[i] === byte)))
  if (found === undefined) return
  const [kind, hint] = found
  throw new SourceError({ source: file.source, reason: "Invalid", location: file.path, detail: `The content is ${kind}`, hint })
}

/** The same for what comes through a pipe, which is not decompressed. */
export const refusePiped = (file: FileLocation, head: Uint8Array): void => {
  refuseForeign(file, head)
  if (!isGzipMember(head)) return
  const hint = "Decompress it on the way: gzip -dc FILE | sluice …"
  throw new SourceError({ source: file.source, reason: "Invalid", location: file.path, detail: "The content is gzip data", hint })
}
