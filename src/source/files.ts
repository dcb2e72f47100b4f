import { type Stats, statSync } from "node:fs"
import { realpath, stat } from "node:fs/promises"
import type { Readable } from "node:stream"
import { pathToFileURL } from "node:url"
import { Clock, Effect, Stream } from "effect"
import type { Positions, ShardPosition } from "../record/position.ts"
import type { RecordPage } from "../record/record.ts"
import { fromReadable } from "./byte-reader.ts"
import { detectFormat } from "./format.ts"
import { ioError } from "./io-error.ts"
import { cutRecords } from "./lines.ts"
import { type Entry, type FileEntry, fileEntry, isGzip, listFiles, type SkipReason } from "./list-files.ts"
import { type Format, fixedFormat, type Known, type ReadSettings, readFilePages, recordPage } from "./read-file.ts"
import { progressOf } from "./resume-point.ts"
import { fromGenerator, type Source, SourceError } from "./source.ts"

export interface FilesOptions {
  /** Folder (read with all below it), file, or `-` for standard input. */
  readonly input: string
  /**
   * `lines`: a record per line. `document`: a record per file. `auto`: lines for `.ndjson .jsonl .log .txt`, else the content decides, see
   * `detectFormat`.
   */
  readonly format: Format
  /** Arrival time, ms since 1970, of files whose path names no hour; without it the time they were last written. */
  readonly arrivedAt?: number | undefined
  /** Aimed size of a page; default 4 MiB. Larger costs memory, smaller an effect per few records. */
  readonly pageBytes?: number | undefined
  /** Larger records are cut to one byte more and marked; default 10 MiB. Bounds memory. */
  readonly maxRecordBytes?: number | undefined
  /** Look again for new and grown files, for ever. A short interval costs a directory walk each time. */
  readonly follow?: { readonly pollMillis: number } | undefined
  /** What `-` reads; default the process' standard input. */
  readonly stdin?: Readable | undefined
}

export interface FilesSource extends Source {
  /** Names passed over in the latest walk of the folder, counted by reason. */
  readonly skipped: Effect.Effect<Readonly<Record<SkipReason, number>>>
  /** Files that the latest walk could not read. A bounded source also fails with them, after everything else has been delivered. */
  readonly problems: Effect.Effect<ReadonlyArray<SourceError>>
}

const name = "files"

/**
 * Records from files. Each file is a shard named by its absolute real path; a record's sequence number is the offset of its first byte in
 * the uncompressed content. Files come in byte order of their paths. What was read is known by offset and size: a file that grew goes on
 * where it ended (the rest of a line that was unfinished then is a record of its own), one that shrank is refused, and one that was
 * overwritten with as many bytes is not noticed.
 *
 * One bad file does not hold up the others: they are delivered first, then the stream fails naming the bad ones. When following, bad files
 * are warned of and set aside: until they change where their content is bad, until the next look where something else keeps them from being
 * read.
 *
 * Standard input is the one place where the clock counts: this process receives it first, so it stores the receive time, once at the start,
 * as arrival time (unless `arrivedAt` says it) and in the shard's name `stdin-<time>`.
 */
export const filesSource = Effect.fn("filesSource")(function* (options: FilesOptions): Effect.fn.Return<FilesSource, SourceError> {
  const settings: ReadSettings = {
    source: name,
    format: options.format,
    arrivedAt: options.arrivedAt,
    pageBytes: options.pageBytes ?? 4 * 1024 * 1024,
    maxRecordBytes: options.maxRecordBytes ?? 10 * 1024 * 1024
  }
  if (options.input === "-") return stdinSource(options.stdin ?? process.stdin, yield* Clock.currentTimeMillis, settings)
  const { root, isFolder } = yield* Effect.tryPromise({
    try: () => locate(options.input),
    catch: (cause) => ioError(name, options.input, cause)
  })
  const walk = new Walk(root, isFolder, settings)
  return {
    name,
    location: pathToFileURL(root).href,
    skipped: Effect.sync(() => ({ ...walk.skipped })),
    problems: Effect.sync(() => walk.problems),
    pages: (resume) =>
      options.follow === undefined ? fromGenerator(() => walk.once(resume)) : followed(walk, resume, options.follow.pollMillis)
  }
})

