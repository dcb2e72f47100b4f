import type { LeafColumn } from "../columns/leaf-column.ts"
import { ByteBuffer } from "./byte-buffer.ts"
import { writeHybrid, writeRun } from "./hybrid.ts"
import { LevelWriter } from "./levels.ts"
import { type PageRange, pageRanges } from "./pages.ts"
import { ThriftWriter } from "./thrift.ts"
import { planValues, type ValuePlan, writePlain } from "./values.ts"
import { worthCompressing, zstd } from "./zstd.ts"

/** Numbers of parquet.thrift. */
export const pageType = { data: 0, dictionary: 2 } as const
export const encoding = { plain: 0, rle: 3, rleDictionary: 8 } as const
export const codec = { uncompressed: 0, zstd: 6 } as const

/** Where a column chunk's pages are and how they are written: what a footer says of it. Offsets count from the row group's start. */
export interface ChunkPages {
  readonly codec: number
  /** Entries, nulls among them. */
  readonly entries: number
  /** With page headers. */
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  readonly dictionaryOffset: number | null
  readonly dataOffset: number
  /** Data pages with indices into the dictionary, and with plain values. */
  readonly indexedPages: number
  readonly plainPages: number
}

/** Writes column chunks, one after the other: data pages of version 1, with a dictionary page in front where there is one. */
export class ChunkWriter {
  readonly out: ByteBuffer
  readonly #header: ThriftWriter
  /** Pages of the present chunk without headers, uncompressed. */
  readonly #pages = new ByteBuffer()
  readonly #repetition = new LevelWriter()
  readonly #definition = new LevelWriter()

  constructor(out: ByteBuffer) {
    this.out = out
    this.#header = new ThriftWriter(out)
  }

  /** The leaves written next are those of other rows. */
  forget(): void {
    this.#repetition.forget()
    this.#definition.forget()
  }

  write(leaf: LeafColumn, compressionLevel: number): ChunkPages {
    const plan = planValues(leaf)
    const ranges = pageRanges(leaf, plan)
    const pages = this.#pages
    pages.clear()
    if (plan.size > 0) plan.writeDictionary(pages)
    const dictionaryEnd = pages.length
    const ends = ranges.map((range) => {
      this.#writePage(leaf, plan, range)
      return pages.length
    })
    const level = pages.length < worthCompressing ? null : compressionLevel
    const { out } = this
    const start = out.length
    let headers = 0
    if (plan.size > 0) headers += this.#emit(pages.written(0, dictionaryEnd), level, null, plan.size)
    const dataOffset = out.length
    for (const [i, range] of ranges.entries()) {
      headers += this.#emit(pages.written(ends[i - 1] ?? dictionaryEnd, ends[i]), level, range, range.end - range.start)
    }
    const indexedPages = ranges.reduce((count, { indexed }) => count + (indexed ? 1 : 0), 0)
    return {
      codec: level === null ? codec.uncompressed : codec.zstd,
      entries: leaf.levels,
      uncompressedBytes: headers + pages.length,
      compressedBytes: out.length - start,
      dictionaryOffset: plan.size > 0 ? start : null,
      dataOffset,
      indexedPages,
      plainPages: ranges.length - indexedPages
    }
  }

  /** Levels and values of a data page. */
  #writePage(leaf: LeafColumn, plan: ValuePlan, { start, end, firstValue, endValue, indexed }: PageRange): void {
    const pages = this.#pages
    if (leaf.maxRepetition > 0) this.#repetition.write(pages, leaf.repetition.subarray(start, end), leaf.maxRepetition)
    this.#definition.write(pages, leaf.definition.subarray(start, end), leaf.maxDefinition)
    if (!indexed) writePlain(pages, leaf, firstValue, endValue)
    else {
      pages.byte(plan.width)
      if (plan.size === 1 && endValue > firstValue) writeRun(pages, 0, endValue - firstValue, plan.width)
      else writeHybrid(pages, plan.indices, firstValue, endValue, plan.width)
    }
  }

  /** Writes a page: its header, then its bytes. @returns how long the header is */
  #emit(page: Uint8Array, level: number | null, range: PageRange | null, values: number): number {
    const bytes = level === null ? page : zstd(page, level)
    const { out } = this
    const start = out.length
    const header = this.#header
    header.beginElement()
    header.i32(1, range === null ? pageType.dictionary : pageType.data)
    header.i32(2, page.length)
    header.i32(3, bytes.length)
    header.begin(range === null ? 7 : 5)
    header.i32(1, values)
    header.i32(2, range?.indexed ? encoding.rleDictionary : encoding.plain)
    if (range !== null) {
      header.i32(3, encoding.rle)
      header.i32(4, encoding.rle)
    }
    header.end()
    header.end()
    const length = out.length - start
    out.append(bytes)
    return length
  }
}
