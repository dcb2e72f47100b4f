import type { BytesAt } from "../contract/bytes-at.ts"
import type { RecordPage } from "../record/record.ts"
import type { ByteReader, FileLocation, StoredBytes } from "./byte-reader.ts"
import { type Content, contentIn } from "./content.ts"
import { detectFormat } from "./format.ts"
import { type ContentFormat, type Framing, framingIn, hasHeader, parquetIn, recordEnds } from "./framing.ts"
import { behindHeader, type HeadedCut, headerOf, loneHeader } from "./header.ts"
import { ioError } from "./io-error.ts"
import { type CutSettings, type CutStart, cutRecords, withoutFirst } from "./lines.ts"
import type { FileEntry } from "./list-files.ts"
import type { PageRoom } from "./page-memory.ts"
import { isUnchanged, type Known, type Progress, type ResumePoint, resumePoint } from "./resume-point.ts"

/** How a file, or what comes through a pipe, is read. */
export interface ReadSettings {
  readonly source: string
  readonly format: Framing
  readonly bytesAt: BytesAt | undefined
  /** When the records of a file arrived, ms since 1970, to the microsecond. */
  readonly arrivalOf: (file: FileEntry) => number
  readonly pageBytes: number
  readonly maxRecordBytes: number
}

/** One look at a file. */
export interface Look {
  /** Opens the file. Rejects with `SourceError`. */
  readonly open: (file: FileEntry) => Promise<StoredBytes>
  /** For large pages; undefined: there is enough. */
  readonly room: PageRoom | undefined
  /** Is its writer done, as far as can be told? Otherwise what may be unfinished is left for the next look. */
  readonly isSettled: boolean
  /** Told what people should know of the file. */
  readonly note: (text: string) => void
}

/**
 * The records of a file behind what is known of it, as pages of one shard, which is named by the file's path where it has no name of its own. `known` is moved on with each page; one without
 * records says that nothing but what the file is known by has changed. Throws `SourceError`.
 */
export async function* readFilePages(
  file: FileEntry,
  known: Known,
  { open, room, isSettled, note }: Look,
  settings: ReadSettings
): AsyncGenerator<RecordPage, void> {
  if (isUnchanged(file, known)) return
  const content = await contentIn(
    { source: settings.source, path: file.path },
    await open(file),
    parquetIn(settings.format),
    settings.bytesAt
  )
  const framing = framingIn(settings.format, content)
  let reader: ByteReader | undefined
  try {
    // Of gzip data that is still being written the end cannot be told from damage.
    if (content.isPacked && !isSettled) return
    const { progress } = known
    const point = await resumePoint(file, content, known, framing, settings.maxRecordBytes)
    // Where it was copied to its place again, less may stand there for a while.
    const waits = point?.was === "replaced" && !isSettled && known.isSuspect !== true
    known.isSuspect = waits
    if (waits) return
    const arrivedAt = settings.arrivalOf(file)
    const shard = file.shard ?? file.path
    const { size, changedAt, tag } = file
    if (point === undefined) {
      if (progress === undefined) return
      known.progress = { ...progress, size, changedAt, tag, done: true }
      // Written anew as it was: who knows its new tag need not fetch it again. On a disk a look is cheaper than a commit for each change of rights.
      if (tag !== undefined) yield recordPage(shard, progress.begin, nothingAt(progress.end), arrivedAt, known.progress)
      return
    }
    known.inode = file.inode
    const news = noteOf(file, point, progress)
    if (news !== undefined) note(news)
    const opened = await openAt(content, file, point, settings)
    reader = opened.reader
    const expected = content.isPacked ? Math.max(64 * 1024, file.size * 8) : Math.max(1, file.size - point.start)
    const cutSettings: CutSettings = {
      ends: () => recordEnds(framing, opened.format, settings.maxRecordBytes),
      pageBytes: Math.min(settings.pageBytes, expected),
      maxRecordBytes: settings.maxRecordBytes,
      atEnd: isSettled ? "deliver" : "hold",
      eager: false,
      room
    }
    const cuts = cutsOf({ source: settings.source, path: file.path }, content, reader, opened.from, framing, cutSettings, note)
    const { begin } = point
    let first = point.skipFirst
    for await (const cut of cuts) {
      const records: HeadedCut = first ? { ...cut, ...withoutFirst(cut, 1) } : cut
      first = false
      const done = cut.last && (content.isPacked || cut.end >= size)
      const before = known.progress
      const now: Progress = { end: cut.end, sum: cut.sum, begin, size, changedAt, tag, done, format: opened.format }
      const page = recordPage(shard, begin, records, arrivedAt, now)
      const last = page.sequenceNumbers.at(-1)
      known.progress = now
      if (last !== undefined) known.sequenceNumber = Number(last)
      // A page without records only moves on the progress of a shard that has a position.
      if (last !== undefined || (known.sequenceNumber !== undefined && !isSameProgress(now, before))) yield page
      else page.release?.()
    }
  } finally {
    await reader?.close()
    await content.close()
  }
}

