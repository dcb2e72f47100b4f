import { Clock, Effect } from "effect"
import type { Rejection } from "../../record/dead-letter-reasons.ts"
import type { Position } from "../../record/position.ts"
import { noRecords, positionAt, type RecordPage } from "../../record/record.ts"
import { SourceError } from "../../record/source-error.ts"
import type { ObjectReader } from "../../store/s3-reader.ts"
import type { PageRoom } from "../page-memory.ts"
import { type ReadSettings, readFilePages } from "../read-file.ts"
import { type Known, knownOf } from "../resume-point.ts"
import type { Committed } from "../source.ts"
import type { AnnouncedObject } from "./envelope.ts"
import type { Claimed, Inbox, Item } from "./ledger.ts"
import { claimPage, isDone, lossOf, lossPage, rejectedPage } from "./loss.ts"
import { type OpenObject, openObject, type Run } from "./object-bytes.ts"
import { bucketOf, Parked } from "./parked.ts"
import type { Patience } from "./patience.ts"

/** How the objects of one dataset are read. */
export interface Reading {
  readonly reader: ObjectReader
  readonly run: Run
  readonly settings: ReadSettings
  readonly room: PageRoom | undefined
  readonly patience: Patience
  /** What is committed of a shard, as this process knows. */
  readonly find: (shard: string) => Committed | Promise<Committed>
  /** S3 does not give an object: lets others have it, or itself later. @returns false: it was tried often enough */
  readonly giveBack: (item: Item) => Promise<boolean>
  readonly signal: AbortSignal
}

/** Objects that are opened while the pages of one are taken: a round trip each, of which small ones would be nothing but that. */
const openAhead = 32
/** Bytes of these: the first range of a large one is as much. */
const openBytes = 4 * 1024 * 1024

/** An item, and its object, which is being opened; null: it is opened when it is its turn. */
interface Opening {
  readonly item: Item
  readonly bytes: number
  readonly object: Promise<OpenObject> | null
}

/** The turn of one item. */
interface Turn extends Reading {
  readonly parked: Parked
}

/** What is to be read for a dataset, page by page, until its inbox is closed. Throws what the queue has failed with for good. */
export async function* readInbox(inbox: Inbox, reading: Reading): AsyncGenerator<RecordPage, void> {
  const { patience, run, signal } = reading
  const ahead: Array<Opening> = []
  const parked = new Parked(patience)
  let nudged: Claimed | undefined
  inbox.restart()
  try {
    for (;;) {
      if (inbox.failure !== null) throw inbox.failure
      const now = patience.isTried ? await run(Clock.currentTimeMillis) : 0
      for (const item of parked.release(now)) inbox.postpone(item)
      let bytes = ahead.reduce((sum, opening) => sum + opening.bytes, 0)
      while (ahead.length < openAhead && (ahead.length === 0 || bytes < openBytes)) {
        const item = inbox.next()
        if (item === undefined) break
        if (parked.takes(item, now)) continue
        const opening = await begin(item, bytes, reading)
        bytes += opening.bytes
        ahead.push(opening)
      }
      const opening = ahead.shift()
      if (opening === undefined) {
        if (inbox.isPressed) {
          inbox.released()
          yield commitNow
        }
        const claimed = inbox.isClosed ? inbox.claimed : undefined
        if (inbox.isClosed && claimed === undefined && parked.isEmpty) return
        // What was claimed is gone on with behind its commit, which nothing else may bring about.
        if (claimed !== undefined && claimed !== nudged) {
          nudged = claimed
          yield { ...claimed.claim, commitNow: true }
        }
        const isOver = () => parked.isEmpty && inbox.isClosed && (inbox.claimed === undefined || inbox.claimed !== nudged)
        const changed = (stopped: AbortSignal) =>
          inbox.changed.until(() => inbox.isWaiting || inbox.isPressed || inbox.failure !== null || isOver(), stopped)
        if (parked.isEmpty) await changed(signal)
        else await run(Effect.raceFirst(Effect.promise(changed), sleepUntil(parked.restsUntil)), { signal })
      } else if (opening.object !== null || !parked.takes(opening.item, now)) yield* readItem(opening, inbox, { ...reading, parked })
    }
  } finally {
    for (const { object } of ahead) close(object)
  }
}

