import type { Readable } from "node:stream"
import { Clock, Effect, Stream } from "effect"
import type { BytesAt } from "../contract/bytes-at.ts"
import type { ReadPosition } from "../record/position.ts"
import type { RecordPage } from "../record/record.ts"
import { SourceError } from "../record/source-error.ts"
import { arrivalOfFile } from "./arrival-time.ts"
import { fromReadable } from "./byte-reader.ts"
import { refusePiped } from "./content.ts"
import { diskPlace } from "./disk.ts"
import { detectFormat } from "./format.ts"
import { type Framing, fixedFormat, hasHeader, recordEnds, takesName } from "./framing.ts"
import { behindHeader, loneHeader } from "./header.ts"
import { ioError } from "./io-error.ts"
import { cutRecords } from "./lines.ts"
import { type Entry, type FileEntry, hasGzipName, inside, pathBelow, type SkipReason } from "./list-files.ts"
import type { LargePages } from "./page-memory.ts"
import type { Place } from "./place.ts"
import { type Look, type ReadSettings, readFilePages, recordPage } from "./read-file.ts"
import { isUnchanged, type Known, knownOf } from "./resume-point.ts"
import { abortable, type Committed, fromGenerator, type Resume, type Source } from "./source.ts"
import { lastedText, Unanswered, watchUnanswered } from "./unanswered.ts"

export interface FilesOptions {
  /** Folder (read with all below it), file, or `-` for standard input; or where else files lie. */
  readonly input: string | Place
  /** How files are cut into records. */
  readonly format: Framing
  /** How bytes are written that a format holds as they are, and where, as the contract's fields read them. Default: as text where they are text, else in base64. */
  readonly bytesAt?: BytesAt | undefined
  /** Which files of a folder are read, by their path below it. Default: those whose names are of the format. */
  readonly takes?: ((path: string) => boolean) | undefined
  /** Arrival time, ms since 1970, of files whose path names no hour; without it the time they were last written. */
  readonly arrivedAt?: number | undefined
  /** Aimed size of a page; default 4 MiB. Larger costs memory, smaller an effect per few records. */
  readonly pageBytes?: number | undefined
  /** Room for large pages, shared with other sources; default: there is enough. Who gives it releases every page. */
  readonly large?: LargePages | undefined
  /** Larger records are cut to one byte more and marked; default 10 MiB. Bounds memory. */
  readonly maxRecordBytes?: number | undefined
  /** Look again for new and grown files, for ever. A short interval costs a look at all of them each time, which a bucket charges for. */
  readonly follow?: { readonly pollMillis: number } | undefined
  /** What `-` reads; default the process' standard input. */
  readonly stdin?: Readable | undefined
}

export interface FilesSource extends Source {
  /** Is a file of this path read where it lies in a folder? */
  readonly takes: (path: string) => boolean
  /** Names passed over in the latest walk of the folder, counted by reason. */
  readonly skipped: Effect.Effect<Readonly<Record<SkipReason, number>>>
  /** Files that the latest walk could not read. A bounded source also fails with them, after everything else has been delivered. */
  readonly problems: Effect.Effect<ReadonlyArray<SourceError>>
  /** What people should know of the latest walk: files that were replaced, lakes that were passed over. Sentences. */
  readonly notes: Effect.Effect<ReadonlyArray<string>>
}

/** The name of the source, wherever the files lie. */
export const filesName = "files"

