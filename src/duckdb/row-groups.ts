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
  readonly shape: FileShape
  readonly chunks: ChunkPlaces
  /** Where its last column chunk ends in the file. */
  readonly end: number
}

/** What files of one shape have in common. */
export interface FileShape {
  /** As the footer says it. */
  readonly schema: FileMetaData["schema"]
  /** Where each leaf of the table comes from. */
  readonly sources: ReadonlyArray<LeafSource>
}

/** Where the pages of each column chunk lie, by the number of the leaf in the file: plain data, and little of it, since files may be many. */
export interface ChunkPlaces {
  readonly starts: Float64Array
  readonly ends: Float64Array
  /** Nulls included. */
  readonly entries: Float64Array
  readonly codecs: ReadonlyArray<CompressionCodec>
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
  readonly #shapes = new Map<string, FileShape | null>()
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
      // Each thread would hold vectors of all columns, of which there may be many.
      yield* this.#db.useMemory(1)
      yield* this.#db.setThreads(1)
      yield* this.#db.run(`COPY (SELECT ${columns} FROM ${readParquet([path], schema)}) TO ${literal(target)} (${parquetOptions(2048)})`)
      this.#anew.set(path, target)
      return (yield* this.#find(target)) ?? []
    })
  }

  /** What a file has of the table; null: it has something in another way than can be read leaf by leaf. */
  shapeOf(path: string): Effect.Effect<FileShape | null, LakeError> {
    return Effect.map(this.#look(path), ({ shape }) => shape)
  }

  #look(path: string): Effect.Effect<{ readonly metadata: FileMetaData; readonly shape: FileShape | null }, LakeError> {
    return reading(path, async () => {
      const metadata = await withFile(path, readFooter)
      const text = JSON.stringify(metadata.schema)
      const known = this.#shapes.get(text)
      const shape = known === undefined ? this.#shape(metadata) : known
      this.#shapes.set(text, shape)
      return { metadata, shape }
    })
  }

  #find(path: string): Effect.Effect<ReadonlyArray<RowsAt> | null, LakeError> {
    return Effect.flatMap(this.#look(path), ({ metadata, shape }) =>
      shape === null ? Effect.succeed(null) : reading(path, async () => rowsAt(path, metadata, shape))
    )
  }

  #shape({ schema }: FileMetaData): FileShape | null {
    try {
      return { schema, sources: mapLeaves(this.#table, schema) }
    } catch (cause) {
      if (cause instanceof UnlikeFile) return null
      throw cause
    }
  }
}

const rowsAt = (path: string, metadata: FileMetaData, shape: FileShape): ReadonlyArray<RowsAt> => {
  let first = 0
  return metadata.row_groups.map((group) => {
    const rows = Number(group.num_rows)
    const chunks = placesOf(group.columns)
    const leastBytes = group.columns.reduce((total, { meta_data: data }) => total + Number(data?.total_uncompressed_size ?? 0), 0)
    const entries = chunks.entries.reduce((total, each) => total + each, 0)
    const end = chunks.ends.reduce((last, each) => Math.max(last, each), 0)
    first += rows
    return { path, first: first - rows, rows, leastBytes: leastBytes + entries, shape, chunks, end }
  })
}

const placesOf = (columns: ReadonlyArray<ColumnChunk>): ChunkPlaces => {
  const numbers = () => new Float64Array(columns.length)
  const [starts, ends, entries] = [numbers(), numbers(), numbers()]
  const codecs = columns.map((column, i) => {
    const range = chunkRange(column)
    if (range === null || column.meta_data === undefined) throw new RangeError("its footer says nothing of a column")
    starts[i] = range.start
    ends[i] = range.end
    entries[i] = Number(column.meta_data.num_values)
    return column.meta_data.codec
  })
  return { starts, ends, entries, codecs }
}

const readFooter = async (file: FileHandle): Promise<FileMetaData> => {
  const { size } = await file.stat()
  const tail = await readAt(file, Math.max(0, size - 8), 8)
  const ends = tail.length === 8 && Buffer.from(tail.subarray(4)).equals(magic)
  const length = ends ? new DataView(tail.buffer, tail.byteOffset).getUint32(0, true) + 8 : 0
  if (!ends || length > size) throw new RangeError("it does not end as a Parquet file does")
  return footer(await readAt(file, size - length, length))
}
