import { Clock, Effect, type Scope } from "effect"
import type { HitStream } from "../collect/put-hits.ts"
import type { KinesisApi, KinesisError } from "../stream/kinesis/api.ts"
import { asSourceError } from "../stream/kinesis/failures.ts"
import { Unreachable, UsageError } from "./failures.ts"
import { kinesisOf } from "./kinesis.ts"
import type { Values } from "./settings.ts"
import { type localStreamNames, localStreamOf, streamTarget } from "./streams.ts"

/** A stream for hits, open and there. */
export interface OpenedStream {
  readonly stream: HitStream
  /** For people. */
  readonly location: string
  /** Groups of hits that are put at the same time: Kinesis takes its time for each, a folder stores all that wait at once. */
  readonly calls: number
  /** Why hits are not stored these days; null: they are, or nobody tried lately. */
  readonly trouble: Effect.Effect<string | null>
}

/** A trouble that was not met again for so many milliseconds may be over; so it may where the clock was put back. */
const troubleLasts = 10_000

/** The stream that `--to` names: a folder, or `kinesis:NAME`. */
export const openHitStream = (
  to: string,
  values: Values<"region" | "endpoint" | (typeof localStreamNames)[number]>
): Effect.Effect<OpenedStream, UsageError | Unreachable, Scope.Scope> =>
  Effect.gen(function* () {
    const target = /^[a-z][a-z0-9+.-]+:\/\//i.test(to) ? null : streamTarget(to)
    if (target === null) return yield* new UsageError({ problem: `--to ${to} is no stream`, hint: "Give a folder, or kinesis:NAME." })
    const clock = yield* Clock.Clock
    const last = { why: "", at: Number.NEGATIVE_INFINITY }
    const onPut = (why: string | null) => {
      last.why = why ?? ""
      last.at = why === null ? Number.NEGATIVE_INFINITY : clock.currentTimeMillisUnsafe()
    }
    const trouble = Effect.map(Clock.currentTimeMillis, (now) => (Math.abs(now - last.at) < troubleLasts ? last.why : null))
    const opened = (api: KinesisApi, name: string): HitStream => ({ api, name, onPut })
    if (target.kind === "local") {
      const stream = yield* localStreamOf(target.folder, values)
      yield* Effect.mapError(stream.claim, (error) => unreachable(error, to))
      return { stream: opened(stream, to), location: to, calls: 1, trouble }
    }
    const { stream } = target
    const api = yield* Effect.mapError(kinesisOf(values), ({ message, hint }) => new Unreachable({ problem: message, hint }))
    yield* api.describeStream(stream).pipe(
      // Who may put need not be one who may look.
      Effect.catchIf(
        ({ reason }) => reason === "Denied",
        () => Effect.void
      ),
      Effect.mapError((error) => unreachable(error, stream))
    )
    return { stream: opened(api, stream), location: to, calls: 8, trouble }
  })

const unreachable = (error: KinesisError, location: string): Unreachable => {
  const { detail, hint } = asSourceError(error, location)
  return new Unreachable({ problem: `${location}: ${detail}`, hint })
}
