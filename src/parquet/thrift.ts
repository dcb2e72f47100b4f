import { ByteWriter } from "hyparquet-writer/src/bytewriter.js"
import { serializeTCompactProtocol } from "hyparquet-writer/src/thrift.js"
import type { ByteBuffer } from "./byte-buffer.ts"

/** A value of Thrift: whole numbers are of 32 bits, bigints of 64; what is undefined is left out. */
export type Thrift = number | bigint | boolean | string | Uint8Array | Struct | ReadonlyArray<Thrift> | undefined

/** A struct, its fields by their numbers in ascending order. */
export interface Struct {
  readonly [field: `field_${number}`]: Thrift
}

/** One struct is written at a time, so its memory is used again for the next. */
const writer = new ByteWriter(1 << 12)

/** The bytes of a struct in Thrift's compact protocol, for what is written once; until the next one is written. */
export const structBytes = (struct: Struct): Uint8Array => {
  writer.index = 0
  writer.offset = 0
  serializeTCompactProtocol(writer, struct)
  return writer.getBytes()
}

/** Types of the compact protocol. */
export const thrift = { false: 2, true: 1, int32: 5, int64: 6, binary: 8, list: 9, struct: 12 } as const

/**
 * Writes the compact protocol field by field, for page headers and column chunks: files of wide rows are made of them by the thousand. Fields of a struct come by
 * their numbers in ascending order.
 */
export class ThriftWriter {
  readonly out: ByteBuffer
  /** Number of the last field, of each struct that is open. */
  readonly #last: Array<number> = [0]

  constructor(out: ByteBuffer) {
    this.out = out
  }

  /** Begins a struct: the value of a field, or without one an element of a list, or the outermost. */
  begin(field = 0): void {
    if (field > 0) this.#field(field, thrift.struct)
    this.#last.push(0)
  }

  end(): void {
    this.#last.pop()
    this.out.byte(0)
  }

  /** @param value not below 0 */
  int32(field: number, value: number): void {
    this.#field(field, thrift.int32)
    this.out.varint(value * 2)
  }

  /** @param value not below 0, and of at most 52 bits */
  int64(field: number, value: number): void {
    this.#field(field, thrift.int64)
    this.out.varint(value * 2)
  }

  boolean(field: number, value: boolean): void {
    this.#field(field, value ? thrift.true : thrift.false)
  }

  binary(field: number, value: Uint8Array): void {
    this.#field(field, thrift.binary)
    this.text(value)
  }

  /** Begins a list of so many elements, which follow. */
  list(field: number, type: number, size: number): void {
    this.#field(field, thrift.list)
    if (size < 15) this.out.byte((size << 4) | type)
    else {
      this.out.byte(0xf0 | type)
      this.out.varint(size)
    }
  }

  /** An element of a list of binaries. */
  text(value: Uint8Array): void {
    this.out.varint(value.length)
    this.out.append(value)
  }

  #field(field: number, type: number): void {
    const last = this.#last.length - 1
    // Never more than 15 further: no struct of Parquet's has so many fields.
    this.out.byte(((field - (this.#last[last] ?? 0)) << 4) | type)
    this.#last[last] = field
  }
}
