import type { SchemaElement } from "hyparquet"
import { ConvertedTypes, FieldRepetitionTypes, ParquetTypes } from "hyparquet/src/constants.js"
import { logicalType } from "hyparquet-writer/src/metadata.js"
import type { Column } from "../record/column.ts"
import { ByteBuffer } from "./byte-buffer.ts"
import { encoding, pageType } from "./column-chunk.ts"
import type { ColumnChunk, RowGroup } from "./row-group.ts"
import { leafPaths, parquetSchema } from "./schema.ts"
import { type Struct, structBytes } from "./thrift.ts"

const utf8 = new TextEncoder()
export const magic = utf8.encode("PAR1")

/**
 * Spark refuses dates before 1582 and timestamps before 1900 in files that do not say by which calendar they were written, and the one way to
 * say "the Gregorian one, always" is to name a version of Spark that does so. Shops do send `0001-01-01`.
 */
const sparkVersion: Struct = { field_1: utf8.encode("org.apache.spark.version"), field_2: utf8.encode("3.5.0") }

/** What every row group says the same of a leaf: type, and names from the top down. */
interface Leaf {
  readonly type: number
  readonly names: ReadonlyArray<Uint8Array>
}

/** The footer of a file, which gathers what there is to say of each row group. Fields by their numbers in parquet.thrift. */
export class Footer {
  readonly #schema: ReadonlyArray<SchemaElement>
  readonly #createdBy: string
  readonly #leaves: ReadonlyArray<Leaf>
  /** Row groups without their bytes, and where these begin in the file. */
  readonly #groups: Array<Omit<RowGroup, "bytes" | "statistics"> & { readonly offset: number; readonly size: number }> = []
  #rows = 0

  constructor(columns: ReadonlyArray<Column>, createdBy: string) {
    this.#schema = parquetSchema(columns)
    this.#createdBy = createdBy
    this.#leaves = leafPaths(this.#schema).map((path) => ({
      type: ParquetTypes.indexOf(path.at(-1)?.type ?? "BYTE_ARRAY"),
      names: path.slice(1).map(({ name }) => utf8.encode(name))
    }))
  }

  get rows(): number {
    return this.#rows
  }

  /** @param offset where the row group's bytes begin in the file */
  add({ bytes, rows, chunks }: RowGroup, offset: number): void {
    if (chunks.length !== this.#leaves.length) throw new RangeError("a row group has other columns than its file")
    this.#groups.push({ rows, chunks, offset, size: bytes.length })
    this.#rows += rows
  }

  /** What stands at the end of the file: the footer, its length, and the magic word. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteBuffer()
    out.append(
      structBytes({
        field_1: 2,
        field_2: this.#schema.map(schemaElement),
        field_3: BigInt(this.#rows),
        field_4: this.#groups.map(({ rows, chunks, offset, size }) => ({
          field_1: this.#leaves.map((leaf, i) => columnChunk(leaf, chunks[i], offset)),
          field_2: BigInt(chunks.reduce((total, { uncompressedBytes }) => total + uncompressedBytes, 0)),
          field_3: BigInt(rows),
          field_6: BigInt(size)
        })),
        field_5: [sparkVersion],
        field_6: this.#createdBy,
        // Minima and maxima are by the order of each column's type.
        field_7: this.#leaves.map(() => ({ field_1: {} }))
      })
    )
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

const columnChunk = ({ type, names }: Leaf, chunk: ColumnChunk | undefined, offset: number): Struct => {
  if (chunk === undefined) throw new RangeError("a row group has other columns than its file")
  const { dictionaryOffset, indexedPages, plainPages, statistics } = chunk
  return {
    // file_offset, of which every writer meant something else: 0 says that there is nothing there.
    field_2: 0n,
    field_3: {
      field_1: type,
      field_2: [
        ...(plainPages > 0 || dictionaryOffset !== null ? [encoding.plain] : []),
        encoding.rle,
        ...(indexedPages > 0 ? [encoding.rleDictionary] : [])
      ],
      field_3: names,
      field_4: chunk.codec,
      field_5: BigInt(chunk.entries),
      field_6: BigInt(chunk.uncompressedBytes),
      field_7: BigInt(chunk.compressedBytes),
      field_9: BigInt(offset + chunk.dataOffset),
      field_11: dictionaryOffset === null ? undefined : BigInt(offset + dictionaryOffset),
      field_12: statistics === null ? undefined : statisticsOf(statistics),
      field_13: encodingStats(dictionaryOffset === null ? 0 : 1, indexedPages, plainPages)
    }
  }
}

const statisticsOf = ({ nulls, min, max, minExact, maxExact }: NonNullable<ColumnChunk["statistics"]>): Struct => ({
  field_3: BigInt(nulls),
  field_5: max ?? undefined,
  field_6: min ?? undefined,
  field_7: maxExact ? undefined : false,
  field_8: minExact ? undefined : false
})

/** How many pages have which encoding: tells a reader whether all values are in the dictionary. */
const encodingStats = (dictionaryPages: number, indexedPages: number, plainPages: number): ReadonlyArray<Struct> =>
  (
    [
      [pageType.dictionary, encoding.plain, dictionaryPages],
      [pageType.data, encoding.rleDictionary, indexedPages],
      [pageType.data, encoding.plain, plainPages]
    ] as const
  ).flatMap(([type, how, count]) => (count > 0 ? [{ field_1: type, field_2: how, field_3: count }] : []))
