import { Clock, Effect, Result } from "effect"
import type { ShardPosition } from "../../record/position.ts"
import type { RecordPage } from "../../record/record.ts"
import type { IteratorStart, KinesisApi, RecordsPage, Shard } from "../../stream/kinesis/api.ts"
import { KinesisError } from "../../stream/kinesis/api.ts"
import { hashRangeOf } from "../../stream/kinesis/hash-range.ts"
import type { Unanswered } from "../unanswered.ts"
import { Backoff } from "./backoff.ts"
import type { AnswerMemory } from "./memory.ts"
import { type Meter, meterOf, watchShard } from "./metrics.ts"
import { buildPages, emptyPage, pageRecords } from "./page.ts"
import {
  answered,
  lastOf,
  lateMillis,
  later,
  markerDue,
  openSlackMillis,
  type Progress,
  progressOf,
  resumeOf,
  vanished,
  withGap
} from "./progress.ts"
import type { Retention } from "./retention.ts"
import { nothingRead } from "./shard-plan.ts"

/** What all shards of a run have in common. */
export interface ReadSettings {
  readonly api: KinesisApi
  readonly stream: string
  readonly retention: Retention
  /** False: a shard that is open ends where its tip was. */
  readonly follow: boolean
  /** Pause between two calls at the tip of a shard. */
  readonly pollMillis: number
  /** Least time between the starts of two calls. */
  readonly callMillis: number
  /** What a shard gives, at most. */
  readonly bytesPerSecond: number
  readonly patienceMillis: number
  /** Do other processes wait for the end of a shard? */
  readonly shared: boolean
  readonly kclCompatible: boolean
  readonly memory: AnswerMemory
  readonly unanswered: Unanswered
  /** Until when this shard was open, at least, as the list of shards showed it, milliseconds since 1970; undefined: not in this run. */
  readonly openAt: (shardId: string) => number | undefined
  /** Does the service know this shard? To be asked when a call says that something is not there. */
  readonly isListed: (shardId: string) => Effect.Effect<boolean, KinesisError>
  /** Ids of the shards that came out of this one, as far as they were listed last. */
  readonly childrenOf: (shardId: string) => ReadonlyArray<string>
  /** Asks the stream how long it keeps records, if that was long ago. */
  readonly askRetention: Effect.Effect<void>
  /** Gives a page; `taken` is to be run when somebody has taken it. */
  readonly deliver: (page: RecordPage, taken: Effect.Effect<void>) => Effect.Effect<void>
}

/** What is known of a shard that was read to its end. */
export interface ShardEnd {
  readonly children: ReadonlyArray<string>
  /** It was open until then, or longer: its children had no records before. */
  readonly openUntil: number | undefined
}

/** Records in a call, as many as may be. */
const callRecords = 10_000
/** Answers without records from behind the horizon before reading begins at the horizon. */
const stuckAnswers = 3
/** An iterator that is so close to the horizon may be behind it by the time it is used. */
const horizonMillis = 60_000
/** How far the clock of this process may be ahead of the service's, which refuses times that lie in its future. */
const skewMillis = 900_000

/**
 * Reads one shard from a position on, to its end, or in a bounded run to its tip.
 *
 * Every answer becomes a page, in order; its `resume` says until when everything was read, and counts what may have been lost. A page without
 * records comes at the end of the shard, when a gap has been found, and now and then while the shard is idle.
 *
 * @param from where the first iterator stands
 * @param known what is committed of the shard; records at or before it are left out
 * @param since for a shard of which nothing is committed: a time before which it had no records, or they were read
 * @returns null at the tip
 */
