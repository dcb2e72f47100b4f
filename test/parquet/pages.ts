import { zstdDecompressSync } from "node:zlib"
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js"
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js"
import type { LeafColumn } from "../../src/columns/leaf-column.ts"
import type { ColumnChunk, RowGroup } from "../../src/parquet/row-group.ts"

/** A page of a column chunk, read by hyparquet's parts. */
export interface Page {
  readonly kind: "dictionary" | "data"
  readonly encoding: number
  readonly entries: number
  /** Uncompressed, without header. */
  readonly bytes: Uint8Array
  readonly repetition: ReadonlyArray<number>
  readonly definition: ReadonlyArray<number>
}

const bits = (max: number): number => (max === 0 ? 0 : Math.floor(Math.log2(max)) + 1)

/** The pages of a leaf in a row group, one after the other, which must be all that the chunk has. */
export const pagesOf = (group: RowGroup, leaf: LeafColumn, chunk: ColumnChunk): ReadonlyArray<Page> => {
  const pages: Array<Page> = []
  const start = group.chunks.slice(0, group.chunks.indexOf(chunk)).reduce((at, { compressedBytes }) => at + compressedBytes, 0)
  const end = start + chunk.compressedBytes
  let uncompressed = 0
  const reader = { view: new DataView(group.bytes.buffer), offset: start }
  while (reader.offset < end) {
    const before = reader.offset
    const header = deserializeTCompactProtocol(reader) as Record<string, number> & { field_5?: Record<string, number> }
    const headerBytes = reader.offset - before
    const stored = group.bytes.subarray(reader.offset, reader.offset + (header["field_3"] ?? 0))
    reader.offset += stored.length
    const bytes = chunk.codec === 6 ? new Uint8Array(zstdDecompressSync(stored)) : stored
    if (bytes.length !== header["field_2"]) throw new Error(`a page of ${bytes.length} bytes says ${header["field_2"]}`)
    uncompressed += headerBytes + bytes.length
    const data = header.field_5
    const details = data ?? (header["field_7"] as unknown as Record<string, number>)
    const entries = details["field_1"] ?? 0
    const levels = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
    const read = (max: number): Array<number> => {
      const found = new Array<number>(data === undefined || max === 0 ? 0 : entries).fill(-1)
      if (found.length > 0) readRleBitPackedHybrid(levels, bits(max), found)
      return found.slice(0, entries)
    }
    const repetition = read(leaf.maxRepetition)
    const definition = read(leaf.maxDefinition)
    pages.push({
      kind: data === undefined ? "dictionary" : "data",
      encoding: details["field_2"] ?? -1,
      entries,
      bytes,
      repetition,
      definition
    })
  }
  if (reader.offset !== end) throw new Error("the pages do not end where the chunk does")
  if (uncompressed !== chunk.uncompressedBytes) throw new Error(`${uncompressed} bytes, the chunk says ${chunk.uncompressedBytes}`)
  return pages
}