/**
 * Records from files. Each file is a shard named by its absolute real path, or as an object of a bucket is (`s3://bucket/key`); a record's
 * sequence number is the offset of its first byte in the uncompressed content. Files come in byte order of their paths. What was read is known by
 * the sum of its bytes (see `Progress`): a file that still begins with them goes on behind them, or with its last record where that turns out to have been unfinished; one that does not was replaced,
 * and is read from its beginning, with sequence numbers behind those that it had.
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
    source: filesName,
    format: options.format,
    bytesAt: options.bytesAt,
    arrivalOf: ({ path, modifiedAt }) => arrivalOfFile(path, options.arrivedAt, modifiedAt),
    pageBytes: options.pageBytes ?? 4 * 1024 * 1024,
    maxRecordBytes: options.maxRecordBytes ?? 10 * 1024 * 1024
  }
  if (options.input === "-") return stdinSource(options.stdin ?? process.stdin, yield* Clock.currentTimeMillis, options.arrivedAt, settings)
  const place = typeof options.input === "string" ? yield* diskPlace(filesName, options.input) : options.input
  const walk = new Walk(place, settings, options)
  return {
    name: filesName,
    location: place.location,
    takes: walk.takes,
    skipped: Effect.sync(() => ({ ...walk.skipped })),
    problems: Effect.sync(() => walk.problems),
    notes: Effect.sync(() => firstOf([...walk.notes])),
    restingSince: (shard, position) => (inside(place.root, shard) ? changedSince(position) : null),
    pages: (resume) =>
      options.follow === undefined ? abortable((signal) => walk.once(resume, signal)) : followed(walk, resume, options.follow.pollMillis)
  }
})

/**
 * When a file was last changed, as far as its position says. One that was not read to its end rests as well, where others were changed after it: it may be
 * damaged, or gone.
 */
const changedSince = (position: ReadPosition): number => knownOf(position).progress?.changedAt ?? 0

const committed = (resume: Resume, path: string): Committed | Promise<Committed> => resume.find?.(path) ?? { position: resume.get(path) }

/** The end of one look at all files: what is to be told of it. */
interface Looked {
  /** What went wrong, and had not before. */
  readonly problems: ReadonlyArray<SourceError>
  /** What was not told before. */
  readonly notes: ReadonlyArray<string>
  /** Why the input itself could not be looked at. */
  readonly withoutInput: SourceError | undefined
}

class EndOfWalk {
  readonly looked: Looked
  constructor(looked: Looked) {
    this.looked = looked
  }
}

const followed = (walk: Walk, resume: Resume, pollMillis: number): Stream.Stream<RecordPage, SourceError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const unanswered = new Unanswered(0)
      yield* watchUnanswered(filesName, unanswered)
      return abortable((signal) => walk.forever(resume, signal)).pipe(
        Stream.mapEffect((next) =>
          next instanceof EndOfWalk
            ? tell(walk.place.root, next.looked, unanswered).pipe(Effect.andThen(Effect.sleep(pollMillis)), Effect.as(undefined))
            : Effect.succeed(next)
        ),
        Stream.filter((page) => page !== undefined)
      )
    })
  )

const tell = (root: string, { problems, notes, withoutInput }: Looked, unanswered: Unanswered): Effect.Effect<void> =>
  Effect.forEach(problems, (problem) => Effect.logWarning(problem.message), { discard: true }).pipe(
    Effect.andThen(Effect.forEach(notes, (note) => Effect.logInfo(note), { discard: true })),
    Effect.andThen(tellOfInput(root, withoutInput, unanswered))
  )

/** An input that is gone may come back, as a network drive does: it is looked for on and on, and its absence told from time to time. */
const tellOfInput = (root: string, problem: SourceError | undefined, unanswered: Unanswered): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    if (problem === undefined) {
      const lasted = unanswered.answered(root, now)
      return lasted === undefined ? Effect.void : Effect.logInfo(`${root} can be read again, after ${lastedText(lasted)}`)
    }
    unanswered.asked(root, now)
    const lasted = unanswered.failed(root, now)
    if (lasted === undefined) return Effect.void
    return Effect.logWarning(`${problem.message} ${lasted === 0 ? "Looking" : `It has been so for ${lastedText(lasted)}; looking`} again`)
  })

/** What is remembered of a file between two looks. */
interface Seen {
  readonly size: number
  readonly modifiedAt: number
  readonly changedAt: number
  readonly known: Known
  problem: SourceError | undefined
}

class Walk {
  skipped: Record<SkipReason, number> = { hidden: 0, type: 0, special: 0 }
  problems: ReadonlyArray<SourceError> = []
  /** What was told in the present look. */
  notes = new Set<string>()
  readonly place: Place
  readonly settings: ReadSettings
  readonly takes: (path: string) => boolean
  readonly #isShared: boolean
  readonly #large: LargePages | undefined

