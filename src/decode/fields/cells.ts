import { Marks } from "../csv/marks.ts"

/** Fields of records, found in the bytes of a page: texts without quotes and escapes, record by record, each at its place in it. Used again and again. */
export class Cells {
  /** Marks the page's bytes. */
  readonly marks: Marks
  /** The page's bytes, and behind them room for texts that do not stand there as they are. */
  readonly bytes: Buffer
  readonly view: DataView
  /** Field `i` is `bytes[starts[i], ends[i])`; -1 as its start: null. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  count = 0
  #top = 0

  /** Longest part of a page that fits, in bytes. */
  static readonly capacity: number = 1 << 20
  /** Most fields, of one record or of many, and where those of one record stand that is looked at beside many. */
  static readonly most = 1 << 14
  /** A stop for every scan, and room to read a few bytes at a time. */
  static readonly #padding = 16
  /** Where texts of many records are written, and behind how many bytes those of one. */
  static readonly #room = Cells.capacity + Cells.#padding
  static readonly #roomOfMany = 1 << 19

  /** @param isSimd may a kernel mark the bytes? */
  constructor(isSimd: boolean) {
    // Texts get shorter by losing escapes, but for a time, which may become longer.
    this.marks = new Marks(2 * Cells.#room + Cells.#roomOfMany + 64, Cells.capacity, isSimd)
    this.bytes = this.marks.bytes
    this.view = new DataView(this.marks.buffer)
    this.starts = new Int32Array(2 * Cells.most)
    this.ends = new Int32Array(2 * Cells.most)
  }

  load(page: Buffer, from: number, to: number): void {
    page.copy(this.bytes, 0, from, to)
    this.bytes.fill(0, to - from, to - from + Cells.#padding)
  }

  /** Fields of many records come: of so few bytes in all that what is written of them has half the room. */
  beginMany(): void {
    this.count = 0
    this.#top = Cells.#room
  }

  /** Fields of one record come, from `most` on. Those of many stay what they are. */
  beginOne(): void {
    this.count = Cells.most
    this.#top = Cells.#room + Cells.#roomOfMany
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
