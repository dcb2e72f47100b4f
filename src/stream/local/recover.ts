import { Effect } from "effect"
import type { KinesisError } from "../kinesis/api.ts"
import { type Disk, DiskError, type DiskFile, withFile } from "./disk.ts"
import { damaged, fromDisk } from "./failures.ts"
import { encodeSegmentHeader, frameBehind, frameBytes, isWhole, readFrameHeader, readSegmentHeader, segmentHeaderBytes } from "./frame.ts"
import { type Durable, encodeDurable, files, readDurable, segmentsIn } from "./layout.ts"

/** The end of a log that stands. */
export interface LogEnd extends Durable {
  /** When the segment was begun. */
  readonly begunAt: number
}

/**
 * Finds the end of the log, which whoever has the lock does once. What an interrupted write left behind the last whole frame was never
 * acknowledged, and is cut; what lies before that and cannot be read is damage, which is not passed over.
 *
 * A whole frame that nobody knows to be acknowledged stays. It may be in the memory of the system only, which may even take it for stored where a sync
 * failed: it is written and synced again before readers are told of it.
 */
export const recover = (disk: Disk, folder: string, seed: number, stream: string, now: number): Effect.Effect<LogEnd, KinesisError> =>
  Effect.gen(function* () {
    const known = yield* readDurable(disk, folder, seed)
    const segments = segmentsIn(yield* disk.list(folder))
    const segment = segments.at(-1) ?? 1
    const path = files(folder).segment(segment)
    if (known !== null && known.segment > segment)
      return yield* damaged("Recover", stream, files(folder).segment(known.segment), "the file is not there")
    const end = yield* withFile(disk, path, "write", (file) =>
      Effect.gen(function* () {
        const own = known?.segment === segment ? known : null
        const end = yield* endOf(file, path, segment, seed, stream, own, now)
        for (let at = own?.offset ?? 0; at < end.offset; at += chunkBytes)
          yield* file.write([yield* file.read(at, Math.min(chunkBytes, end.offset - at))], at)
        yield* file.sync
        return end
      })
    )
    yield* disk.syncFolder(folder)
    yield* withFile(disk, files(folder).durable, "write", (file) => file.write([encodeDurable(end, seed)], 0))
    return end
  }).pipe(Effect.mapError((error) => (error instanceof DiskError ? fromDisk("Recover", stream, error) : error)))

/** Read at a time. */
const chunkBytes = 4 * 1024 * 1024

const endOf = (
  file: DiskFile,
  path: string,
  segment: number,
  seed: number,
  stream: string,
  known: Durable | null,
  now: number
): Effect.Effect<LogEnd, KinesisError | DiskError> =>
  Effect.gen(function* () {
    const size = yield* file.size
    const header = readSegmentHeader(yield* file.read(0, segmentHeaderBytes), seed)
    const torn = (offset: number, next: number) =>
      Effect.gen(function* () {
        const rest = yield* file.read(offset, size - offset)
        if ((known !== null && known.offset > offset) || frameBehind(rest, 0, next + 1, seed) !== null)
          return yield* damaged("Recover", stream, `byte ${offset} of ${path}`, `record ${next} and what follows cannot be read`)
        yield* file.truncate(offset)
      })
    if (header === null) {
      yield* torn(0, segment)
      const begun = { first: segment, begunAt: now }
      yield* file.write([encodeSegmentHeader(begun, seed)], 0)
      return { segment, offset: segmentHeaderBytes, next: segment, begunAt: now }
    }
    let offset = segmentHeaderBytes
    let next = segment
    let bytes = yield* file.read(offset, chunkBytes)
    let at = 0
    for (;;) {
      const frame = readFrameHeader(bytes, at)
      // Either all of it is in memory, or it is read from here on; what is too long for that is not there.
      if (at > 0 && (frame === null || at + frameBytes(frame) > bytes.length)) {
        bytes = yield* file.read(offset, Math.min(size - offset, Math.max(chunkBytes, frame === null ? 0 : frameBytes(frame))))
        at = 0
        continue
      }
      if (frame !== null && frameBytes(frame) > bytes.length && bytes.length < Math.min(frameBytes(frame), size - offset)) {
        bytes = yield* file.read(offset, Math.min(size - offset, frameBytes(frame)))
        continue
      }
      if (frame === null || frame.first !== next || !isWhole(bytes, at, frame, seed)) break
      at += frameBytes(frame)
      offset += frameBytes(frame)
      next += frame.count
    }
    if (offset < size) yield* torn(offset, next)
    else if (known !== null && known.offset > offset)
      return yield* damaged("Recover", stream, `byte ${offset} of ${path}`, `the file ends before record ${next}, which was acknowledged`)
    return { segment, offset, next, begunAt: header.begunAt }
  })
