import { Effect, Stream } from "effect"
import type { BytesAt } from "../contract/bytes-at.ts"
import { firehoseSource } from "../lake/firehose.ts"
import type { RecordPage } from "../record/record.ts"
import type { SourceError } from "../record/source-error.ts"
import type { AnnouncedObject } from "../source/announced/envelope.ts"
import { openObject } from "../source/announced/object-bytes.ts"
import type { Wanted } from "../source/announced/wanted.ts"
import type { Framing } from "../source/framing.ts"
import { readFilePages } from "../source/read-file.ts"
import { knownOf } from "../source/resume-point.ts"
import { abortable } from "../source/source.ts"
import type { ObjectReader } from "../store/s3-reader.ts"

/** How objects are cut into records. */
export interface Cutting {
  readonly format: Framing
  readonly bytesAt: BytesAt | undefined
  readonly maxRecordBytes: number
}

/** Size of a page, about. */
const pageBytes = 4 * 1024 * 1024

/** The records of one content of an object, all of them, as pages of one shard: the same pages each time. Errors as those of `openObject`, and `Unreadable` where it is damaged. */
export const objectPages = (
  reader: ObjectReader,
  wanted: Wanted & { readonly object: AnnouncedObject },
  cutting: Cutting
): Stream.Stream<RecordPage, SourceError> =>
  Stream.unwrap(
    Effect.map(Effect.context<never>(), (context) => {
      const run = Effect.runPromiseWith(context)
      const settings = { ...cutting, source: firehoseSource, arrivalOf: () => wanted.arrivedAt, pageBytes }
      return abortable(async function* (signal): AsyncGenerator<RecordPage, void> {
        const { file, bytes } = await openObject(reader, run, firehoseSource, wanted, wanted.object, signal)
        const look = { room: undefined, isSettled: true, note: () => {}, open: async () => bytes }
        yield* readFilePages(file, knownOf(undefined), look, settings)
      })
    })
  )
