import { ByteWriter } from "hyparquet-writer/src/bytewriter.js"
import { serializeTCompactProtocol } from "hyparquet-writer/src/thrift.js"

/** A value of Thrift: whole numbers are of 32 bits, bigints of 64; what is undefined is left out. */
export type Thrift = number | bigint | boolean | string | Uint8Array | Struct | ReadonlyArray<Thrift> | undefined

/** A struct, its fields by their numbers in ascending order. */
export interface Struct {
  readonly [field: `field_${number}`]: Thrift
}

/** One struct is written at a time, so its memory is used again for the next. */
const writer = new ByteWriter(1 << 12)

/** The bytes of a struct in Thrift's compact protocol, as Parquet's page headers and footers are written; until the next one is written. */
export const structBytes = (struct: Struct): Uint8Array => {
  writer.index = 0
  writer.offset = 0
  serializeTCompactProtocol(writer, struct)
  return writer.getBytes()
}
