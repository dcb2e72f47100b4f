import { Cause, Deferred, Effect, Exit, Fiber, Queue, type Scope } from "effect"
import type { OnRunEvent } from "../record/report.ts"
import { Store, StoreError } from "../store/store.ts"
import { TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"
import { appendRuns, openRuns, type RunRow, runRow } from "./runs.ts"

/** The table of runs, once it is open. */
export interface KeptRuns {
  table: Table | null
}

export interface RecordRunsSettings {
  /** Where it is kept open from one recorder to the next. Default: each opens it. */
  readonly kept?: KeptRuns
  /** Rows that wait. */
  readonly capacity?: number
  /** Milliseconds for which the first waits for others, which then share its commit. Small values make many small files, large ones late news. */
  readonly gatherMillis?: number
  /** Milliseconds that a write may take. */
  readonly writeMillis?: number
  /** Milliseconds that closing waits for the last rows to be written. */
  readonly closeMillis?: number
}

export interface RunRecorder {
  /** Takes note of a run that ended. Never fails and never waits. */
  readonly record: OnRunEvent
  readonly counters: Effect.Effect<RunCounters>
}

export interface RunCounters {
  readonly recorded: number
  /** Not written, or nobody knows: too many waited, a write failed, or closing gave up. */
  readonly lost: number
}

/**
 * Writes runs that end into the table of runs, behind the data and apart from it: a fiber of its own takes what has gathered, and what it cannot
 * write is counted and given up, not tried again, so that no end of a run stands there twice. Closing the scope writes what waits.
 */
export const recordRuns = (settings: RecordRunsSettings = {}): Effect.Effect<RunRecorder, never, Scope.Scope | Store> =>
  Effect.gen(function* () {
    // Opened with the first run that ends: who only starts is not held up.
    const { kept = { table: null }, capacity = 1000, gatherMillis = 10_000, writeMillis = 60_000, closeMillis = 5000 } = settings
    const store = yield* Store
    const queue = yield* Queue.sliding<RunRow, Cause.Done>(capacity)
    const closing = yield* Deferred.make<void>()
    const counts = { recorded: 0, lost: 0 }
    /** Rows that are being written. */
    let writing = 0
    /** Rows lost since a write last succeeded. */
    let failing = 0

    const write = Effect.fnUntraced(
      function* (rows: ReadonlyArray<RunRow>) {
        kept.table ??= yield* openRuns
        yield* appendRuns(kept.table, rows)
      },
      Effect.provideService(Store, store)
    )

    const next = Effect.gen(function* () {
      yield* Queue.peek(queue)
      yield* Effect.raceFirst(Effect.sleep(gatherMillis), Deferred.await(closing))
      const rows = yield* Queue.takeAll(queue)
      writing = rows.length
      const exit = yield* Effect.exit(Effect.timeout(write(rows), writeMillis))
      writing = 0
      if (Exit.isSuccess(exit)) {
        counts.recorded += rows.length
        if (failing > 0) yield* Effect.logInfo(`runs are recorded again; lost: ${failing}`)
        failing = 0
      } else {
        // The next write looks at it anew: it may have been made again.
        kept.table = null
        counts.lost += rows.length
        if (failing === 0) yield* Effect.logWarning(`runs are not recorded: ${reasonOf(exit.cause)} The data is not affected.`)
        failing += rows.length
      }
    })
    // Not of this scope, which would wait for it, whatever it waits for.
    const fiber = yield* Effect.forkDetach(Effect.forever(next))

    const giveUp = Effect.suspend(() => {
      const left = Queue.sizeUnsafe(queue) + writing
      if (left === 0) return Effect.void
      counts.lost += left
      return Effect.logWarning(`the last runs were not recorded in time; lost: ${left}. The data is not affected.`)
    })
    yield* Effect.addFinalizer(() =>
      Queue.end(queue).pipe(
        Effect.andThen(Deferred.succeed(closing, undefined)),
        Effect.andThen(Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), closeMillis)),
        Effect.andThen(Effect.sync(() => fiber.interruptUnsafe())),
        Effect.andThen(giveUp),
        Effect.ignore
      )
    )

    return {
      record: (event) =>
        Effect.sync(() => {
          const row = runRow(event)
          if (row === null) return
          const isFull = Queue.isFullUnsafe(queue)
          // A full sliding queue takes the new row and drops its oldest; one that has ended takes nothing.
          if (!Queue.offerUnsafe(queue, row) || isFull) counts.lost++
        }).pipe(
          // Whatever is wrong with an event, who tells of it goes on.
          Effect.catchDefect(() => Effect.sync(() => void counts.lost++))
        ),
      counters: Effect.sync(() => ({ ...counts }))
    }
  })

/** Our own words only, as a sentence. */
const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (error instanceof TableError || error instanceof StoreError) return error.message
  return Cause.isTimeoutError(error) ? "the store does not answer." : "an unexpected error."
}
