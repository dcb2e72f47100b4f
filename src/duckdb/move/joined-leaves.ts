import type { EncodedLeaf, RowGroup } from "../../parquet/row-group.ts"
import type { ColumnStatistics } from "../../parquet/statistics.ts"
import type { MovedLeaves } from "./leaf-mover.ts"

/** The column chunks of a slice, put together by row groups, of which one at a time is made. */
export class JoinedLeaves {
  /** How far each of the leaves of a part has been copied: row groups are asked for in their order. */
  readonly #parts: ReadonlyArray<MovedLeaves & { readonly offsets: Float64Array }>
  /** How many row groups there are. */
  readonly #count: number

  constructor(moved: ReadonlyArray<MovedLeaves>, count: number) {
    this.#count = count
    this.#parts = moved.map((part) => {
      const offsets = new Float64Array(part.encoded.length / count)
      let at = 0
      for (const leaf of offsets.keys()) {
        offsets[leaf] = at
        for (let group = 0; group < count; group++) at += part.encoded[leaf * count + group]?.chunk.compressedBytes ?? 0
      }
      return { ...part, offsets }
    })
  }

  /** The row groups from one on, which are asked for once and in order. @param rows of each */
  *groups(first: number, rows: ReadonlyArray<number>): Generator<RowGroup> {
    for (const [i, each] of rows.entries()) yield this.#group(first + i, each)
  }

  #group(group: number, rows: number): RowGroup {
    const chunks: Array<EncodedLeaf["chunk"]> = []
    const statistics: Array<ColumnStatistics> = []
    const stored: Array<Uint8Array> = []
    let length = 0
    for (const { encoded, bytes, offsets } of this.#parts) {
      for (const [leaf, at] of offsets.entries()) {
        const found = encoded[leaf * this.#count + group]
        if (found === undefined) throw new RangeError(`a leaf has no row group ${group}`)
        const end = at + found.chunk.compressedBytes
        stored.push(bytes.subarray(at, end))
        offsets[leaf] = end
        length += end - at
        chunks.push(found.chunk)
        if (found.statistics !== null) statistics.push(found.statistics)
      }
    }
    const bytes = new Uint8Array(length)
    let to = 0
    for (const each of stored) {
      bytes.set(each, to)
      to += each.length
    }
    return { bytes, rows, chunks, statistics }
  }
}
