import { Effect } from "effect"
import { firehoseSource } from "../lake/firehose.ts"
import { count } from "../record/count.ts"
import type { DeadLetter } from "../record/dead-letter.ts"
import { Store, type StoreError } from "../store/store.ts"
import { type FirehoseApi, putLimits } from "./api.ts"
import { errorLine } from "./error-record.ts"
import { type PutFailed, putLines } from "./put-lines.ts"
import { putOnce, structuringErrors } from "./structured-objects.ts"

/** An object of structured JSON that is to be sent. */
export interface StructuredObject {
  readonly dataset: string
  /** Below the lake. */
  readonly key: string
  /** When it was written, milliseconds since 1970. */
  readonly writtenAt: number
}

/** What an object came to. */
export interface Sent {
  readonly lines: number
  readonly deadLetters: number
}

/** Bytes of an object that are read and put at a time. */
const rangeBytes = 4 * 1024 * 1024
const lineFeed = 10

/**
 * Puts the lines of an object of structured JSON into a delivery stream, however large it is. A line that Firehose does not take
 * is a dead letter under the error prefix.
 *
 * An object that is sent again is there again: Firehose knows no records. One that is gone is a failure: how else would anybody know?
 *
 * @param deadline milliseconds since 1970
 */
export const sendObject = (
  api: FirehoseApi,
  stream: string,
  object: StructuredObject,
  deadline: number
): Effect.Effect<Sent, PutFailed | StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const { size } = yield* store.head(object.key)
    const letters: Array<DeadLetter> = []
    let lines = 0
    const send = (cut: LinesOfRange) =>
      Effect.gen(function* () {
        lines += cut.lines.length
        letters.push(...cut.tooLong.map((line) => tooLong(object, line)))
        yield* putLines(api, stream, cut.lines, deadline)
      })
    const cutter = new LineCutter()
    for (let start = 0; start < size; start += rangeBytes)
      yield* send(cutter.cut(yield* store.getRange(object.key, start, Math.min(size, start + rangeBytes))))
    yield* send(cutter.end())
    yield* writeLetters(object, letters)
    return { lines, deadLetters: letters.length }
  })

const writeLetters = (object: StructuredObject, letters: ReadonlyArray<DeadLetter>) =>
  letters.length === 0
    ? Effect.void
    : putOnce(
        structuringErrors,
        { dataset: object.dataset, shard: `sent ${object.key}`, arrivedAt: object.writtenAt },
        0,
        letters.map((letter) => errorLine(object.dataset, letter))
      )

/** A line that is longer than Firehose takes, as far as it was kept. */
interface TooLong {
  readonly offset: number
  readonly raw: Uint8Array
  readonly size: number
}

interface LinesOfRange {
  /** Each with its line feed. */
  readonly lines: ReadonlyArray<Uint8Array>
  readonly tooLong: ReadonlyArray<TooLong>
}

/** Cuts ranges that follow each other into lines. Of one that is too long it keeps as much as Firehose takes. */
class LineCutter {
  #kept: Array<Uint8Array> = []
  #keptBytes = 0
  /** Bytes of the line that is not at its end, kept or not, and where it begins. */
  #size = 0
  #offset = 0

  cut(bytes: Uint8Array): LinesOfRange {
    const lines: Array<Uint8Array> = []
    const tooLong: Array<TooLong> = []
    for (let start = 0; start < bytes.length; ) {
      const found = bytes.indexOf(lineFeed, start)
      const end = found < 0 ? bytes.length : found
      this.#keep(bytes.subarray(start, end))
      if (found < 0) break
      this.#finish(lines, tooLong)
      start = found + 1
    }
    return { lines, tooLong }
  }

  /** What stands behind the last line feed is a line as well. */
  end(): LinesOfRange {
    const lines: Array<Uint8Array> = []
    const tooLong: Array<TooLong> = []
    this.#finish(lines, tooLong)
    return { lines, tooLong }
  }

  #keep(bytes: Uint8Array): void {
    this.#size += bytes.length
    // Of one that is too long something is always left out, which a replay tells it by: it must not take structured JSON for a record.
    const part = bytes.subarray(0, Math.max(0, putLimits.recordBytes - 1 - this.#keptBytes))
    this.#kept.push(part)
    this.#keptBytes += part.length
  }

  #finish(lines: Array<Uint8Array>, tooLong: Array<TooLong>): void {
    const line = new Uint8Array(Buffer.concat([...this.#kept, Buffer.of(lineFeed)]))
    const raw = line.subarray(0, -1)
    if (this.#size + 1 > putLimits.recordBytes) tooLong.push({ offset: this.#offset, raw, size: this.#size })
    else if (Buffer.from(raw).toString("latin1").trim() !== "") lines.push(line)
    this.#offset += this.#size + 1
    this.#size = 0
    this.#kept = []
    this.#keptBytes = 0
  }
}

const tooLong = ({ key, writtenAt }: StructuredObject, { offset, raw, size }: TooLong): DeadLetter => ({
  source: firehoseSource,
  shard: key,
  sequenceNumber: String(offset),
  subSequenceNumber: 0,
  arrivedAt: writtenAt,
  reason: "too_large",
  path: null,
  offset: null,
  detail: `A line of ${count(size, "byte")}, of which Firehose takes ${count(putLimits.recordBytes - 1, "byte")}.`,
  raw,
  size,
  header: null
})
