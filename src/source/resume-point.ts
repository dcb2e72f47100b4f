import type { ReadPosition } from "../record/position.ts"
import { type ByteReader, passOver } from "./byte-reader.ts"
import type { Content } from "./content.ts"
import { detectFormat } from "./format.ts"
import { type ContentFormat, type Framing, fixedFormat, recordEnds } from "./framing.ts"
import type { FileEntry } from "./list-files.ts"

/**
 * What a file's pages carry in `resume`, and get back with the shard's position. A file is known by what was read of it: its size and the time of
 * its last change tell that it need not be looked at, the sum of its bytes whether it still begins with them.
 */
export interface Progress {
  /** Offset in the uncompressed content where reading goes on. */
  readonly end: number
  /** CRC-32 of the content up to there; unknown where an older version has read it. */
  readonly sum: number | undefined
  /**
   * What is added to offsets in the content to give sequence numbers: where a file was replaced, those of the new content come behind all that
   * went before, and the shard's position never goes back.
   */
  readonly begin: number
  /** Size on disk when that was so. */
  readonly size: number
  /** When the file, its content or its name, was last changed then, ms since 1970; unknown where an older version has read it. */
  readonly changedAt: number | undefined
  /** What the bucket knew its content by. */
  readonly tag?: string | undefined
  /** Was everything up to `size` read? */
  readonly done: boolean
  readonly format: ContentFormat
}

/** How far a file has been read. Reading moves it on, page by page. */
export interface Known {
  progress: Progress | undefined
  /** Of the last record. */
  sequenceNumber: number | undefined
  /** What a process that died within a commit had read, if that was more: dead letters may stand at its sequence numbers. */
  readonly ahead?: Known | undefined
  /** The file that lay there, as the file system tells files of one name apart, once this process has seen what stands before `end`. */
  inode?: number | undefined
  /** Did it seem to be replaced when it was last looked at? */
  isSuspect?: boolean
}

/** @param ahead where a process that died within a commit had come, if that is further */
export const knownOf = (position: ReadPosition | undefined, ahead?: ReadPosition | undefined): Known => ({
  progress: position && progressOf(position),
  sequenceNumber: position && Number(position.sequenceNumber),
  ahead: ahead && knownOf(ahead)
})

/**
 * The progress that a position carries. It counts only if it lies behind the position's own record: a commit inside a page stores a newer
 * position with the progress of an older page.
 */
const progressOf = (position: ReadPosition): Progress | undefined => {
  const { end, sum, begin, size, changedAt, tag, done, format } = position.source ?? {}
  if (typeof end !== "number" || typeof size !== "number" || typeof done !== "boolean") return undefined
  if (format !== "line" && format !== "document" && format !== "csv") return undefined
  const number = (value: unknown) => (typeof value === "number" ? value : undefined)
  const known: Progress = {
    end,
    sum: number(sum),
    begin: number(begin) ?? 0,
    size,
    changedAt: number(changedAt),
    ...(typeof tag === "string" ? { tag } : {}),
    done,
    format
  }
  return known.begin + end > Number(position.sequenceNumber) ? known : undefined
}

/** Does everything that the file has stand in the table already, as far as can be told without looking into it? */
export const isUnchanged = (file: FileEntry, { progress, sequenceNumber }: Known): boolean =>
  // What is empty has nothing to give, whatever it was before.
  file.size === 0 || (progress !== undefined && sequenceNumber !== undefined && progress.done && isSameFile(file, progress))

/** A tag tells more than a time, which a bucket keeps in whole seconds and which a copy of the same content changes. */
const isSameFile = (file: FileEntry, { size, changedAt, tag }: Progress): boolean =>
  size === file.size &&
  (tag !== undefined && file.tag !== undefined ? tag === file.tag : changedAt === undefined || changedAt === file.changedAt)

/** Where reading goes on. */
export interface ResumePoint {
  readonly start: number
  /** CRC-32 of what stands before. */
  readonly sum: number
  readonly begin: number
  /** How the content is read; undefined where it has to be looked at. */
  readonly format: ContentFormat | undefined
  /** Does the record at `start` stand in the table already? */
  readonly skipFirst: boolean
  /** What was made of what was there before. */
  readonly was: "known" | "replaced" | "unfinished"
}

const newline = 10
const carriageReturn = 13

/** Further than this a file that only grows, as one that is followed does, is not read again at every look. */
const seldomRead = 16 * 1024 * 1024

/**
 * Where to go on in a file of which something is known. Undefined: there is nothing new in it.
 *
 * @param framing what settings say, whatever was read before
 */
