import { Effect, Stream } from "effect"
import { bytesIn } from "../contract/bytes-at.ts"
import { formatOf } from "../contract/format.ts"
import type { FailedObject, Handling } from "../firehose/messages.ts"
import { objectPages } from "../firehose/object-pages.ts"
import { structureObject, writeLoss } from "../firehose/structure-object.ts"
import type { Content } from "../firehose/structured-objects.ts"
import { firehoseSource } from "../lake/firehose.ts"
import type { DeadLetter } from "../record/dead-letter.ts"
import { positionAt, type RecordPage } from "../record/record.ts"
import type { SourceError } from "../record/source-error.ts"
import type { AnnouncedObject } from "../source/announced/envelope.ts"
import { lossBy } from "../source/announced/read-objects.ts"
import { wantedObject } from "../source/announced/wanted.ts"
import { framingOf } from "../source/framing.ts"
import type { ObjectReader } from "../store/s3-reader.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { BadConfig } from "./failures.ts"
import type { InputShare } from "./input-shares.ts"
import { countsToTell, type Structurers } from "./structurers.ts"

export interface StructureOptions {
  /** Datasets, and which keys are of each. */
  readonly shares: ReadonlyArray<InputShare>
  readonly structurers: Structurers
  readonly reader: ObjectReader
  readonly maxRecordBytes: number
}

/** So often a queue gives the message of an object that S3 denies before it is lost, since rights may come late. */
const deniedTries = 5

/** Objects that are read at a time. */
const objectsAtATime = 4

/**
 * Structures each object for every dataset that takes its key, into the lake's `structured_json/`. Keys that none takes are nothing. An object that cannot be read is a
 * dead letter, but where that may pass: one that is denied fails, and comes again. Only to a queue, which tells how often it came, it is a dead letter in the end.
 *
 * @returns those that were not structured as a whole, and why
 */
export const structureObjects = (
  options: StructureOptions,
  objects: ReadonlyArray<AnnouncedObject>,
  { done, received }: Handling
): Effect.Effect<ReadonlyArray<FailedObject>, never, Store> => {
  const structureAll = (object: AnnouncedObject) =>
    Effect.forEach(
      options.shares.filter(({ takes }) => takes?.(object.key) !== false),
      (share) =>
        structureOne(options, object, share, lossAt(received(object))).pipe(
          Effect.as([]),
          Effect.catch(({ message }) => Effect.succeed([{ object, problem: `s3://${object.bucket}/${object.key}: ${message}` }]))
        )
    ).pipe(
      Effect.map((all) => all.flat()),
      Effect.tap((failed) => Effect.sync(() => failed.length === 0 && done(object)))
    )
  return Effect.map(Effect.forEach(objects, structureAll, { concurrency: objectsAtATime }), (all) => all.flat())
}

const structureOne = (
  { maxRecordBytes, reader, structurers }: StructureOptions,
  object: AnnouncedObject,
  { contract: compiled }: InputShare,
  isLost: (error: SourceError) => boolean
): Effect.Effect<void, BadConfig | SourceError | StoreError, Store> =>
  Effect.gen(function* () {
    const { contract } = compiled
    const wanted = wantedObject(object)
    const content: Content = { dataset: contract.name, shard: wanted.shard, arrivedAt: wanted.arrivedAt }
    const structurer = yield* structurers.of(compiled)
    const cutting = { format: framingOf(formatOf(contract)), bytesAt: bytesIn(contract.fields), maxRecordBytes }
    let last: RecordPage | undefined
    const pages = Stream.tap(objectPages(reader, wanted, cutting), (page) =>
      Effect.sync(() => {
        if (page.count > 0) last = page
      })
    )
    yield* Effect.matchEffect(structureObject(structurer, content, pages, isLost), {
      onSuccess: (counts) =>
        Effect.annotateLogs(Effect.logInfo(`${wanted.shard}: structured`), { dataset: contract.name, ...countsToTell(counts) }),
      onFailure: (error) =>
        error._tag === "SourceError" && isLost(error)
          ? Effect.andThen(Effect.logWarning(error.message), writeLoss(content, lossLetter(content, wanted.raw, last, error)))
          : Effect.fail(error)
    })
  })

/** Which errors another try would not mend, by how often the object came. */
const lossAt =
  (received: number) =>
  ({ reason }: SourceError): boolean =>
    reason !== "Unavailable" && (reason !== "Denied" || received >= deniedTries)

/** The dead letter of a content of which no more can be read than these pages. */
const lossLetter = ({ shard, arrivedAt }: Content, notification: string, last: RecordPage | undefined, error: SourceError): DeadLetter => {
  const raw = new Uint8Array(Buffer.from(notification))
  return {
    source: firehoseSource,
    shard,
    sequenceNumber: last === undefined ? "0" : String(BigInt(positionAt(last, last.count - 1).sequenceNumber) + 1n),
    subSequenceNumber: 0,
    arrivedAt,
    ...lossBy(error),
    path: null,
    offset: null,
    raw,
    size: raw.length,
    header: null
  }
}
