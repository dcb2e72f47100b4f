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

/** How a column chunk's pages are written: what a footer says of it. Chunks of a row group follow each other, so where each begins is told by their lengths. */
export interface ChunkPages {
  readonly codec: number
  /** Entries, nulls among them. */
  readonly entries: number
  /** With page headers. */
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  /** How long the dictionary page is, which stands in front; 0: there is none. */
  readonly dictionaryBytes: number
  /** Data pages with indices into the dictionary, and with plain values. */
  readonly indexedPages: number
  readonly plainPages: number
}

/** Writes pages: each its header, then its bytes. */
export class PageWriter {
  readonly out: ByteBuffer
  readonly #headers: ThriftWriter

  constructor(out: ByteBuffer) {
    this.out = out
    this.#headers = new ThriftWriter(out)
  }

  /**
   * @param page without a header, uncompressed
   * @param level of ZSTD; null: it stays uncompressed
   * @param how its values are encoded; null: they are a dictionary
   * @param values how many there are, nulls among them
   * @returns how long the header is
   */
  write(page: Uint8Array, level: number | null, how: number | null, values: number): number {
    const bytes = level === null ? page : zstd(page, level)
    const { out } = this
    const start = out.length
    const headers = this.#headers
    headers.begin()
    headers.int32(1, how === null ? pageType.dictionary : pageType.data)
    headers.int32(2, page.length)
    headers.int32(3, bytes.length)
    headers.begin(how === null ? 7 : 5)
    headers.int32(1, values)
    headers.int32(2, how ?? encoding.plain)
    if (how !== null) {
      headers.int32(3, encoding.rle)
      headers.int32(4, encoding.rle)
    }
    headers.end()
    headers.end()
    const length = out.length - start
    out.append(bytes)
    return length
  }
}

/** Writes column chunks, one after the other: data pages of version 1, with a dictionary page in front where there is one. */
export class ChunkWriter {
  readonly out: ByteBuffer
  /** Pages of the present chunk that are not written yet, without headers, uncompressed. */
  readonly #pages = new ByteBuffer()
  readonly #repetition = new LevelWriter()
  readonly #definition = new LevelWriter()
  readonly #writer: PageWriter

  constructor(out: ByteBuffer) {
    this.out = out
    this.#writer = new PageWriter(out)
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
    const { out } = this
    const start = out.length
    let dictionaryBytes = 0
    let uncompressedBytes = 0
    // Pages go out as soon as it is known that there is enough to compress: those of large values are not held all at once.
    let level: number | null = null
    let waiting: Array<{ readonly end: number; readonly range: PageRange | null }> = []
    const emit = () => {
      let from = 0
      for (const { end, range } of waiting) {
        uncompressedBytes += end - from
        const page = pages.written(from, end)
        uncompressedBytes +=
          range === null
            ? this.#writer.write(page, level, null, plan.size)
            : this.#writer.write(page, level, range.indexed ? encoding.rleDictionary : encoding.plain, range.end - range.start)
        if (range === null) dictionaryBytes = out.length - start
        from = end
      }
      waiting = []
      pages.clear()
    }
    const add = (range: PageRange | null) => {
      waiting.push({ end: pages.length, range })
      if (pages.length >= worthCompressing) level = compressionLevel
      if (level !== null) emit()
    }
    if (plan.size > 0) {
      plan.writeDictionary(pages)
      add(null)
    }
    for (const range of ranges) {
      this.#writePage(leaf, plan, range)
      add(range)
    }
    emit()
    const indexedPages = ranges.reduce((count, { indexed }) => count + (indexed ? 1 : 0), 0)
    return {
      codec: level === null ? codec.uncompressed : codec.zstd,
      entries: leaf.levels,
      uncompressedBytes,
      compressedBytes: out.length - start,
      dictionaryBytes,
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
}
