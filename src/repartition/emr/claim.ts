import { Clock, Effect, Stream } from "effect"
import { consumablePath } from "../../lake/layout.ts"
import { randomUuid } from "../../record/random.ts"
import type { StoreError, StoreShape } from "../../store/store.ts"
import type { SparkJob } from "../job-place.ts"
import { jobFolder } from "../spark/job-plan.ts"

/**
 * Who may start a job, where the place itself does not make sure that two who ask at once start one. Starts of a job are numbered, and each has an
 * object that only one can put: whoever did, starts. The object outlives who has put it, so a start that was announced and is not to be found holds
 * others back for a while, and not for ever.
 */

/** The next start of a job is mine to make, or to take back; or somebody else has announced one a short while ago. */
export type Claim =
  | { readonly kind: "mine"; readonly start: number; readonly release: Effect.Effect<void> }
  | { readonly kind: "elsewhere"; readonly start: number }

/** How long an announced start may take until it is to be found. Short values start a job twice, long ones leave one waiting that nobody starts. */
export const patienceMinutes = 10

/**
 * A start of a job that was announced a short while ago and is not to be found yet; null where there is none.
 *
 * @param known starts that are to be found
 */
export const announced = (
  store: StoreShape,
  job: SparkJob,
  known: ReadonlySet<number>
): Effect.Effect<{ readonly start: number } | null, StoreError> =>
  Effect.map(newest(store, job), (last) => (last.isRecent && !known.has(last.start) ? last : null))

/** Announces the next start of a job, unless somebody else has, a short while ago. */
export const claim = (store: StoreShape, job: SparkJob, known: ReadonlySet<number>): Effect.Effect<Claim, StoreError> =>
  Effect.gen(function* () {
    const last = yield* newest(store, job)
    if (last.isRecent && !known.has(last.start)) return { kind: "elsewhere", start: last.start }
    const start = Math.max(last.start, ...known) + 1
    const key = `${prefixOf(job)}${String(start).padStart(6, "0")}.json`
    const body = new TextEncoder().encode(JSON.stringify({ start, by: yield* randomUuid }))
    const outcome = yield* store.putIfAbsent(key, body).pipe(
      Effect.catchIf(
        ({ reason }) => reason === "Ambiguous",
        (error) =>
          store.get(key).pipe(
            Effect.map((there) => (Buffer.compare(there, body) === 0 ? "created" : "exists")),
            Effect.mapError(() => error)
          )
      )
    )
    return outcome === "created" ? { kind: "mine", start, release: Effect.ignore(store.delete([key])) } : { kind: "elsewhere", start }
  })

/** Beside the plan. */
const prefixOf = ({ dataset, id }: SparkJob): string => `${jobFolder(consumablePath(dataset), id)}/start-`

const newest = (store: StoreShape, job: SparkJob): Effect.Effect<{ readonly start: number; readonly isRecent: boolean }, StoreError> =>
  Effect.gen(function* () {
    const last = (yield* Stream.runCollect(store.list(prefixOf(job)))).at(-1)
    if (last === undefined) return { start: -1, isRecent: false }
    const age = (yield* Clock.currentTimeMillis) - last.modifiedAt
    return { start: Number.parseInt(last.key.slice(prefixOf(job).length), 10), isRecent: age < patienceMinutes * 60_000 }
  })
