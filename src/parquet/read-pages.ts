import type { SchemaElement } from "hyparquet"
import { parquetHeader } from "hyparquet/src/column.js"
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js"
import { decompressPage, readDataPage, readDataPageV2 } from "hyparquet/src/datapage.js"
import type { ColumnDecoder, PageHeader } from "hyparquet/src/types.js"
import { decompressors } from "./bytes.ts"
import { bitsFor } from "./hybrid.ts"
import { isOneRun, readHybrid } from "./read-hybrid.ts"
import { unzstd } from "./zstd.ts"

/** A leaf as a file has it. */
export interface FileLeaf {
  /** From the root to the leaf, for hyparquet. */
  readonly schemaPath: ColumnDecoder["schemaPath"]
  readonly element: SchemaElement
  readonly maxDefinition: number
  readonly maxRepetition: number
}

/**
 * Values as they stand in a plain page, behind which four bytes more can be read: each `width` bytes (booleans: one), or `bytes[starts[i], ends[i])` where
 * they have any length (`width` 0).
 */
export interface PlainValues {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly width: number
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** A decoded page. */
export interface ReadPage {
  /** Entries, nulls among them. */
  readonly slots: number
  /** One a slot; the first alone, where `isUniform`. */
  readonly definition: Uint8Array
  /** Are all of them known to be the same? */
  readonly isUniform: boolean
  /** One a slot; empty where nothing repeats, or `isFlat`. */
  readonly repetition: Uint8Array
  /** Is every entry known to begin a row? */
  readonly isFlat: boolean
  /** Values that are there. */
  readonly count: number
  readonly values: PlainValues
  /** For each value that is there its number in `values`; null: they are these, in order. */
  readonly indices: Int32Array | null
  /** Are they those of the chunk's dictionary? */
  readonly inDictionary: boolean
}

/** A page of a column chunk as it stands there. */
export interface StoredPage {
  readonly header: PageHeader
  /** Without its header. */
  readonly bytes: Uint8Array
  /** With its header. */
  readonly whole: Uint8Array
}

/**
 * The pages of a column chunk, in order.
 *
 * @param chunk its bytes alone
 * @throws Error where the bytes are not what Parquet says
 */
export function* pagesIn(chunk: Uint8Array): Generator<StoredPage, undefined> {
  const reader = { view: new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength), offset: 0 }
  while (reader.offset < chunk.byteLength) {
    const start = reader.offset
    const header = parquetHeader(reader)
    const end = reader.offset + header.compressed_page_size
    if (!(end <= chunk.byteLength)) throw new RangeError("a page is cut off")
    yield { header, bytes: chunk.subarray(reader.offset, end), whole: chunk.subarray(start, end) }
    reader.offset = end
  }
}

/**
 * The data pages of a column chunk, one decoded at a time; what is handed out is valid until the next is asked for. Plain pages and those of a
 * dictionary are read here, since rows move through here by the million; all other encodings that there are, by hyparquet.
 *
 * @param chunk its bytes alone
 * @param skip told how many entries the next page has; true: nobody wants it, and null comes in its place
 * @throws Error where the bytes are not what Parquet says
 */
export function* readPages(
  chunk: Uint8Array,
  leaf: FileLeaf,
  codec: ColumnDecoder["codec"],
  skip: (slots: number) => boolean
): Generator<ReadPage | null, undefined> {
  let dictionary: PlainValues | null = null
  for (const page of pagesIn(chunk)) {
    if (page.header.type === "DICTIONARY_PAGE") {
      dictionary = readDictionary(page, leaf, codec)
      continue
    }
    const slots = slotsOf(page)
    // Some writers end a chunk with a page that has nothing.
    if (slots === null || slots === 0) continue
    yield skip(slots) ? null : decodePage(page, slots, leaf, codec, dictionary)
  }
}

/** How many entries a data page has; null: it is none. */
export const slotsOf = ({ header }: StoredPage): number | null =>
  header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? null

/** The values of a dictionary page. */
export const readDictionary = ({ header, bytes }: StoredPage, leaf: FileLeaf, codec: ColumnDecoder["codec"]): PlainValues =>
  dictionaryValues(decompressed(bytes, header.uncompressed_page_size, codec).bytes, leaf, header.dictionary_page_header?.num_values ?? 0)

/** The values of a dictionary, which stand plainly in bytes that may change afterwards. */
export const dictionaryValues = (bytes: Uint8Array, { element }: FileLeaf, count: number): PlainValues =>
  valuesAt(copied(bytes), 0, element, count, new Int32Array(count), new Int32Array(count))

const noInts = new Int32Array(0)
const noBytes = new Uint8Array(0)

/** One page is decoded at a time, so all share the room. */
const room = { definition: noBytes, repetition: noBytes }
let indicesRoom = noInts

const bytesRoom = (name: "definition" | "repetition", length: number): Uint8Array => {
  if (room[name].length < length) room[name] = new Uint8Array(length * 2)
  return room[name]
}

