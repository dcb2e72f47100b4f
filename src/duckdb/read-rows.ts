import { setImmediate } from "node:timers/promises"
import { Effect } from "effect"
import type { ColumnBuilders } from "../columns/builders.ts"
import { appendLeaf } from "../parquet/append-leaf.ts"
import type { CompressionCodec } from "../parquet/metadata.ts"
import type { LakeError } from "./errors.ts"
import { readAt, reading, withFile } from "./local-reading.ts"
import type { RowsAt } from "./row-groups.ts"

/** Rows of a row group that are to be taken: one a row, 1 where it is. */
export interface WantedRows {
  readonly at: RowsAt
  readonly wanted: Uint8Array
}

/** Bytes that are read ahead of what is asked for, over all row groups: column chunks of a row group lie side by side, and most are small. */
const windowBytes = 16 * 1024 * 1024
const leastWindow = 16 * 1024

/** After how many entries others get their turn: signals are heard, timers run. */
const entriesAtATime = 1 << 20

/** The bytes of column chunks of several row groups, which are asked for in the order in which they stand there. */
export class ChunkReader {
  readonly #groups: ReadonlyArray<RowsAt>
  readonly #windowBytes: number
  readonly #windows: Array<{ readonly start: number; readonly bytes: Uint8Array } | undefined> = []
  /** Memory of the windows, which is used again. */
  readonly #rooms: Array<Uint8Array<ArrayBuffer> | undefined> = []

  constructor(groups: ReadonlyArray<RowsAt>, window = windowBytes) {
    this.#groups = groups
    this.#windowBytes = window
  }

  /**
   * The chunk from which a leaf comes in a row group; null where its file has none. At once where it was read ahead: most are. It is there until the next
   * is asked for of the same row group.
   *
   * @param number of the row group
   */
  of(number: number, leaf: number): StoredChunk | null | Promise<StoredChunk> {
    const at = this.#groups[number]
    const source = at?.shape.sources[leaf]
    if (at === undefined || source === undefined) throw new RangeError(`nothing is known of leaf ${leaf}`)
    if (source.from === null) return null
    const { chunks } = at
    const { number: column } = source.from
    const [start, end, entries, codec] = [chunks.starts[column], chunks.ends[column], chunks.entries[column], chunks.codecs[column]]
    if (start === undefined || end === undefined || entries === undefined || codec === undefined)
      throw new RangeError("its row groups lack columns")
    const known = this.#windows[number]
    if (known !== undefined && start >= known.start && end <= known.start + known.bytes.length)
      return { bytes: known.bytes.subarray(start - known.start, end - known.start), codec, entries }
    return this.#read(number, at, start, end).then((bytes) => ({ bytes, codec, entries }))
  }

  async #read(number: number, at: RowsAt, start: number, end: number): Promise<Uint8Array> {
    // Nothing behind the row group is wanted: files of a few rows are many, and memory that is made for each is not free.
    const window = Math.floor(Math.max(leastWindow, this.#windowBytes / this.#groups.length))
    const ahead = Math.min(window, at.end - start)
    const isLarge = end - start > ahead
    if (!isLarge) this.#rooms[number] ??= new Uint8Array(ahead)
    const room = isLarge ? null : (this.#rooms[number] ?? null)
    const bytes = await withFile(at.path, (file) => readAt(file, start, Math.max(ahead, end - start), room))
    if (bytes.length < end - start) throw new RangeError("it ends before its pages do")
    this.#windows[number] = isLarge ? undefined : { start, bytes }
    return bytes.subarray(0, end - start)
  }
}

/** The bytes of a column chunk, as they stand in a file. */
export interface StoredChunk {
  readonly bytes: Uint8Array
  readonly codec: CompressionCodec
  /** Nulls included. */
  readonly entries: number
}

/**
 * Reads rows of several row groups, leaf by leaf in the order of the table. Rows are never put together: each leaf moves by itself, as entries with
 * levels, so that what a row costs is what it holds, however many elements its lists have.
 */
export class RowReader {
  readonly #groups: ReadonlyArray<WantedRows>
  readonly #chunks: ChunkReader
  #sinceBreath = 0

  constructor(groups: ReadonlyArray<WantedRows>) {
    this.#groups = groups
    this.#chunks = new ChunkReader(groups.map(({ at }) => at))
  }

  /**
   * Adds the wanted rows' entries of one leaf to the builders, in the order of the row groups. Ends no row there.
   *
   * @param limit bytes that the builders may hold; soon above it nothing more is read
   * @returns false where the limit was passed: the builders can only be cleared then
   */
  leaf(leaf: number, into: ColumnBuilders, limit: number): Effect.Effect<boolean, LakeError> {
    return Effect.gen({ self: this }, function* () {
      for (const [number, group] of this.#groups.entries()) {
        yield* reading(group.at.path, () => this.#append(leaf, number, group, into))
        if (limit !== Number.POSITIVE_INFINITY && into.bytes > limit) return false
      }
      return true
    })
  }

  async #append(leaf: number, number: number, { at, wanted }: WantedRows, into: ColumnBuilders): Promise<void> {
    const chunk = await this.#chunks.of(number, leaf)
    const source = at.shape.sources[leaf]
    if (source === undefined) throw new RangeError(`nothing is known of leaf ${leaf}`)
    appendLeaf(into, source, chunk?.bytes ?? null, chunk?.codec ?? "UNCOMPRESSED", wanted)
    this.#sinceBreath += chunk?.entries ?? wanted.length
    if (this.#sinceBreath < entriesAtATime) return
    this.#sinceBreath = 0
    await setImmediate()
  }
}
