import type { SchemaElement } from "hyparquet"
import { ConvertedTypes, FieldRepetitionTypes, ParquetTypes } from "hyparquet/src/constants.js"
import { logicalType } from "hyparquet-writer/src/metadata.js"
import type { Column } from "../record/column.ts"
import { ByteBuffer } from "./byte-buffer.ts"
import { encoding, pageType } from "./column-chunk.ts"
import type { ColumnChunk, RowGroup } from "./row-group.ts"
import { leafPaths, parquetSchema } from "./schema.ts"
import { type Struct, structBytes, ThriftWriter, thrift } from "./thrift.ts"

const utf8 = new TextEncoder()
export const magic = utf8.encode("PAR1")

/**
 * Spark refuses dates before 1582 and timestamps before 1900 in files that do not say by which calendar they were written, and the one way to
 * say "the Gregorian one, always" is to name a version of Spark that does so. Shops do send `0001-01-01`.
 */
const sparkVersion = [utf8.encode("org.apache.spark.version"), utf8.encode("3.5.0")]

/** What every row group says the same of a leaf: type, and names from the top down. */
interface Leaf {
  readonly type: number
  readonly names: ReadonlyArray<Uint8Array>
}

/** What every file of the same columns says of them. */
interface Shape {
  readonly leaves: ReadonlyArray<Leaf>
  /** The elements of the schema, written. */
  readonly elements: Uint8Array
  readonly elementCount: number
}

/** A repartition writes hundreds of files of the same columns. */
const shapes = new WeakMap<ReadonlyArray<Column>, Shape>()

const shapeOf = (columns: ReadonlyArray<Column>): Shape => {
  const known = shapes.get(columns)
  if (known !== undefined) return known
  const schema = parquetSchema(columns)
  const elements = new ByteBuffer()
  for (const element of schema) elements.append(structBytes(schemaElement(element)))
  const leaves = leafPaths(schema).map((path) => ({
    type: ParquetTypes.indexOf(path.at(-1)?.type ?? "BYTE_ARRAY"),
    names: path.slice(1).map(({ name }) => utf8.encode(name))
  }))
  const shape = { leaves, elements: elements.copy(), elementCount: schema.length }
  shapes.set(columns, shape)
  return shape
}

/** One footer is written at a time, so its memory is used again for the next. */
const out = new ByteBuffer()

/** The footer of a file, which gathers what there is to say of each row group. Fields by their numbers in parquet.thrift. */
export class Footer {
  readonly #createdBy: string
  readonly #shape: Shape
  /** Row groups without their bytes, and where these begin in the file. */
  readonly #groups: Array<Omit<RowGroup, "bytes" | "statistics"> & { readonly offset: number; readonly size: number }> = []
  #rows = 0

  constructor(columns: ReadonlyArray<Column>, createdBy: string) {
    this.#shape = shapeOf(columns)
    this.#createdBy = createdBy
  }

  get rows(): number {
    return this.#rows
  }

