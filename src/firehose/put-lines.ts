import { Clock, Effect, Option, Random, Schema } from "effect"
import type { CallFailed } from "../record/aws-call.ts"
import { count } from "../record/count.ts"
import { type FirehoseApi, putLimits } from "./api.ts"

/** Not all records became part of a delivery stream. What was taken before stays taken. */
export class PutFailed extends Schema.TaggedError<PutFailed>()("PutFailed", {
  stream: Schema.String,
  problem: Schema.String,
  hint: Schema.String
}) {
  override get message(): string {
    return `delivery stream ${this.stream}: ${this.problem}. ${this.hint}`
  }
}

const putAgain =
  "The event comes again and puts all of its records again, of which the table for users has each once. Where the stream was throttled, raise its limits, or let fewer functions put at a time."

/** Pauses between the tries of a call of which not all was taken: about 100 ms, doubled up to 5 s, half of it or all. */
const firstPause = 100
const longestPause = 5_000
/** Kept of the time that there is, so that a try can be answered, in milliseconds. */
const margin = 1_000
/** And for what is told when no answer came, in milliseconds. */
const tellingMargin = 500
/** Calls on their way at a time: of one stream, more are only throttled. */
const callsAtATime = 4

/**
 * Puts lines into a delivery stream, each as a record. Those that were not taken are put again, and no others, until the deadline is near. A call that is not answered by
 * then is given up. Firehose keeps no order.
 *
 * Where a call got no answer nobody knows whether it was done, and it is made again: a record may be there twice.
 *
 * @param lines none larger than {@link putLimits} say
 * @param deadline milliseconds since 1970
 */
export const putLines = (
  api: FirehoseApi,
  stream: string,
  lines: ReadonlyArray<Uint8Array>,
  deadline: number
): Effect.Effect<void, PutFailed> =>
  Effect.forEach(cutCalls(lines), (records) => putCall(api, stream, records, deadline), { concurrency: callsAtATime, discard: true })

/** Cuts records into calls of as many as one takes. Where one record is larger than that, it is a call by itself, which is refused. */
export const cutCalls = (records: ReadonlyArray<Uint8Array>): ReadonlyArray<ReadonlyArray<Uint8Array>> => {
  const calls: Array<Array<Uint8Array>> = []
  let bytes = Number.POSITIVE_INFINITY
  for (const record of records) {
    const current = calls.at(-1)
    if (current === undefined || current.length === putLimits.records || bytes + record.length > putLimits.bytes) {
      calls.push([record])
      bytes = record.length
    } else {
      current.push(record)
      bytes += record.length
    }
  }
  return calls
}

const putCall = (api: FirehoseApi, stream: string, records: ReadonlyArray<Uint8Array>, deadline: number): Effect.Effect<void, PutFailed> =>
  Effect.gen(function* () {
    let left = records
    const outOfTime = (lacking: typeof records, why: string) =>
      new PutFailed({
        stream,
        problem: `${count(lacking.length, "record")} of ${records.length} not taken until the time was over (${why})`,
        hint: putAgain
      })
    for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
      const time = deadline - tellingMargin - (yield* Clock.currentTimeMillis)
      const call = Effect.mapError(api.putRecordBatch(stream, left), asPutFailed(stream))
      const answer = time <= 0 ? Option.none() : yield* Effect.timeoutOption(call, time)
      if (Option.isNone(answer)) return yield* outOfTime(left, "no answer")
      const codes = answer.value
      const refused = left.flatMap((record, i) => (codes[i] === null ? [] : [{ record, code: codes[i] ?? "no answer" }]))
      if (refused.length === 0) return
      left = refused.map(({ record }) => record)
      const now = yield* Clock.currentTimeMillis
      if (now + pause + margin > deadline) {
        const names = [...new Set(refused.map(({ code }) => code))].join(", ")
        return yield* outOfTime(left, names)
      }
      yield* Effect.sleep(pause * (0.5 + 0.5 * (yield* Random.next)))
    }
  })

const asPutFailed =
  (stream: string) =>
  ({ operation, detail, reason }: CallFailed): PutFailed =>
    new PutFailed({
      stream,
      problem: `${operation} failed: ${detail}`,
      hint:
        reason === "Throttled" || reason === "Unavailable"
          ? putAgain
          : "Look at the name of the stream, and at what the function may do there."
    })
