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
      const encoded: Array<EncodedLeaf> = []
      for (let leaf = first; leaf < Math.min(first + together, length); leaf++)
        if (!(await this.#moveLeaf(moving, leaf, encoded))) return giveUp(slice.claims)
      // Shared, so that it does not cross over as a copy.
      const bytes = new Uint8Array(new SharedArrayBuffer(this.#out.length))
      bytes.set(this.#out.written())
      onMoved({ first, bytes, encoded })
    }
  }

  /** @returns false where it does not fit */
  async #moveLeaf(moving: Moving, leaf: number, encoded: Array<EncodedLeaf>): Promise<boolean> {
    const entries = this.#entries
    const column = this.#builders.leaves[leaf]
    if (column === undefined) throw new RangeError(`there is no leaf ${leaf}`)
    entries.begin(column)
    const { gathered, groups } = moving.arrangement
    if (!(await this.#gather(moving, gathered, leaf))) return false
    let { rows } = moving.arrangement
    let starts = this.#begin()
    for (const group of groups) {
      if (group.kept === null) {
        this.#encode(column, leaf, group, starts, encoded)
        continue
      }
      const patched = await this.#patch(moving, group.kept, column, leaf, starts)
      if (patched !== null) {
        encoded.push(patched)
        continue
      }
      if (!(await this.#gather(moving, [group.kept.source], leaf))) return false
      starts = this.#begin()
      this.#encode(column, leaf, inOrder(group.kept, rows), starts, encoded)
      rows += group.kept.rows
    }
    return true
  }

  /** Rows of what is gathered follow. @returns where they start */
  #begin(): Int32Array | null {
    this.#ordered.begin(this.#entries)
    return this.#starts.of(this.#entries)
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

  #encode(column: LeafColumn, leaf: number, { rowAt, runs }: RowOrder, starts: Int32Array | null, encoded: Array<EncodedLeaf>): void {
    const entries = this.#entries
    if (entries.uniform >= 0 && entries.valueCount === 0 && starts === null) {
      encoded.push(this.#encoder.encodeNothing(column, leaf, rowAt.length, entries.uniform))
      return
    }
    this.#ordered.take(column, entries, starts, rowAt, runs)
    encoded.push(this.#encoder.encode(column, leaf))
    this.#writer.forget()
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
