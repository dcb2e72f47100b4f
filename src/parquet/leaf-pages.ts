import type { ColumnChunk, DecodedArray, SchemaTree } from "hyparquet"
import { parquetHeader } from "hyparquet/src/column.js"
import { convert, convertWithDictionary, DEFAULT_PARSERS } from "hyparquet/src/convert.js"
import { decompressPage, readDataPage, readDataPageV2 } from "hyparquet/src/datapage.js"
import { readPlain } from "hyparquet/src/plain.js"
import type { ColumnDecoder, PageHeader } from "hyparquet/src/types.js"
import { Malformed } from "../record/malformed.ts"
import { decompressors } from "./bytes.ts"

/** The definition level of a value that is there, by the schema from the root to its leaf. */
export const maxDefinitionLevel = (schemaPath: ReadonlyArray<SchemaTree>): number =>
  schemaPath.slice(1).filter((node) => node.element.repetition_type !== "REQUIRED").length

/** Where the bytes of a column chunk lie in its file. */
export const chunkRange = ({ meta_data: chunk }: ColumnChunk): { readonly start: number; readonly end: number } | null => {
  if (chunk === undefined) return null
  const { data_page_offset: data, dictionary_page_offset: dictionary = 0n } = chunk
  const start = Number(dictionary > 0n && dictionary < data ? dictionary : data)
  return { start, end: start + Number(chunk.total_compressed_size) }
}

/** A decoded page: values, and the levels that say to which slots they belong. */
export interface LeafPage {
  readonly slots: number
  /** One a slot; null where every slot has a value. */
  readonly definitionLevels: ReadonlyArray<number> | null
  /** One a slot; empty where nothing repeats. */
  readonly repetitionLevels: ReadonlyArray<number>
  readonly values: DecodedArray
}

interface PageAt {
  readonly header: PageHeader
  readonly bytes: Uint8Array
  /** Slots in the pages before it. */
  readonly from: number
}

/** One leaf column of one row group, as bytes: its pages are found by their headers and decoded one at a time, when asked for. */
export class Leaf {
  readonly maxDefinitionLevel: number
  readonly #bytes: Uint8Array
  readonly #decoder: ColumnDecoder
  #found: { readonly pages: ReadonlyArray<PageAt>; readonly dictionary: DecodedArray | undefined } | undefined

  /**
   * @param bytes of the chunk alone
   * @param schemaPath from the root to the leaf
   */
  constructor(bytes: Uint8Array, chunk: ColumnChunk, schemaPath: Array<SchemaTree>) {
    const element = schemaPath.at(-1)?.element
    const { meta_data: data } = chunk
    if (element === undefined || data === undefined)
      throw new Malformed("Corrupt", "a column chunk says nothing of itself", "The Parquet file is damaged.")
    this.#bytes = bytes
    this.#decoder = {
      pathInSchema: data.path_in_schema,
      type: data.type,
      codec: data.codec,
      element,
      schemaPath,
      parsers: DEFAULT_PARSERS,
      compressors: decompressors
    }
    this.maxDefinitionLevel = maxDefinitionLevel(schemaPath)
  }

  *pages(): Generator<LeafPage, undefined> {
    for (const page of this.#find().pages) yield this.#decode(page)
  }

  /** The page that a slot lies in, and how many slots come before it. */
  pageOf(slot: number): { readonly from: number; readonly page: LeafPage } {
    const found = this.#find().pages.findLast(({ from }) => from <= slot)
    if (found === undefined) throw cutOff()
    return { from: found.from, page: this.#decode(found) }
  }

  #find() {
    if (this.#found !== undefined) return this.#found
    const bytes = this.#bytes
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
    const pages: Array<PageAt> = []
    let dictionary: DecodedArray | undefined
    let from = 0
    while (reader.offset < bytes.byteLength) {
      const header = parquetHeader(reader)
      const end = reader.offset + header.compressed_page_size
      if (!(end <= bytes.byteLength)) throw cutOff()
      const page = bytes.subarray(reader.offset, end)
      reader.offset = end
      if (header.type === "DICTIONARY_PAGE") dictionary = this.#dictionary(header, page)
      const slots = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values
      if (slots === undefined) continue
      pages.push({ header, bytes: page, from })
      from += slots
    }
    this.#found = { pages, dictionary }
    return this.#found
  }

  #dictionary(header: PageHeader, bytes: Uint8Array): DecodedArray {
    const { codec, compressors, type, element } = this.#decoder
    const page = decompressPage(bytes, header.uncompressed_page_size, codec, compressors)
    const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 }
    return convert(readPlain(reader, type, header.dictionary_page_header?.num_values ?? 0, element.type_length), this.#decoder)
  }

  #decode({ header, bytes }: PageAt): LeafPage {
    const decoder = this.#decoder
    const { data_page_header: v1, data_page_header_v2: v2 } = header
    const read = v1
      ? readDataPage(decompressPage(bytes, header.uncompressed_page_size, decoder.codec, decoder.compressors), v1, decoder)
      : readDataPageV2(bytes, header, decoder)
    const { definitionLevels, repetitionLevels, dataPage } = read
    return {
      slots: v1?.num_values ?? v2?.num_values ?? 0,
      definitionLevels: definitionLevels === undefined || definitionLevels.length === 0 ? null : definitionLevels,
      repetitionLevels,
      values: convertWithDictionary(dataPage, this.#find().dictionary, v1?.encoding ?? v2?.encoding ?? "PLAIN", decoder)
    }
  }
}

const cutOff = (): Malformed => new Malformed("Corrupt", "a page of a Parquet file is cut off", "The file is damaged.")

/**
 * The values of a page, one a slot. What is not there is null, and undefined where even the struct around it is not (for a leaf within one
 * optional struct).
 */
export const slotValues = (page: LeafPage, presentLevel: number): DecodedArray => {
  if (page.definitionLevels === null) return page.values
  const result = new Array<unknown>(page.slots)
  let next = 0
  for (const [slot, level] of page.definitionLevels.entries())
    result[slot] = level === presentLevel ? page.values[next++] : level === 0 ? undefined : null
  return result
}

/** `slotValues` of all pages. */
export const leafValues = (leaf: Leaf): DecodedArray => {
  const pages = [...leaf.pages()].map((page) => slotValues(page, leaf.maxDefinitionLevel))
  const [only] = pages
  return pages.length === 1 && only !== undefined ? only : pages.flatMap((values) => Array.from(values))
}

/** A map column: the entries of row r are those from `starts[r]` to before `starts[r + 1]`. */
export interface MapEntries {
  readonly starts: ReadonlyArray<number>
  readonly keys: ReadonlyArray<unknown>
  readonly values: ReadonlyArray<unknown>
}

/** All entries of a map column. @param values null where all of them are null */
export const mapEntries = (keys: Leaf, values: Leaf | null): MapEntries => {
  const flatValues = values === null ? [] : leafValues(values)
  const starts: Array<number> = []
  const foundKeys: Array<unknown> = []
  const foundValues: Array<unknown> = []
  let slot = 0
  for (const page of keys.pages()) {
    const flatKeys = slotValues(page, keys.maxDefinitionLevel)
    for (let i = 0; i < page.slots; i++, slot++) {
      if ((page.repetitionLevels[i] ?? 0) === 0) starts.push(foundKeys.length)
      const key: unknown = flatKeys[i]
      if (key === null || key === undefined) continue
      foundKeys.push(key)
      foundValues.push(flatValues[slot] ?? null)
    }
  }
  starts.push(foundKeys.length)
  return { starts, keys: foundKeys, values: foundValues }
}
