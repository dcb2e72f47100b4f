import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib"
import { type AsyncBuffer, type Compressors, type FileMetaData, parquetMetadata, parquetMetadataAsync } from "hyparquet"

/** What every reader of Parquet bytes here needs of hyparquet's surroundings. */

const bytesOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Codecs beside SNAPPY, which hyparquet has. */
export const decompressors: Compressors = {
  ZSTD: (input) => bytesOf(zstdDecompressSync(input)),
  GZIP: (input) => bytesOf(gunzipSync(input)),
  BROTLI: (input) => bytesOf(brotliDecompressSync(input))
}

/** The bytes as an ArrayBuffer of their own. */
export const arrayBuffer = (bytes: Uint8Array): ArrayBuffer => {
  const copy = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(copy).set(bytes)
  return copy
}

/** The footer of a file of which only that is copied. Throws whatever hyparquet says of bytes that are not Parquet. */
export const footer = (bytes: Uint8Array): FileMetaData => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = bytes.byteLength < 8 ? 0 : 8 + view.getUint32(bytes.byteLength - 8, true)
  return parquetMetadata(arrayBuffer(bytes.subarray(Math.max(0, bytes.byteLength - length))))
}

/** The footer of a file of which ranges can be fetched. */
export const footerOf = (file: AsyncBuffer): Promise<FileMetaData> => parquetMetadataAsync(file)
