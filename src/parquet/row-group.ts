import type { ColumnBuilders } from "../columns/builders.ts"
import type { LeafColumn } from "../columns/leaf-column.ts"
import type { ColumnNode } from "../columns/shred.ts"
import { hasBounds } from "./bounds.ts"
import { ByteBuffer } from "./byte-buffer.ts"
import type { FreshRows } from "./changed-entries.ts"
import { type ChunkPages, ChunkWriter } from "./column-chunk.ts"
import { type FooterBounds, footerBounds } from "./footer-bounds.ts"
import { type LeafBounds, leafBounds } from "./leaf-bounds.ts"
import { ChunkPatcher, type KeptChunk } from "./patch-chunk.ts"
import { type ColumnStatistics, statisticsColumns } from "./statistics.ts"

export interface RowGroupOptions {
  /** ZSTD level, 1 to 22. Higher costs time for little: the encodings have taken out most of what repeats. Default 1. */
  readonly compressionLevel?: number
}

/** An encoded row group: plain data, which another thread may have made. It can stand anywhere in a file: its column chunks follow each other. */
export interface RowGroup {
  /** Its pages, in memory of their own: the buffer can be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly rows: number
  /** One per leaf, in the order of the schema. */
  readonly chunks: ReadonlyArray<ColumnChunk>
  /** One per column that `statisticsColumns` names, in its order. */
  readonly statistics: ReadonlyArray<ColumnStatistics>
}

export interface ColumnChunk extends ChunkPages {
  /** What the footer tells of the values; null where it tells nothing. */
  readonly statistics: (FooterBounds & { readonly nulls: number }) | null
}

/** A leaf of some rows, encoded. */
export interface EncodedLeaf {
  readonly chunk: ColumnChunk
  /** What the file's statistics tell of it; null: nothing. */
  readonly statistics: ColumnStatistics | null
}

/** Encodes leaves of the same columns, one after the other. Dictionaries, bounds and what may be told of a column are decided here, whoever gathered the leaf. */
export class LeafEncoder {
  readonly #writer: ChunkWriter
  /** Most encoders never need one. */
  #patcher: ChunkPatcher | null = null
  readonly #logged: ReturnType<typeof loggedLeaves>
  readonly #level: number
  /** What was encoded of leaves without a value. */
  readonly #nothing = new Map<number, { readonly bytes: Uint8Array; readonly encoded: EncodedLeaf }>()

  /** @param writer puts the column chunks one behind the other */
  constructor(columns: Pick<ColumnBuilders, "columns" | "nodes">, writer: ChunkWriter, options: RowGroupOptions = {}) {
    this.#writer = writer
    this.#logged = loggedLeaves(columns)
    this.#level = options.compressionLevel ?? 1
  }

  /** @param number of the leaf among those of the columns */
  encode(leaf: LeafColumn, number: number): EncodedLeaf {
    const nulls = leaf.levels - leaf.count
    const bounds = tells(leaf) ? leafBounds(leaf) : null
    const inLog = this.#logged.get(number)
    return this.#told(leaf, number, this.#writer.write(leaf, this.#level), inLog?.list ? nullLists(leaf, inLog.depth) : nulls, bounds)
  }

  /**
   * A column chunk of a file with some of its rows changed, see {@link ChunkPatcher}. Null: it must be encoded.
   *
   * @param leaf of the same type; what is in it afterwards means nothing
   */
  patch(leaf: LeafColumn, number: number, chunk: KeptChunk, fresh: FreshRows): EncodedLeaf | null {
    const inLog = this.#logged.get(number)
    const telling = { bounds: tells(leaf), nullDepth: inLog?.list ? inLog.depth : leaf.maxDefinition - 1 }
    this.#patcher ??= new ChunkPatcher(this.#writer.out)
    const patched = this.#patcher.patch(leaf, chunk, fresh, telling, this.#level)
    return patched === null ? null : this.#told(leaf, number, patched.pages, patched.nulls, patched.bounds)
  }

  /** @param nulls of a list: rows that have none */
  #told(leaf: LeafColumn, number: number, pages: ChunkPages, nulls: number, bounds: LeafBounds | null): EncodedLeaf {
    const inLog = this.#logged.get(number)
    return {
      chunk: { ...pages, statistics: tells(leaf) ? { nulls, ...footerBounds(leaf, bounds) } : null },
      statistics: inLog === undefined ? null : { nulls, ...(inLog.list ? noBounds : logBounds(leaf, bounds)) }
    }
  }

  /**
   * Encodes rows of which each has one entry of the leaf, all without a value and as far defined. Most leaves of wide rows are such, and alike: one copies the
   * other.
   *
   * @param definition level of all of them
   */
  encodeNothing(leaf: LeafColumn, number: number, rows: number, definition: number): EncodedLeaf {
    const { maxDefinition, maxRepetition } = leaf
    const inLog = this.#logged.get(number)
    const kind = inLog === undefined ? 0 : inLog.list && definition > inLog.depth ? 1 : 2
    const about = (((kind * 2 + (tells(leaf) ? 1 : 0)) * 256 + definition) * 256 + maxDefinition) * 256 + maxRepetition
    const key = about * 2 ** 22 + rows
    const known = rows < 2 ** 22 ? this.#nothing.get(key) : undefined
    if (known !== undefined) {
      this.#writer.out.append(known.bytes)
      return known.encoded
    }
    leaf.levels = rows
    leaf.count = 0
    leaf.entries = 0
    leaf.dictionarySize = 0
    leaf.indexCount = 0
    leaf.definition = new Uint8Array(rows).fill(definition)
    leaf.repetition = new Uint8Array(maxRepetition > 0 ? rows : 0)
    const start = this.#writer.out.length
    const encoded = this.encode(leaf, number)
    if (this.#nothing.size >= mostKept) this.#nothing.clear()
    if (rows < 2 ** 22) this.#nothing.set(key, { bytes: this.#writer.out.written(start).slice(), encoded })
    return encoded
  }
}

