import { Clock, Effect, type Scope } from "effect"
import type { HitStream } from "../collect/put-hits.ts"
import type { KinesisApi, KinesisError } from "../stream/kinesis/api.ts"
import { asSourceError } from "../stream/kinesis/failures.ts"
import { localStream } from "../stream/local/local-stream.ts"
import { Unreachable, UsageError } from "./failures.ts"
import { kinesisOf } from "./kinesis.ts"
import type { Values } from "./settings.ts"

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

/** A trouble that was not met again for so many milliseconds may be over. */
const troubleLasts = 10_000

/** The stream that `--to` names: a folder, or `kinesis:NAME`. */
export const openHitStream = (
  to: string,
  values: Values<"region" | "endpoint">
): Effect.Effect<OpenedStream, UsageError | Unreachable, Scope.Scope> =>
  Effect.gen(function* () {
    const [, kinesis] = /^kinesis:(.*)$/.exec(to) ?? []
    if (to === "" || kinesis === "" || /^[a-z][a-z0-9+.-]+:\/\//i.test(to))
      return yield* new UsageError({ problem: `--to ${to} is no stream`, hint: "Give a folder, or kinesis:NAME." })
    const clock = yield* Clock.Clock
    const last = { why: "", at: Number.NEGATIVE_INFINITY }
    const onPut = (why: string | null) => {
      last.why = why ?? ""
      last.at = why === null ? Number.NEGATIVE_INFINITY : clock.currentTimeMillisUnsafe()
    }
    const trouble = Effect.map(Clock.currentTimeMillis, (now) => (now - last.at < troubleLasts ? last.why : null))
    const opened = (api: KinesisApi, name: string): HitStream => ({ api, name, onPut })
    if (kinesis === undefined) {
      const stream = yield* localStream({ folder: to })
      yield* Effect.mapError(stream.claim, (error) => unreachable(error, to))
      return { stream: opened(stream, to), location: to, calls: 2, trouble }
    }
    const api = yield* Effect.mapError(kinesisOf(values), ({ message, hint }) => new Unreachable({ problem: message, hint }))
    yield* api.describeStream(kinesis).pipe(
      // Who may put need not be one who may look.
      Effect.catchIf(
        ({ reason }) => reason === "Denied",
        () => Effect.void
      ),
      Effect.mapError((error) => unreachable(error, kinesis))
    )
    return { stream: opened(api, kinesis), location: to, calls: 8, trouble }
  })

const unreachable = (error: KinesisError, location: string): Unreachable => {
  const { detail, hint } = asSourceError(error, location)
  return new Unreachable({ problem: `${location}: ${detail}`, hint })
}