/** The records of a content, from a start on, with the header that stands in front of all of them, if there is one. */
async function* cutsOf(
  file: FileLocation,
  content: Content,
  reader: ByteReader,
  from: CutStart,
  framing: Framing,
  settings: CutSettings,
  note: Look["note"]
): AsyncGenerator<HeadedCut, void> {
  const cuts = cutRecords(reader, from, settings)
  if (!hasHeader(framing)) yield* cuts
  else if (from.offset === 0)
    yield* behindHeader(file, cuts, framing, settings.atEnd === "deliver" ? loneHeader(file, settings.ends(), note) : undefined)
  else {
    const header = await headerOf(file, content, settings, framing)
    for await (const cut of cuts) yield header === undefined ? cut : { ...cut, header }
  }
}

/** @param begin sequence number of the content's first byte */
export const recordPage = (
  shard: string,
  begin: number,
  cut: Omit<HeadedCut, "end" | "sum" | "last">,
  arrivedAt: number,
  progress?: Progress
): RecordPage => ({
  shard,
  count: cut.starts.length,
  bytes: cut.bytes,
  starts: cut.starts,
  ends: cut.ends,
  sequenceNumbers: cut.starts.map((start) => String(begin + cut.offset + start)),
  arrivedAt,
  release: cut.release,
  ...(cut.cut === undefined ? {} : { cut: cut.cut }),
  ...(cut.header === undefined ? {} : { header: cut.header }),
  ...(progress === undefined ? {} : { resume: stored(progress) })
})

/** No records, at an offset in the content: a page of them only moves on the progress. */
const nothingAt = (offset: number) => ({ bytes: new Uint8Array(0), starts: [], ends: [], offset, release: () => {} })

/** As little as says it: a table keeps it for every file that was ever read. */
export const stored = ({ begin, sum, changedAt, tag, ...progress }: Progress): NonNullable<RecordPage["resume"]> => ({
  ...progress,
  ...(sum === undefined ? {} : { sum }),
  ...(changedAt === undefined ? {} : { changedAt }),
  ...(tag === undefined ? {} : { tag }),
  ...(begin === 0 ? {} : { begin })
})

/** What is to be told where a file is not what it was. */
const noteOf = (file: FileEntry, { was }: ResumePoint, before: Progress | undefined): string | undefined => {
  if (was === "unfinished") return `The last record of ${file.path} was not finished when it was read: it is read anew.`
  if (was !== "replaced") return undefined
  const unread = before?.done === false ? ` What it held before was read up to byte ${before.end}, and the rest is gone.` : ""
  return `${file.path} was replaced since it was read: what it holds now is read from its beginning.${unread}`
}

const openAt = async (
  content: Content,
  file: FileEntry,
  { start, sum, format }: ResumePoint,
  settings: ReadSettings
): Promise<{ readonly reader: ByteReader; readonly from: CutStart; readonly format: ContentFormat }> => {
  const nothing = new Uint8Array(0)
  if (format !== undefined) return { reader: await content.from(start), from: { offset: start, sum, head: nothing }, format }
  const reader = await content.from(0)
  try {
    const detected = await detectFormat(reader, file.size, settings.maxRecordBytes)
    if (start === 0) return { reader, from: { offset: 0, sum, head: detected.head }, format: detected.format }
    await reader.close()
    return { reader: await content.from(start), from: { offset: start, sum, head: nothing }, format: detected.format }
  } catch (cause) {
    await reader.close()
    throw ioError(settings.source, file.path, cause)
  }
}

const isSameProgress = (a: Progress, b: Progress | undefined): boolean =>
  b !== undefined &&
  a.end === b.end &&
  a.begin === b.begin &&
  a.size === b.size &&
  a.changedAt === b.changedAt &&
  a.tag === b.tag &&
  a.done === b.done
