import { Effect, Stream } from "effect"
import { type DeadLetterReason, deadLetterReasons, type Rejection } from "../record/dead-letter-reasons.ts"
import { coordinatesOf, type ShardPosition } from "../record/position.ts"
import { positionAt, type RecordPage, recordsAfter } from "../record/record.ts"
import { SourceError } from "../record/source-error.ts"
import { claimPage, isDone, lossOf, lossPage, rejectedPage } from "../source/announced/loss.ts"
import { lossBy } from "../source/announced/read-objects.ts"
import type { Wanted } from "../source/announced/wanted.ts"
import { knownOf } from "../source/resume-point.ts"
import type { Committed, Resume, Source } from "../source/source.ts"
import type { ObjectReader } from "../store/s3-reader.ts"
import { type ErrorRecord, errorRecordIn } from "./error-record.ts"
import { objectPages } from "./object-pages.ts"
import { structuringErrors } from "./structured-objects.ts"

/** The name of the source of dead letters that others have put down: what lies under error prefixes, and messages of dead-letter queues. */
export const collectedName = "collected"

/** Whose records lie in an object under an error prefix: a dataset's, or a delivery stream's, with the folders that its prefix may have behind the kind of error. */
export type ErrorObject = { readonly dataset: string } | { readonly stream: string; readonly folders: ReadonlyArray<string> }

/** Tells by its key whether an object is of an error prefix: of Firehose, which names the kind of error in it, or of functions in front of it. Null: it is none. */
export const errorObjectAt = (key: string): ErrorObject | null => {
  const [, dataset] = new RegExp(`(?:^|/)${structuringErrors}/([^/]+)/`).exec(key) ?? []
  if (dataset !== undefined) return { dataset }
  const [, folders = "", stream] =
    /(?:^|\/)[a-z]+(?:-[a-z]+)*-failed\/((?:.*\/)?)([^/]+)-\d+-\d{4}(?:-\d\d){5}-[0-9a-f-]{36}(?:\.[a-z0-9.-]+)?$/.exec(key) ?? []
  return stream === undefined ? null : { stream, folders: folders.split("/").slice(0, -1) }
}

/** Bytes of a line: a record of 10 MiB, in base64, with what is said of it. */
const maxLineBytes = 16 * 1024 * 1024
const cutting = { format: "lines", bytesAt: undefined, maxRecordBytes: maxLineBytes } as const

export interface CollectedOptions {
  /** URI of the place, for lineage. */
  readonly location: string
  /** Messages that are dead letters, and objects that hold some. Each is taken once, however often it is given. */
  readonly wanted: ReadonlyArray<Wanted>
  readonly objects: ObjectReader
  /** Told of an object that could not be read to its end. What was read of it is kept, and it is gone on with when it is given again. */
  readonly onFailed: (wanted: Wanted, error: SourceError) => void
  /** Told of an object that is lost. The commit that is made then says so, and its own dead letter comes with the next time that it is given. */
  readonly onLost: (wanted: Wanted, error: SourceError) => void
}

/**
 * Dead letters as a source whose every record is one. So they are taken exactly once and counted as those of any other: by the positions of their shards, which stand in
 * the commits that hold them. The sequence number of one from an object is the offset of its line. It ends with what it was given.
 */
export const collectedSource = ({ location, wanted, objects, onFailed, onLost }: CollectedOptions): Source => ({
  name: collectedName,
  location,
  isFirstCome: true,
  // Nothing comes of one that is taken.
  restingSince: (shard) => Date.parse(`${shard.slice(0, 13)}:00Z`),
  pages: (resume) =>
    Stream.rechunk(
      Stream.flatMap(Stream.fromIterable(wanted), (one) =>
        Stream.unwrap(
          Effect.map(committedOf(resume, one.shard), (committed) => pagesOf(objects, one, committed, (error) => onLost(one, error)))
        ).pipe(
          Stream.catch((error) =>
            one.object === null ? Stream.fail(error) : Stream.fromEffectDrain(Effect.sync(() => onFailed(one, error)))
          )
        )
      ),
      1
    )
})

const committedOf = (resume: Resume, shard: string): Effect.Effect<Committed, SourceError> =>
  Effect.tryPromise({
    try: async () => (await resume.find?.(shard)) ?? { position: resume.get(shard) },
    catch: (cause) => cause
  }).pipe(Effect.catch((cause) => (cause instanceof SourceError ? Effect.fail(cause) : Effect.die(cause))))

