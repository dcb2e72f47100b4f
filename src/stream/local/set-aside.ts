import { Clock, Effect } from "effect"
import { randomUuid } from "../../record/random.ts"
import type { KinesisError } from "../kinesis/api.ts"
import { type Disk, DiskError, withFile } from "./disk.ts"
import { fromDisk, invalid, notThere } from "./failures.ts"
import {
  encodeFrameHeader,
  encodeSegmentHeader,
  frameBehind,
  frameBytes,
  isWhole,
  readFrameHeader,
  readSegmentHeader,
  seedOf,
  segmentHeaderBytes
} from "./frame.ts"
import { encodeDurable, files, readDescription, readDurable, segmentsIn } from "./layout.ts"
import { realDisk } from "./real-disk.ts"
import { headerOf } from "./trim.ts"

/** Records that were acknowledged and cannot be read, and where they stood. */
export interface Lost {
  readonly file: string
  /** Bytes of the file that cannot be read; nothing between them where the file ends before, or is not there. */
  readonly from: number
  readonly to: number
  /** Sequence numbers, of all shards; none where nothing but bytes is damaged. */
  readonly first: number
  readonly last: number
  /** They came between these times, milliseconds since 1970; null: before all that is there. */
  readonly after: number | null
  readonly before: number
}

export interface SetAside {
  readonly lost: ReadonlyArray<Lost>
  /** Files as they were, where they lie now. */
  readonly kept: ReadonlyArray<string>
}

/** A segment without what cannot be read. */
interface Mended {
  readonly pieces: ReadonlyArray<Uint8Array>
  readonly lost: ReadonlyArray<Lost>
  readonly isChanged: boolean
  readonly size: number
  readonly next: number
}

/**
 * Makes a stream readable whose segments are damaged. What can be read stays under its sequence numbers; in place of what cannot stands how many records are lost, which readers take for a
 * gap. A file that is changed is kept beside as it was. Nobody may put meanwhile.
 *
 * @param isTrial finds out, and changes nothing
 */
export const setAside = (folder: string, isTrial: boolean, disk: Disk = realDisk): Effect.Effect<SetAside, KinesisError> =>
  Effect.gen(function* () {
    const found = yield* readDescription(disk, folder)
    if (found === null) return yield* notThere("Mend", folder)
    if (found === undefined) return yield* invalid("Mend", folder, "What stands in stream.json is no stream that this version reads")
    yield* Effect.acquireRelease(disk.lock(files(folder).lock), (unlock) => unlock)
    const seed = seedOf(found.name)
    const now = yield* Clock.currentTimeMillis
    const known = yield* readDurable(disk, folder, seed)
    const segments = segmentsIn(yield* disk.list(folder))
    const lost: Array<Lost> = []
    const kept: Array<string> = []
    for (const [i, segment] of segments.entries()) {
      const path = files(folder).segment(segment)
      const bytes = yield* readAll(disk, path)
      const behind = segments[i + 1]
      const end = behind ?? (known !== null && known.segment >= segment ? known.next : null)
      const begunBehind = behind === undefined ? now : ((yield* headerOf(disk, folder, behind, seed))?.begunAt ?? now)
      const mended = mend(bytes, { path, segment, end, isLast: behind === undefined, before: begunBehind, seed })
      lost.push(...mended.lost)
      if (isTrial) continue
      if (mended.isChanged) {
        kept.push(`${path}.damaged-${now}`)
        yield* replace(disk, folder, `${path}.damaged-${now}`, [bytes])
        yield* replace(disk, folder, path, mended.pieces)
      }
      const isBehind = known !== null && (known.segment > segment || (known.segment === segment && known.offset > mended.size))
      if (behind === undefined && (mended.isChanged || isBehind))
        yield* replace(disk, folder, files(folder).durable, [encodeDurable({ segment, offset: mended.size, next: mended.next }, seed)])
    }
    return { lost, kept }
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) => (error instanceof DiskError ? fromDisk("Mend", folder, error) : error))
  )

interface Segment {
  readonly path: string
  readonly segment: number
  /** Sequence number behind its last record; null: nobody knows. */
  readonly end: number | null
  readonly isLast: boolean
  /** All its records are older. */
  readonly before: number
  readonly seed: number
}

const mend = (bytes: Buffer, { path, segment, end, isLast, before, seed }: Segment): Mended => {
  const header = readSegmentHeader(bytes, seed)
  const pieces: Array<Uint8Array> = []
  const lost: Array<Lost> = []
  let isChanged = header === null
  let next = segment
  let at = segmentHeaderBytes
  let after: number | null = header?.begunAt ?? null
  const lose = (to: number, behind: number, time: number): void => {
    isChanged = true
    // Later than what is before it: readers tell a gap by that.
    const until = after === null ? time : Math.max(time, after + 1)
    lost.push({ file: path, from: Math.min(at, to), to, first: next, last: behind - 1, after, before: until })
    if (behind > next) pieces.push(encodeFrameHeader({ length: 0, count: behind - next, first: next, time: until }, [], seed))
    at = to
    next = behind
  }
  for (;;) {
    const frame = readFrameHeader(bytes, at)
    if (frame !== null && frame.first === next && isWhole(bytes, at, frame, seed)) {
      pieces.push(bytes.subarray(at, at + frameBytes(frame)))
      at += frameBytes(frame)
      next += frame.count
      after = frame.time
      continue
    }
    const behind = frameBehind(bytes, Math.min(at, bytes.length), next, seed)
    if (behind === null) break
    lose(behind.at, behind.frame.first, behind.frame.time)
  }
  if (end !== null && end > next) lose(bytes.length, end, before)
  // Of the last one whoever puts next cuts what was never acknowledged.
  else if (!isLast && at < bytes.length) lose(bytes.length, next, before)
  // There is nothing in it yet.
  if (isLast && header === null && pieces.length === 0) return { pieces, lost, isChanged: false, size: bytes.length, next }
  const begunAt = header?.begunAt ?? readFrameHeader(Buffer.from(pieces[0] ?? []), 0)?.time ?? before
  const all = [encodeSegmentHeader({ first: segment, begunAt }, seed), ...pieces]
  return { pieces: all, lost, isChanged, size: all.reduce((sum, { length }) => sum + length, 0), next }
}

const readAll = (disk: Disk, path: string): Effect.Effect<Buffer, DiskError> =>
  withFile(disk, path, "read", (file) => Effect.flatMap(file.size, (size) => file.read(0, size)))

/** A file is there whole, or as it was. */
const replace = (disk: Disk, folder: string, path: string, pieces: ReadonlyArray<Uint8Array>): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const temporary = files(folder).temporary(yield* randomUuid)
    yield* withFile(disk, temporary, "write", (file) => Effect.andThen(file.write(pieces, 0), file.sync)).pipe(
      Effect.andThen(disk.rename(temporary, path)),
      Effect.onError(() => Effect.ignore(disk.unlink(temporary)))
    )
    yield* disk.syncFolder(folder)
  })
