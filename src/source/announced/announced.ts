import { Clock, Effect, type Scope, Stream } from "effect"
import type { BytesAt } from "../../contract/bytes-at.ts"
import type { ObjectReader } from "../../store/s3-reader.ts"
import type { QueueApi } from "../../stream/sqs/api.ts"
import type { Framing } from "../framing.ts"
import type { LargePages } from "../page-memory.ts"
import { abortable, type Committed, type Source } from "../source.ts"
import { Unanswered, watchUnanswered } from "../unanswered.ts"
import { openConsumer } from "./consumer.ts"
import { Denials } from "./denials.ts"
import type { Inbox, Item, Ledger, LedgerLimits } from "./ledger.ts"
import type { QueueTally } from "./metrics.ts"
import { Patience } from "./patience.ts"
import { readInbox } from "./read-objects.ts"

/** A dataset that takes objects. */
export interface AnnouncedDataset {
  /** Is an object of this key one of its? */
  readonly takes: (key: string) => boolean
  /** How objects are cut into records. */
  readonly format: Framing
  readonly bytesAt?: BytesAt | undefined
}

export interface AnnouncedOptions {
  readonly queue: QueueApi
  readonly objects: ObjectReader
  /** Each has a source of its own. The first also has, as dead letters, the messages that cannot be read. */
  readonly datasets: ReadonlyArray<AnnouncedDataset>
  /** Which keys are of others, who read them: their messages stay in the queue. Default: none. */
  readonly leaves?: ((key: string) => boolean) | undefined
  /** For ever; else until the queue gives nothing for a while. */
  readonly follow: boolean
  /** Aimed size of a page; default 4 MiB. */
  readonly pageBytes?: number | undefined
  /** How much is held of messages that are not committed; default: up to 20,000 of them a dataset. */
  readonly limits?: LedgerLimits | undefined
  /** Room for large pages; default: there is enough. */
  readonly large?: LargePages | undefined
  /** Larger records are cut to one byte more and marked; default 10 MiB. */
  readonly maxRecordBytes?: number | undefined
  /** How long a bounded run bears failures that may pass by themselves; default 300 000. */
  readonly patienceMillis?: number | undefined
}

export interface AnnouncedSources {
  /** One a dataset, in their order. */
  readonly sources: ReadonlyArray<Source>
  /** What was counted so far. */
  readonly told: () => QueueTally
}

/** The name of the source, whichever queue announces the objects: it is them that are read once. */
export const announcedName = "announced"

/** A batch takes up to 10,000 shards, and the next is filled while one is committed; SQS has at most 120,000 messages with its readers. */
const messagesOf = (datasets: number): number => Math.min(100_000, 20_000 * datasets)
/** Of what is held of messages in memory. */
const heldBytes = 48 * 1024 * 1024

/**
 * An object that S3 does not give is lost when its message was received so often, and has been denied to this process for so long: who has just made a bucket
 * grants rights to it a little later. That is how long the pauses last, of 1, 2, 4 and 8 minutes, but for what clocks differ.
 */
const mostReceived = 5
const deniedMillis = 840_000
const firstPauseSeconds = 60
/** A bounded run does not see a message again that it gives back. When it is the last to be given it, it asks for its object as often as this, for as long as its patience lasts. */
const againMillis = 30_000

/** A call now and then that fails is what a service is like. */
const firstWarningMillis = 2_000

/**
 * Objects of buckets, as messages of a queue announce them: one source a dataset, all of which one consumer of the queue feeds. Each content of an object is a
 * shard, see `wanted.ts`; a record's sequence number is the offset of its first byte in the uncompressed content, and all arrived when the notification
 * says that the object was written.
 *
 * A message stays in the queue until all objects that it announces stand in commits of all datasets that take them. What the log has of an object is not
 * read again, whoever announces it. Any number of processes may read one queue.
 *
 * Of an object that cannot be read there is a dead letter: at once where it is gone or damaged, after some minutes and the fifth delivery of its message where S3 does not give it.
 * What may pass by itself is tried again.
 *
 * Errors of the sources: `NotFound`, `Denied` and `Invalid` of the queue; `Unavailable` only in a bounded run.
 */
