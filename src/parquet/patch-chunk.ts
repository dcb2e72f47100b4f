import type { LeafColumn } from "../columns/leaf-column.ts"
import type { LeafEntries } from "../columns/leaf-entries.ts"
import type { Bounds } from "./bounds.ts"
import { ByteBuffer } from "./byte-buffer.ts"
import {
  ChangedEntries,
  type ChangedEntry,
  type ChangedRows,
  type FreshRows,
  levelOf,
  type Part,
  partsOf,
  valuesIn
} from "./changed-entries.ts"
import { type ChunkPages, codec as codecs, encoding, PageWriter } from "./column-chunk.ts"
import { bitsFor, writeHybrid } from "./hybrid.ts"
import { LevelWriter } from "./levels.ts"
import type { CompressionCodec } from "./metadata.ts"
import { pageBytes } from "./pages.ts"
import { PatchedDictionary } from "./patch-dictionary.ts"
import { decodePage, type FileLeaf, type PlainValues, pagesIn, plainValues, type ReadPage, slotsOf } from "./read-pages.ts"
import { type Telling, ToldValues } from "./told-values.ts"
import { writeBits } from "./values.ts"
import { worthCompressing } from "./zstd.ts"

/** A column chunk whose rows go over, but for some. */
export interface KeptChunk {
  readonly from: FileLeaf
  readonly bytes: Uint8Array
  readonly codec: CompressionCodec
  readonly rows: number
  readonly changed: ChangedRows
}

export interface PatchedChunk {
  readonly pages: ChunkPages
  readonly nulls: number
  readonly bounds: Bounds | null
}

/** A page that is made of another; its bytes stand in the patcher's room. */
interface MadePage extends Pick<ReadPage, "slots" | "definition" | "isUniform" | "repetition" | "isFlat" | "count" | "indices"> {
  /** Null: they are in the dictionary. */
  readonly values: PlainValues | null
}

/**
 * Copies column chunks of which few rows change: a page in which none does goes over as it stands, compressed, and another is taken apart no further than it takes
 * to put values in the places of others, while the plain way puts all entries in order and encodes them. Only chunks are copied that look like Sluice's own. What
 * is told of the values is found by looking at all of them.
 */
export class ChunkPatcher {
  readonly #out: ByteBuffer
  readonly #dictionaries: PatchedDictionary
  /** Data pages, which a dictionary may have to come before. */
  readonly #pages = new ByteBuffer()
  readonly #writer = new PageWriter(this.#pages)
  readonly #page = new ByteBuffer()
  readonly #levels = new LevelWriter()

  /** @param out gets the chunks, one behind the other */
  constructor(out: ByteBuffer) {
    this.#out = out
    this.#dictionaries = new PatchedDictionary(out)
  }

  /**
   * Null: it cannot be done this way, or would not pay; nothing was written then.
   *
   * @param leaf of the same type as the chunk's; what is in it afterwards means nothing
   * @param level of ZSTD
   * @throws Error where the bytes are not what Parquet says
   */
  patch(leaf: LeafColumn, chunk: KeptChunk, fresh: FreshRows, telling: Telling, level: number): PatchedChunk | null {
    if (chunk.codec === "ZSTD") return this.#patch(leaf, chunk, fresh, telling, level)
    if (chunk.codec !== "UNCOMPRESSED") return null
    // Most that were not worth compressing stay so; what another writer has left as it was, and is more, is compressed.
    const stays = chunk.bytes.length < 2 * worthCompressing
    return (stays ? this.#patch(leaf, chunk, fresh, telling, null) : null) ?? this.#patch(leaf, chunk, fresh, telling, level)
  }

  /** @param level null: pages are not compressed, and too small to be */
  #patch(leaf: LeafColumn, chunk: KeptChunk, fresh: FreshRows, telling: Telling, level: number | null): PatchedChunk | null {
    const { from, codec } = chunk
    const isAsBefore = (codec === "ZSTD") === (level !== null)
    const told = new ToldValues(leaf, telling)
    const changed = new ChangedEntries(from, chunk.changed, fresh)
    const dictionary = this.#dictionaries
    dictionary.begin()
    this.#pages.clear()
    let [entries, values, uncompressedBytes, indexedPages, plainPages] = [0, 0, 0, 0, 0]
    for (const page of pagesIn(chunk.bytes)) {
      const { header } = page
      if (header.type === "DICTIONARY_PAGE") {
        if (!dictionary.read(page, from, codec)) return null
        continue
      }
      const slots = slotsOf(page)
      if (slots === 0) continue
      const about = header.data_page_header
      const isIndexed = about?.encoding === "RLE_DICTIONARY"
      // Another writer's page may say more of its values than may be told.
      if (slots === null || about === undefined || about.statistics !== undefined || !(isIndexed || about.encoding === "PLAIN")) return null
      const read = decodePage(page, slots, from, codec, dictionary.values)
      const different = changed.of(read)
      if (different === null) return null
      const stays = different.length === 0
      const now = stays ? read : this.#make(from, read, different, fresh.entries)
      if (now === null) return null
      if (now.slots === 0) continue
      if (stays && isAsBefore) {
        this.#pages.append(page.whole)
        uncompressedBytes += page.whole.length - page.bytes.length + header.uncompressed_page_size
      } else {
        const bytes = stays ? page.bytes : this.#page.written()
        if (bytes.length > 2 * pageBytes || (level === null && bytes.length >= worthCompressing)) return null
        uncompressedBytes += bytes.length + this.#writer.write(bytes, level, isIndexed ? encoding.rleDictionary : encoding.plain, now.slots)
      }
      told.addLevels(now)
      if (now.indices !== null) dictionary.use(now.indices, now.count)
      else if (now.values !== null) told.addValues(now.values, now.count)
      entries += now.slots
      values += now.count
      if (isIndexed) indexedPages++
      else plainPages++
    }
    if (changed.rows !== chunk.rows) throw new RangeError(`a column has ${changed.rows} of ${chunk.rows} rows`)
    if (entries === 0) return null
    const start = this.#out.length
    const written = dictionary.write(level, isAsBefore, values)
    if (written === null) return null
    if (dictionary.values !== null) told.addValues(dictionary.values, dictionary.size)
    const dictionaryBytes = this.#out.length - start
    this.#out.append(this.#pages.written())
    const pages = {
      codec: level === null ? codecs.uncompressed : codecs.zstd,
      entries,
      uncompressedBytes: uncompressedBytes + written,
      compressedBytes: this.#out.length - start,
      dictionaryBytes,
      indexedPages,
      plainPages
    }
    return { pages, nulls: told.nulls, bounds: told.bounds }
  }