export const readShard = (
  settings: ReadSettings,
  name: string,
  shard: Shard,
  from: IteratorStart,
  known: ShardPosition | undefined,
  since: number | undefined
): Effect.Effect<ShardEnd | null, KinesisError> =>
  Effect.gen(function* () {
    const { api, stream, retention, follow, pollMillis, deliver } = settings
    const meter = meterOf(stream)
    const backoff = new Backoff(settings.patienceMillis, name, meter, settings.unanswered)
    yield* Effect.addFinalizer(() => Effect.sync(() => backoff.end()))
    const range = hashRangeOf(shard)
    const committed = progressOf(known)
    const begunAt = yield* Clock.currentTimeMillis
    // It is listed, so it was open at the horizon, or later.
    const openAtHorizon = retention.horizon(begunAt)
    let progress: Progress = {
      ...committed,
      readUntil: committed.readUntil ?? since,
      openUntil: committed.openUntil ?? since ?? openAtHorizon
    }
    // By the clock of this process, which may differ from the service's.
    let caughtUpTo = progress.readUntil ?? begunAt
    yield* watchShard(stream, name, () => caughtUpTo)
    // What the pages so far have told, so that a shard that gives none does so now and then.
    let told = committed.readUntil
    let iterator: string | null = null
    // Of this run: everything up to it was given, sub-records included.
    let delivered: string | undefined
    let stuck = 0
    let nextCallAt = 0
    let lastAnswerAt = Number.NEGATIVE_INFINITY
    let atTip = false

    /** Takes note of what shows that the shard was open: the list, and that it took records. */
    const seenOpen = () => {
      const took = progress.arrivedAt === undefined ? undefined : progress.arrivedAt - openSlackMillis
      progress = { ...progress, openUntil: later(progress.openUntil, later(took, settings.openAt(shard.shardId))) }
    }

    const page = (
      records: RecordPage | null,
      behind: number | undefined,
      children: ReadonlyArray<string> | null,
      commitNow: boolean
    ): RecordPage => {
      told = progress.readUntil
      seenOpen()
      const resume = resumeOf(progress, retention.millis, behind, children)
      return records === null ? emptyPage(name, progress.position ?? nothingRead, resume, commitNow) : { ...records, resume, commitNow }
    }

    /** A shard that expired while it was read: it ends here, and nobody knows what was left in it. */
    const gone = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const children = settings.childrenOf(shard.shardId)
      seenOpen()
      progress = vanished(progress, now) ?? withGap(progress, now, now)
      yield* tellGap(meter, name, progress)
      yield* deliver(page(null, undefined, children, true), Effect.void)
      return { children, openUntil: progress.readUntil }
    })
    /** Has the shard expired, which the service does not find? */
    const isGone = (error: KinesisError) =>
      error.reason === "NotFound" ? Effect.map(settings.isListed(shard.shardId), (listed) => !listed) : Effect.succeed(false)

    for (;;) {
      if (iterator === null) {
        const start = startOf(from, progress, delivered, stuck >= stuckAnswers, retention.horizon(yield* Clock.currentTimeMillis))
        yield* backoff.asking
        const asked: Result.Result<string, KinesisError> = yield* Effect.result(api.getShardIterator(stream, shard.shardId, start))
        if (Result.isFailure(asked)) {
          if (yield* isGone(asked.failure)) return yield* gone
          yield* backoff.wait(mayPass(asked.failure, start, yield* Clock.currentTimeMillis))
          continue
        }
        iterator = asked.success
        stuck = 0
        backoff.rest()
      }

      yield* sleepUntil(nextCallAt)
      const isSmall = atTip && (yield* Clock.currentTimeMillis) - lastAnswerAt <= 2 * pollMillis
      const giveBack = yield* settings.memory.take(isSmall)
      const startedAt = yield* Clock.currentTimeMillis
      nextCallAt = startedAt + settings.callMillis
      yield* backoff.asking
      const result: Result.Result<RecordsPage, KinesisError> = yield* Effect.result(api.getRecords(iterator, callRecords))
      const now = yield* Clock.currentTimeMillis
      if (Result.isFailure(result)) {
        yield* giveBack
        if (result.failure.reason === "ExpiredIterator") {
          yield* meter.add("expiredIterators", 1)
          iterator = null
          continue
        }
        if (yield* isGone(result.failure)) return yield* gone
        yield* backoff.wait(result.failure)
        continue
      }
      const answer: RecordsPage = result.success
      if (answer.nextIterator === null && answer.childShards.length === 0) {
        yield* giveBack
        yield* backoff.wait(withoutEnd(stream))
        iterator = null
        continue
      }
      yield* backoff.answered
      iterator = answer.nextIterator
      const behind = answer.millisBehindLatest
      atTip = behind === 0
      lastAnswerAt = now
      caughtUpTo = now - behind
      const bytes = answer.records.reduce((sum, { data, partitionKey }) => sum + data.length + Buffer.byteLength(partitionKey), 0)
      // Counted from the answer: the service counts from when it gave it.
      nextCallAt = Math.max(
        nextCallAt,
        now + Math.ceil((bytes / settings.bytesPerSecond) * 1000),
        atTip && follow ? startedAt + pollMillis : 0
      )

      const built = buildPages(answer.records, {
        shard: name,
        after: progress.position,
        range,
        kclCompatible: settings.kclCompatible,
        maxRecords: pageRecords,
        release: answer.release
      })
      const before = progress
      const servedAt = answer.servedAt ?? now
      if (servedAt - (progress.readUntil ?? servedAt) > lateMillis) yield* settings.askRetention
      const horizon = Math.max(retention.horizon(servedAt), answer.trimmedBefore ?? Number.NEGATIVE_INFINITY)
      const { progress: reached, gap } = answered(progress, servedAt, behind, horizon)
      // Of when it was closed, the end of a shard says no more than that it was open when the answer before came.
      const after = answer.nextIterator === null ? { ...reached, readUntil: before.readUntil ?? reached.readUntil } : reached
      const last = answer.records.at(-1)
      delivered = last?.sequenceNumber ?? delivered
      stuck = last === undefined && behind >= servedAt - retention.horizon(servedAt) - horizonMillis ? stuck + 1 : 0
      if (stuck >= stuckAnswers) iterator = null

      yield* meter.add("calls", 1)
      yield* meter.add("bytes", bytes)
      yield* meter.add(
        "records",
        built.pages.reduce((sum, { count }) => sum + count, 0)
      )
      yield* meter.add("outOfRange", built.outOfRange)
      if (gap) yield* tellGap(meter, name, after)

      // All but the last page leave the rest of the answer unread, and say so.
      for (const [i, records] of built.pages.entries()) {
        const isLast = i === built.pages.length - 1
        const end = lastOf(records)
        progress = isLast ? { ...after, ...end, outOfRange: before.outOfRange + built.outOfRange } : { ...before, ...end }
        yield* deliver(page(records, behind, null, gap && isLast), isLast ? giveBack : Effect.void)
      }
      if (built.pages.length === 0) {
        yield* giveBack
        progress = { ...after, outOfRange: before.outOfRange + built.outOfRange }
        if (gap) yield* deliver(page(null, behind, null, true), Effect.void)
      }

      if (answer.nextIterator === null) {
        const children = answer.childShards.map((child) => child.shardId)
        // It may have been closed long ago, and its children have had records since then.
        seenOpen()
        progress = { ...progress, readUntil: progress.openUntil }
        yield* deliver(page(null, behind, children, settings.shared), Effect.void)
        return { children, openUntil: progress.readUntil }
      }
      if (atTip && built.pages.length === 0 && progress.readUntil !== undefined && markerDue(told, progress.readUntil, retention.millis)) {
        yield* deliver(page(null, behind, null, false), Effect.void)
      }
      // What is closed has its end behind its tip, and children behind its end. An answer with records may say 0 and leave some of the same instant.
      if (atTip && last === undefined && !follow && shard.endingSequenceNumber === null) return null
    }
  }).pipe(Effect.scoped)