const locate = async (input: string): Promise<{ readonly root: string; readonly isFolder: boolean }> => {
  const root = await realpath(input)
  const stats = await stat(root)
  if (stats.isDirectory() || stats.isFile()) return { root, isFolder: stats.isDirectory() }
  throw new SourceError({
    source: name,
    reason: "Invalid",
    location: input,
    detail: "The input is neither a file nor a folder",
    hint: "Pipe it into the command and give `-` as input."
  })
}

/** The end of one look at all files, with what went wrong in it and had not before. */
class EndOfWalk {
  readonly problems: ReadonlyArray<SourceError>
  constructor(problems: ReadonlyArray<SourceError>) {
    this.problems = problems
  }
}

const followed = (walk: Walk, resume: Positions, pollMillis: number): Stream.Stream<RecordPage, SourceError> =>
  fromGenerator(() => walk.forever(resume)).pipe(
    Stream.mapEffect((next) =>
      next instanceof EndOfWalk
        ? Effect.forEach(next.problems, (problem) => Effect.logWarning(problem.message), { discard: true }).pipe(
            Effect.andThen(Effect.sleep(pollMillis)),
            Effect.as(undefined)
          )
        : Effect.succeed(next)
    ),
    Stream.filter((page) => page !== undefined)
  )

/** What is remembered of a file between two looks. */
interface Seen {
  readonly size: number
  readonly modifiedAt: number
  known: Known
  problem: SourceError | undefined
}

class Walk {
  skipped: Record<SkipReason, number> = { hidden: 0, type: 0, special: 0 }
  problems: ReadonlyArray<SourceError> = []
  readonly root: string
  readonly isFolder: boolean
  readonly settings: ReadSettings

  constructor(root: string, isFolder: boolean, settings: ReadSettings) {
    this.root = root
    this.isFolder = isFolder
    this.settings = settings
  }

  /** Every file to its end. Remembers nothing about a file that it has read. */
  async *once(resume: Positions): AsyncGenerator<RecordPage, void> {
    const problems: Array<SourceError> = []
    this.problems = problems
    for (const entry of this.entries()) {
      if (entry.kind === "failed") problems.push(entry.error)
      if (entry.kind !== "file") continue
      try {
        yield* readFilePages(entry, knownOf(resume.get(entry.path)), "deliver", this.settings)
      } catch (cause) {
        problems.push(ioError(name, entry.path, cause))
      }
    }
    const failure = asOne(this.root, problems)
    if (failure !== undefined) throw failure
  }

  /**
   * Looks again and again. What may still be being written waits until size and time of the file are the same in two successive looks: the
   * unterminated last line of a plain file, and compressed files and documents as a whole.
   */
  async *forever(resume: Positions): AsyncGenerator<RecordPage | EndOfWalk, void> {
    const files = new Map<string, Seen>()
    for (;;) {
      const problems: Array<SourceError> = []
      const fresh: Array<SourceError> = []
      for (const entry of this.entries()) {
        if (entry.kind === "failed") {
          problems.push(entry.error)
          if (!this.problems.some((before) => isSame(before, entry.error))) fresh.push(entry.error)
        }
        if (entry.kind !== "file") continue
        const before = files.get(entry.path)
        const settled = before !== undefined && before.size === entry.size && before.modifiedAt === entry.modifiedAt
        const seen: Seen = {
          size: entry.size,
          modifiedAt: entry.modifiedAt,
          known: before?.known ?? knownOf(resume.get(entry.path)),
          problem: settled && before.problem !== undefined && isOfContent(before.problem) ? before.problem : undefined
        }
        files.set(entry.path, seen)
        if (seen.problem === undefined && (settled || this.#isReadableWhileWritten(entry, seen.known))) {
          try {
            for await (const page of readFilePages(entry, seen.known, settled ? "deliver" : "hold", this.settings)) {
              seen.known = knownAfter(page, seen.known)
              yield page
            }
          } catch (cause) {
            const problem = ioError(name, entry.path, cause)
            seen.problem = problem
            const known = before?.problem !== undefined && isSame(before.problem, problem)
            if (!known || isOfContent(problem)) fresh.push(problem)
          }
        }
        if (seen.problem !== undefined) problems.push(seen.problem)
      }
      this.problems = problems
      yield new EndOfWalk(fresh)
    }
  }

  *entries(): Generator<Entry, void> {
    this.skipped = { hidden: 0, type: 0, special: 0 }
    for (const entry of this.isFolder ? listFiles(name, this.root) : [this.#onlyFile()]) {
      if (entry.kind === "skipped") this.skipped[entry.why]++
      yield entry
    }
  }

  #onlyFile(): Entry {
    try {
      const stats: Stats = statSync(this.root)
      return fileEntry(this.root, stats)
    } catch (cause) {
      return { kind: "failed", error: ioError(name, this.root, cause) }
    }
  }

  #isReadableWhileWritten(file: FileEntry, known: Known): boolean {
    const fixed = fixedFormat(this.settings.format, file.path)
    return !isGzip(file.path) && (fixed === "line" || (fixed === "unknown" && known.progress?.format === "line"))
  }
}

