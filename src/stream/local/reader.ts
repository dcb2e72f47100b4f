import { Clock, Effect } from "effect"
import type { IteratorStart, KinesisError, RecordsPage, StreamRecord } from "../kinesis/api.ts"
import { type Disk, DiskError, type DiskFile, withFile } from "./disk.ts"
import { damaged, fromDisk, invalid } from "./failures.ts"
import { eachRecord, frameBytes, isOfLost, isWhole, readFrameHeader, segmentHeaderBytes } from "./frame.ts"
import { type Durable, files, segmentsIn } from "./layout.ts"
import { headerOf } from "./trim.ts"

export interface ReaderSettings {
  readonly disk: Disk
  readonly folder: string
  readonly seed: number
  /** As errors name it. */
  readonly stream: string
  /** How far records are stored for good: nothing behind that is read. */
  readonly durable: Effect.Effect<Durable, KinesisError>
}

/** What an iterator stands for: records of a shard from `next` on, and not before `time`. `offset` of `segment` is where a frame at or before these begins. */
interface Cursor {
  readonly shard: number
  readonly next: number
  readonly segment: number
  readonly offset: number
  /** Milliseconds since 1970; 0: whenever they came. */
  readonly time: number
}

const cursorPattern = /^(\d+)\/(\d+)\/(\d+)\/(\d+)\/(\d+)$/
const textOf = ({ shard, next, segment, offset, time }: Cursor): string => [shard, next, segment, offset, time].join("/")
const cursorOf = (text: string): Cursor | null => {
  const match = cursorPattern.exec(text)
  if (match === null) return null
  const [shard = 0, next = 0, segment = 0, offset = 0, time = 0] = match.slice(1).map(Number)
  return { shard, next, segment, offset, time }
}

/** Most bytes of a page, keys included, as Kinesis has it. */
const pageBytes = 10 * 1024 * 1024
/** Read at a time. */
const chunkBytes = 1024 * 1024

const asFailure =
  (operation: string, stream: string) =>
  (error: KinesisError | DiskError): KinesisError =>
    error instanceof DiskError ? fromDisk(operation, stream, error) : error

/** An iterator over a shard. It does not expire. */
export const iteratorAt = (settings: ReaderSettings, shard: number, start: IteratorStart): Effect.Effect<string, KinesisError> =>
  Effect.gen(function* () {
    const { stream, disk, folder, seed } = settings
    const operation = "GetShardIterator"
    const durable = yield* settings.durable
    const segments = segmentsIn(yield* disk.list(folder)).filter((segment) => segment <= durable.segment)
    const [first = durable.segment] = segments
    const begin = (segment: number, next: number, time = 0) => textOf({ shard, next, segment, offset: segmentHeaderBytes, time })
    if (start.type === "LATEST") return textOf({ ...durable, shard, time: 0 })
    if ("timestamp" in start) {
      const now = yield* Clock.currentTimeMillis
      if (start.timestamp > now) return yield* invalid(operation, stream, "The time lies in the future")
      let from = first
      for (const segment of segments) {
        const header = yield* headerOf(disk, folder, segment, seed)
        if (header !== null && header.begunAt > start.timestamp) break
        from = segment
      }
      return begin(from, from, Math.max(0, Math.ceil(start.timestamp)))
    }
    if (!("sequenceNumber" in start)) return begin(first, first)
    const number = Number(start.sequenceNumber)
    const wanted = start.type === "AFTER_SEQUENCE_NUMBER" ? number + 1 : number
    if (!/^(0|[1-9]\d{0,15})$/.test(start.sequenceNumber) || number >= Math.max(durable.next, 1))
      return yield* invalid(operation, stream, `The stream never had the sequence number ${start.sequenceNumber}`)
    return begin(segments.findLast((segment) => segment <= wanted) ?? first, wanted)
  }).pipe(Effect.mapError(asFailure("GetShardIterator", settings.stream)))

/** A page of records. Whatever has to be passed over to come to the first one is, so that none without records stands before the tip. */
export const readPage = (settings: ReaderSettings, iterator: string, limit: number): Effect.Effect<RecordsPage, KinesisError> =>
  Effect.gen(function* () {
    const { disk, folder, seed, stream } = settings
    const cursor = cursorOf(iterator)
    if (cursor === null || !(limit >= 1 && limit <= 10_000)) return yield* invalid("GetRecords", stream, "No such iterator, or limit")
    const durable = yield* settings.durable
    const servedAt = yield* Clock.currentTimeMillis
    const segments = segmentsIn(yield* disk.list(folder))
    const [first = durable.segment] = segments
    const trimmedBefore = first > cursor.next ? ((yield* headerOf(disk, folder, first, seed))?.begunAt ?? servedAt) : undefined
    // What was not read has gone: reading goes on with the oldest there is.
    const from =
      first > cursor.segment ? { ...cursor, segment: first, offset: segmentHeaderBytes, next: Math.max(first, cursor.next) } : cursor
    const page = new Page(settings, from, durable, limit)
    for (let segment = from.segment; segment <= durable.segment; ) {
      const path = files(folder).segment(segment)
      yield* withFile(disk, path, "read", (file) => page.read(file, path, segment))
      if (segment === durable.segment || page.isFull) break
      const behind = segments.find((other) => other > segment)
      if (behind === undefined || behind > page.next)
        return yield* damaged("GetRecords", stream, folder, `the file with record ${page.next} is not there, or not whole`)
      segment = behind
      page.begin(segment)
    }
    const missing = Math.max(trimmedBefore ?? 0, page.lostBefore)
    return { ...page.result(servedAt), ...(missing === 0 ? {} : { trimmedBefore: missing }) }
  }).pipe(Effect.mapError(asFailure("GetRecords", settings.stream)))

