import type { FileHandle } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { ColumnBuilders } from "../columns/builders.ts"
import { footer } from "../parquet/bytes.ts"
import { magic } from "../parquet/footer.ts"
import { type LeafSource, mapLeaves } from "../parquet/leaf-map.ts"
import { chunkRange } from "../parquet/leaf-pages.ts"
import { UnlikeFile } from "../parquet/leaf-values.ts"
import type { ColumnChunk, CompressionCodec, FileMetaData } from "../parquet/metadata.ts"
import { randomUuid } from "../record/random.ts"
import { deltaSchema } from "../table/schema.ts"
import type { DuckDB } from "./duckdb.ts"
import type { LakeError } from "./errors.ts"
import { readAt, reading, withFile } from "./local-reading.ts"
import { identifier, literal, parquetOptions, readParquet } from "./sql.ts"

/** A row group of a local file, with what the footer says of its column chunks. */
export interface RowsAt {
  readonly path: string
  /** Number in the file of its first row. */
  readonly first: number
  readonly rows: number
  /** Bytes in memory that its rows take at the least: levels, and values as far as they are not told by a dictionary. */
  readonly leastBytes: number
  /** Where each leaf of the table comes from. */
  readonly sources: ReadonlyArray<LeafSource>
  /** By the number of the leaf in the file. */
  readonly chunks: ReadonlyArray<Chunk>
  /** Where its last column chunk ends in the file. */
  readonly end: number
}

/** Where the pages of a column chunk lie. */
export interface Chunk {
  readonly start: number
  readonly end: number
  readonly codec: CompressionCodec
  /** Nulls included. */
  readonly entries: number
}

/**
 * Finds the row groups of local data files, and the leaves of a table in them. Files of one shape share what is known of it. A file that has something in another
 * way than can be read leaf by leaf (another type than now, a column under its name of now and the one of before) is written anew first, by DuckDB as it reads it
 * by the schema of the table: the same rows in the same order.
 */
export class RowGroups {
  readonly #table: Pick<ColumnBuilders, "nodes" | "leaves" | "columns">
  readonly #db: DuckDB
  /** Null: files of this shape are written anew. */
  readonly #sources = new Map<string, ReadonlyArray<LeafSource> | null>()
  readonly #anew = new Map<string, string>()

  /** @param table whose leaves are looked for. @param db in whose folder files are written anew */
  constructor(table: Pick<ColumnBuilders, "nodes" | "leaves" | "columns">, db: DuckDB) {
    this.#table = table
    this.#db = db
  }

  /** The row groups of a file, in order. */
  of(path: string): Effect.Effect<ReadonlyArray<RowsAt>, LakeError> {
    return Effect.gen({ self: this }, function* () {
      const found = yield* this.#find(this.#anew.get(path) ?? path)
      if (found !== null) return found
      const target = join(this.#db.folder, `anew-${yield* randomUuid}.parquet`)
      const schema = deltaSchema(this.#table.columns)
      const columns = schema.fields.map(({ name }) => identifier(name)).join(", ")
      // Each thread would hold vectors of all columns.
      yield* this.#db.setThreads(1)
      yield* this.#db.run(`COPY (SELECT ${columns} FROM ${readParquet([path], schema)}) TO ${literal(target)} (${parquetOptions(2048)})`)
      this.#anew.set(path, target)
      return (yield* this.#find(target)) ?? []
    })
  }

  #find(path: string): Effect.Effect<ReadonlyArray<RowsAt> | null, LakeError> {
    return reading(path, async () => {
      const metadata = await withFile(path, readFooter)
      const shape = JSON.stringify(metadata.schema)
      const known = this.#sources.get(shape)
      const sources = known === undefined ? this.#map(metadata) : known
      this.#sources.set(shape, sources)
      if (sources === null) return null
      let first = 0
      return metadata.row_groups.map((group) => {
        const rows = Number(group.num_rows)
        const chunks = group.columns.map(chunkOf)
        const leastBytes = group.columns.reduce((total, { meta_data: data }) => total + Number(data?.total_uncompressed_size ?? 0), 0)
        const entries = chunks.reduce((total, chunk) => total + chunk.entries, 0)
        const end = chunks.reduce((last, chunk) => Math.max(last, chunk.end), 0)
        first += rows
        return { path, first: first - rows, rows, leastBytes: leastBytes + entries, sources, chunks, end }
      })
    })
  }

  #map(metadata: FileMetaData): ReadonlyArray<LeafSource> | null {
    try {
      return mapLeaves(this.#table, metadata)
    } catch (cause) {
      if (cause instanceof UnlikeFile) return null
      throw cause
    }
  }
}

const chunkOf = (column: ColumnChunk): Chunk => {
  const range = chunkRange(column)
  if (range === null || column.meta_data === undefined) throw new RangeError("its footer says nothing of a column")
  const { codec, num_values } = column.meta_data
  return { ...range, codec, entries: Number(num_values) }
}

const readFooter = async (file: FileHandle): Promise<FileMetaData> => {
  const { size } = await file.stat()
  const tail = await readAt(file, Math.max(0, size - 8), 8)
  const ends = tail.length === 8 && Buffer.from(tail.subarray(4)).equals(magic)
  const length = ends ? new DataView(tail.buffer, tail.byteOffset).getUint32(0, true) + 8 : 0
  if (!ends || length > size) throw new RangeError("it does not end as a Parquet file does")
  return footer(await readAt(file, size - length, length))
}
