import { chunkRange, type Leaf, slotValues } from "../parquet/leaf-pages.ts"
import type { ColumnChunk, StoredRows } from "../parquet/metadata.ts"
import { Malformed } from "../record/malformed.ts"
import type { AddFile, PartitionValues } from "./actions.ts"

/** A row group that can stand in any checkpoint written here: its bytes, and its description with offsets from the first of them. */
export interface StoredGroup {
  readonly bytes: Uint8Array
  readonly group: StoredRows
}

/**
 * The live files of one row group of a checkpoint. Their statistics, nearly all of the bytes of a log, stay compressed until somebody asks;
 * and as long as all of the files live, the next checkpoint takes over the row group as it is.
 */
export class AddGroup {
  readonly rows: number
  /** Null where it cannot be taken over: another program's schema, or something else than files in it. */
  readonly stored: StoredGroup | null
  readonly #stats: Leaf | null
  readonly #texts: Array<Texts> = []

  constructor(rows: number, stats: Leaf | null, stored: StoredGroup | null) {
    this.rows = rows
    this.stored = stored
    this.#stats = stats
  }

  /** The statistics of a row. The pages asked for last stay decoded, for whoever goes on nearby. Throws `Malformed`. */
  stats(row: number): string | null {
    if (this.#stats === null) return null
    let page = this.#texts.find(({ from, values }) => row >= from && row < from + values.length)
    if (page === undefined) {
      page = decoded(this.#stats, row)
      this.#texts.unshift(page)
      if (this.#texts.length > decodedPages) this.#texts.pop()
    }
    const text = page.values[row - page.from]
    return typeof text === "string" ? text : null
  }
}

/** Of statistics that are kept for each row group: with pages of 128 KiB a megabyte, which is all there is unless they are long. */
const decodedPages = 8

/** Values of neighbouring rows. */
interface Texts {
  readonly from: number
  readonly values: ReadonlyArray<unknown>
}

const decoded = (stats: Leaf, row: number): Texts => {
  try {
    const { from, page } = stats.pageOf(row)
    return { from, values: Array.from(slotValues(page, stats.maxDefinitionLevel)) }
  } catch (cause) {
    const problem = `the statistics of files in a checkpoint cannot be read (${cause instanceof Error ? cause.message : String(cause)})`
    throw new Malformed("Corrupt", problem, "The checkpoint is damaged. Delete it: older ones and the commits say the same.")
  }
}

/** What a checkpoint says of a live file beside its statistics. */
export type FileFacts = Omit<AddFile, "stats" | "dataChange">

/** A live file as a checkpoint holds it. `stats` is a property of its own, so that copies of the object have it too. */
export class CheckpointAdd implements AddFile {
  readonly path: string
  readonly partitionValues: PartitionValues
  readonly size: number
  readonly modificationTime: number
  /** What a checkpoint holds is no news. */
  readonly dataChange = false
  declare readonly stats: string | null
  declare readonly tags?: Readonly<Record<string, string | null>>
  declare readonly encodedPath?: string
  readonly #group: AddGroup
  readonly #row: number

  constructor(file: FileFacts, group: AddGroup, row: number) {
    this.path = file.path
    this.partitionValues = file.partitionValues
    this.size = file.size
    this.modificationTime = file.modificationTime
    Object.defineProperty(this, "stats", CheckpointAdd.#lazyStats)
    if (file.tags !== undefined) this.tags = file.tags
    if (file.encodedPath !== undefined) this.encodedPath = file.encodedPath
    this.#group = group
    this.#row = row
  }

  static readonly #lazyStats: PropertyDescriptor & ThisType<CheckpointAdd> = {
    enumerable: true,
    get() {
      return this.#group.stats(this.#row)
    }
  }

  /** The row group that a file came with; null if it came with a commit. */
  static groupOf(file: AddFile): AddGroup | null {
    return file instanceof CheckpointAdd ? file.#group : null
  }
}

/** A row group of a file by itself; null where other bytes lie between its columns. */
export const storedGroup = (file: Uint8Array, group: StoredRows): StoredGroup | null => {
  const ranges = group.columns.map(chunkRange)
  let start = Number.POSITIVE_INFINITY
  let end = 0
  let bytes = 0
  for (const range of ranges) {
    if (range === null) return null
    start = Math.min(start, range.start)
    end = Math.max(end, range.end)
    bytes += range.end - range.start
  }
  return bytes === end - start ? { bytes: file.subarray(start, end), group: movedGroup(group, -start) } : null
}

/** The description of a row group whose bytes lie `by` bytes further on in another file. Of statistics only the counts of nulls are kept. */
export const movedGroup = ({ columns, num_rows, total_byte_size }: StoredRows, by: number): StoredRows => ({
  columns: columns.map((column) => movedChunk(column, BigInt(by))),
  num_rows,
  total_byte_size,
  total_compressed_size: columns.reduce((sum, { meta_data }) => sum + (meta_data?.total_compressed_size ?? 0n), 0n)
})

const movedChunk = ({ meta_data: data, file_offset }: ColumnChunk, by: bigint): ColumnChunk => {
  if (data === undefined) return { file_offset: file_offset + by }
  const { type, encodings, path_in_schema, codec, num_values, total_uncompressed_size, total_compressed_size } = data
  const { data_page_offset, dictionary_page_offset: dictionary, statistics } = data
  return {
    file_offset: file_offset + by,
    meta_data: {
      type,
      encodings,
      path_in_schema,
      codec,
      num_values,
      total_uncompressed_size,
      total_compressed_size,
      data_page_offset: data_page_offset + by,
      ...(dictionary === undefined ? {} : { dictionary_page_offset: dictionary + by }),
      ...(statistics?.null_count === undefined ? {} : { statistics: { null_count: statistics.null_count } })
    }
  }
}
