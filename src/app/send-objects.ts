import { Effect } from "effect"
import type { FirehoseApi } from "../firehose/api.ts"
import { type FailedObject, type Handling, keyBelow } from "../firehose/messages.ts"
import { sendObject } from "../firehose/send-object.ts"
import { structuredDataset } from "../firehose/structured-objects.ts"
import type { AnnouncedObject } from "../source/announced/envelope.ts"
import { Store } from "../store/store.ts"
import { type DeliveryStreams, streamOf } from "./structurers.ts"

/** Objects on their way at a time. */
const objectsAtATime = 4

/**
 * Puts the lines of those objects that are structured JSON of the lake into the delivery streams of their datasets. Others are nothing to it.
 *
 * @param deadline milliseconds since 1970
 * @returns those of which not all was put, and why
 */
export const sendObjects = (
  api: FirehoseApi,
  streams: DeliveryStreams,
  objects: ReadonlyArray<AnnouncedObject>,
  deadline: number,
  { done }: Handling
): Effect.Effect<ReadonlyArray<FailedObject>, never, Store> =>
  Effect.gen(function* () {
    const { root } = yield* Store
    const structured = objects.flatMap((object) => {
      const key = keyBelow(root, object)
      const dataset = key === null ? null : structuredDataset(key)
      if (key !== null && dataset !== null) return [{ object, key, dataset }]
      done(object)
      return []
    })
    const sent = yield* Effect.forEach(
      structured,
      ({ object, key, dataset }) =>
        Effect.flatMap(streamOf(streams, dataset), (stream) =>
          sendObject(api, stream, { dataset, key, writtenAt: object.eventTime }, deadline)
        ).pipe(
          Effect.tap(({ lines, deadLetters }) => Effect.logInfo(`${key}: sent`).pipe(Effect.annotateLogs({ lines, deadLetters }))),
          Effect.andThen(Effect.sync(() => done(object))),
          Effect.as(null),
          Effect.catch(({ message }) => Effect.succeed({ object, problem: `${key}: ${message}` }))
        ),
      { concurrency: objectsAtATime }
    )
    return sent.flatMap((failed) => failed ?? [])
  })
