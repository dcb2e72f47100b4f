import { Clock, Effect, Stream } from "effect"
import { comparePositions, compareSequenceNumbers, coordinatesOf, type Position, type ShardPosition } from "../../record/position.ts"
import { arrivedAt, positionAt, type RecordPage, selectRecords } from "../../record/record.ts"
import type { SourceError } from "../../record/source-error.ts"
import type { KinesisApi, Shard, StreamRecord } from "../../stream/kinesis/api.ts"
import { sourceName } from "../../stream/kinesis/failures.ts"
import { listAllShards } from "../../stream/kinesis/list-shards.ts"
import type { Resume, Source } from "../source.ts"
import type { StreamEvent } from "./event.ts"
import { meterOf } from "./metrics.ts"
import { buildPages, emptyPage, pageRecords } from "./page.ts"
import { lastOf, lateMillis, later, openSlackMillis, type Progress, progressOf, resumeOf, retentionIn, withGap } from "./progress.ts"
import { isEnded, nothingRead, parentsOf } from "./shard-plan.ts"
import { tellGap } from "./shard-reader.ts"

export interface EventSourceOptions {
  readonly event: StreamEvent
  /** Asked seldom: for the parents of a shard that is new, and how long the stream keeps records where one came late. Events are read without its answer, too. */
  readonly api: Effect.Effect<Pick<KinesisApi, "describeStream" | "listShards">, { readonly message: string }>
  /** Fails unless all records of these pages are in the lake. They stand at or before the position of their shard. */
  readonly requireKept: (page: RecordPage) => Effect.Effect<void, SourceError>
}

/** The records of an event as a source, and what is known of them. */
export interface EventSource extends Source {
  /** Sequence number of the first record of which it is not known that the lake has it, as the source was told last; null: there is none, or nothing was told. */
  readonly firstLeft: () => string | null
}

/**
 * Records that an event source mapping gives to a function, as the source that `kinesisSource` is of the same stream: with the same names, and with positions
 * that the other one goes on from. It ends with the event.
 *
 * A mapping gives the records of a shard in order, again and again until it is told that they are kept, and those of a parent before those of its
 * children. So what stands at or before the position of its shard is kept already: that is not believed but asked, since a mapping that gives slices of a shard at once
 * (ParallelizationFactor above 1), or another consumer, may have moved the position past records that nobody has.
 */
export const eventSource = ({ event, api, requireKept }: EventSourceOptions): EventSource => {
  const { stream, arn, shards } = event
  const nameOf = (shardId: string) => `${stream}/${shardId}`
  let left: string | null = null

  const pagesOf = (resume: Resume, shardId: string, records: ReadonlyArray<StreamRecord>) =>
    Effect.gen(function* () {
      const shard = nameOf(shardId)
      const position = resume.get(shard)
      const known = progressOf(position)
      const { position: reached } = known
      if (reached !== undefined) {
        const again = records.filter(({ sequenceNumber }) => compareSequenceNumbers(sequenceNumber, reached.sequenceNumber) <= 0)
        for (const page of buildPages(again, { ...whole, shard, after: undefined }).pages) yield* requireKept(upTo(page, reached))
      }
      const { pages } = buildPages(records, { ...whole, shard, after: reached })
      const [first] = pages
      const last = pages.at(-1)
      if (first === undefined || last === undefined) return []
      left ??= first.sequenceNumbers[0] ?? null
      const family = position === undefined ? yield* familyOf(api, stream, shardId, resume) : none
      const before = { ...known, readUntil: known.readUntil ?? family.since, openUntil: known.openUntil ?? family.since }
      const came = { first: arrivedAt(first, 0), last: arrivedAt(last, last.count - 1) }
      const { progress, retention } = yield* readOn(api, stream, position, before, came)
      const meter = meterOf(stream)
      if (progress.gaps > before.gaps) yield* tellGap(meter, shard, progress)
      yield* meter.add(
        "records",
        pages.reduce((sum, { count }) => sum + count, 0)
      )
      const resumed = { ...resumeOf({ ...progress, ...lastOf(last) }, retention, undefined), [mapped]: true }
      // All but the last page leave the rest unread, and say nothing of it.
      return [...pages.map((page) => (page === last ? { ...page, resume: resumed } : page)), ...family.ended]
    })

  return {
    name: sourceName,
    location: arn,
    firstLeft: () => left,
    // Another process has committed the shard, of this event or of one before: what is left of this one is seen when its pages are asked for anew.
    disown: () => Effect.void,
    pages: (resume) =>
      Stream.unwrap(
        Effect.map(
          Effect.suspend(() => {
            left = null
            return Effect.forEach([...shards], ([shardId, records]) => pagesOf(resume, shardId, records))
          }),
          (pages) => Stream.rechunk(Stream.fromIterable(pages.flat()), 1)
        )
      )
  }
}

/** Stands in positions that were read from events: whoever reads those finishes a shard before its children. */
const mapped = "mapped"

/** Which hash keys are a shard's, an event does not tell. */
const whole = { range: null, kclCompatible: false, maxRecords: pageRecords } as const

/** The records of a page at or before a position. */
const upTo = (page: RecordPage, position: Position): RecordPage => {
  const indexes = Array.from({ length: page.count }, (_, i) => i)
  return selectRecords(
    page,
    indexes.filter((i) => comparePositions(positionAt(page, i), position) <= 0)
  )
}