/** So many that were encoded of leaves without a value are kept. */
const mostKept = 1024

/** One row group is encoded at a time, so its memory is used again for the next. */
const out = new ByteBuffer()
const writer = new ChunkWriter(out)

/**
 * Encodes the rows that builders hold, of which there must be some, as a row group. Nothing can be added to the builders
 * until they are cleared.
 */
export const encodeRowGroup = (builders: ColumnBuilders, options: RowGroupOptions = {}): RowGroup =>
  encodeLeaves(builders, 0, builders.leaves.length, options)

/** Encodes the leaves `first` to before `end` as a part of a row group, see {@link joinLeaves}. Of the other leaves nothing need be there. */
export const encodeLeaves = (builders: ColumnBuilders, first: number, end: number, options: RowGroupOptions = {}): RowGroup => {
  const { rowCount: rows } = builders
  if (rows === 0) throw new RangeError("a row group has at least one row")
  out.clear()
  const encoder = new LeafEncoder(builders, writer, options)
  try {
    const encoded = builders.leaves.slice(first, end).map((leaf, at) => {
      leaf.seal(builders.store, first + at)
      return encoder.encode(leaf, first + at)
    })
    return {
      bytes: out.copy(),
      rows,
      chunks: encoded.map(({ chunk }) => chunk),
      statistics: encoded.flatMap(({ statistics }) => statistics ?? [])
    }
  } finally {
    writer.forget()
  }
}

/** Parts of one row group, which hold all of its leaves in their order, as one. */
export const joinLeaves = (parts: ReadonlyArray<RowGroup>): RowGroup => {
  const [first] = parts
  if (first === undefined || parts.some(({ rows }) => rows !== first.rows)) throw new RangeError("parts of a row group have the same rows")
  if (parts.length === 1) return first
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.bytes.length, 0))
  let offset = 0
  for (const part of parts) {
    bytes.set(part.bytes, offset)
    offset += part.bytes.length
  }
  return {
    bytes,
    rows: first.rows,
    chunks: parts.flatMap(({ chunks }) => chunks),
    statistics: parts.flatMap(({ statistics }) => statistics)
  }
}

/** The footer tells no more than the log may. Within lists nobody asks, and JSON texts and bytes have no order that means anything. */
const tells = ({ leaf, maxRepetition }: LeafColumn): boolean =>
  leaf.sensitive === undefined && maxRepetition === 0 && (leaf.leaf.type === "boolean" || hasBounds(leaf.leaf))

/** Of the columns that `statisticsColumns` names, in its order, the leaf, or a list's first one. */
const loggedLeaves = ({
  columns,
  nodes
}: Pick<ColumnBuilders, "columns" | "nodes">): ReadonlyMap<number, { readonly list: boolean; readonly depth: number }> => {
  const all = new Map<string, ColumnNode>()
  const visit = (node: ColumnNode, path: string) => {
    all.set(path, node)
    if (node.column.kind === "struct") for (const below of node.below) visit(below, `${path}.${below.column.name}`)
  }
  for (const node of nodes) visit(node, node.column.name)
  return new Map(
    statisticsColumns(columns).map(({ path, leaf }) => {
      const node = all.get(path.join("."))
      if (node === undefined) throw new RangeError(`there is no column ${path.join(".")}`)
      return [node.first, { list: leaf === null, depth: node.depth }]
    })
  )
}

const noBounds = { min: null, max: null }

/** A log has bounds of fewer types than a footer, and no text for infinity. */
const logBounds = ({ leaf }: LeafColumn, bounds: LeafBounds | null): LeafBounds =>
  bounds === null || !hasBounds(leaf.leaf) || bounds.min === -Infinity || bounds.max === Infinity ? noBounds : bounds

/** How many rows have null for a list: their first entry does not reach it. @param depth definition level when all above it is there */
const nullLists = ({ levels, definition, repetition }: LeafColumn, depth: number): number => {
  let nulls = 0
  for (let at = 0; at < levels; at++) if (repetition[at] === 0 && (definition[at] ?? 0) <= depth) nulls++
  return nulls
}
