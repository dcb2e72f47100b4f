import { setImmediate } from "node:timers/promises"
import { ColumnBuilders } from "../../columns/builders.ts"
import type { LeafColumn } from "../../columns/leaf-column.ts"
import { LeafEntries, RowStarts } from "../../columns/leaf-entries.ts"
import { OrderedRows } from "../../columns/order-rows.ts"
import { ByteBuffer } from "../../parquet/byte-buffer.ts"
import { ChunkWriter } from "../../parquet/column-chunk.ts"
import { gatherLeaf } from "../../parquet/gather-leaf.ts"
import { type EncodedLeaf, LeafEncoder } from "../../parquet/row-group.ts"
import type { Column } from "../../record/column.ts"
import { unreadable } from "../local-reading.ts"
import { ChunkReader, type WantedRows } from "../read-rows.ts"
import { type Arrangement, arrange, inOrder, type KeptRows, type RowOrder } from "./kept-groups.ts"

/** Rows that are moved, whichever thread moves which of their leaves. */
export interface Slice {
  readonly wanted: ReadonlyArray<TakenRows>
  /** By place, the number of the row among those wanted. */
  readonly rowAt: Int32Array
  /** Bounds of the row groups that are made: places `bounds[i]` to before `bounds[i + 1]`. */
  readonly bounds: Int32Array
  /** Bytes that a leaf may take in memory. */
  readonly limit: number
  /** Bytes that are read ahead. */
  readonly windowBytes: number
  readonly claims: Claims
}

export interface TakenRows extends WantedRows {
  /** How many rows are wanted. */
  readonly taken: number
}

/** Leaves of a slice that one thread has moved: of each, its column chunk in each row group. */
export interface MovedLeaves {
  /** Number of the first; the others follow. */
  readonly first: number
  /** The chunks, of the first leaf in the order of the row groups, then of the next. */
  readonly bytes: Uint8Array
  readonly encoded: ReadonlyArray<EncodedLeaf>
}

/** Which leaves nobody has begun to move yet: whoever has time takes the next few. Plain data: threads share it. */
export type Claims = Int32Array<SharedArrayBuffer>

const next = 0
const tooMuch = 1

export const newClaims = (): Claims => new Int32Array(new SharedArrayBuffer(8))

/** Nothing more is moved: a leaf is too much to be held, or nobody waits any longer. */
export const giveUp = (claims: Claims): void => {
  Atomics.store(claims, tooMuch, 1)
}

export const isGivenUp = (claims: Claims): boolean => Atomics.load(claims, tooMuch) === 1

/** What all leaves of a slice have in common. */
interface Moving {
  readonly slice: Slice
  readonly arrangement: Arrangement
  readonly chunks: ChunkReader
  /** Of each row group those of its rows that are wanted; null: all are. */
  readonly numbers: ReadonlyArray<Int32Array | null>
}

/** A leaf of a row group, and where its column chunk begins in memory. */
interface PlacedLeaf {
  readonly made: EncodedLeaf
  readonly start: number
}

/** Leaves that are claimed at a time: those of one list stand side by side, and begin alike. */
const leavesAtATime = 8

/** How long others may have to wait for their turn, in entries: signals are heard, timers run. */
const entriesAtATime = 1 << 20

/**
 * Moves leaves of slices from the files that hold them into column chunks, in memory: each is read from wherever it stands, put in order, and encoded, and only then the
 * next, so that one leaf is in memory in another form than that of the files. A row group of which few rows change is not taken apart where it can be helped. One a thread.
 */
export class LeafMover {
  readonly #builders: ColumnBuilders
  readonly #entries = new LeafEntries()
  readonly #starts = new RowStarts()
  /** Of the rows that are gathered before it is known which row groups are not kept. */
  readonly #firstStarts = new RowStarts()
  readonly #ordered = new OrderedRows()
  readonly #out = new ByteBuffer()
  readonly #writer = new ChunkWriter(this.#out)
  readonly #encoder: LeafEncoder
  #sinceBreath = 0

  constructor(columns: ReadonlyArray<Column>) {
    this.#builders = new ColumnBuilders(columns)
    this.#encoder = new LeafEncoder(this.#builders, this.#writer)
  }

