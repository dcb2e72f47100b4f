import { Clock, Deferred, Effect } from "effect"
import type { Hit } from "../generate/hits/hit.ts"
import { Random } from "../record/seeded.ts"
import { Latencies, type LatencySummary } from "./latencies.ts"
import { type Outcome, outcomesOf } from "./outcome.ts"
import { type Parcel, parcels } from "./parcel.ts"
import { type Poster, posterTo } from "./post.ts"

export interface PumpOptions {
  /** In order of arrival. */
  readonly hits: Iterable<Hit>
  /** Where each is posted to. */
  readonly url: URL
  /** So many times as fast as the hits came. */
  readonly speed: number
  /** Hits of a request; null: each is a request of its own, as its visitor would send it. */
  readonly batch: number | null
  /** Requests on their way at a time. Many keep the pace where answers are slow; all of them are a burst when they come back. */
  readonly concurrency: number
  /** Times that a hit is sent again before it is given up. */
  readonly retries: number
  /** Of the pauses between two tries. */
  readonly seed: number
  /** Hits at the most. */
  readonly limit?: number | undefined
  /** Milliseconds after which no other hit is sent. */
  readonly duration?: number | undefined
  /** Ends it: what is on its way is waited for, what is not is not sent. */
  readonly stop?: Effect.Effect<void> | undefined
  /** Told of each hit that was acknowledged: how it was sent, when, and how often it had been tried. */
  readonly onAcknowledged?: ((body: string, at: number, tries: number) => void) | undefined
  readonly onProgress?: ((counts: PumpCounts) => void) | undefined
}

export interface PumpCounts {
  /** Hits that were sent. `sent = acknowledged + refused + unanswered`, once all are answered. */
  readonly sent: number
  readonly acknowledged: number
  /** Hits that the server does not want. */
  readonly refused: number
  /** Hits given up after so many tries: they may be stored, or not. */
  readonly unanswered: number
  /** Times that a hit was sent again. */
  readonly retried: number
}

export interface PumpResult extends PumpCounts {
  /** Hits by why they were refused or given up. */
  readonly reasons: { readonly [reason: string]: number }
  /** Requests, with those that were tried again. */
  readonly requests: number
  /** Milliseconds from a request to its answer. */
  readonly answered: LatencySummary
  /** Milliseconds from when a hit was due to when it was acknowledged: with what it waited for others, and with what it was tried again. */
  readonly acknowledgedAfter: LatencySummary
}

/** Milliseconds before the first retry, which double, and the longest that is waited, whatever a server asks for. */
const firstPause = 100
const longestPause = 30_000
/** A request without an answer is given up after so many milliseconds. */
const patience = 30_000

class Tally {
  sent = 0
  acknowledged = 0
  refused = 0
  unanswered = 0
  retried = 0
  requests = 0
  readonly reasons: { [reason: string]: number } = {}
  readonly answered = new Latencies()
  readonly after = new Latencies()

  because(reason: string): void {
    this.reasons[reason] = (this.reasons[reason] ?? 0) + 1
  }
}

/**
 * Sends hits to an endpoint with the spacing that they came in, so many times as fast, beginning now. A hit that is not acknowledged is sent again until it is, or is refused, or was tried
 * often enough: an endpoint may get one twice.
 *
 * How fast the endpoint answers does not change when hits are due; they are late where no more requests may be on their way.
 */
export const pump = (options: PumpOptions): Effect.Effect<PumpResult> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { url, concurrency, stop = Effect.never } = options
      const poster = yield* Effect.acquireRelease(
        Effect.sync(() => posterTo(url, concurrency, patience)),
        (it) => Effect.sync(() => it.close())
      )
      const tally = new Tally()
      const stopped = yield* Deferred.make<void>()
      yield* Effect.forkScoped(Deferred.complete(stopped, stop))
      const start = yield* Clock.currentTimeMillis
      const source = parcels(options)
      const worker = Effect.gen(function* () {
        while (!Deferred.isDoneUnsafe(stopped)) {
          const next = source.next()
          if (next.done === true) return
          const wait = start + next.value.due - (yield* Clock.currentTimeMillis)
          if (wait > 0) yield* Effect.raceFirst(Effect.sleep(wait), Deferred.await(stopped))
          if (Deferred.isDoneUnsafe(stopped)) return
          yield* deliver(poster, options, tally, next.value, start + next.value.due)
        }
      })
      yield* Effect.all(
        Array.from({ length: concurrency }, () => worker),
        { concurrency: "unbounded", discard: true }
      )
      const { answered, after, ...counts } = tally
      return { ...counts, answered: answered.summary(), acknowledgedAfter: after.summary() }
    })
  )

/** Sends the hits of a parcel until nothing is open. */
const deliver = Effect.fnUntraced(function* (poster: Poster, options: PumpOptions, tally: Tally, parcel: Parcel, due: number) {
  const { retries, seed, onAcknowledged, onProgress } = options
  const random = new Random(seed, 0x9f1, parcel.index)
  let open = parcel.bodies
  tally.sent += open.length
  for (let tries = 1; ; tries++) {
    const begun = yield* Clock.currentTimeMillis
    const sent = open
    const answer = yield* Effect.promise((signal) => poster.post(parcel.headers, sent.join("\n"), signal))
    const now = yield* Clock.currentTimeMillis
    tally.requests++
    if (typeof answer !== "string") tally.answered.add(now - begun)
    const outcomes = outcomesOf(answer, sent.length)
    const isLast = tries > retries
    open = sent.filter((body, i) => {
      const outcome = outcomes[i]
      if (outcome?.is === "open" && !isLast) return true
      settle(tally, outcome)
      if (outcome?.is === "acknowledged") {
        tally.after.add(now - due)
        onAcknowledged?.(body, now, tries)
      }
      return false
    })
    onProgress?.(tally)
    if (open.length === 0) return
    tally.retried += open.length
    const asked = typeof answer === "string" ? null : answer.retryAfter
    const pause = firstPause * 2 ** Math.min(tries - 1, 16) * (0.5 + random.unit() / 2)
    yield* Effect.sleep(Math.min(longestPause, Math.max(asked ?? 0, pause)))
  }
})

const settle = (tally: Tally, outcome: Outcome | undefined): void => {
  if (outcome === undefined || outcome.is === "acknowledged") tally.acknowledged++
  else {
    tally.because(outcome.reason)
    if (outcome.is === "refused") tally.refused++
    else tally.unanswered++
  }
}
