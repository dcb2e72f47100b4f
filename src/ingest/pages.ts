import { type Cause, Clock, Effect, type Exit, Fiber, Option, Queue, type Scope, Stream } from "effect"
import type { RecordPage } from "../record/record.ts"
import type { SourceError } from "../record/source-error.ts"
import type { Resume, Source } from "../source/source.ts"

/** What the run loop gets next: a page, or the reason why it must close its batch. */
export type Next =
  | { readonly _tag: "page"; readonly page: RecordPage }
  | { readonly _tag: "age" }
  | { readonly _tag: "drain" }
  | { readonly _tag: "end"; readonly exit: Exit.Exit<unknown, SourceError> }

/**
 * Starts a source and gives the effect that takes its next page, waiting until a deadline (milliseconds since 1970; null: for ever).
 *
 * At most one page waits in between: who writes slowly makes the source read slowly. Waiting only peeks; the page is taken when the wait is
 * over, so that a deadline that strikes in the same instant can never swallow a page.
 */
export const startPages = (
  source: Source,
  resume: Resume,
  stop: Effect.Effect<void>
): Effect.Effect<(deadline: number | null) => Effect.Effect<Next>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const queue = yield* Queue.bounded<RecordPage, Cause.Done>(1)
    const producer = yield* source.pages(resume).pipe(
      Stream.runForEach((page) => Queue.offer(queue, page)),
      Effect.onExit(() => Queue.end(queue)),
      Effect.forkScoped
    )
    const take = Queue.take(queue).pipe(
      Effect.map((page): Next => ({ _tag: "page", page })),
      Effect.catch(() => Effect.map(Fiber.await(producer), (exit): Next => ({ _tag: "end", exit })))
    )
    const arrived = Effect.as(Effect.exit(Queue.peek(queue)), "arrived" as const)
    const wait = Effect.raceFirst(Effect.as(stop, "drain" as const), arrived)
    return (deadline) =>
      Effect.gen(function* () {
        const left = deadline === null ? Number.POSITIVE_INFINITY : deadline - (yield* Clock.currentTimeMillis)
        if (left <= 0) return { _tag: "age" } as const
        const waited = deadline === null ? yield* wait : Option.getOrElse(yield* Effect.timeoutOption(wait, left), () => "age" as const)
        return waited === "arrived" ? yield* take : ({ _tag: waited } as const)
      })
  })
