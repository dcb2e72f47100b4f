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

const states = { record: 0, field: 1, plain: 2, quoted: 3, closed: 4, beyond: 5 } as const
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
  #state: number = states.record
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
    const { delimiter, quote } = this.#quoting
    let state = this.#state
    let beyond = this.#start + this.#limit + 1
    for (let at = from; at < to; ) {
      // In quotes a newline counts from here on.
      if (at >= beyond) state = states.beyond
      const byte = bytes[at] ?? 0
      switch (state) {
        case states.record:
          if (byte === mark[at - this.#start]) {
            at++
            break
          }
          // A part of a mark is a text.
          state = at === this.#start || at === this.#start + mark.length ? states.field : states.plain
          break
        case states.field:
          if (byte === quote) {
            state = states.quoted
            at++
          } else state = states.plain
          break
        case states.plain:
        case states.beyond: {
          let next = byte
          while (next !== newline && (next !== delimiter || state === states.beyond) && ++at < to) next = bytes[at] ?? 0
          if (at === to) break
          if (next === newline) {
            this.#ends.push(at)
            this.#start = at + 1
            beyond = this.#start + this.#limit + 1
            state = states.record
          } else state = states.field
          at++
          break
        }
        case states.quoted: {
          const until = Math.min(to, beyond)
          while (at < until && bytes[at] !== quote) at++
          if (at < until) {
            state = states.closed
            at++
          }
          break
        }
        default:
          // A doubled quote stands for one.
          state = byte === quote ? states.quoted : states.plain
          if (state === states.quoted) at++
      }
    }
    this.#state = state
    return this.#ends.length > 0
  }
}
