import { constants, zstdCompressSync } from "node:zlib"
import { ByteWriter, ParquetWriter } from "hyparquet-writer"
import { writeColumn } from "hyparquet-writer/src/column.js"
import type { ColumnBuilders } from "../columns/builders.ts"
import type { Column, LeafType } from "../record/column.ts"
import { hasBounds } from "./bounds.ts"
import { leafPaths, parquetSchema } from "./schema.ts"
import { type LeafChunk, makeShredder } from "./shred.ts"
import { type FileStatistics, StatisticsBuilder } from "./statistics.ts"

export interface EncoderOptions {
  /** ZSTD level, 1 to 22. */
  readonly compressionLevel: number
  readonly createdBy: string
}

/**
 * Bytes of a Parquet file, piece by piece: what each call returns follows the bytes returned before. hyparquet-writer writes pages and footer;
 * the walk over nested values is ours, so that encoding and statistics can be chosen leaf by leaf and a column is walked once for all of them.
 */
export interface Encoder {
  /** One row group of rows `start` to before `end`. */
  readonly rowGroup: (builders: ColumnBuilders, start: number, end: number) => Uint8Array
  /** The footer. */
  readonly finish: () => Uint8Array
  readonly rowCount: () => number
  readonly statistics: () => FileStatistics
}

/** Uncompressed bytes of a page, about. */
const pageSize = 1 << 20

export const makeEncoder = (columns: ReadonlyArray<Column>, options: EncoderOptions): Encoder => {
  const schema = parquetSchema(columns)
  const paths = leafPaths(schema)
  const writer = new ByteWriter(1 << 16)
  const file = new ParquetWriter({ writer, schema, codec: "ZSTD", createdBy: options.createdBy, kvMetadata: sparkVersion })
  const statistics = new StatisticsBuilder(columns)
  const zstd = { params: { [constants.ZSTD_c_compressionLevel]: options.compressionLevel } }
  const compressors = { ZSTD: (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, zstd) }

  const writeLeaf = (chunk: LeafChunk, schemaPath: (typeof paths)[number]) => {
    const element = schemaPath.at(-1)
    if (element === undefined) throw new RangeError(`column ${chunk.path.join(".")} has no leaf in the schema`)
    const { leaf } = chunk
    return writeColumn({
      writer,
      column: {
        columnName: chunk.path.join("."),
        element,
        schemaPath: [...schemaPath],
        codec: "ZSTD",
        compressors,
        // The footer tells no more than the log may. Within lists nobody asks, and JSON texts and bytes have no order that means anything.
        stats: leaf.sensitive === undefined && chunk.maxRepetitionLevel === 0 && (leaf.leaf.type === "boolean" || hasBounds(leaf.leaf)),
        pageSize,
        columnIndex: false,
        offsetIndex: false,
        ...encodingOf(leaf.leaf)
      },
      pageData: {
        values: chunk.values,
        definitionLevels: chunk.definitionLevels,
        repetitionLevels: chunk.repetitionLevels,
        maxDefinitionLevel: chunk.maxDefinitionLevel
      }
    }).chunk
  }

  const shredders = columns.map(makeShredder)

  /** Hands out the bytes written so far, as a copy: the writer's buffer is used again. */
  const take = (): Uint8Array => {
    const bytes = writer.getBytes().slice()
    writer.index = 0
    return bytes
  }

  return {
    rowGroup: (builders, start, end) => {
      const offset = writer.offset
      const chunks: Array<ReturnType<typeof writeLeaf>> = []
      for (const [i, shredder] of shredders.entries()) {
        shredder.shred(builders.column(i), start, end)
        for (const leaf of shredder.leaves) {
          chunks.push(writeLeaf(leaf, paths[chunks.length] ?? []))
          statistics.addLeaf(leaf)
        }
        for (const list of shredder.lists) statistics.addList(list)
        shredder.release()
      }
      statistics.addRows(end - start)
      file.num_rows += BigInt(end - start)
      file.row_groups.push({
        columns: chunks,
        num_rows: BigInt(end - start),
        total_byte_size: chunks.reduce((sum, chunk) => sum + (chunk.meta_data?.total_uncompressed_size ?? 0n), 0n),
        total_compressed_size: BigInt(writer.offset - offset)
      })
      return take()
    },
    finish: () => {
      file.finish()
      return take()
    },
    rowCount: () => Number(file.num_rows),
    statistics: () => statistics.statistics
  }
}

/**
 * Encodings where the automatic one (a dictionary when it at least halves the size) will not do. Booleans: its run lengths in version 2 pages
 * are unknown to readers in use (Spark before 3.3, StarRocks, old Velox). Doubles: its dictionary takes -0 and 0 for one.
 */
const encodingOf = ({ type }: LeafType): { readonly encoding?: "PLAIN" } =>
  type === "boolean" || type === "double" ? { encoding: "PLAIN" } : {}

/**
 * Spark refuses dates before 1582 and timestamps before 1900 in files that do not say by which calendar they were written, and the one way to
 * say "the Gregorian one, always" is to name a version of Spark that does so. Shops do send `0001-01-01`.
 */
const sparkVersion = [{ key: "org.apache.spark.version", value: "3.5.0" }]
