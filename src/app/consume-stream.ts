import { Cause, Clock, Effect, Exit, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DecodeSettings } from "../decode/decoder.ts"
import { type IngestError, ingest } from "../ingest/ingest.ts"
import { keepTables } from "../ingest/open-tables.ts"
import { defaultBatchLimits, type IngestResult } from "../ingest/options.ts"
import { StageDecoder } from "../ingest/stage-decoder.ts"
import type { Tables } from "../ingest/tables.ts"
import { absentRecords } from "../lake/absent-records.ts"
import { count } from "../record/count.ts"
import { type RecordPage, selectRecords } from "../record/record.ts"
import type { OnRunEvent } from "../record/report.ts"
import { SourceError } from "../record/source-error.ts"
import { type StreamEvent, streamEvent } from "../source/kinesis/event.ts"
import { type EventSource, type EventSourceOptions, eventSource } from "../source/kinesis/event-source.ts"
import type { Store, StoreError } from "../store/store.ts"
import { sourceName } from "../stream/kinesis/failures.ts"
import type { TableError } from "../table/errors.ts"
import { toldOf } from "./failures.ts"

export interface StreamConsumerOptions {
  readonly contract: CompiledContract
  readonly decode: DecodeSettings
  /** The stream that the contract's records come from; null: whichever the mapping reads. */
  readonly stream: string | null
  readonly api: EventSourceOptions["api"]
}

/** What a function answers to an event source mapping: from where on the records come again. */
export interface StreamAnswer {
  readonly batchItemFailures: ReadonlyArray<{ readonly itemIdentifier: string }>
}

export interface StreamConsumer {
  /**
   * Carries the records of an event into the lake, in one commit, and answers. An answer without failures is given when the lake has all of them, be it from
   * before; otherwise it names the first that it may not have, where it has some, and else it fails. Nothing is given up by that: what is not answered for comes again.
   *
   * @param deadline milliseconds since 1970: it answers by then
   * @param onRun told of the commit
   */
  readonly consume: (event: unknown, deadline: number, onRun: OnRunEvent) => Effect.Effect<StreamAnswer, ConsumeError, Store>
}

export type ConsumeError = IngestError | SourceError

/** Of what is kept of the time, to answer. */
const answerMillis = 250

/** One event is one commit, whatever it holds: it has 6 MB at most. */
const limits = { ...defaultBatchLimits, bytes: Number.MAX_SAFE_INTEGER, ageMillis: 86_400_000, hours: Number.MAX_SAFE_INTEGER }

/**
 * What a function does with the events of a stream. It keeps the tables open from one event to the next, and reads what was committed since, by whomever: the process may
 * have stood still for hours, another one may have got the same event, and the commit of one that is gone may come late. The log decides, as for any consumer.
 */
export const streamConsumer = (options: StreamConsumerOptions): StreamConsumer => {
  const { api, contract, decode } = options
  let seen: Tables | null = null
  const tables = Effect.tap(keepTables(options), (now) =>
    Effect.sync(() => {
      seen = now
    })
  )

  /** Every record that a position says is kept must be. */
  const requireKept = (page: RecordPage, event: StreamEvent): Effect.Effect<void, SourceError, Store> =>
    Effect.gen(function* () {
      const feed = { dataset: contract.contract.name, source: sourceName }
      // Between the looks at both tables a replay may have made rows of dead letters: what is in neither is looked for again.
      const known = seen === null ? null : yield* absentRecords(feed, page, seen)
      if (known?.length === 0) return
      const absent = yield* absentRecords(feed, page, yield* tables)
      if (absent.length === 0) return
      const { counts } = new StageDecoder(contract, decode, feed.source, limits.bufferBytes).decode(selectRecords(page, absent))
      if (counts.empty < counts.records) return yield* passedOver(event, page.shard, counts.records - counts.empty)
    }).pipe(Effect.catchTags({ TableError: (error) => unread(event, error), StoreError: (error) => unread(event, error) }))

  return {
    consume: (given, deadline, onRun) =>
      Effect.gen(function* () {
        const event = yield* ofStream(yield* streamEvent(given), options.stream)
        const context = yield* Effect.context<Store>()
        let looking: RecordPage | null = null
        const look = (page: RecordPage) =>
          Effect.suspend(() => {
            looking = page
            return Effect.provide(requireKept(page, event), context)
          }).pipe(
            Effect.tap(() =>
              Effect.sync(() => {
                looking = null
              })
            )
          )
        const source = eventSource({ event, api, requireKept: look })
        const carry = ingest({ contract, source, decode, limits, tables, stop: Effect.never, onEvent: onRun, onProgress: () => {} })
        const time = deadline - answerMillis - (yield* Clock.currentTimeMillis)
        const done = yield* Effect.exit(Effect.timeoutOption(carry, Math.max(0, time)))
        return yield* answerTo(event, source, done, looking)
      })
  }
}