  /** Null: the dictionary cannot take more. */
  #make(from: FileLeaf, read: ReadPage, different: ReadonlyArray<ChangedEntry>, fresh: LeafEntries): MadePage | null {
    const page = this.#page
    page.clear()
    const definition = changedLevels(read, different, fresh)
    const { length: slots } = definition
    if (from.maxRepetition > 0) this.#levels.write(page, new Uint8Array(slots), from.maxRepetition)
    if (from.maxDefinition > 0) this.#levels.write(page, definition, from.maxDefinition)
    this.#levels.forget()
    const about = { slots, definition, isUniform: false, repetition: noLevels, isFlat: true }
    const parts = partsOf(read, from, different, fresh)
    if (read.indices !== null) {
      const indices = this.#dictionaries.indices(read.indices, parts, fresh)
      if (indices === null) return null
      const width = Math.max(1, bitsFor(this.#dictionaries.size - 1))
      page.byte(width)
      writeHybrid(page, indices, 0, indices.length, width)
      return { ...about, count: indices.length, indices, values: null }
    }
    const at = page.length
    const count = putValues(page, read.values, parts, fresh)
    page.reserve(4)
    const padded = { bytes: page.written(), view: new DataView(page.bytes.buffer, 0, page.length + 4) }
    return { ...about, count, indices: null, values: plainValues(padded, at, from.element, count) }
  }
}

const noLevels = new Uint8Array(0)

const changedLevels = (
  { slots, definition, isUniform }: ReadPage,
  different: ReadonlyArray<ChangedEntry>,
  fresh: LeafEntries
): Uint8Array => {
  if (isUniform) definition.fill(definition[0] ?? 0, 0, slots)
  const levels = new Uint8Array(slots)
  let [at, to] = [0, 0]
  for (const { slot, by } of different) {
    levels.set(definition.subarray(at, slot), to)
    to += slot - at
    if (by >= 0) levels[to++] = levelOf(fresh, by)
    at = slot + 1
  }
  levels.set(definition.subarray(at, slots), to)
  return levels.subarray(0, to + slots - at)
}

/** @returns how many there are */
const putValues = (out: ByteBuffer, { bytes, width, ends }: PlainValues, parts: ReadonlyArray<Part>, fresh: LeafEntries): number => {
  const count = valuesIn(parts)
  const { values, words, texts } = fresh
  if (width === 1) {
    const flags = new Uint8Array(count)
    let at = 0
    for (const { from, to, by } of parts) {
      flags.set(bytes.subarray(from, to), at)
      at += to - from
      if (by >= 0) flags[at++] = values[by] ?? 0
    }
    writeBits(out, flags, 0, count)
    return count
  }
  const startOf = (value: number) => (width > 0 ? value * width : value === 0 ? 0 : (ends[value - 1] ?? 0))
  for (const { from, to, by } of parts) {
    out.append(bytes.subarray(startOf(from), startOf(to)))
    if (by < 0) continue
    if (width > 0) for (let word = 0; word < words; word++) out.int32(values[by * words + word] ?? 0)
    else {
      const number = values[by] ?? 0
      const text = texts.bytes.subarray(texts.starts[number], texts.ends[number])
      out.int32(text.length)
      out.append(text)
    }
  }
  return count
}
