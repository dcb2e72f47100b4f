import { Clock, type Context, Effect, Metric, type Scope } from "effect"
import { metrics } from "../ingest/metrics.ts"
import { hasTable } from "../lake/find-tables.ts"
import { deadLettersPath } from "../lake/layout.ts"
import { version } from "../record/version.ts"
import { lastedText, unansweredMetric } from "../source/unanswered.ts"
import { Store } from "../store/store.ts"
import { logFolder } from "../table/paths.ts"
import { Shutdown } from "./shutdown.ts"

/** A source that has not answered for so long is not read; a call that hangs is given up after 20 s. Seconds. */
const unansweredLimit = 30
/**
 * For so long it counts that the lake could be written, and that it could not: asking often costs no more, and a bucket that keeps versions keeps each try. And this is how long an
 * answer is waited for. Milliseconds.
 */
const lakeCheckedFor = 5 * 60_000
const lakeRefusedFor = 30_000
const lakePatience = 5_000

/** What keeps the command from its work, where something does. */
export interface Readiness {
  readonly ready: boolean
  readonly state: "running" | "draining"
  readonly source: string
  readonly lake: string
}

/** The latest or largest value of a gauge, over all its series; undefined without any. */
const largest = (context: Context.Context<never>, gauge: Metric.Gauge<number>): number | undefined => {
  const values = Metric.snapshotUnsafe(context).flatMap(({ id, type, state }) =>
    id === gauge.id && type === "Gauge" ? [Number(state.value)] : []
  )
  return values.length === 0 ? undefined : Math.max(...values)
}

/** That the process runs, and what it did last. @param startedAt milliseconds since 1970 */
export const alive = (context: Context.Context<never>, startedAt: number) => {
  const committedAt = largest(context, metrics.lastCommit)
  return {
    status: "running",
    version,
    startedAt: new Date(startedAt).toISOString(),
    lastCommitAt: committedAt === undefined ? null : new Date(committedAt * 1000).toISOString()
  }
}

/** Small, and gone again behind it; who may not remove it leaves one. */
const probeName = ".sluice-ready"

/**
 * Whether the command can do its work: nobody has asked it to end, its source answered lately, and its lake can be written, which is tried where a commit would be:
 * in the log of a table, as soon as there is one.
 */
export const makeReadiness: Effect.Effect<Effect.Effect<Readiness>, never, Scope.Scope | Shutdown | Store> = Effect.gen(function* () {
  const store = yield* Store
  const context = yield* Effect.context<Store>()
  const { requested } = yield* Shutdown
  let isDraining = false
  yield* Effect.forkScoped(
    Effect.andThen(
      requested,
      Effect.sync(() => {
        isDraining = true
      })
    )
  )
  const lake: Effect.Effect<string | null> = hasTable(deadLettersPath).pipe(
    Effect.map((isThere) => (isThere ? `${deadLettersPath}/${logFolder}${probeName}` : probeName)),
    Effect.flatMap((key) => Effect.andThen(store.put(key, new Uint8Array([1])), Effect.ignore(store.delete([key])))),
    Effect.timeoutOrElse({
      duration: lakePatience,
      orElse: () => Effect.fail({ message: `${store.root} did not answer within ${lakePatience / 1000} s` })
    }),
    Effect.match({ onSuccess: () => null, onFailure: ({ message }) => message }),
    Effect.provide(context)
  )
  const lastTried = yield* Effect.cachedWithTTL(lake, lakeRefusedFor)
  let writableUntil = Number.NEGATIVE_INFINITY
  const lakeProblem = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now < writableUntil) return null
    const problem = yield* lastTried
    if (problem === null) writableUntil = now + lakeCheckedFor
    return problem
  })
  return Effect.map(lakeProblem, (problem) => {
    const silent = largest(context, unansweredMetric) ?? 0
    const answers = silent <= unansweredLimit
    return {
      ready: !isDraining && answers && problem === null,
      state: isDraining ? "draining" : "running",
      source: answers ? "answers" : `has not answered for ${lastedText(silent * 1000)}`,
      lake: problem ?? "can be written"
    }
  })
})