  /**
   * Moves leaves until none is left that nobody has claimed. Where a leaf passes the limit, it gives up, and so do all others.
   *
   * @throws LakeError where a file cannot be read
   */
  async move(slice: Slice, onMoved: (moved: MovedLeaves) => void): Promise<void> {
    const chunks = new ChunkReader(
      slice.wanted.map(({ at }) => at),
      slice.windowBytes
    )
    const moving: Moving = { slice, chunks, arrangement: arrange(slice), numbers: slice.wanted.map(numbersOf) }
    const { length } = this.#builders.leaves
    const together = Math.max(1, Math.min(leavesAtATime, length >> 6))
    while (!isGivenUp(slice.claims)) {
      const first = Atomics.add(slice.claims, next, together)
      if (first >= length) return
      this.#out.clear()
      const placed: Array<PlacedLeaf> = []
      for (let leaf = first; leaf < Math.min(first + together, length); leaf++)
        if (!(await this.#moveLeaf(moving, leaf, placed))) return giveUp(slice.claims)
      // Shared, so that it does not cross over as a copy.
      const bytes = new Uint8Array(new SharedArrayBuffer(this.#out.length))
      let at = 0
      for (const { made, start } of placed) {
        bytes.set(this.#out.written(start, start + made.chunk.compressedBytes), at)
        at += made.chunk.compressedBytes
      }
      onMoved({ first, bytes, encoded: placed.map(({ made }) => made) })
    }
  }

  /** @returns false where it does not fit */
  async #moveLeaf(moving: Moving, leaf: number, placed: Array<PlacedLeaf>): Promise<boolean> {
    const entries = this.#entries
    const column = this.#builders.leaves[leaf]
    if (column === undefined) throw new RangeError(`there is no leaf ${leaf}`)
    entries.begin(column)
    const { gathered, groups } = moving.arrangement
    if (!(await this.#gather(moving, gathered, leaf))) return false
    const patched = await this.#patchAll(moving, column, leaf)
    // What is not kept after all is gathered at once: what is found of the rows of all would be found for each row group anew.
    const refused = groups.flatMap(({ kept }, i) => (kept === null || (patched[i] ?? null) !== null ? [] : [kept.source]))
    if (!(await this.#gather(moving, refused, leaf))) return false
    this.#ordered.begin(entries)
    const starts = this.#starts.of(entries)
    let { rows } = moving.arrangement
    for (const [i, group] of groups.entries()) {
      const start = this.#out.length
      const known = patched[i] ?? null
      if (known !== null) placed.push(known)
      else if (group.kept === null) placed.push({ made: this.#encode(column, leaf, group, starts), start })
      else {
        placed.push({ made: this.#encode(column, leaf, inOrder(group.kept, rows), starts), start })
        rows += group.kept.rows
      }
    }
    return true
  }

  /** The leaf of each row group; null: it is encoded. */
  async #patchAll(moving: Moving, column: LeafColumn, leaf: number): Promise<ReadonlyArray<PlacedLeaf | null>> {
    const { groups } = moving.arrangement
    if (!groups.some(({ kept }) => kept !== null)) return []
    const starts = this.#firstStarts.of(this.#entries)
    const patched: Array<PlacedLeaf | null> = []
    for (const { kept } of groups) {
      const start = this.#out.length
      const made = kept === null ? null : await this.#patch(moving, kept, column, leaf, starts)
      patched.push(made === null ? null : { made, start })
    }
    return patched
  }

  async #gather({ slice, chunks, numbers }: Moving, sources: ReadonlyArray<number>, leaf: number): Promise<boolean> {
    const entries = this.#entries
    for (const number of sources) {
      const { at, wanted: rows } = sourceAt(slice, number)
      try {
        const source = at.shape.sources[leaf]
        if (source === undefined) throw new RangeError(`nothing is known of leaf ${leaf}`)
        const found = chunks.of(number, leaf)
        const chunk = found instanceof Promise ? await found : found
        gatherLeaf(entries, this.#builders, source, chunk?.bytes ?? null, chunk?.codec ?? "UNCOMPRESSED", rows, numbers[number] ?? null)
        this.#sinceBreath += chunk?.entries ?? 0
      } catch (cause) {
        throw unreadable(at.path, cause)
      }
      if (entries.bytes > slice.limit) return false
      if (this.#sinceBreath >= entriesAtATime) await this.#breathe()
    }
    return true
  }

  /** Null: the leaf of this row group is gathered and encoded. */
  async #patch(
    { slice, chunks }: Moving,
    { source: number, rows, changed }: KeptRows,
    column: LeafColumn,
    leaf: number,
    starts: Int32Array | null
  ): Promise<EncodedLeaf | null> {
    const { at } = sourceAt(slice, number)
    try {
      const source = at.shape.sources[leaf]
      if (source === undefined) throw new RangeError(`nothing is known of leaf ${leaf}`)
      const { from, isAsItIs } = source
      const found = chunks.of(number, leaf)
      const chunk = found instanceof Promise ? await found : found
      if (chunk === null || from === null || !isAsItIs || chunk.bytes.length > slice.limit) return null
      this.#sinceBreath += chunk.entries
      if (this.#sinceBreath >= entriesAtATime) await this.#breathe()
      return this.#encoder.patch(
        column,
        leaf,
        { from, bytes: chunk.bytes, codec: chunk.codec, rows, changed },
        { entries: this.#entries, starts }
      )
    } catch (cause) {
      throw unreadable(at.path, cause)
    }
  }

  async #breathe(): Promise<void> {
    this.#sinceBreath = 0
    await setImmediate()
  }

  #encode(column: LeafColumn, leaf: number, { rowAt, runs }: RowOrder, starts: Int32Array | null): EncodedLeaf {
    const entries = this.#entries
    if (entries.uniform >= 0 && entries.valueCount === 0 && starts === null)
      return this.#encoder.encodeNothing(column, leaf, rowAt.length, entries.uniform)
    this.#ordered.take(column, entries, starts, rowAt, runs)
    const encoded = this.#encoder.encode(column, leaf)
    this.#writer.forget()
    return encoded
  }
}

const sourceAt = ({ wanted }: Slice, number: number): TakenRows => {
  const source = wanted[number]
  if (source === undefined) throw new RangeError(`there is no row group ${number}`)
  return source
}

/** The numbers of the rows that are wanted, in order; null: all are. */
const numbersOf = ({ wanted, taken }: TakenRows): Int32Array | null => {
  if (taken === wanted.length) return null
  const numbers = new Int32Array(taken)
  let at = 0
  for (let row = 0; row < wanted.length; row++) if (wanted[row] === 1) numbers[at++] = row
  return numbers
}