/** What a shard came out of. */
interface Family {
  /** Before this it had no records, milliseconds since 1970. */
  readonly since: number | undefined
  /** Pages that say that shards have ended. */
  readonly ended: ReadonlyArray<RecordPage>
}

const none: Family = { since: undefined, ended: [] }

/**
 * The nearest ancestors of a new shard that have a position, and those between. Where they were read from events they have ended, or the mapping would not give
 * records of this one: their positions say so from here on, as those of shards that were read by calls do.
 */
const familyOf = (api: EventSourceOptions["api"], stream: string, shardId: string, resume: Resume): Effect.Effect<Family> =>
  Effect.gen(function* () {
    const nameOf = (id: string) => `${stream}/${id}`
    const isMapped = (name: string) => name.startsWith(nameOf("")) && resume.get(name)?.source?.[mapped] === true
    if (![...resume.keys()].some(isMapped)) return none
    const shards = yield* answer(Effect.flatMap(api, (api) => listAllShards(api, stream)))
    if (shards === null) return none
    const ancestors = ancestorsOf(shardId, shards, (id) => resume.get(nameOf(id)))
    const known = [...ancestors].flatMap(([id, position]) => (position === undefined ? [] : [{ id, progress: progressOf(position) }]))
    const times = known.flatMap(({ progress }) => progress.openUntil ?? [])
    const since = times.length === 0 ? undefined : Math.min(...times)
    const areMapped = known.length > 0 && known.every(({ id }) => isMapped(nameOf(id)))
    const ended = [...ancestors].flatMap(([id, position]) => {
      if (isEnded(position) || !(position === undefined ? areMapped : isMapped(nameOf(id)))) return []
      const children = shards.flatMap((shard) => (parentsOf(shard).includes(id) ? [shard.shardId] : []))
      const progress = progressOf(position)
      const { openUntil = since } = progress
      const resumed = resumeOf({ ...progress, readUntil: openUntil }, position && retentionIn(position), undefined, children)
      return [emptyPage(nameOf(id), position === undefined ? nothingRead : coordinatesOf(position), { ...resumed, [mapped]: true }, false)]
    })
    return { since, ended }
  })

/** By their ids, and undefined those that have no position, whose own parents are among them. */
const ancestorsOf = (
  shardId: string,
  shards: ReadonlyArray<Shard>,
  positionOf: (shardId: string) => ShardPosition | undefined
): ReadonlyMap<string, ShardPosition | undefined> => {
  const listed = new Map(shards.map((shard) => [shard.shardId, shard]))
  const found = new Map<string, ShardPosition | undefined>()
  const climb = (id: string) => {
    const shard = listed.get(id)
    for (const parent of shard === undefined ? [] : parentsOf(shard)) {
      if (found.has(parent)) continue
      const position = positionOf(parent)
      found.set(parent, position)
      if (position === undefined) climb(parent)
    }
  }
  climb(shardId)
  return found
}

/** The shortest time for which a stream keeps records. */
const shortestRetention = 86_400_000

/**
 * How far a shard was read behind new records. A mapping says nothing where there are none, so that a shard without records looks like one that nobody read.
 * Where the first new record came at once, the mapping was there all the time. Where it came late, and what came before it may be gone, there is a gap.
 *
 * @param came when the first and the last new record arrived, milliseconds since 1970
 */
const readOn = (
  api: EventSourceOptions["api"],
  stream: string,
  position: ShardPosition | undefined,
  before: Progress,
  came: { readonly first: number; readonly last: number }
): Effect.Effect<{ readonly progress: Progress; readonly retention: number | undefined }> =>
  Effect.gen(function* () {
    const progress = {
      ...before,
      readUntil: later(before.readUntil, came.last),
      openUntil: later(before.openUntil, came.last - openSlackMillis)
    }
    const now = yield* Clock.currentTimeMillis
    const retention = position === undefined ? undefined : retentionIn(position)
    const { readUntil: since } = before
    if (since === undefined || now - came.first < lateMillis || now - since < shortestRetention) return { progress, retention }
    const asked = (yield* answer(Effect.flatMap(api, (api) => api.describeStream(stream))))?.retentionMillis
    // Where it does not say: as it was, and at least for as long as the first record was kept, before which there may have been none for a moment.
    const assumed = { kept: Math.max(retention ?? shortestRetention, now - came.first), slack: openSlackMillis }
    const { kept, slack } = asked === undefined ? assumed : { kept: asked, slack: 0 }
    const until = Math.min(now - kept, came.first)
    return { progress: since < until - slack ? withGap(progress, since, until) : progress, retention: asked ?? retention }
  })

/** Milliseconds that an answer is waited for, which records can do without. */
const answerMillis = 5_000

const answer = <A, E extends { readonly message: string }>(ask: Effect.Effect<A, E>): Effect.Effect<A | null> =>
  ask.pipe(
    Effect.timeout(answerMillis),
    Effect.catch((error) =>
      Effect.as(
        Effect.logWarning(
          `${error.message}. Records are read all the same; what shards came out of which, and gaps, may be told less well`
        ),
        null
      )
    )
  )