const sleepUntil = (time: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => (time > now ? Effect.sleep(time - now) : Effect.void))

/**
 * Where the next iterator stands. A sequence number that has been trimmed makes an iterator that gives nothing, for ever; what has nothing but
 * the horizon before it is read from there, and records that are given again are left out.
 */
const startOf = (
  from: IteratorStart,
  { position, arrivedAt }: Progress,
  delivered: string | undefined,
  isStuck: boolean,
  horizon: number
): IteratorStart => {
  if (isStuck || (position !== undefined && arrivedAt !== undefined && arrivedAt < horizon + horizonMillis)) return { type: "TRIM_HORIZON" }
  return delivered === undefined ? from : { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: delivered }
}

/** A time just ahead of the service's clock is refused, and will not be for long. */
const mayPass = (error: KinesisError, start: IteratorStart, now: number): KinesisError =>
  error.reason === "Invalid" && start.type === "AT_TIMESTAMP" && start.timestamp > now - skewMillis
    ? new KinesisError({ operation: error.operation, stream: error.stream, reason: "Unavailable", detail: error.detail })
    : error

const withoutEnd = (stream: string): KinesisError =>
  new KinesisError({
    operation: "GetRecords",
    stream,
    reason: "Unavailable",
    detail: "The answer has neither a next iterator nor child shards"
  })

/** Counts a gap of a shard, and says so. */
export const tellGap = (meter: Meter, name: string, progress: Progress): Effect.Effect<void> =>
  Effect.andThen(meter.add("gaps", 1), Effect.logWarning(gapText(name, progress)))

const gapText = (name: string, { gapFrom, gapTo }: Progress): string =>
  `Records of shard ${name} that arrived between ${new Date(gapFrom ?? 0).toISOString()} and ${new Date(gapTo ?? 0).toISOString()} may have been trimmed before they were read`