const indicesFor = (length: number): Int32Array => {
  if (indicesRoom.length < length) indicesRoom = new Int32Array(length * 2)
  return indicesRoom
}

/** A data page, decoded; valid until the next is. */
export const decodePage = (
  { header, bytes }: StoredPage,
  slots: number,
  leaf: FileLeaf,
  codec: ColumnDecoder["codec"],
  dictionary: PlainValues | null
): ReadPage => {
  const encoding = header.data_page_header?.encoding ?? header.data_page_header_v2?.encoding
  const indexed = encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY"
  if (header.data_page_header === undefined || !(encoding === "PLAIN" || indexed)) {
    return decodeOther(bytes, header, slots, leaf, codec, indexed ? dictionary : null)
  }
  const page = decompressed(bytes, header.uncompressed_page_size, codec)
  const { maxDefinition, maxRepetition, element } = leaf
  let at = 0
  let isUniform = true
  const levels = (most: number, name: "definition" | "repetition"): Uint8Array => {
    const into = bytesRoom(name, slots)
    isUniform = most === 0
    if (isUniform) into[0] = 0
    else {
      const length = page.view.getUint32(at, true)
      isUniform = isOneRun(page.bytes, at + 4, slots)
      readHybrid(page.bytes, at + 4, at + 4 + length, bitsFor(most), into, isUniform ? 1 : slots)
      at += 4 + length
    }
    return into
  }
  let repetition = maxRepetition === 0 ? noBytes : levels(maxRepetition, "repetition")
  const isFlat = maxRepetition === 0 || (isUniform && repetition[0] === 0)
  if (isFlat) repetition = noBytes
  else if (isUniform) repetition.fill(repetition[0] ?? 0, 0, slots)
  const definition = levels(maxDefinition, "definition")
  let count = 0
  if (!isUniform) for (let i = 0; i < slots; i++) if (definition[i] === maxDefinition) count++
  if (isUniform && definition[0] === maxDefinition) count = slots
  const about = { slots, definition, isUniform, repetition, isFlat, count, inDictionary: indexed }
  if (!indexed) return { ...about, values: plainValues(page, at, element, count), indices: null }
  const indices = indicesFor(count)
  const width = page.bytes[at] ?? 0
  if (count > 0 && width > 0) readHybrid(page.bytes, at + 1, page.bytes.length, width, indices, count)
  else indices.fill(0, 0, count)
  return { ...about, values: known(dictionary, indices, count), indices }
}

/** The dictionary, which must have what the indices ask for. */
const known = (dictionary: PlainValues | null, indices: Int32Array, count: number): PlainValues => {
  if (dictionary === null) throw new RangeError("a page needs a dictionary that is not there")
  const size = dictionary.width === 0 ? dictionary.ends.length : dictionary.bytes.length / dictionary.width
  for (let i = 0; i < count; i++)
    if ((indices[i] ?? 0) >= size || (indices[i] ?? 0) < 0) throw new RangeError("an index is beyond its dictionary")
  return dictionary
}

/** Bytes with four more behind them that can be read. */
interface Padded {
  readonly bytes: Uint8Array
  /** Over the same bytes, and 4 more. */
  readonly view: DataView
}

/** Valid until the next page is. */
const decompressed = (page: Uint8Array, length: number, codec: ColumnDecoder["codec"]): Padded => {
  const bytes = codec === "ZSTD" ? unzstd(page, length) : decompressPage(page, length, codec, decompressors)
  if (bytes.length !== length) throw new RangeError(`a page has ${bytes.length} of ${length} bytes`)
  if (bytes.byteOffset + length + 4 > bytes.buffer.byteLength) return copied(bytes)
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, length + 4) }
}

const copied = (bytes: Uint8Array): Padded => {
  const copy = new Uint8Array(bytes.length + 4)
  copy.set(bytes)
  return { bytes: copy.subarray(0, bytes.length), view: new DataView(copy.buffer) }
}

const widthOf = ({ type, type_length: length = 0 }: SchemaElement): number => {
  switch (type) {
    case "INT32":
    case "FLOAT":
      return 4
    case "INT64":
    case "DOUBLE":
      return 8
    case "INT96":
      return 12
    case "FIXED_LEN_BYTE_ARRAY":
      return length
    case "BOOLEAN":
      return 1
    default:
      return 0
  }
}

/** Where the texts of a page begin and end. */
const places = { starts: noInts, ends: noInts }

/** Values of a page that stand plainly from `at` on; valid until those of the next page are asked for. */
export const plainValues = (page: Padded, at: number, element: SchemaElement, count: number): PlainValues => {
  if (places.ends.length < count) {
    places.starts = new Int32Array(count * 2)
    places.ends = new Int32Array(count * 2)
  }
  return valuesAt(page, at, element, count, places.starts.subarray(0, count), places.ends.subarray(0, count))
}

