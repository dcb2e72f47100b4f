import type { RecordPage } from "../record/record.ts"
import { arrivalOfFile } from "./arrival-time.ts"
import { type ByteReader, type FileLocation, openGzip, openPlain, skipBytes } from "./byte-reader.ts"
import { detectFormat } from "./format.ts"
import { ioError } from "./io-error.ts"
import { type Cut, cutRecords } from "./lines.ts"
import { type FileEntry, formatOfName, isGzip } from "./list-files.ts"
import { type Progress, type ResumePoint, replaced, resumePoint } from "./resume-point.ts"

export type Format = "auto" | "lines" | "document"

/** How a file, or what comes through a pipe, is read. */
export interface ReadSettings {
  readonly source: string
  readonly format: Format
  readonly arrivedAt: number | undefined
  readonly pageBytes: number
  readonly maxRecordBytes: number
}

/** How far a file has been read. */
export interface Known {
  readonly progress: Progress | undefined
  readonly sequenceNumber: string | undefined
}

/** The format that settings and name fix; `unknown` where the content decides. A file that was named by the user may have any name. */
export const fixedFormat = (format: Format, path: string): "line" | "document" | "unknown" =>
  format === "lines" ? "line" : format === "document" ? "document" : (formatOfName(path) ?? "unknown")

/** The records of a file behind what is known of it, as pages of one shard named by the file's path. Throws `SourceError`. */
export async function* readFilePages(
  file: FileEntry,
  known: Known,
  atEnd: "deliver" | "hold",
  settings: ReadSettings
): AsyncGenerator<RecordPage, void> {
  const gzip = isGzip(file.path)
  const point = resumePoint(settings.source, file, gzip, known)
  if (point.kind === "skip") return
  const content = await openContent(file, gzip, point, settings)
  try {
    const expected = gzip ? Math.max(64 * 1024, file.size * 8) : Math.max(1, file.size - point.start)
    const cuts = cutRecords(content.reader, content.head, point.start, {
      by: content.format,
      pageBytes: Math.min(settings.pageBytes, expected),
      maxRecordBytes: settings.maxRecordBytes,
      atEnd,
      eager: false
    })
    const arrivedAt = arrivalOfFile(file.path, settings.arrivedAt, file.modifiedAt)
    let first = point.skipFirst
    let begun = known.sequenceNumber !== undefined
    for await (const cut of cuts) {
      const records = first ? behindFirst(cut) : cut
      first = false
      const done = cut.last && (gzip || cut.end >= file.size)
      const progress: Progress = { end: cut.end, size: file.size, done, format: content.format }
      // A page without records only moves on the progress of a shard that has a position.
      if (records.starts.length === 0 && (!begun || sameProgress(progress, known.progress))) continue
      begun = true
      yield recordPage(file.path, records, arrivedAt, { ...progress })
    }
  } finally {
    await content.reader.close()
  }
}

export const recordPage = (
  shard: string,
  cut: Omit<Cut, "end" | "last">,
  arrivedAt: number,
  resume: NonNullable<RecordPage["resume"]> | undefined
): RecordPage => ({
  shard,
  count: cut.starts.length,
  bytes: cut.bytes,
  starts: cut.starts,
  ends: cut.ends,
  sequenceNumbers: cut.starts.map((start) => String(cut.offset + start)),
  arrivedAt,
  release: cut.release,
  ...(cut.cut === undefined ? {} : { cut: cut.cut }),
  ...(resume === undefined ? {} : { resume })
})

interface Content {
  readonly reader: ByteReader
  /** Bytes at the resume point that were read already. */
  readonly head: Uint8Array
  readonly format: "line" | "document"
}

const openContent = async (
  file: FileEntry,
  gzip: boolean,
  point: Extract<ResumePoint, { kind: "read" }>,
  settings: ReadSettings
): Promise<Content> => {
  const location: FileLocation = { source: settings.source, path: file.path }
  const open = (start: number): Promise<ByteReader> => (gzip ? openGzipAt(location, start) : openPlain(location, start, file.size))
  const fixed = fixedFormat(settings.format, file.path)
  const before = point.format
  if (fixed !== "unknown" || before === "line") {
    const format = fixed === "unknown" ? "line" : fixed
    if (format === "document" && point.start > 0) throw replaced(settings.source, file.path, "it was read as one document and has grown")
    return { reader: await open(point.start), head: new Uint8Array(0), format }
  }
  const reader = await open(0)
  try {
    const { format, head } = await detectFormat(reader, file.size, settings.maxRecordBytes)
    if (point.start === 0) return { reader, head, format }
    if (format === "document") throw replaced(settings.source, file.path, "it was read as one document and has changed since")
    await reader.close()
    return { reader: await open(point.start), head: new Uint8Array(0), format }
  } catch (cause) {
    await reader.close()
    throw ioError(settings.source, file.path, cause)
  }
}

/** There is no way into the middle of gzip data: what was read before is decompressed again and left out. */
const openGzipAt = async (location: FileLocation, start: number): Promise<ByteReader> => {
  const reader = await openGzip(location)
  try {
    const skipped = await skipBytes(reader, start)
    if (skipped < start) throw replaced(location.source, location.path, `${start} bytes of its content were read, now it has ${skipped}`)
    return reader
  } catch (cause) {
    await reader.close()
    throw cause
  }
}

const behindFirst = (cut: Cut): Cut => {
  const { cut: lengths, ...rest } = cut
  const moved = new Map([...(lengths ?? [])].filter(([i]) => i > 0).map(([i, length]) => [i - 1, length]))
  return { ...rest, starts: cut.starts.slice(1), ends: cut.ends.slice(1), ...(moved.size === 0 ? {} : { cut: moved }) }
}

const sameProgress = (a: Progress, b: Progress | undefined): boolean =>
  b !== undefined && a.end === b.end && a.size === b.size && a.done === b.done
