import { type Cause, Clock, Effect, Latch, type Scope, Semaphore } from "effect"
import { compareSequenceNumbers, type ShardPosition } from "../../record/position.ts"
import type { SourceError } from "../../record/source-error.ts"
import { type InitialPosition, type IteratorStart, KinesisError, type Shard } from "../../stream/kinesis/api.ts"
import { asSourceError, resuming } from "../../stream/kinesis/failures.ts"
import { listAllShards } from "../../stream/kinesis/list-shards.ts"
import type { Resume } from "../source.ts"
import { Backoff, retried } from "./backoff.ts"
import { meterOf } from "./metrics.ts"
import { emptyPage } from "./page.ts"
import { childrenOf, later, openSlackMillis, progressOf, resumeOf, retentionIn, vanished } from "./progress.ts"
import type { Resting } from "./resting.ts"
import { beginOf, isEnded, isNothingRead, type Known, nothingRead, parentsOf, planShards } from "./shard-plan.ts"
import { type ReadSettings, readShard, tellGap } from "./shard-reader.ts"
import { owns } from "./share.ts"

export interface ShardsSettings {
  /** Of the source. */
  readonly name: string
  readonly arn: string
  readonly initial: InitialPosition
  readonly workers: number
  readonly worker: number
  readonly lookMillis: number
  /** Outlives the run. */
  readonly resting: Resting
  readonly read: Omit<ReadSettings, "askRetention" | "childrenOf" | "isListed" | "openAt">
}

/**
 * Reads the shards that belong to this process, each in a fiber of its own, as they may be read: it looks at the list of shards at the start, when
 * a shard has ended, and from time to time. Ends, in a bounded run, when there is nothing left to read.
 */
export const readShards = (settings: ShardsSettings, resume: Resume): Effect.Effect<void, SourceError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const run = new Run(settings, resume)
      while (yield* run.look()) yield* run.wait()
    })
  ).pipe(Effect.mapError((error) => asSourceError(error, settings.arn, settings.name)))

/** The position of a shard of which nothing was read. Times are milliseconds since 1970. */
const unread = (times: { readonly start?: number; readonly readUntil?: number }): ShardPosition => ({
  ...nothingRead,
  arrivedAt: "",
  records: 0,
  rows: 0,
  deadLetters: 0,
  empty: 0,
  source: Object.fromEntries(Object.entries(times).map(([name, time]) => [name, new Date(time).toISOString()]))
})

/** How often, and how many times, the list is asked for shards that must be there. */
const expectedLookMillis = 1000
const maxExpectedLooks = 60
/** How often the stream is asked how long it keeps records. */
const describeMillis = 3_600_000
/** The same where it matters at once. */
const describeSoonMillis = 60_000

class Run {
  readonly #settings: ShardsSettings
  readonly #resume: Resume
  readonly #known: Known
  #positions: Resume
  #isFirst = true
  /** By shard id, where this run said that it begins. */
  readonly #begun = new Map<string, ShardPosition>()
  /** Ids of shards that are being read, those that were read to their end (and until when these were open), and those that were read to their tip. */
  readonly #reading = new Set<string>()
  readonly #drained = new Map<string, number | undefined>()
  readonly #atTip = new Set<string>()
  /** Children of shards that were read to their end in this run, and until when these were open. */
  readonly #children = new Map<string, number | undefined>()
  /** Those of them that the list did not hold yet, and how often: it may be late. */
  readonly #expected = new Map<string, number>()
  /** All shards as they were listed last. */
  #shards: ReadonlyArray<Shard> = []
  /** Until when shards were open, at least, as the list showed them, by shard id. */
  readonly #openAt = new Map<string, number>()
  /** Why a shard cannot be read. */
  #failure: Cause.Cause<KinesisError> | null = null
  readonly #changed = Latch.makeUnsafe()
  /** Held by who asks how long records are kept: others wait for what that comes to, rather than believe what was. */
  readonly #asking = Semaphore.makeUnsafe(1)

