import { setImmediate } from "node:timers/promises"
import { ColumnBuilders } from "../../columns/builders.ts"
import { LeafEntries, RowStarts } from "../../columns/leaf-entries.ts"
import { OrderedRows } from "../../columns/order-rows.ts"
import { ByteBuffer } from "../../parquet/byte-buffer.ts"
import { ChunkWriter } from "../../parquet/column-chunk.ts"
import { gatherLeaf } from "../../parquet/gather-leaf.ts"
import { type EncodedLeaf, LeafEncoder } from "../../parquet/row-group.ts"
import type { Column } from "../../record/column.ts"
import { unreadable } from "../local-reading.ts"
import { ChunkReader, type WantedRows } from "../read-rows.ts"

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

/** Leaves that are claimed at a time: those of one list stand side by side, and begin alike. */
const leavesAtATime = 8

/** How long others may have to wait for their turn, in entries: signals are heard, timers run. */
const entriesAtATime = 1 << 20

/**
 * Moves leaves of slices from the files that hold them into column chunks, in memory: each is read from wherever it stands, put in order, and encoded, and only then the
 * next, so that one leaf is in memory in another form than that of the files. One a thread.
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
    const rows = slice.wanted.map(numbersOf)
    const { length } = this.#builders.leaves
    const together = Math.max(1, Math.min(leavesAtATime, length >> 6))
    while (!isGivenUp(slice.claims)) {
      const first = Atomics.add(slice.claims, next, together)
      if (first >= length) return
      this.#out.clear()
      const encoded: Array<EncodedLeaf> = []
      for (let leaf = first; leaf < Math.min(first + together, length); leaf++) {
        if (!(await this.#gather(slice, chunks, rows, leaf))) return giveUp(slice.claims)
        this.#encode(slice, leaf, encoded)
      }
      // Shared, so that it does not cross over as a copy.
      const bytes = new Uint8Array(new SharedArrayBuffer(this.#out.length))
      bytes.set(this.#out.written())
      onMoved({ first, bytes, encoded })
    }
  }

  async #gather({ wanted, limit }: Slice, chunks: ChunkReader, numbers: ReadonlyArray<Int32Array | null>, leaf: number): Promise<boolean> {
    const entries = this.#entries
    const column = this.#builders.leaves[leaf]
    if (column === undefined) throw new RangeError(`there is no leaf ${leaf}`)
    entries.begin(column)
    for (const [number, { at, wanted: rows }] of wanted.entries()) {
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
      if (entries.bytes > limit) return false
      if (this.#sinceBreath < entriesAtATime) continue
      this.#sinceBreath = 0
      await setImmediate()
    }
    return true
  }

  #encode({ rowAt, bounds }: Slice, leaf: number, encoded: Array<EncodedLeaf>): void {
    const column = this.#builders.leaves[leaf]
    if (column === undefined) throw new RangeError(`there is no leaf ${leaf}`)
    const entries = this.#entries
    const starts = this.#starts.of(entries)
    this.#ordered.begin(entries)
    for (let group = 0; group + 1 < bounds.length; group++) {
      const from = bounds[group] ?? 0
      const to = bounds[group + 1] ?? 0
      if (entries.uniform >= 0 && entries.valueCount === 0 && starts === null) {
        encoded.push(this.#encoder.encodeNothing(column, leaf, to - from, entries.uniform))
        continue
      }
      this.#ordered.take(column, entries, starts, rowAt.subarray(from, to))
      encoded.push(this.#encoder.encode(column, leaf))
      this.#writer.forget()
    }
  }
}

/** The numbers of the rows that are wanted, in order; null: all are. */
const numbersOf = ({ wanted, taken }: TakenRows): Int32Array | null => {
  if (taken === wanted.length) return null
  const numbers = new Int32Array(taken)
  let at = 0
  for (let row = 0; row < wanted.length; row++) if (wanted[row] === 1) numbers[at++] = row
  return numbers
}