/** What became of an event. Only what is known to be kept is answered for. @param looking what was being looked for in the lake at the end */
const answerTo = (
  { arn, shards }: StreamEvent,
  source: EventSource,
  done: Exit.Exit<Option.Option<IngestResult>, ConsumeError>,
  looking: RecordPage | null
): Effect.Effect<StreamAnswer, ConsumeError> =>
  Effect.gen(function* () {
    const result = Exit.isSuccess(done) ? Option.getOrNull(done.value) : null
    if (result !== null && result.failure === null) return { batchItemFailures: [] }
    const [[records] = [], ...others] = [...shards.values()]
    const first = others.length === 0 ? (records?.sequenceNumber ?? null) : null
    const left = first === null ? null : (source.firstLeft() ?? first)
    const cause = Exit.isFailure(done) ? done.cause : Cause.fail(result?.failure ?? outOfTime(arn, looking))
    const isOutOfTime = Exit.isSuccess(done) && result === null
    const isPartial = isOutOfTime || left !== first
    if (left === null || !isPartial || Cause.hasDies(cause)) return yield* Effect.failCause(cause)
    yield* Effect.logWarning(`records from ${left} on come again: ${toldOf(cause).message}`)
    return { batchItemFailures: [{ itemIdentifier: left }] }
  })

const ofStream = (event: StreamEvent, stream: string | null): Effect.Effect<StreamEvent, SourceError> =>
  stream === null || stream === event.stream
    ? Effect.succeed(event)
    : Effect.fail(
        new SourceError({
          source: sourceName,
          reason: "Invalid",
          location: event.arn,
          detail: `The records are not of the stream ${stream}`,
          hint: "Give each stream a function of its own, or set SLUICE_STREAM to the one that the mapping reads."
        })
      )

const outOfTime = (arn: string, looking: RecordPage | null): SourceError =>
  new SourceError({
    source: sourceName,
    reason: "Unavailable",
    location: arn,
    ...(looking === null
      ? {
          detail: "The time of the function was over before the records were committed",
          hint: "They come again. Where this goes on, give the function a longer timeout or more memory, or the mapping smaller batches."
        }
      : {
          detail: `The time of the function was over while the lake was searched for ${count(looking.count, "record")} of ${looking.shard}, at or before its position, that came again`,
          hint: "They come again, and nothing else of the shard before. Where this goes on, give the function a longer timeout or more memory: it reads the files of their hours that may have them, which are large once they are compacted."
        })
  })

const passedOver = ({ arn }: StreamEvent, shard: string, records: number): SourceError =>
  new SourceError({
    source: sourceName,
    reason: "Invalid",
    location: arn,
    detail: `${count(records, "record")} of ${shard} ${records === 1 ? "stands" : "stand"} at or before its position, and the lake has neither rows nor dead letters of ${records === 1 ? "it" : "them"}: something else has moved the position past ${records === 1 ? "it" : "them"}`,
    hint: "Set the mapping's ParallelizationFactor to 1, since a position cannot tell slices of a shard apart, and let nothing else read the stream into this lake meanwhile. Nothing of the event was taken."
  })

const unread = ({ arn }: StreamEvent, { message }: TableError | StoreError): Effect.Effect<never, SourceError> =>
  Effect.fail(
    new SourceError({
      source: sourceName,
      reason: "Unavailable",
      location: arn,
      detail: `Whether the lake has what was read before cannot be told (${message.replace(/\.$/, "")})`,
      hint: "The records come again."
    })
  )