  constructor(settings: ShardsSettings, resume: Resume) {
    this.#settings = settings
    this.#resume = resume
    this.#positions = resume
    this.#known = {
      position: (shardId) => this.#positions.get(this.#nameOf(shardId)) ?? this.#begun.get(shardId),
      drained: (shardId) => this.#drained.has(shardId)
    }
  }

  /** Starts to read what may be read. @returns false: everything has been */
  look(): Effect.Effect<boolean, KinesisError, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const { read, resting } = this.#settings
      this.#changed.closeUnsafe()
      const askedAt = yield* Clock.currentTimeMillis
      const shards = yield* this.#list()
      for (const { shardId, endingSequenceNumber } of shards)
        if (endingSequenceNumber === null) this.#openAt.set(shardId, askedAt - openSlackMillis)
      yield* this.#askRetention(describeMillis)
      yield* this.#catchUp()
      yield* this.#recognise(shards)
      yield* this.#begin(shards)
      yield* this.#bury(shards)
      if (this.#failure !== null) return yield* Effect.failCause(this.#failure)
      const now = yield* Clock.currentTimeMillis
      let isResting = false
      const listed = new Map(shards.map((shard) => [shard.shardId, shard]))
      for (const [shardId, plan] of planShards(shards, this.#known)) {
        const name = this.#nameOf(shardId)
        if (!this.#owns(shardId) || this.#reading.has(shardId)) continue
        const position = this.#known.position(shardId)
        const mayRead = resting.mayRead(name, position, now)
        if (plan.kind !== "read" || this.#atTip.has(shardId)) continue
        const shard = listed.get(shardId)
        if (mayRead && shard !== undefined) yield* this.#start(shard, plan.from, position)
        else isResting = true
      }
      for (const [shardId, looks] of this.#expected) {
        if (looks >= maxExpectedLooks || listed.has(shardId)) this.#expected.delete(shardId)
        else this.#expected.set(shardId, looks + 1)
      }
      this.#isFirst = false
      return read.follow || isResting || this.#expected.size > 0 || this.#reading.size > 0
    })
  }

  /** Until something has changed, or it is time to look again. */
  wait(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { lookMillis, resting } = this.#settings
      const now = yield* Clock.currentTimeMillis
      const rested = (resting.nextAt ?? Number.POSITIVE_INFINITY) - now
      const look = this.#expected.size > 0 ? Math.min(lookMillis, expectedLookMillis) : lookMillis
      yield* Effect.raceFirst(this.#changed.await, Effect.sleep(Math.max(1, Math.min(look, rested))))
    })
  }

  #nameOf(shardId: string): string {
    return `${this.#settings.read.stream}/${shardId}`
  }

  /** Ids of the stream's shards that have a position, listed or not; those, too, of which this run said where they begin. */
  #committed(): ReadonlyArray<string> {
    const prefix = this.#nameOf("")
    const known = [...this.#positions.keys()].flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []))
    return [...new Set([...known, ...this.#begun.keys()])]
  }

  #owns(shardId: string): boolean {
    return owns(this.#nameOf(shardId), this.#settings.workers, this.#settings.worker)
  }

  /** All shards that are listed. A list of which a part failed is asked for anew. */
  #list(): Effect.Effect<ReadonlyArray<Shard>, KinesisError> {
    const { api, stream, patienceMillis, unanswered } = this.#settings.read
    return retried(listAllShards(api, stream), new Backoff(patienceMillis, stream, meterOf(stream), unanswered)).pipe(
      Effect.tap((shards) =>
        Effect.sync(() => {
          this.#shards = shards
        })
      )
    )
  }

  #childrenOf(shardId: string): ReadonlyArray<string> {
    return this.#shards.flatMap((shard) => (parentsOf(shard).includes(shardId) ? [shard.shardId] : []))
  }

  /** How long records are kept may be changed at any time. Without an answer it is as it was. */
  #askRetention(everyMillis: number): Effect.Effect<void> {
    const { api, retention, stream } = this.#settings.read
    return Effect.gen(function* () {
      if (!retention.isDue(yield* Clock.currentTimeMillis, everyMillis)) return
      const { retentionMillis } = yield* api.describeStream(stream)
      retention.is(retentionMillis, yield* Clock.currentTimeMillis)
    }).pipe(
      Effect.catch((error) =>
        retention.failed()
          ? Effect.logWarning(
              `${error.message}. How long the stream keeps its records is taken to be what it was: gaps may be told too short. Asking needs the right kinesis:DescribeStreamSummary`
            )
          : Effect.void
      ),
      this.#asking.withPermits(1)
    )
  }

  /** Compares what was committed with the stream: it may be another one of the same name, or have kept its records for a shorter time. */
  #recognise(shards: ReadonlyArray<Shard>): Effect.Effect<void, KinesisError> {
    const { retention, stream } = this.#settings.read
    for (const shardId of this.#committed()) {
      const position = this.#known.position(shardId)
      // Of what is over long since, nothing is left to be missed.
      const isOver = isEnded(position) && childrenOf(position).every((child) => this.#known.position(child) !== undefined)
      if (position !== undefined && !isOver) retention.was(retentionIn(position) ?? retention.millis)
    }
    for (const { shardId, startingSequenceNumber } of shards) {
      const position = this.#known.position(shardId)
      if (position === undefined || isNothingRead(position)) continue
      if (compareSequenceNumbers(position.sequenceNumber, startingSequenceNumber) >= 0) continue
      const detail = `${shardId} begins at ${startingSequenceNumber}, behind ${position.sequenceNumber}, until where it is said to have been read`
      return Effect.fail(new KinesisError({ operation: resuming, stream, reason: "Invalid", detail }))
    }
    return Effect.void
  }

  /** What other processes have committed meanwhile, if that matters. The first list may have come long after this run was told where to resume. */
  #catchUp(): Effect.Effect<void> {
    const { resting, workers } = this.#settings
    return this.#isFirst || workers > 1 || !resting.isEmpty ? this.#learn : Effect.void
  }

  get #learn(): Effect.Effect<void> {
    const { latest } = this.#resume
    if (latest === undefined) return Effect.void
    return latest.pipe(
      Effect.map((positions) => {
        this.#positions = positions
      }),
      Effect.catch((error) => Effect.logWarning(`What other processes committed is not known: ${error.message}`))
    )
  }

  /** At the first start ever: says where all shards begin, whoever reads them. */
  #begin(shards: ReadonlyArray<Shard>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { initial, read } = this.#settings
      if (!this.#isFirst || initial.type === "TRIM_HORIZON" || this.#committed().length > 0) return
      // Several workers may start at once: who comes second begins where the first one said.
      yield* this.#learn
      if (this.#committed().length > 0) return
      const start = beginOf(initial, yield* Clock.currentTimeMillis, read.retention.millis)
      if (start === null) return
      const begun = unread({ start })
      const position = { ...begun, source: { ...begun.source, retention: read.retention.millis } }
      for (const [i, { shardId }] of shards.entries()) {
        this.#begun.set(shardId, position)
        const page = emptyPage(this.#nameOf(shardId), nothingRead, position.source, i === shards.length - 1)
        yield* read.deliver(page, Effect.void)
      }
    })
  }

  /**
   * Shards that expired before they were read to their end, or at all: what was left of them is lost.
   *
   * They are gone only if that is possible: records of a time before the horizon may be left, and younger shards are listed. A list may be late,
   * and a shard that is taken for ended is never read again.
   */
  #bury(shards: ReadonlyArray<Shard>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { read, resting } = this.#settings
      const now = yield* Clock.currentTimeMillis
      const listed = new Set(shards.map(({ shardId }) => shardId).sort())
      const youngest = [...listed].at(-1) ?? ""
      for (const [shardId, position] of this.#all()) {
        const name = this.#nameOf(shardId)
        if (listed.has(shardId) || shardId > youngest || this.#drained.has(shardId) || this.#reading.has(shardId)) continue
        if (isEnded(position) || !this.#owns(shardId) || !resting.mayRead(name, position, now)) continue
        yield* this.#askRetention(describeSoonMillis)
        const progress = vanished(progressOf(position), read.retention.horizon(now))
        if (progress === null) continue
        const children = this.#childrenOf(shardId)
        this.#drained.set(shardId, progress.readUntil)
        yield* tellGap(meterOf(read.stream), name, progress)
        yield* read.deliver(
          emptyPage(name, progress.position ?? nothingRead, resumeOf(progress, read.retention.millis, undefined, children), true),
          Effect.void
        )
        for (const child of children) this.#children.set(child, progress.readUntil)
      }
    })
  }

  /** Where every shard stands that must be there: those that have a position, and the children of those that have ended. */
  #all(): ReadonlyMap<string, ShardPosition> {
    const found = new Map<string, ShardPosition>()
    const children = new Map(this.#children)
    for (const shardId of this.#committed()) {
      const position = this.#known.position(shardId)
      if (position === undefined) continue
      found.set(shardId, position)
      for (const child of childrenOf(position)) children.set(child, progressOf(position).openUntil)
    }
    for (const [child, since] of children) if (!found.has(child) && since !== undefined) found.set(child, unread({ readUntil: since }))
    return found
  }

  /**
   * Before this a shard had no records, since one of its parents was open; or, where nothing is known of them, they lie in the gap of a shard that
   * expired without known children, of whose descendants this may be one.
   */
  #since(shard: Shard): number | undefined {
    const parents = parentsOf(shard)
    const open = parents.flatMap(
      (id) => this.#drained.get(id) ?? later(progressOf(this.#known.position(id)).openUntil, this.#openAt.get(id)) ?? []
    )
    const lost = () =>
      this.#committed().flatMap((id) => {
        const position = this.#known.position(id)
        return isEnded(position) && childrenOf(position).length === 0 ? (progressOf(position).gapTo ?? []) : []
      })
    const known = open.length > 0 || parents.length === 0 ? open : lost()
    return known.length === 0 ? undefined : Math.min(...known)
  }

  #start(shard: Shard, from: IteratorStart, position: ShardPosition | undefined): Effect.Effect<void, never, Scope.Scope> {
    const { shardId } = shard
    this.#reading.add(shardId)
    const isListed = (id: string) => Effect.map(this.#list(), (shards) => shards.some((listed) => listed.shardId === id))
    const outside = {
      isListed,
      openAt: (id: string) => this.#openAt.get(id),
      childrenOf: (id: string) => this.#childrenOf(id),
      askRetention: this.#askRetention(describeSoonMillis)
    }
    return readShard({ ...this.#settings.read, ...outside }, this.#nameOf(shardId), shard, from, position, this.#since(shard)).pipe(
      Effect.matchCause({
        onFailure: (cause) => {
          this.#failure ??= cause
        },
        onSuccess: (end) => {
          if (end === null) this.#atTip.add(shardId)
          else this.#drained.set(shardId, end.openUntil)
          for (const child of end?.children ?? []) {
            this.#children.set(child, end?.openUntil)
            this.#expected.set(child, 0)
          }
        }
      }),
      Effect.andThen(
        Effect.sync(() => {
          this.#reading.delete(shardId)
          // Where only a tip was reached, nothing new can be read.
          if (!this.#atTip.has(shardId) || this.#reading.size === 0) this.#changed.openUnsafe()
        })
      ),
      Effect.forkScoped,
      Effect.asVoid
    )
  }
}
