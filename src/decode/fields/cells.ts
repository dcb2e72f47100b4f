/** Fields of one record, found in the bytes of a page: texts without quotes and escapes, each at its place in the record. Reused from record to record. */
export class Cells {
  /** The page's bytes, and behind them room for texts that do not stand there as they are. */
  readonly bytes: Buffer
  readonly view: DataView
  /** Field `i` is `bytes[starts[i], ends[i])`; -1 as its start: null. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  count = 0
  readonly #room: number
  #top = 0

  /** Longest part of a page that fits, in bytes. */
  static readonly capacity: number = 1 << 20
  /** A stop for every scan, and room to read a few bytes at a time. */
  static readonly #padding = 16

  /** @param most fields in a record */
  constructor(most: number) {
    this.#room = Cells.capacity + Cells.#padding
    // Texts get shorter by losing escapes, but for a time, which may become longer.
    const buffer = new ArrayBuffer(2 * this.#room + 64)
    this.bytes = Buffer.from(buffer)
    this.view = new DataView(buffer)
    this.starts = new Int32Array(most)
    this.ends = new Int32Array(most)
  }

  load(page: Buffer, from: number, to: number): void {
    page.copy(this.bytes, 0, from, to)
    this.bytes.fill(0, to - from, to - from + Cells.#padding)
  }

  begin(): void {
    this.count = 0
    this.#top = this.#room
  }

  add(start: number, end: number): void {
    this.starts[this.count] = start
    this.ends[this.count++] = end
  }

  addNull(): void {
    this.starts[this.count++] = -1
  }

  /** Where a text may be written that `write` then adds, of at most as many bytes as are in the record, or 64. */
  get room(): number {
    return this.#top
  }

  /** Adds the text that was written from `room` on. */
  addWritten(end: number): void {
    this.add(this.#top, end)
    this.#top = end
  }
}