const pagesOf = (
  objects: ObjectReader,
  wanted: Wanted,
  committed: Committed,
  onLost: (error: SourceError) => void
): Stream.Stream<RecordPage, SourceError> => {
  const { object, rejected } = wanted
  const { position, ahead } = committed
  const loss = lossOf(position)
  if (isDone(position)) return Stream.empty
  if (rejected !== null) return Stream.succeed(rejectedPage(wanted, rejected))
  if (loss !== undefined) return Stream.succeed(lossPage(wanted, committed, loss))
  if (object === null) return Stream.empty
  return objectPages(objects, { ...wanted, object }, cutting).pipe(
    Stream.flatMap((page) => Stream.fromIterable(letterPages(recordsAfter(page, position), position))),
    Stream.catch((error) =>
      isLost(error)
        ? Stream.fromEffect(
            Effect.sync(() => {
              onLost(error)
              return claimPage(wanted, knownOf(position, ahead), lossBy(error))
            })
          )
        : Stream.fail(error)
    )
  )
}

/** Another try would find the same. */
const isLost = ({ reason }: SourceError): boolean => reason === "NotFound" || reason === "Unreadable"

/** Each line as a page of one dead letter; what the source wants to be given back goes with the last. */
const letterPages = (page: RecordPage, position: ShardPosition | undefined): ReadonlyArray<RecordPage> => {
  const { resume, shard } = page
  if (page.count === 0) return [{ ...page, position: position === undefined ? page.position : coordinatesOf(position) }]
  const letters = Array.from({ length: page.count }, (_, i): RecordPage => {
    const line = page.bytes.subarray(page.starts[i], page.ends[i])
    const { arrivedAt, header, raw, rejected, size } = letterOf(line, page.cut?.get(i), page)
    return {
      shard,
      count: 1,
      bytes: raw,
      starts: [0],
      ends: [raw.length],
      sequenceNumbers: [positionAt(page, i).sequenceNumber],
      arrivedAt,
      header: header ?? undefined,
      ...(size > raw.length ? { cut: new Map([[0, size]]) } : {}),
      rejected,
      ...(i === page.count - 1 ? { resume } : {})
    }
  })
  page.release?.()
  return letters
}

interface Letter {
  readonly raw: Uint8Array
  readonly size: number
  readonly arrivedAt: number
  readonly header: Uint8Array | null
  readonly rejected: Rejection
}

/** @param cut true length of a line that is too long */
const letterOf = (line: Uint8Array, cut: number | undefined, { arrivedAt }: RecordPage): Letter => {
  const record = cut === undefined ? errorRecordIn(Buffer.from(line.buffer, line.byteOffset, line.length).toString()) : null
  if (record !== null && isTime(record.arrivedAt)) return { ...givenLetter(record), arrivedAt: record.arrivedAt }
  return {
    raw: new Uint8Array(line),
    size: cut ?? line.length,
    // One time holds for all lines of an object.
    arrivedAt: typeof arrivedAt === "number" ? arrivedAt : 0,
    header: null,
    rejected: { reason: "not_error_record", detail: cut === undefined ? "The line is no record of an error." : "The line is too long." }
  }
}

/** Since the dead letters are filed by it. Milliseconds since 1970. */
const isTime = (millis: number): boolean => millis >= 0 && millis < 253_402_300_800_000

const givenLetter = ({ raw, code, at, letter }: ErrorRecord): Omit<Letter, "arrivedAt"> => {
  if (letter === null) {
    // What Firehose says beside the code may quote the record.
    const rejected = { reason: `firehose_${at === "conversion" ? at : "transformation"}`, detail: `Firehose says ${word(code)}.` } as const
    return { raw, size: raw.length, header: null, rejected }
  }
  const { detail, header, offset, path, reason, sequenceNumber, shard, size, source } = letter.letter
  const where = `It was record ${sequenceNumber} of ${shard} (${source}).`
  return {
    raw,
    size,
    header,
    rejected: isReason(reason)
      ? { reason, path, offset, detail: `${detail} ${where}` }
      : // Of another version of Sluice.
        { reason: "not_error_record", detail: `The reason ${word(reason)} is not known. ${where}` }
  }
}

const isReason = (text: string): text is DeadLetterReason => Object.hasOwn(deadLetterReasons, text)

/** A code, and nothing else that may stand in its place. */
const word = (code: string): string => (/^[\w.:-]{1,100}$/.test(code) ? code : "something that is no code")