const sleepUntil = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(0, millis - now)))

/** Is of no shard, and says nothing but that the batch is to be committed. */
const commitNow: RecordPage = { ...noRecords, shard: "", commitNow: true }

/** Opens an object ahead where it is small and new, and its bucket answers. */
const begin = async (item: Item, held: number, reading: Reading): Promise<Opening> => {
  const { object, shard } = item.wanted
  const bytes = Math.min(object?.size ?? openBytes, openBytes)
  const isSmall = object !== null && object.size !== 0 && held + bytes <= openBytes && !reading.patience.hasFailed(bucketOf(object))
  if (!isSmall || (await reading.find(shard)).position !== undefined) return { item, bytes: 0, object: null }
  const opened = open(item, object, reading)
  // Its failure is told when it is its turn.
  opened.catch(() => {})
  return { item, bytes, object: opened }
}

const open = ({ wanted }: Item, object: AnnouncedObject, { reader, run, settings, signal }: Reading): Promise<OpenObject> =>
  openObject(reader, run, settings.source, wanted, object, signal)

const close = (object: Promise<OpenObject> | null): void => {
  object?.then(({ bytes }) => bytes.close()).catch(() => {})
}

/** The pages of one item, which the log may have by now. */
async function* readItem({ item, object: opened }: Opening, inbox: Inbox, reading: Turn): AsyncGenerator<RecordPage, void> {
  const { wanted } = item
  const found = await reading.find(wanted.shard)
  const { position, ahead } = found
  const loss = lossOf(position)
  if (isDone(position)) {
    close(opened)
    inbox.read(item)
    return
  }
  const letter =
    wanted.rejected !== null ? rejectedPage(wanted, wanted.rejected) : loss !== undefined ? lossPage(wanted, found, loss) : null
  if (letter !== null) {
    close(opened)
    item.last = positionAt(letter, 0)
    yield letter
    inbox.read(item)
  } else if (wanted.object !== null) yield* readObject(item, wanted.object, opened, knownOf(position, ahead), inbox, reading)
}

async function* readObject(
  item: Item,
  object: AnnouncedObject,
  opened: Promise<OpenObject> | null,
  known: Known,
  inbox: Inbox,
  reading: Turn
): AsyncGenerator<RecordPage, void> {
  const { parked, patience, room, run, settings, signal } = reading
  const bucket = bucketOf(object)
  const look = { room, isSettled: true, note: () => {} }
  try {
    const { file, bytes } = await (opened ?? open(item, object, reading))
    for await (const page of readFilePages(file, known, { ...look, open: async () => bytes }, settings)) {
      item.last = lastOf(page, known) ?? item.last
      item.saysEnd = page.resume?.["done"] === true
      yield page
    }
    if (patience.hasFailed(bucket)) await run(patience.answered(bucket))
    inbox.read(item)
  } catch (cause) {
    signal.throwIfAborted()
    if (!(cause instanceof SourceError)) throw cause
    if (cause.reason === "Unavailable") {
      if ((await run(patience.rest(bucket, cause.message))) === null) throw cause
      // It may be a matter of this object alone: others of the bucket come before it.
      return parked.add(item, object)
    }
    if (cause.reason === "Denied" && (await reading.giveBack(item))) return
    item.claim = claimPage(item.wanted, known, lossBy(cause))
    yield item.claim
  }
}

/** Where a shard stands behind a page. */
const lastOf = (page: RecordPage, { sequenceNumber }: Known): Position | null =>
  page.count > 0
    ? positionAt(page, page.count - 1)
    : sequenceNumber === undefined
      ? null
      : { sequenceNumber: String(sequenceNumber), subSequenceNumber: 0 }

/** Why an object is lost that cannot be read. */
export const lossBy = ({ reason, detail, hint }: SourceError): Rejection => ({
  reason: reason === "NotFound" ? "object_gone" : reason === "Denied" ? "object_denied" : "object_unreadable",
  detail: `${detail}. ${hint}`
})