export const announcedSources = (options: AnnouncedOptions): Effect.Effect<AnnouncedSources, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { datasets, follow, leaves = () => false, patienceMillis = 300_000, queue } = options
    const unanswered = new Unanswered(firstWarningMillis)
    const patience = new Patience(unanswered, follow ? Number.POSITIVE_INFINITY : patienceMillis)
    const consumer = yield* openConsumer({
      queue,
      source: announcedName,
      takes: datasets.map(({ takes }) => takes),
      leaves,
      follow,
      limits: options.limits ?? { messages: messagesOf(datasets.length), bytes: heldBytes },
      patience
    })
    const { ledger, tally } = consumer
    const denied = { denials: new Denials(), isBounded: !follow, bearsMillis: follow ? deniedMillis : patienceMillis }
    const sources = datasets.flatMap((dataset, i) => {
      const inbox = ledger.inboxes[i]
      return inbox === undefined ? [] : [sourceOf(options, dataset, inbox, { ...consumer, ...denied, patience, unanswered })]
    })
    return { sources, told: () => ({ ...tally }) }
  })

interface Shared extends Denied {
  readonly start: Effect.Effect<void>
  readonly patience: Patience
  readonly unanswered: Unanswered
}

/** What becomes of objects that S3 does not give. */
interface Denied {
  readonly ledger: Ledger
  readonly denials: Denials
  readonly isBounded: boolean
  /** So long an object is denied before it is lost. */
  readonly bearsMillis: number
}

const sourceOf = (
  { objects, queue, pageBytes = 4 * 1024 * 1024, maxRecordBytes = 10 * 1024 * 1024, large }: AnnouncedOptions,
  { format, bytesAt }: AnnouncedDataset,
  inbox: Inbox,
  { patience, start, unanswered, ...denied }: Shared
): Source => ({
  name: announcedName,
  location: queue.url,
  isFirstCome: true,
  // Nothing comes of an object that is read. What was read in part goes on soon, and comes back from where it has retired.
  restingSince: (shard) => Date.parse(`${shard.slice(0, 13)}:00Z`),
  committed: (positions) => Effect.sync(() => inbox.committed(positions)),
  pages: (resume) =>
    Stream.unwrap(
      Effect.gen(function* () {
        yield* watchUnanswered(announcedName, unanswered)
        const run = Effect.runPromiseWith(yield* Effect.context<never>())
        yield* start
        return abortable((signal) =>
          readInbox(inbox, {
            reader: objects,
            run,
            settings: { source: announcedName, format, bytesAt, arrivalOf: ({ modifiedAt }) => modifiedAt, pageBytes, maxRecordBytes },
            room: large?.until(signal),
            patience,
            find: (shard): Committed | Promise<Committed> => resume.find?.(shard) ?? { position: resume.get(shard) },
            giveBack: (item) => giveBack(denied, inbox, item, (effect) => run(effect, { signal })),
            signal
          })
        )
      })
    )
})

const giveBack = async (
  { bearsMillis, denials, isBounded, ledger }: Denied,
  inbox: Inbox,
  item: Item,
  run: <A>(effect: Effect.Effect<A>) => Promise<A>
): Promise<boolean> => {
  const { received, wanted } = item
  const now = await run(Clock.currentTimeMillis)
  const lasted = now - denials.denied(wanted.shard, now)
  const isLast = received >= mostReceived
  if (isLast && lasted >= bearsMillis) {
    denials.forget(wanted.shard)
    return false
  }
  if (isLast && isBounded) inbox.defer(item, run(Effect.sleep(againMillis)))
  else {
    inbox.leave(item)
    const pause = firstPauseSeconds * 2 ** (Math.min(received, mostReceived - 1) - 1)
    for (const message of [...item.messages]) ledger.giveBack(message, pause)
  }
  return true
}
