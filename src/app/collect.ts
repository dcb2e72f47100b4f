import { Clock, Effect, Redacted, type Scope } from "effect"
import type { CollectOptions } from "../collect/options.ts"
import type { HitStream } from "../collect/put-hits.ts"
import type { KinesisApi, KinesisError } from "../stream/kinesis/api.ts"
import { asSourceError } from "../stream/kinesis/failures.ts"
import { localStream } from "../stream/local/local-stream.ts"
import type { collectNames } from "./collect-settings.ts"
import { BadConfig, Unreachable, UsageError } from "./failures.ts"
import { kinesisOf } from "./kinesis.ts"
import type { Values } from "./settings.ts"

/** How hits are taken, as the settings say. */
export const collectOptionsOf = (
  values: Values<(typeof collectNames)[number]>,
  { trustedProxies, hitsPerSecond }: Pick<CollectOptions, "trustedProxies" | "hitsPerSecond">
): Effect.Effect<CollectOptions, BadConfig> =>
  Effect.gen(function* () {
    const apiKeys =
      values.apiKeys === null
        ? []
        : Redacted.value(values.apiKeys)
            .split(",")
            .map((key) => key.trim())
    if (apiKeys.some((key) => key.length < leastKey))
      return yield* new BadConfig({
        problem: `SLUICE_API_KEYS has a key of fewer than ${leastKey} characters`,
        hint: "Make keys with: openssl rand -hex 32"
      })
    if (values.requireApiKey === "yes" && apiKeys.length === 0)
      return yield* new BadConfig({ problem: "--require-api-key is yes, and there are no keys", hint: "Set SLUICE_API_KEYS." })
    const { origins, privacy, clientIp, maxBatchHits, maxBodyBytes, maxHitBytes } = values
    const requireApiKey = values.requireApiKey === "yes"
    return { origins, privacy, clientIp, maxBatchHits, maxBodyBytes, maxHitBytes, apiKeys, requireApiKey, trustedProxies, hitsPerSecond }
  })

/** A key that is a word would be guessed. */
const leastKey = 16

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
