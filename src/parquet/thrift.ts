import type { ByteBuffer } from "./byte-buffer.ts"

/** Types of Thrift's compact protocol, as far as Parquet's metadata has them. */
export const thriftType = { true: 1, false: 2, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const

const utf8 = new TextEncoder()

/**
 * Writes structs in Thrift's compact protocol, field by field in ascending order of their numbers. Numbers are never negative in Parquet's
 * metadata, so zigzag doubles them.
 */
export class ThriftWriter {
  readonly out: ByteBuffer
  /** Number of the last field written, of this struct and of those that enclose it. */
  #last = 0
  readonly #enclosing: Array<number> = []

  constructor(out: ByteBuffer) {
    this.out = out
  }

  i32(field: number, value: number): void {
    this.#field(field, thriftType.i32)
    this.out.varint(value * 2)
  }

  /** @param value 0 to 2^52 */
  i64(field: number, value: number): void {
    this.#field(field, thriftType.i64)
    this.out.varint(value * 2)
  }

  bool(field: number, value: boolean): void {
    this.#field(field, value ? thriftType.true : thriftType.false)
  }

  binary(field: number, value: Uint8Array): void {
    this.#field(field, thriftType.binary)
    this.binaryElement(value)
  }

  text(field: number, value: string): void {
    this.binary(field, utf8.encode(value))
  }

  /** A list, whose elements must follow. */
  list(field: number, element: number, size: number): void {
    this.#field(field, thriftType.list)
    if (size < 15) this.out.byte((size << 4) | element)
    else {
      this.out.byte(0xf0 | element)
      this.out.varint(size)
    }
  }

  i32Element(value: number): void {
    this.out.varint(value * 2)
  }

  binaryElement(value: Uint8Array): void {
    this.out.varint(value.length)
    this.out.append(value)
  }

  /** Begins a struct that is a field of this one. */
  begin(field: number): void {
    this.#field(field, thriftType.struct)
    this.beginElement()
  }

  /** Begins a struct that is a list's next element, or stands alone. */
  beginElement(): void {
    this.#enclosing.push(this.#last)
    this.#last = 0
  }

  end(): void {
    this.out.byte(0)
    this.#last = this.#enclosing.pop() ?? 0
  }

  /** Fields of this struct, the last of which is `last`, that are written already. */
  fields(written: Uint8Array, last: number): void {
    this.out.append(written)
    this.#last = last
  }

  #field(field: number, type: number): void {
    this.out.byte(((field - this.#last) << 4) | type)
    this.#last = field
  }
}
