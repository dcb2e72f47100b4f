import { Effect } from "effect"
import { type Disk, type DiskError, withFile } from "./disk.ts"
import { readSegmentHeader, type SegmentHeader, segmentHeaderBytes } from "./frame.ts"
import { files, segmentsIn } from "./layout.ts"

export interface Retained {
  readonly disk: Disk
  readonly folder: string
  readonly seed: number
  readonly retentionMillis: number
  /** Bytes of all segments, beyond which the oldest are let go; null: whatever they have. */
  readonly maxBytes: number | null
}

/** Null where the file is gone, or is no segment of the stream. */
export const headerOf = (disk: Disk, folder: string, segment: number, seed: number): Effect.Effect<SegmentHeader | null, DiskError> =>
  withFile(disk, files(folder).segment(segment), "read", (file) => file.read(0, segmentHeaderBytes)).pipe(
    Effect.map((bytes) => readSegmentHeader(bytes, seed)),
    Effect.catch((error) => (error.reason === "NotFound" ? Effect.succeed(null) : Effect.fail(error)))
  )

/** Lets go of segments all of whose records are too old, and of the oldest where there are too many bytes. The last one stays. */
export const trim = ({ disk, folder, seed, retentionMillis, maxBytes }: Retained, now: number): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const segments = segmentsIn(yield* disk.list(folder))
    const sizes = maxBytes === null ? [] : yield* Effect.forEach(segments, (segment) => sizeOf(disk, folder, segment))
    let bytes = sizes.reduce((sum, size) => sum + size, 0)
    let trimmed = false
    for (const [i, segment] of segments.slice(0, -1).entries()) {
      const behind = yield* headerOf(disk, folder, segments[i + 1] ?? 0, seed)
      const isOld = behind !== null && behind.begunAt < now - retentionMillis
      if (!isOld && (maxBytes === null || bytes <= maxBytes)) break
      yield* disk.unlink(files(folder).segment(segment))
      bytes -= sizes[i] ?? 0
      trimmed = true
    }
    if (trimmed) yield* disk.syncFolder(folder)
  })

const sizeOf = (disk: Disk, folder: string, segment: number): Effect.Effect<number, DiskError> =>
  withFile(disk, files(folder).segment(segment), "read", (file) => file.size)