/** A page that is being filled, by frame after frame. */
class Page {
  readonly #settings: ReaderSettings
  readonly #durable: Durable
  readonly #limit: number
  #cursor: Cursor
  readonly #records: Array<StreamRecord> = []
  #bytes = 0
  /** When the records that come next arrived. */
  #nextTime = 0
  isFull = false
  /** Records that came before this time may be lost; 0: none. */
  lostBefore = 0

  constructor(settings: ReaderSettings, cursor: Cursor, durable: Durable, limit: number) {
    this.#settings = settings
    this.#cursor = cursor
    this.#durable = durable
    this.#limit = limit
  }

  begin(segment: number): void {
    this.#cursor = { ...this.#cursor, segment, offset: segmentHeaderBytes }
  }

  /** All records before it were read, or passed over. */
  get next(): number {
    return this.#cursor.next
  }

  /** Takes what one segment has. */
  read(file: DiskFile, path: string, segment: number): Effect.Effect<void, KinesisError | DiskError> {
    return Effect.gen({ self: this }, function* () {
      const { seed, stream } = this.#settings
      const end = segment === this.#durable.segment ? this.#durable.offset : yield* file.size
      while (this.#cursor.offset < end && !this.isFull) {
        const left = end - this.#cursor.offset
        let bytes = yield* file.read(this.#cursor.offset, Math.min(left, chunkBytes))
        const long = readFrameHeader(bytes, 0)
        if (long !== null && frameBytes(long) > bytes.length && frameBytes(long) <= left)
          bytes = yield* file.read(this.#cursor.offset, frameBytes(long))
        if (bytes.length === 0) return yield* damaged("GetRecords", stream, path, `the file ends at byte ${this.#cursor.offset} of ${end}`)
        let at = 0
        while (at < bytes.length && !this.isFull) {
          const frame = readFrameHeader(bytes, at)
          // What begins in this piece and does not end in it begins the next.
          if (at > 0 && (frame === null || at + frameBytes(frame) > bytes.length) && bytes.length < left) break
          if (frame === null || !isWhole(bytes, at, frame, seed))
            return yield* damaged(
              "GetRecords",
              stream,
              `byte ${this.#cursor.offset} of ${path}`,
              "what stands there is not what was written"
            )
          this.#take(bytes, at, frame)
          at += frameBytes(frame)
        }
      }
    })
  }

  #take(bytes: Buffer, at: number, frame: { first: number; count: number; length: number; time: number }): void {
    const { shard, time } = this.#cursor
    const behind = frame.first + frame.count
    const move = () => {
      this.#cursor = { ...this.#cursor, next: Math.max(this.#cursor.next, behind), offset: this.#cursor.offset + frameBytes(frame) }
    }
    if (behind <= this.#cursor.next || frame.time < time) {
      move()
      return
    }
    if (isOfLost(frame)) {
      // What was read before them goes first: so it can be told since when records are missing.
      if (this.#records.length > 0) this.isFull = true
      else {
        this.lostBefore = frame.time
        move()
      }
      return
    }
    this.#nextTime = frame.time
    eachRecord(bytes, at, frame, shard, (i, keyAt, dataAt, end) => {
      const sequenceNumber = frame.first + i
      if (sequenceNumber < this.#cursor.next) return true
      const size = end - keyAt
      if (this.#records.length >= this.#limit || (this.#records.length > 0 && this.#bytes + size > pageBytes)) {
        this.isFull = true
        this.#cursor = { ...this.#cursor, next: sequenceNumber, time: 0 }
        return false
      }
      this.#bytes += size
      this.#records.push({
        sequenceNumber: String(sequenceNumber),
        partitionKey: bytes.toString("utf8", keyAt, dataAt),
        data: bytes.subarray(dataAt, end),
        arrivedAt: frame.time
      })
      return true
    })
    if (this.isFull) return
    move()
    this.#cursor = { ...this.#cursor, time: 0 }
  }

  result(servedAt: number): RecordsPage {
    return {
      records: this.#records,
      nextIterator: textOf(this.#cursor),
      millisBehindLatest: this.isFull ? Math.max(1, servedAt - this.#nextTime) : 0,
      servedAt,
      childShards: []
    }
  }
}
