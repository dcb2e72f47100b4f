import type { SchemaElement } from "hyparquet"
import type { Column } from "../record/column.ts"
import { ByteBuffer } from "./byte-buffer.ts"
import { encoding, pageType } from "./column-chunk.ts"
import type { ColumnChunk, RowGroup } from "./row-group.ts"
import { leafPaths, parquetSchema } from "./schema.ts"
import { physicalTypes, writeSchemaElement } from "./schema-bytes.ts"
import { ThriftWriter, thriftType } from "./thrift.ts"

export const magic = new TextEncoder().encode("PAR1")

/**
 * Spark refuses dates before 1582 and timestamps before 1900 in files that do not say by which calendar they were written, and the one way to
 * say "the Gregorian one, always" is to name a version of Spark that does so. Shops do send `0001-01-01`.
 */
const sparkVersion = { key: "org.apache.spark.version", value: "3.5.0" }

/** The footer of a file, which gathers what there is to say of each row group as bytes. */
export class Footer {
  readonly #schema: ReadonlyArray<SchemaElement>
  readonly #createdBy: string
  /** Of each leaf, what every row group says the same: type, and names from the top down. */
  readonly #leaves: ReadonlyArray<{ readonly type: number; readonly names: ReadonlyArray<Uint8Array> }>
  readonly #groups = new ThriftWriter(new ByteBuffer())
  #groupCount = 0
  #rows = 0

  constructor(columns: ReadonlyArray<Column>, createdBy: string) {
    this.#schema = parquetSchema(columns)
    this.#createdBy = createdBy
    const utf8 = new TextEncoder()
    this.#leaves = leafPaths(this.#schema).map((path) => ({
      type: physicalTypes[path.at(-1)?.type ?? "BYTE_ARRAY"],
      names: path.slice(1).map(({ name }) => utf8.encode(name))
    }))
  }

  get rows(): number {
    return this.#rows
  }

  /** @param offset where the row group's bytes begin in the file */
  add(group: RowGroup, offset: number): void {
    if (group.chunks.length !== this.#leaves.length) throw new RangeError("a row group has other columns than its file")
    const thrift = this.#groups
    thrift.beginElement()
    thrift.list(1, thriftType.struct, group.chunks.length)
    for (const [i, chunk] of group.chunks.entries()) this.#chunk(chunk, i, offset)
    thrift.i64(
      2,
      group.chunks.reduce((total, { uncompressedBytes }) => total + uncompressedBytes, 0)
    )
    thrift.i64(3, group.rows)
    thrift.i64(6, group.bytes.length)
    thrift.end()
    this.#groupCount++
    this.#rows += group.rows
  }

  #chunk(chunk: ColumnChunk, leaf: number, offset: number): void {
    const { type = 0, names = [] } = this.#leaves[leaf] ?? {}
    const { dictionaryOffset, indexedPages, plainPages, statistics } = chunk
    const thrift = this.#groups
    thrift.beginElement()
    // file_offset, of which every writer meant something else: 0 says that there is nothing there.
    thrift.i64(2, 0)
    thrift.begin(3)
    thrift.i32(1, type)
    const encodings = [
      ...(plainPages > 0 || dictionaryOffset !== null ? [encoding.plain] : []),
      encoding.rle,
      ...(indexedPages > 0 ? [encoding.rleDictionary] : [])
    ]
    thrift.list(2, thriftType.i32, encodings.length)
    for (const each of encodings) thrift.i32Element(each)
    thrift.list(3, thriftType.binary, names.length)
    for (const name of names) thrift.binaryElement(name)
    thrift.i32(4, chunk.codec)
    thrift.i64(5, chunk.entries)
    thrift.i64(6, chunk.uncompressedBytes)
    thrift.i64(7, chunk.compressedBytes)
    thrift.i64(9, offset + chunk.dataOffset)
    if (dictionaryOffset !== null) thrift.i64(11, offset + dictionaryOffset)
    if (statistics !== null) this.#statistics(statistics)
    this.#encodingStats(dictionaryOffset === null ? 0 : 1, indexedPages, plainPages)
    thrift.end()
    thrift.end()
  }

  #statistics({ nulls, min, max, minExact, maxExact }: NonNullable<ColumnChunk["statistics"]>): void {
    const thrift = this.#groups
    thrift.begin(12)
    thrift.i64(3, nulls)
    if (max !== null) thrift.binary(5, max)
    if (min !== null) thrift.binary(6, min)
    if (!maxExact) thrift.bool(7, false)
    if (!minExact) thrift.bool(8, false)
    thrift.end()
  }

  /** How many pages have which encoding: tells a reader whether all values are in the dictionary. */
  #encodingStats(dictionaryPages: number, indexedPages: number, plainPages: number): void {
    const all = [
      [pageType.dictionary, encoding.plain, dictionaryPages],
      [pageType.data, encoding.rleDictionary, indexedPages],
      [pageType.data, encoding.plain, plainPages]
    ] as const
    const found = all.filter(([, , count]) => count > 0)
    const thrift = this.#groups
    thrift.list(13, thriftType.struct, found.length)
    for (const [type, how, count] of found) {
      thrift.beginElement()
      thrift.i32(1, type)
      thrift.i32(2, how)
      thrift.i32(3, count)
      thrift.end()
    }
  }

  /** What stands at the end of the file: the footer, its length, and the magic word. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteBuffer()
    const thrift = new ThriftWriter(out)
    thrift.beginElement()
    thrift.i32(1, 2)
    thrift.list(2, thriftType.struct, this.#schema.length)
    for (const element of this.#schema) writeSchemaElement(thrift, element)
    thrift.i64(3, this.#rows)
    thrift.list(4, thriftType.struct, this.#groupCount)
    out.append(this.#groups.out.written())
    thrift.list(5, thriftType.struct, 1)
    thrift.beginElement()
    thrift.text(1, sparkVersion.key)
    thrift.text(2, sparkVersion.value)
    thrift.end()
    thrift.text(6, this.#createdBy)
    // Minima and maxima are by the order of each column's type.
    thrift.list(7, thriftType.struct, this.#leaves.length)
    for (let i = 0; i < this.#leaves.length; i++) {
      thrift.beginElement()
      thrift.begin(1)
      thrift.end()
      thrift.end()
    }
    thrift.end()
    out.int32(out.length)
    out.append(magic)
    return out.copy()
  }
}
