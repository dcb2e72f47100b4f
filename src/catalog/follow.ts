import { Cause, Clock, Deferred, Effect, Exit, Fiber, Queue, type Scope } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { OnRunEvent } from "../record/report.ts"
import { Store, StoreError } from "../store/store.ts"
import { TableError } from "../table/errors.ts"
import { type CatalogApi, CatalogError } from "./api.ts"
import { type SyncReport, syncCatalog } from "./sync.ts"
import { stepWords } from "./words.ts"

export interface FollowSettings {
  readonly open: Effect.Effect<CatalogApi, CatalogError, Scope.Scope>
  readonly database: string
  /** By the name of their dataset. */
  readonly contracts: ReadonlyMap<string, CompiledContract>
  /** Milliseconds for which the first table waits for others, which then share its sync: longer than the first run waits to make the table of runs. */
  readonly gatherMillis?: number
  /** Milliseconds that a sync may take. */
  readonly syncMillis?: number
  /** Milliseconds after a sync that failed, in which none is tried. */
  readonly pauseMillis?: number
  /** Milliseconds that closing waits for the last sync. */
  readonly closeMillis?: number
}

/**
 * Keeps a catalog in step with the tables that runs commit to: at the first commit to a table that this process hears of, which is the one behind its
 * making or behind an evolution, and whenever one was made anew. It works behind the data and apart from it, in a fiber of its own. What fails is
 * told, and tried again with a later commit, or by the next process. Closing the scope does what waits.
 */
export const followTables = (settings: FollowSettings): Effect.Effect<OnRunEvent, never, Scope.Scope | Store> =>
  Effect.gen(function* () {
    const { open, database, contracts, gatherMillis = 15_000, syncMillis = 120_000, pauseMillis = 60_000, closeMillis = 15_000 } = settings
    const store = yield* Store
    /** Tables that the catalog has heard of from this process. */
    const told = new Set<string>()
    const waiting = yield* Queue.unbounded<{ readonly dataset: string; readonly path: string }, Cause.Done>()
    const closing = yield* Deferred.make<void>()
    let isWorking = false
    let isFailing = false
    let notBefore = 0

    const sync = (datasets: ReadonlySet<string>) =>
      Effect.scoped(
        Effect.flatMap(open, (api) =>
          syncCatalog(api, { database, contracts, about: null, datasets, shared: true, dryRun: false, allowDrop: false })
        )
      ).pipe(
        // What one table could not be told is as much a failure as what all could not.
        Effect.tap(({ tables }) => {
          const failed = tables.find(({ failure }) => failure !== null)?.failure
          return failed === undefined || failed === null ? Effect.void : Effect.fail(failed)
        }),
        Effect.timeout(syncMillis),
        Effect.provideService(Store, store)
      )

    const next = Effect.gen(function* () {
      yield* Queue.peek(waiting)
      yield* Effect.raceFirst(Effect.sleep(gatherMillis), Deferred.await(closing))
      isWorking = true
      const tables = yield* Queue.takeAll(waiting)
      const exit = yield* Effect.exit(sync(new Set(tables.map(({ dataset }) => dataset))))
      isWorking = false
      if (Exit.isSuccess(exit)) {
        if (isFailing) yield* Effect.logInfo("the catalog is in step again")
        isFailing = false
        return yield* tellOf(exit.value)
      }
      for (const { path } of tables) told.delete(path)
      notBefore = (yield* Clock.currentTimeMillis) + pauseMillis
      if (!isFailing) yield* Effect.logWarning(`the catalog is not in step with the lake: ${reasonOf(exit.cause)} ${harmless}`)
      isFailing = true
    })
    // Not of this scope, which would wait for it, whatever it waits for.
    const fiber = yield* Effect.forkDetach(Effect.forever(next))

    const giveUp = Effect.suspend(() =>
      Queue.sizeUnsafe(waiting) === 0 && !isWorking
        ? Effect.void
        : Effect.logWarning(`the catalog was not told of the last tables in time. ${harmless}`)
    )
    yield* Effect.addFinalizer(() =>
      Queue.end(waiting).pipe(
        Effect.andThen(Deferred.succeed(closing, undefined)),
        Effect.andThen(Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), closeMillis)),
        Effect.andThen(Effect.sync(() => fiber.interruptUnsafe())),
        Effect.andThen(giveUp),
        Effect.ignore
      )
    )

    return (event) =>
      event.event !== "complete" || event.outputs.length === 0
        ? Effect.void
        : Effect.map(Clock.currentTimeMillis, (now) => {
            for (const { path, created } of event.outputs) {
              if ((told.has(path) && !created) || now < notBefore) continue
              told.add(path)
              Queue.offerUnsafe(waiting, { dataset: event.report.dataset, path })
            }
          })
  })

const harmless = "The data is not affected. Mend it with: sluice catalog sync"

/** Tells what was changed, and what could not be. */
const tellOf = ({ database, databaseCreated, tables }: SyncReport): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (databaseCreated) yield* Effect.logInfo(`made the database ${database} in the catalog`)
    for (const { step } of tables) {
      const text = `table ${database}.${step.name} in the catalog: ${stepWords(step)}`
      if (step.action === "refused") yield* Effect.logWarning(text)
      else if (step.action === "create" || step.action === "update") yield* Effect.logInfo(text)
    }
  })

/** Our own words only, as a sentence. */
const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (error instanceof CatalogError || error instanceof TableError || error instanceof StoreError) return error.message
  return Cause.isTimeoutError(error) ? "it does not answer." : "an unexpected error."
}
