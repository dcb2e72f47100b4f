import { type AsyncBuffer, type FileMetaData, type ParquetParsers, parquetReadObjects, type SchemaElement } from "hyparquet"
import { decompressors } from "./bytes.ts"

/** Which rows of a file, numbered from 0, and which of its top-level columns; without them all. */
export interface RowRange {
  readonly rowStart: number
  readonly rowEnd: number
  readonly columns?: ReadonlyArray<string>
  readonly useOffsetIndex?: boolean
}

type Row = { readonly [column: string]: unknown }

/** Rows put together as objects, as the library makes them: for what is read once and small. */
export const objectRows = (file: AsyncBuffer, metadata: FileMetaData, range: RowRange): Promise<ReadonlyArray<Row>> =>
  parquetReadObjects({ file, metadata, ...rangeOf(range), compressors: decompressors })

/**
 * Rows whose values are what Parquet holds: texts and bytes as bytes, and times as the parsers make them. @param metadata without annotations that would make
 * values inexact, see {@link without}
 */
export const exactRows = (
  file: AsyncBuffer,
  metadata: FileMetaData,
  range: RowRange,
  parsers: Partial<ParquetParsers>
): Promise<ReadonlyArray<Row>> =>
  parquetReadObjects({ file, metadata, ...rangeOf(range), compressors: decompressors, parsers, utf8: false, geoparquet: false })

const rangeOf = ({ columns, ...range }: RowRange) => ({ ...range, ...(columns === undefined ? {} : { columns: [...columns] }) })

/** How an element is annotated: in the old way, in the new one, or in both. */
export const annotationsOf = ({ converted_type, logical_type }: SchemaElement): ReadonlyArray<string | undefined> => [
  converted_type,
  logical_type?.type
]

/**
 * Metadata without some annotations, which the library would turn into something inexact: decimals (it makes floats; unannotated they stay integers or
 * bytes) and maps (it makes objects, whose keys are text and lose their order; unannotated they are lists of key and value).
 */
export const without = (annotations: ReadonlyArray<string>, metadata: FileMetaData): FileMetaData => ({
  ...metadata,
  schema: metadata.schema.map((element) => {
    const has = annotationsOf(element)
    if (!annotations.some((annotation) => has.includes(annotation))) return element
    const { converted_type: _converted, logical_type: _logical, ...rest } = element
    return rest
  })
})

/** Big-endian two's complement. */
export const signed = (bytes: Uint8Array): bigint => {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(bytes.length * 8, value)
}
