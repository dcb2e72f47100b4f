import { Marks } from "../decode/csv/marks.ts"

/**
 * Where records end, told of bytes that come piece by piece. A record ends before a newline, which belongs to nobody; what that is depends on the
 * framing, and on nothing but the bytes from the record's first one on and the limit of a record: so the same content is cut alike however it
 * comes, and wherever reading goes on.
 */
export interface RecordEnds {
  /** Takes in `bytes[from, to)`, which stand behind what it has seen. @returns whether a record ended in anything that it has seen */
  readonly see: (bytes: Buffer, from: number, to: number) => boolean
  /** Index of the newline behind each record that ends in `bytes`, all of which it has seen, in order. */
  readonly of: (bytes: Buffer) => ReadonlyArray<number>
  /** Do records end at newlines? Otherwise with the content. */
  readonly byNewline: boolean
  /** Would a newline behind what it has seen belong to the record that it is in? */
  readonly isOpen: boolean
}

const newline = 10

/** Records are lines. */
export class LineEnds implements RecordEnds {
  readonly byNewline = true
  readonly isOpen = false
  #isAny = false

  see(bytes: Buffer, from: number, to: number): boolean {
    this.#isAny ||= bytes.subarray(from, to).includes(newline)
    return this.#isAny
  }

  of(bytes: Buffer): ReadonlyArray<number> {
    const ends: Array<number> = []
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) ends.push(at)
    return ends
  }
}

/** The whole content is one record. */
export const documentEnds: RecordEnds = { see: () => false, of: () => [], byNewline: false, isOpen: true }

/** What of CSV tells where records end. */
export interface Quoting {
  /** Bytes. */
  readonly delimiter: number
  readonly quote: number
}

/** So many bytes are marked at a time, in memory that all share, and that is made when it is first needed. */
const markedBytes = 1 << 16
let shared: Marks | null = null

const states = { begin: 0, plain: 1, quoted: 2, closed: 3, beyond: 4 } as const
const mark = [0xef, 0xbb, 0xbf]

/**
 * Records of CSV: newlines inside of quotes belong to fields. A quote opens a field only at its beginning, elsewhere it is a character like
 * others. A record that is longer than the limit ends at the next newline even so: a quote that nobody closes must not swallow what follows.
 */
export class CsvEnds implements RecordEnds {
  readonly byNewline = true
  readonly #quoting: Quoting
  readonly #limit: number
  readonly #ends: Array<number> = []
  #state: number = states.begin
  /** Where the record begins that it is in. */
  #start = 0

  constructor(quoting: Quoting, maxRecordBytes: number) {
    this.#quoting = quoting
    this.#limit = maxRecordBytes
  }

  of(): ReadonlyArray<number> {
    return this.#ends
  }

  get isOpen(): boolean {
    return this.#state === states.quoted
  }

  see(bytes: Buffer, from: number, to: number): boolean {
    for (let at = from; at < to; at += markedBytes) this.#see(bytes, at, Math.min(to, at + markedBytes))
    return this.#ends.length > 0
  }

  /** @param from where the bytes begin that are marked */
  #see(bytes: Buffer, from: number, to: number): void {
    const { delimiter, quote } = this.#quoting
    shared ??= new Marks(markedBytes, markedBytes)
    const marks = shared
    bytes.copy(marks.bytes, 0, from, to)
    marks.mark(to - from, newline, quote, quote)
    let state = this.#state
    let start = this.#start
    let beyond = start + this.#limit + 1
    for (let at = from; at < to; ) {
      // In quotes a newline counts from here on.
      if (at >= beyond) state = states.beyond
      let byte = bytes[at] ?? 0
      switch (state) {
        case states.begin:
          if (byte === mark[at - start]) {
            at++
            break
          }
          // A part of a mark is a text.
          if (byte === quote && (at === start || at === start + mark.length)) {
            state = states.quoted
            at++
          } else state = states.plain
          break
        case states.plain: {
          at = from + marks.next(at - from)
          const until = Math.min(to, beyond)
          if (at >= until) {
            at = until
            break
          }
          byte = bytes[at] ?? 0
          if (byte === newline) {
            this.#ends.push(at)
            start = at + 1
            beyond = start + this.#limit + 1
            state = states.begin
          } else if (bytes[at - 1] === delimiter) state = states.quoted
          at++
          break
        }
        case states.quoted: {
          const until = Math.min(to, beyond)
          do at = from + marks.next(at - from)
          while (at < until && bytes[at] !== quote && ++at < until)
          if (at >= until) at = until
          else {
            state = states.closed
            at++
          }
          break
        }
        case states.closed:
          // A doubled quote stands for one.
          state = byte === quote ? states.quoted : states.plain
          if (state === states.quoted) at++
          break
        default: {
          const found = bytes.subarray(at, to).indexOf(newline)
          if (found < 0) at = to
          else {
            this.#ends.push(at + found)
            at += found + 1
            start = at
            beyond = start + this.#limit + 1
            state = states.begin
          }
        }
      }
    }
    this.#state = state
    this.#start = start
  }
}