  constructor(place: Place, settings: ReadSettings, { takes, large }: Pick<FilesOptions, "takes" | "large">) {
    this.#isShared = takes !== undefined
    this.#large = large
    this.takes = (path) => (takes === undefined ? takesName(settings.format, path) : takes(pathBelow(place.root, path)))
    this.place = place
    this.settings = settings
  }

  /** Every file to its end. Remembers nothing about a file that it has read. */
  async *once(resume: Resume, signal: AbortSignal): AsyncGenerator<RecordPage, void> {
    const problems: Array<SourceError> = []
    this.problems = problems
    for await (const entry of this.entries(signal)) {
      if (entry.kind === "failed") problems.push(entry.error)
      if (entry.kind !== "file") continue
      const { position, ahead } = await committed(resume, entry.path)
      const known = knownOf(position, ahead)
      if (isUnchanged(entry, known)) continue
      try {
        yield* readFilePages(entry, known, this.#look(true, signal), this.settings)
      } catch (cause) {
        signal.throwIfAborted()
        problems.push(ioError(filesName, entry.path, cause))
      }
    }
    const failure = asOne(this.place.root, problems)
    if (failure !== undefined) throw failure
  }

  /**
   * Looks again and again. What may still be being written waits until size and time of the file are the same in two successive looks: the
   * unterminated last line of a plain file, and compressed files and documents as a whole.
   */
  async *forever(resume: Resume, signal: AbortSignal): AsyncGenerator<RecordPage | EndOfWalk, void> {
    const files = new Map<string, Seen>()
    let told: ReadonlySet<string> = new Set()
    for (;;) {
      const problems: Array<SourceError> = []
      const fresh: Array<SourceError> = []
      for await (const entry of this.entries(signal)) {
        if (entry.kind === "failed") {
          problems.push(entry.error)
          if (!this.problems.some((before) => isSame(before, entry.error))) fresh.push(entry.error)
        }
        if (entry.kind !== "file") continue
        const before = files.get(entry.path)
        const { position, hasRetired, ahead } = await committed(resume, entry.path)
        const stored = knownOf(position, ahead)
        // There may be any number of files: only those are remembered of which something is not committed, or that may change soon.
        if ((before === undefined || (hasRetired === true && before.problem === undefined)) && isUnchanged(entry, stored)) {
          files.delete(entry.path)
          continue
        }
        const settled =
          this.place.appearWhole || (before !== undefined && before.size === entry.size && before.changedAt === entry.changedAt)
        const isAsWritten = before !== undefined && before.size === entry.size && before.modifiedAt === entry.modifiedAt
        const seen: Seen = {
          size: entry.size,
          modifiedAt: entry.modifiedAt,
          changedAt: entry.changedAt,
          known: before?.known ?? stored,
          problem: isAsWritten && before.problem !== undefined && isOfContent(before.problem) ? before.problem : undefined
        }
        files.set(entry.path, seen)
        if (seen.problem === undefined && (settled || this.#isReadableWhileWritten(entry, seen.known))) {
          try {
            yield* readFilePages(entry, seen.known, this.#look(settled, signal), this.settings)
          } catch (cause) {
            signal.throwIfAborted()
            const problem = ioError(filesName, entry.path, cause)
            seen.problem = problem
            const known = before?.problem !== undefined && isSame(before.problem, problem)
            if (!known || isOfContent(problem)) fresh.push(problem)
          }
        }
        if (seen.problem !== undefined) problems.push(seen.problem)
      }
      this.problems = problems
      const { notes } = this
      const withoutInput = problems.find((problem) => problem.location === this.place.root && !isOfContent(problem))
      yield new EndOfWalk({
        problems: fresh.filter((problem) => problem !== withoutInput),
        notes: [...notes].filter((note) => !told.has(note)),
        withoutInput
      })
      told = notes
    }
  }

  async *entries(signal: AbortSignal): AsyncGenerator<Entry, void> {
    this.skipped = { hidden: 0, type: 0, special: 0 }
    this.notes = new Set()
    for await (const entry of this.place.entries(this.takes, signal)) {
      // Of others' files somebody else tells.
      if (entry.kind === "skipped" && entry.why === "type" && this.#isShared) continue
      if (entry.kind === "skipped") this.skipped[entry.why]++
      if (entry.kind === "lake") this.notes.add(`${entry.lake} is a lake or a table: what Sluice wrote there is passed over.`)
      yield entry
    }
  }

  #look(isSettled: boolean, signal: AbortSignal): Look {
    return {
      open: (file) => this.place.open(file, signal),
      room: this.#large?.until(signal),
      isSettled,
      note: (text) => this.notes.add(text)
    }
  }

  #isReadableWhileWritten(file: FileEntry, known: Known): boolean {
    const format = fixedFormat(this.settings.format, file.path) ?? known.progress?.format
    return !hasGzipName(file.path) && (format === "line" || format === "csv")
  }
}

/** What is wrong with the content stays wrong until the file is written again. Rights, disks and networks come back without a trace in the file. */
const isOfContent = ({ reason }: SourceError): boolean => reason === "Unreadable" || reason === "Invalid"

const isSame = (a: SourceError, b: SourceError): boolean => a.location === b.location && a.reason === b.reason && a.detail === b.detail

/** As many as people read. */
const firstOf = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.length <= 20 ? texts : [...texts.slice(0, 20), `${texts.length - 20} more`]

/** @returns undefined where nothing went wrong */
const asOne = (root: string, problems: ReadonlyArray<SourceError>): SourceError | undefined => {
  const [first, ...others] = problems
  if (first === undefined || others.length === 0) return first
  const named = firstOf(problems.map((problem) => `${problem.location} (${problem.detail})`))
  return new SourceError({
    source: filesName,
    reason: first.reason,
    location: root,
    detail: `${problems.length} files could not be read: ${named.join("; ")}`,
    hint: `All other files were read. ${[...new Set(problems.map(({ hint }) => hint))].join(" ")}`,
    cause: first
  })
}

const stdinSource = (readable: Readable, now: number, arrivedAt = now, settings: ReadSettings): FilesSource => {
  const shard = `stdin-${new Date(now).toISOString()}`
  const notes: Array<string> = []
  async function* pages(): AsyncGenerator<RecordPage, void> {
    const location = { source: filesName, path: "standard input" }
    const reader = fromReadable(location, readable)
    try {
      refusePiped(location, await reader.head())
      const fixed = settings.format === "auto" ? undefined : fixedFormat(settings.format, shard)
      const detected = fixed === undefined ? await detectFormat(reader, 64 * 1024, settings.maxRecordBytes) : undefined
      const format = detected?.format ?? fixed ?? "line"
      const { maxRecordBytes } = settings
      const pageBytes = Math.min(settings.pageBytes, 256 * 1024)
      const start = { offset: 0, sum: 0, head: detected?.head ?? new Uint8Array(0) }
      const ends = () => recordEnds(settings.format, format, maxRecordBytes)
      const cuts = cutRecords(reader, start, {
        ends,
        pageBytes,
        maxRecordBytes,
        atEnd: "deliver",
        eager: true,
        room: undefined
      })
      const lone = loneHeader(location, ends(), (note) => notes.push(note))
      for await (const cut of hasHeader(settings.format) ? behindHeader(location, cuts, settings.format, lone) : cuts) {
        if (cut.starts.length > 0) yield recordPage(shard, 0, cut, arrivedAt)
      }
    } finally {
      await reader.close()
    }
  }
  return {
    name: filesName,
    location: "file:///dev/stdin",
    takes: () => true,
    skipped: Effect.succeed({ hidden: 0, type: 0, special: 0 }),
    problems: Effect.succeed([]),
    notes: Effect.sync(() => notes),
    pages: () => fromGenerator(pages, () => readable.destroy())
  }
}