export const resumePoint = async (
  file: FileEntry,
  content: Content,
  known: Known,
  framing: Framing,
  maxRecordBytes: number
): Promise<ResumePoint | undefined> => {
  const point = await behindKnown(file, content, known, framing, maxRecordBytes)
  const { ahead } = known
  if (point === undefined || ahead?.sequenceNumber === undefined) return point
  const theirs = await behindKnown(file, content, ahead, framing, maxRecordBytes)
  if (theirs === undefined || theirs.was === "known") return point
  // What they read lies there no more, or its last record was not finished: nothing may take the sequence numbers of their dead letters.
  return { ...point, begin: Math.max(point.begin, theirs.begin + theirs.start - point.start) }
}

const behindKnown = async (
  file: FileEntry,
  content: Content,
  known: Known,
  framing: Framing,
  maxRecordBytes: number
): Promise<ResumePoint | undefined> => {
  const { progress, sequenceNumber } = known
  const fixed = fixedFormat(framing, file.path)
  const fresh = (begin: number, was: ResumePoint["was"]): ResumePoint => ({
    start: 0,
    sum: 0,
    begin,
    format: fixed,
    skipFirst: false,
    was
  })
  if (sequenceNumber === undefined) return fresh(0, "known")
  if (progress === undefined) {
    const before = await look(content, 0, sequenceNumber)
    if (before.length < sequenceNumber) return fresh(sequenceNumber + 1, "replaced")
    return { ...fresh(0, "known"), start: sequenceNumber, sum: before.sum, skipFirst: true }
  }
  const { begin, end, format, sum } = progress
  const goOn: ResumePoint = { start: end, sum: sum ?? 0, begin, format, skipFirst: false, was: "known" }
  if (isSameFile(file, progress) && sum !== undefined) return goOn
  const isTrusted =
    file.inode !== undefined &&
    known.inode === file.inode &&
    file.size >= progress.size &&
    end > seldomRead &&
    !content.isPacked &&
    format !== "document"
  const before = isTrusted ? { ...(await look(content, end - 1, 1)), sum } : await look(content, 0, end)
  const isReplaced = isTrusted ? before.length < 1 : before.length < end || (sum !== undefined && sum !== before.sum)
  if (isReplaced) return fresh(begin + end, "replaced")
  const next = (await look(content, end, 1)).last
  if (next < 0) return undefined
  // What replaced another content has given no record yet: no more than its header was there, whole or not.
  if (sequenceNumber < begin) return fresh(begin, "known")
  const behind = { ...goOn, sum: before.sum ?? 0 }
  // What was one document may be seen to be lines, now that there is more of it.
  const now = format === "line" && fixed !== "csv" ? format : (fixed ?? (await formatOf(content, file.size, maxRecordBytes)))
  const last = sequenceNumber - begin
  const endsLine = before.last === newline || next === newline || next === carriageReturn
  const isWhole = endsLine && !(now === "csv" && (await isOpen(content, last, end, framing, maxRecordBytes)))
  if (end === 0 || (now !== "document" && isWhole)) return { ...behind, format: now }
  // Its writer was not done when the last record was read. It is read anew, as one that comes later.
  const start = format === "document" ? 0 : last
  return { ...fresh(begin + end - start, "unfinished"), start, sum: (await look(content, 0, start)).sum, format: now }
}

/** Does a newline behind the record `[start, end)` belong to it, because a quote is open? Not where it was too long to be read to its end. */
const isOpen = (content: Content, start: number, end: number, framing: Framing, maxRecordBytes: number): Promise<boolean> =>
  reading(content, start, async (reader) => {
    if (end - start > maxRecordBytes + 1) return false
    const record = Buffer.allocUnsafe(end - start)
    let used = 0
    for (let read = 1; used < record.length && read > 0; used += read) read = await reader.read(record.subarray(used))
    const ends = recordEnds(framing, "csv", maxRecordBytes)
    ends.see(record, 0, used)
    return ends.isOpen
  })

const look = (content: Content, start: number, length: number) => reading(content, start, (reader) => passOver(reader, length))

const formatOf = (content: Content, size: number, maxRecordBytes: number): Promise<ContentFormat> =>
  reading(content, 0, async (reader) => (await detectFormat(reader, size, maxRecordBytes)).format)

const reading = async <A>(content: Content, start: number, use: (reader: ByteReader) => Promise<A>): Promise<A> => {
  const reader = await content.from(start)
  try {
    return await use(reader)
  } finally {
    await reader.close()
  }
}
