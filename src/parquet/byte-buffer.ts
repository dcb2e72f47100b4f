/** Bytes being written, in memory that grows and is used again. Who writes many bytes reserves room and writes into `bytes` or `view` itself. */
export class ByteBuffer {
  bytes: Uint8Array<ArrayBuffer>
  view: DataView<ArrayBuffer>
  /** How many bytes are written. */
  length = 0

  constructor(size = 1 << 12) {
    this.bytes = new Uint8Array(size)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes room for as many more bytes, which may replace `bytes` and `view`. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  clear(): void {
    this.length = 0
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  int32(value: number): void {
    this.reserve(4)
    this.view.setInt32(this.length, value, true)
    this.length += 4
  }

  /** @param value a whole number, 0 to 2^53 - 1 */
  varint(value: number): void {
    this.reserve(8)
    const { bytes } = this
    let rest = value
    // Beyond 32 bits there are no shifts.
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 128)) bytes[this.length++] = (rest % 128) | 0x80
    for (; rest >= 0x80; rest >>>= 7) bytes[this.length++] = (rest & 0x7f) | 0x80
    bytes[this.length++] = rest
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** What is written, or a part of it, until the next write. */
  written(start = 0, end = this.length): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(start, end)
  }

  /** A copy of what is written, in memory of its own. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length)
  }
}
