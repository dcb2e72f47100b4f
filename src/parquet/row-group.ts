import type { ColumnBuilders } from "../columns/builders.ts"
import type { LeafColumn } from "../columns/leaf-column.ts"
import type { ColumnNode } from "../columns/shred.ts"
import { hasBounds } from "./bounds.ts"
import { ByteBuffer } from "./byte-buffer.ts"
import { type ChunkPages, ChunkWriter } from "./column-chunk.ts"
import { type FooterBounds, footerBounds } from "./footer-bounds.ts"
import { type LeafBounds, leafBounds } from "./leaf-bounds.ts"
import { type ColumnStatistics, statisticsColumns } from "./statistics.ts"

export interface RowGroupOptions {
  /** ZSTD level, 1 to 22. Higher costs time for little: the encodings have taken out most of what repeats. Default 1. */
  readonly compressionLevel?: number
}

/** An encoded row group: plain data, which another thread may have made. It can stand anywhere in a file. */
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
  const level = options.compressionLevel ?? 1
  const { rowCount: rows } = builders
  if (rows === 0) throw new RangeError("a row group has at least one row")
  out.clear()
  const logged = loggedLeaves(builders)
  const statistics: Array<ColumnStatistics> = []
  const encode = (leaf: LeafColumn, at: number): ColumnChunk => {
    const i = first + at
    leaf.seal(builders.store, i)
    const nulls = leaf.levels - leaf.count
    const inFooter = tells(leaf)
    const bounds = inFooter ? leafBounds(leaf) : null
    const inLog = logged.get(i)
    if (inLog !== undefined)
      statistics.push(inLog.list ? { nulls: nullLists(leaf, inLog.depth), ...noBounds } : { nulls, ...logBounds(leaf, bounds) })
    return { ...writer.write(leaf, level), statistics: inFooter ? { nulls, ...footerBounds(leaf, bounds) } : null }
  }
  try {
    const chunks = builders.leaves.slice(first, end).map(encode)
    return { bytes: out.copy(), rows, chunks, statistics }
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
  const chunks: Array<ColumnChunk> = []
  let offset = 0
  for (const part of parts) {
    bytes.set(part.bytes, offset)
    for (const chunk of part.chunks) {
      const dictionaryOffset = chunk.dictionaryOffset === null ? null : chunk.dictionaryOffset + offset
      chunks.push({ ...chunk, dictionaryOffset, dataOffset: chunk.dataOffset + offset })
    }
    offset += part.bytes.length
  }
  return { bytes, rows: first.rows, chunks, statistics: parts.flatMap(({ statistics }) => statistics) }
}

/** The footer tells no more than the log may. Within lists nobody asks, and JSON texts and bytes have no order that means anything. */
const tells = ({ leaf, maxRepetition }: LeafColumn): boolean =>
  leaf.sensitive === undefined && maxRepetition === 0 && (leaf.leaf.type === "boolean" || hasBounds(leaf.leaf))

/** Of the columns that `statisticsColumns` names, in its order, the leaf, or a list's first one. */
const loggedLeaves = ({ columns, nodes }: ColumnBuilders): ReadonlyMap<number, { readonly list: boolean; readonly depth: number }> => {
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
