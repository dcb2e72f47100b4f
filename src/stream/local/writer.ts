import { Clock, Deferred, Effect, Latch, type Scope } from "effect"
import { KinesisError, type PutAnswer, type PutRecord } from "../kinesis/api.ts"
import type { Disk, DiskError, DiskFile } from "./disk.ts"
import { fromDisk } from "./failures.ts"
import { encodeFrameHeader, encodeSegmentHeader, frameHeaderBytes, recordBytes, segmentHeaderBytes, writeRecord } from "./frame.ts"
import { type Durable, encodeDurable, files } from "./layout.ts"
import type { LogEnd } from "./recover.ts"
import { trim } from "./trim.ts"

export interface WriterSettings {
  readonly disk: Disk
  readonly folder: string
  readonly seed: number
  /** As errors name it. */
  readonly stream: string
  readonly shardIds: ReadonlyArray<string>
  readonly shardOf: (partitionKey: string, explicitHashKey: string | undefined) => number
  /** Bytes of a segment, more or less: the last frame may reach beyond. */
  readonly segmentBytes: number
  readonly retentionMillis: number
  /** Bytes of all segments, beyond which the oldest are let go; null: whatever they have. */
  readonly maxBytes: number | null
}

/** Bytes of records that are committed together, unless one call alone has more. */
const frameTarget = 4 * 1024 * 1024
/** Bytes of records that wait, beyond which calls are refused. */
const mostWaiting = 64 * 1024 * 1024
/** A segment is begun at least so often while the stream is kept, so that what is too old goes soon. */
const segmentsInRetention = 24

/** A call that waits for its commit. */
interface Waiting {
  readonly bytes: Buffer
  readonly shards: Uint16Array
  readonly done: (exit: Effect.Effect<ReadonlyArray<PutAnswer>, KinesisError>) => void
}

/**
 * Writes a log. Invariant: all before `durable` is synced, and nothing else is acknowledged or shown to readers.
 *
 * All calls that wait while the disk is busy are written and synced together, as one frame. What fails is answered with its error to all of them; what
 * it may have written is cut before anything else is.
 */
export class Writer {
  readonly #settings: WriterSettings
  #file: DiskFile
  readonly #durableFile: DiskFile
  #end: LogEnd
  #waiting: Array<Waiting> = []
  #waitingBytes = 0
  #isClosed = false
  /** Something may lie behind the end, which must be cut before more is written. */
  #isTorn = false
  /** A segment was begun, perhaps: nothing may be written into the one before any more, even where the clock was put back meanwhile. Else its records would come behind a file that has their names. */
  #isBegun = false
  readonly #work = Latch.makeUnsafe()
  readonly #ended = Deferred.makeUnsafe<void>()
  /** Syncs that were made for records. */
  commits = 0

  private constructor(settings: WriterSettings, end: LogEnd, file: DiskFile, durableFile: DiskFile) {
    this.#settings = settings
    this.#end = end
    this.#file = file
    this.#durableFile = durableFile
  }

