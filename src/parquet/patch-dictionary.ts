import type { LeafEntries } from "../columns/leaf-entries.ts"
import { TextPool } from "../columns/text-pool.ts"
import { ByteBuffer } from "./byte-buffer.ts"
import { type Part, valuesIn } from "./changed-entries.ts"
import { PageWriter } from "./column-chunk.ts"
import type { CompressionCodec } from "./metadata.ts"
import { dictionaryValues, type FileLeaf, type PlainValues, readDictionary, type StoredPage } from "./read-pages.ts"
import { worthCompressing } from "./zstd.ts"

/** With fewer values to each of its entries, a dictionary that grows is better made anew: whether it pays is decided then. */
const leastRepeats = 4
const mostBytes = 1 << 20

/** The dictionary of a chunk, one at a time, which may get more entries, and must not keep any that no value has any more: what was replaced or deleted is gone. */
export class PatchedDictionary {
  readonly #writer: PageWriter
  readonly #page = new ByteBuffer()
  #stored: { readonly page: StoredPage; readonly from: FileLeaf } | null = null
  /** Of all entries, once there may be more than were read. */
  readonly #pool = new TextPool()
  #isPooled = false
  #used = new Uint8Array(0)
  #indices = new Int32Array(0)
  values: PlainValues | null = null
  size = 0

  /** @param out gets the page */
  constructor(out: ByteBuffer) {
    this.#writer = new PageWriter(out)
  }

  /** There is none so far. */
  begin(): void {
    this.#stored = null
    this.#isPooled = false
    this.values = null
    this.size = 0
  }

  /** @returns false where there is one already */
  read(page: StoredPage, from: FileLeaf, codec: CompressionCodec): boolean {
    if (this.#stored !== null) return false
    this.#stored = { page, from }
    this.values = readDictionary(page, from, codec)
    this.size = page.header.dictionary_page_header?.num_values ?? 0
    if (this.#used.length < this.size) this.#used = new Uint8Array(this.size * 2)
    else this.#used.fill(0, 0, this.size)
    return true
  }

  use(indices: Int32Array, count: number): void {
    const used = this.#used
    for (let i = 0; i < count; i++) used[indices[i] ?? 0] = 1
  }

  /** The indices of a page with those of fresh values among them, valid until the next page's. Null: entries are not told apart, or are too many. */
  indices(before: Int32Array, parts: ReadonlyArray<Part>, fresh: LeafEntries): Int32Array | null {
    if (!this.#isPooled && !this.#fill()) return null
    const count = valuesIn(parts)
    if (this.#indices.length < count) this.#indices = new Int32Array(count * 2)
    const indices = this.#indices.subarray(0, count)
    const { values, words, texts, storage } = fresh
    const isText = storage === "bytes"
    const source = isText ? texts : { bytes: new Uint8Array(values.buffer), view: new DataView(values.buffer) }
    const pool = this.#pool
    let at = 0
    for (const { from, to, by } of parts) {
      indices.set(before.subarray(from, to), at)
      at += to - from
      if (by < 0) continue
      const number = values[by] ?? 0
      const start = isText ? (texts.starts[number] ?? 0) : by * words * 4
      indices[at++] = pool.intern(source, start, isText ? (texts.ends[number] ?? 0) : start + words * 4)
    }
    if (pool.count > this.size) {
      if (this.#used.length < pool.count) {
        const used = new Uint8Array(pool.count * 2)
        used.set(this.#used)
        this.#used = used
      } else this.#used.fill(0, this.size, pool.count)
      this.size = pool.count
    }
    return indices
  }

  #fill(): boolean {
    const { values, size } = this
    if (values === null || values.width === 1) return false
    const { width, starts, ends } = values
    this.#pool.clear()
    for (let i = 0; i < size; i++) {
      const start = width > 0 ? i * width : (starts[i] ?? 0)
      if (this.#pool.intern(values, start, width > 0 ? start + width : (ends[i] ?? 0)) !== i) return false
    }
    this.#isPooled = true
    return true
  }

  /**
   * Writes the page, if there is a dictionary. `values` are what it has then.
   *
   * @param level of ZSTD; null: it stays uncompressed
   * @param isAsBefore was it so before?
   * @param count how many values the chunk has
   * @returns its bytes with its header, uncompressed; null: it is better made anew, and nothing was written
   */
  write(level: number | null, isAsBefore: boolean, count: number): number | null {
    if (this.#stored === null) return 0
    const { page, from } = this.#stored
    const { size } = this
    if (this.#used.subarray(0, size).includes(0)) return null
    if (isAsBefore && size === page.header.dictionary_page_header?.num_values) {
      this.#writer.out.append(page.whole)
      return page.whole.length - page.bytes.length + page.header.uncompressed_page_size
    }
    if (!this.#isPooled && !this.#fill()) return null
    const made = this.#page
    made.clear()
    const { bytes, starts, ends } = this.#pool
    for (let i = 0; i < size; i++) {
      const entry = bytes.subarray(starts[i], ends[i])
      if (this.values?.width === 0) made.int32(entry.length)
      made.append(entry)
    }
    if (size * leastRepeats > count || made.length > mostBytes || (level === null && made.length >= worthCompressing)) return null
    this.values = dictionaryValues(made.written(), from, size)
    return made.length + this.#writer.write(made.written(), level, null, size)
  }
}