/** What is wrong with the content stays wrong until the file is written again. Rights, disks and networks come back without a trace in the file. */
const isOfContent = ({ reason }: SourceError): boolean => reason === "Unreadable" || reason === "Invalid"

const isSame = (a: SourceError, b: SourceError): boolean => a.location === b.location && a.reason === b.reason && a.detail === b.detail

const knownOf = (position: ShardPosition | undefined): Known =>
  position === undefined
    ? { progress: undefined, sequenceNumber: undefined }
    : { progress: progressOf(position), sequenceNumber: position.sequenceNumber }

const knownAfter = (page: RecordPage, before: Known): Known => {
  const { end, size, done, format } = page.resume ?? {}
  const valid =
    typeof end === "number" && typeof size === "number" && typeof done === "boolean" && (format === "line" || format === "document")
  return {
    sequenceNumber: page.sequenceNumbers.at(-1) ?? before.sequenceNumber,
    progress: valid ? { end, size, done, format } : before.progress
  }
}

/** @returns undefined where nothing went wrong */
const asOne = (root: string, problems: ReadonlyArray<SourceError>): SourceError | undefined => {
  const [first, ...others] = problems
  if (first === undefined || others.length === 0) return first
  const named = problems.slice(0, 20).map((problem) => `${problem.location} (${problem.detail})`)
  const more = problems.length > named.length ? [`${problems.length - named.length} more`] : []
  return new SourceError({
    source: name,
    reason: first.reason,
    location: root,
    detail: `${problems.length} files could not be read: ${[...named, ...more].join("; ")}`,
    hint: `All other files were read. ${first.hint}`,
    cause: first
  })
}

const stdinSource = (readable: Readable, now: number, settings: ReadSettings): FilesSource => {
  const shard = `stdin-${new Date(now).toISOString()}`
  async function* pages(): AsyncGenerator<RecordPage, void> {
    const reader = fromReadable({ source: name, path: "standard input" }, readable)
    try {
      const fixed = settings.format === "auto" ? undefined : fixedFormat(settings.format, shard)
      const detected = fixed === undefined ? await detectFormat(reader, 64 * 1024, settings.maxRecordBytes) : undefined
      const by = detected?.format ?? (fixed === "document" ? "document" : "line")
      const { maxRecordBytes } = settings
      const pageBytes = Math.min(settings.pageBytes, 256 * 1024)
      for await (const cut of cutRecords(reader, detected?.head ?? new Uint8Array(0), 0, {
        by,
        pageBytes,
        maxRecordBytes,
        atEnd: "deliver",
        eager: true
      })) {
        if (cut.starts.length > 0) yield recordPage(shard, cut, settings.arrivedAt ?? now, undefined)
      }
    } finally {
      await reader.close()
    }
  }
  return {
    name,
    location: "file:///dev/stdin",
    skipped: Effect.succeed({ hidden: 0, type: 0, special: 0 }),
    problems: Effect.succeed([]),
    pages: () => fromGenerator(pages, () => readable.destroy())
  }
}