  /** Goes on behind a log that was recovered, for as long as the scope is open; then what waits is committed, and no more is taken. */
  static make(settings: WriterSettings, end: LogEnd): Effect.Effect<Writer, DiskError, Scope.Scope> {
    return Effect.gen(function* () {
      const { disk, folder } = settings
      const durableFile = yield* Effect.acquireRelease(disk.open(files(folder).durable, "write"), (file) => file.close)
      const writer = yield* Effect.acquireRelease(
        Effect.map(disk.open(files(folder).segment(end.segment), "log"), (file) => new Writer(settings, end, file, durableFile)),
        (writer) => Effect.suspend(() => writer.#file.close)
      )
      yield* Effect.forkScoped(writer.#run())
      yield* Effect.addFinalizer(() => writer.#close())
      return writer
    })
  }

  get durable(): Durable {
    return this.#end
  }

  /** Succeeds when the records are stored for good; whoever stops waiting does not take them back. */
  put(records: ReadonlyArray<PutRecord>): Effect.Effect<ReadonlyArray<PutAnswer>, KinesisError> {
    return Effect.callback((resume) => {
      if (this.#isClosed) return resume(Effect.fail(this.#refusal("Unavailable", "The stream is being closed")))
      if (this.#waitingBytes > mostWaiting)
        return resume(Effect.fail(this.#refusal("Throttled", "More records wait for the disk than are held in memory")))
      const waiting = { ...this.#encode(records), done: resume }
      this.#waiting.push(waiting)
      this.#waitingBytes += waiting.bytes.length
      this.#work.openUnsafe()
    })
  }

  #refusal(reason: "Unavailable" | "Throttled", detail: string): KinesisError {
    const { stream } = this.#settings
    return new KinesisError({ operation: "PutRecords", stream, reason, detail, hint: "Put the records again, later." })
  }

  #encode(records: ReadonlyArray<PutRecord>): Pick<Waiting, "bytes" | "shards"> {
    let size = 0
    for (const { partitionKey, data } of records) size += recordBytes(Buffer.byteLength(partitionKey), data.length)
    const bytes = Buffer.allocUnsafe(size)
    const shards = new Uint16Array(records.length)
    let at = 0
    for (const [i, { partitionKey, explicitHashKey, data }] of records.entries()) {
      const shard = this.#settings.shardOf(partitionKey, explicitHashKey)
      shards[i] = shard
      at = writeRecord(bytes, at, shard, partitionKey, data)
    }
    return { bytes, shards }
  }

  #run(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const group = this.#take()
        if (group.length > 0) yield* Effect.uninterruptible(this.#commit(group))
        else if (this.#isClosed) break
        else yield* this.#work.await
      }
    }).pipe(Effect.ensuring(Deferred.succeed(this.#ended, undefined)))
  }

  #close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isClosed = true
      this.#work.openUnsafe()
      return Deferred.await(this.#ended)
    })
  }

  /** What is committed next. */
  #take(): ReadonlyArray<Waiting> {
    let bytes = 0
    let n = 0
    for (const each of this.#waiting) {
      if (n > 0 && bytes + each.bytes.length > frameTarget) break
      bytes += each.bytes.length
      n++
    }
    const group = this.#waiting.splice(0, n)
    this.#waitingBytes -= bytes
    if (n === 0) this.#work.closeUnsafe()
    return group
  }

  #commit(group: ReadonlyArray<Waiting>): Effect.Effect<void> {
    const { shardIds, stream } = this.#settings
    return this.#store(group).pipe(
      Effect.match({
        onFailure: (error) => {
          const failure = Effect.fail(fromDisk("PutRecords", stream, error))
          for (const { done } of group) done(failure)
        },
        onSuccess: (first) => {
          let sequenceNumber = first
          for (const { done, shards } of group) {
            const answers: Array<PutAnswer> = []
            for (const shard of shards) answers.push({ ok: true, sequenceNumber: String(sequenceNumber++), shardId: shardIds[shard] ?? "" })
            done(Effect.succeed(answers))
          }
        }
      })
    )
  }

  /** @returns the sequence number of the first record */
  #store(group: ReadonlyArray<Waiting>): Effect.Effect<number, DiskError> {
    return Effect.gen({ self: this }, function* () {
      if (this.#isTorn) yield* this.#cut()
      const time = yield* Clock.currentTimeMillis
      yield* this.#rotate(time)
      const { seed } = this.#settings
      const { offset, next } = this.#end
      const records = group.map(({ bytes }) => bytes)
      const length = records.reduce((sum, { length }) => sum + length, 0)
      const count = group.reduce((sum, { shards }) => sum + shards.length, 0)
      const header = encodeFrameHeader({ length, count, first: next, time }, records, seed)
      const end = { ...this.#end, offset: offset + frameHeaderBytes + length, next: next + count }
      this.#isTorn = true
      yield* this.#file.write([header, ...records], offset)
      // The commit point: it is a log.
      this.#isTorn = false
      this.#end = end
      this.commits++
      // Readers of other processes see it from here on. What cannot be told now is told with what comes next, or by who takes the lock next.
      yield* Effect.catch(this.#durableFile.write([encodeDurable(end, seed)], 0), (error) =>
        Effect.logWarning(`records are stored, and other processes do not see them yet: ${error.message}`)
      )
      return next
    })
  }

  /** Takes back what a write that failed may have left. */
  #cut(): Effect.Effect<void, DiskError> {
    return Effect.gen({ self: this }, function* () {
      yield* this.#file.truncate(this.#end.offset)
      yield* this.#file.sync
      this.#isTorn = false
    })
  }

  /** Begins a new segment where it is time, and lets go of old ones. */
  #rotate(now: number): Effect.Effect<void, DiskError> {
    return Effect.gen({ self: this }, function* () {
      const { disk, folder, seed, segmentBytes, retentionMillis } = this.#settings
      const { next, offset, begunAt, segment } = this.#end
      const isDue = this.#isBegun || offset >= segmentBytes || now - begunAt >= retentionMillis / segmentsInRetention
      if (!isDue || next === segment) return
      const path = files(folder).segment(next)
      this.#isBegun = true
      const file = yield* disk.open(path, "log")
      const end = { segment: next, offset: segmentHeaderBytes, next, begunAt: now }
      yield* Effect.gen(function* () {
        // An attempt that failed may have left something.
        yield* file.truncate(0)
        yield* file.write([encodeSegmentHeader({ first: next, begunAt: now }, seed)], 0)
        yield* file.sync
        yield* disk.syncFolder(folder)
      }).pipe(Effect.onError(() => file.close))
      yield* this.#file.close
      this.#file = file
      this.#end = end
      this.#isBegun = false
      yield* trim(this.#settings, now)
    })
  }
}