/** @param starts room for where texts begin. @param ends and end */
const valuesAt = (
  { bytes, view }: Padded,
  at: number,
  element: SchemaElement,
  count: number,
  starts: Int32Array,
  ends: Int32Array
): PlainValues => {
  if (element.type === "BOOLEAN") {
    const unpacked = new Uint8Array(count + 4)
    for (let i = 0; i < count; i++) unpacked[i] = ((bytes[at + (i >> 3)] ?? 0) >> (i & 7)) & 1
    return { bytes: unpacked.subarray(0, count), view: new DataView(unpacked.buffer), width: 1, starts: noInts, ends: noInts }
  }
  const width = widthOf(element)
  if (width > 0) {
    const end = at + width * count
    if (end > bytes.length) throw new RangeError("values are cut off")
    const { buffer, byteOffset } = bytes
    return {
      bytes: bytes.subarray(at, end),
      view: new DataView(buffer, byteOffset + at, width * count + 4),
      width,
      starts: noInts,
      ends: noInts
    }
  }
  const texts = bytes.subarray(at)
  const lengths = new DataView(view.buffer, view.byteOffset + at, texts.length + 4)
  let from = 0
  for (let i = 0; i < count; i++) {
    if (from + 4 > texts.length) throw new RangeError("values are cut off")
    const start = from + 4
    const length = lengths.getUint32(from, true)
    if (start + length > texts.length) throw new RangeError("values are cut off")
    starts[i] = start
    from = start + length
    ends[i] = from
  }
  return { bytes: texts, view: lengths, width: 0, starts, ends }
}

/** Pages of version 2, and encodings that neither Sluice nor DuckDB writes. */
const decodeOther = (
  bytes: Uint8Array,
  header: PageHeader,
  slots: number,
  { element, schemaPath, maxDefinition, maxRepetition }: FileLeaf,
  codec: ColumnDecoder["codec"],
  dictionary: PlainValues | null
): ReadPage => {
  const decoder: ColumnDecoder = {
    parsers: DEFAULT_PARSERS,
    pathInSchema: schemaPath.slice(1).map((node) => node.element.name),
    type: element.type ?? "BYTE_ARRAY",
    codec,
    element,
    schemaPath,
    compressors: decompressors
  }
  const { data_page_header: v1 } = header
  const read = v1
    ? readDataPage(decompressPage(bytes, header.uncompressed_page_size, codec, decompressors), v1, decoder)
    : readDataPageV2(bytes, header, decoder)
  const { definitionLevels, repetitionLevels, dataPage } = read
  const definition = new Uint8Array(slots).fill(maxDefinition)
  // None: every value is there.
  if (definitionLevels !== undefined && definitionLevels.length > 0) definition.set(definitionLevels)
  const repetition = new Uint8Array(maxRepetition === 0 ? 0 : slots)
  if (maxRepetition > 0) repetition.set(repetitionLevels)
  const count = dataPage.length
  const about = { slots, definition, isUniform: false, repetition, isFlat: maxRepetition === 0, count }
  if (dictionary === null) return { ...about, values: gathered(dataPage, element), indices: null, inDictionary: false }
  const indices = Int32Array.from(dataPage, Number)
  return { ...about, values: known(dictionary, indices, count), indices, inDictionary: true }
}

/** hyparquet's values as a plain page would have them. */
const gathered = (values: ArrayLike<unknown>, element: SchemaElement): PlainValues => {
  const width = widthOf(element)
  const { length } = values
  if (width > 0) {
    const bytes = new Uint8Array(length * width + 4)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < length; i++) putValue(bytes, view, i * width, width, element, values[i])
    return { bytes: bytes.subarray(0, length * width), view, width, starts: noInts, ends: noInts }
  }
  const texts = Array.from({ length }, (_, i) => asBytes(values[i]))
  const bytes = new Uint8Array(texts.reduce((total, text) => total + text.length, 4))
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  let at = 0
  for (const [i, text] of texts.entries()) {
    starts[i] = at
    bytes.set(text, at)
    at += text.length
    ends[i] = at
  }
  return { bytes: bytes.subarray(0, at), view: new DataView(bytes.buffer), width: 0, starts, ends }
}

const asBytes = (value: unknown): Uint8Array => {
  if (value instanceof Uint8Array) return value
  throw new TypeError("a value is not bytes")
}

const putValue = (bytes: Uint8Array, view: DataView, at: number, width: number, { type }: SchemaElement, value: unknown): void => {
  if (type === "BOOLEAN") bytes[at] = value === true || value === 1 ? 1 : 0
  else if (type === "INT32") view.setInt32(at, Number(value), true)
  else if (type === "INT64")
    view.setBigInt64(at, BigInt(value as bigint), true) // hyparquet gives bigint
  else if (type === "FLOAT") view.setFloat32(at, Number(value), true)
  else if (type === "DOUBLE") view.setFloat64(at, Number(value), true)
  else if (type === "INT96") {
    const number = BigInt(value as bigint) // hyparquet gives bigint: days above 64 bits of nanoseconds
    view.setBigInt64(at, BigInt.asIntN(64, number), true)
    view.setInt32(at + 8, Number(BigInt.asIntN(32, number >> 64n)), true)
  } else bytes.set(asBytes(value).subarray(0, width), at)
}