  /** @param offset where the row group's bytes begin in the file */
  add({ bytes, rows, chunks }: RowGroup, offset: number): void {
    if (chunks.length !== this.#shape.leaves.length) throw new RangeError("a row group has other columns than its file")
    this.#groups.push({ rows, chunks, offset, size: bytes.length })
    this.#rows += rows
  }

  /** What stands at the end of the file: the footer, its length, and the magic word. */
  finish(): Uint8Array<ArrayBuffer> {
    const { leaves, elements, elementCount } = this.#shape
    out.clear()
    const to = new ThriftWriter(out)
    to.begin()
    to.int32(1, 2)
    to.list(2, thrift.struct, elementCount)
    out.append(elements)
    to.int64(3, this.#rows)
    to.list(4, thrift.struct, this.#groups.length)
    for (const { rows, chunks, offset, size } of this.#groups) {
      to.begin()
      to.list(1, thrift.struct, leaves.length)
      let at = offset
      for (const [i, leaf] of leaves.entries()) at = writeChunk(to, leaf, chunks[i], at)
      to.int64(
        2,
        chunks.reduce((total, { uncompressedBytes }) => total + uncompressedBytes, 0)
      )
      to.int64(3, rows)
      to.int64(6, size)
      to.end()
    }
    to.list(5, thrift.struct, 1)
    to.begin()
    for (const [i, text] of sparkVersion.entries()) to.binary(i + 1, text)
    to.end()
    to.binary(6, utf8.encode(this.#createdBy))
    // Minima and maxima are by the order of each column's type.
    to.list(7, thrift.struct, leaves.length)
    for (const _ of leaves) {
      to.begin()
      to.begin(1)
      to.end()
      to.end()
    }
    to.end()
    out.int32(out.length)
    out.append(magic)
    return out.copy()
  }
}

/** A number of an enumeration, which the library knows by its name. */
const numberOf = <Name extends string>(names: ReadonlyArray<Name>, name: Name | undefined): number | undefined =>
  name === undefined ? undefined : names.indexOf(name)

const schemaElement = (element: SchemaElement): Struct => ({
  field_1: numberOf(ParquetTypes, element.type),
  field_2: element.type_length,
  field_3: numberOf(FieldRepetitionTypes, element.repetition_type),
  // The library makes an encoder for each text.
  field_4: utf8.encode(element.name),
  field_5: element.num_children,
  field_6: numberOf(ConvertedTypes, element.converted_type),
  field_7: element.scale,
  field_8: element.precision,
  field_10: logicalType(element.logical_type) as Struct | undefined // as it writes schemas itself
})

/** @param offset where the chunk begins in the file. @returns where it ends */
const writeChunk = (to: ThriftWriter, { type, names }: Leaf, chunk: ColumnChunk | undefined, offset: number): number => {
  if (chunk === undefined) throw new RangeError("a row group has other columns than its file")
  const { dictionaryBytes, indexedPages, plainPages, statistics } = chunk
  to.begin()
  // file_offset, of which every writer meant something else: 0 says that there is nothing there.
  to.int64(2, 0)
  to.begin(3)
  to.int32(1, type)
  const isPlain = plainPages > 0 || dictionaryBytes > 0
  to.list(2, thrift.int32, 1 + (isPlain ? 1 : 0) + (indexedPages > 0 ? 1 : 0))
  if (isPlain) to.out.varint(2 * encoding.plain)
  to.out.varint(2 * encoding.rle)
  if (indexedPages > 0) to.out.varint(2 * encoding.rleDictionary)
  to.list(3, thrift.binary, names.length)
  for (const name of names) to.text(name)
  to.int32(4, chunk.codec)
  to.int64(5, chunk.entries)
  to.int64(6, chunk.uncompressedBytes)
  to.int64(7, chunk.compressedBytes)
  to.int64(9, offset + dictionaryBytes)
  if (dictionaryBytes > 0) to.int64(11, offset)
  if (statistics !== null) {
    to.begin(12)
    to.int64(3, statistics.nulls)
    if (statistics.max !== null) to.binary(5, statistics.max)
    if (statistics.min !== null) to.binary(6, statistics.min)
    if (!statistics.maxExact) to.boolean(7, false)
    if (!statistics.minExact) to.boolean(8, false)
    to.end()
  }
  writePageCounts(to, dictionaryBytes === 0 ? 0 : 1, indexedPages, plainPages)
  to.end()
  to.end()
  return offset + chunk.compressedBytes
}

/** How many pages have which encoding: tells a reader whether all values are in the dictionary. */
const writePageCounts = (to: ThriftWriter, dictionaryPages: number, indexedPages: number, plainPages: number): void => {
  const kinds = (dictionaryPages > 0 ? 1 : 0) + (indexedPages > 0 ? 1 : 0) + (plainPages > 0 ? 1 : 0)
  to.list(13, thrift.struct, kinds)
  const write = (type: number, how: number, count: number) => {
    if (count === 0) return
    to.begin()
    to.int32(1, type)
    to.int32(2, how)
    to.int32(3, count)
    to.end()
  }
  write(pageType.dictionary, encoding.plain, dictionaryPages)
  write(pageType.data, encoding.rleDictionary, indexedPages)
  write(pageType.data, encoding.plain, plainPages)
}
