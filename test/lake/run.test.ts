import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber } from "effect"
import { type Done, Run } from "../../src/lake/run.ts"
import { emptyCounts, type RunEvent } from "../../src/record/report.ts"

const done: Done<number> = {
  result: 1,
  report: { kind: "replay", runId: "r", dataset: "order", startedAt: "", counts: emptyCounts(), files: 0, fileBytes: 0 },
  outputs: []
}

/** Does some work as a run, and gives what was told of it. */
const told = (use: (run: Run) => Effect.Effect<unknown, { readonly message: string }>) =>
  Effect.gen(function* () {
    const events: Array<RunEvent> = []
    const tell = (event: RunEvent) => Effect.sync(() => void events.push(event))
    yield* Effect.exit(use(new Run(tell, { kind: "replay", runId: "r", dataset: "order" }, 0, [])))
    return events.map((event) => (event.event === "fail" ? `${event.outcome}: ${event.message}` : event.event))
  })

describe("a run", () => {
  it.effect("begins once and ends once, whatever ends it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told((run) => run.of(Effect.succeed(done))), ["start", "complete"])
      assert.deepStrictEqual(yield* told((run) => run.of(Effect.fail(new Error("No room.")))), ["start", "fail: No room."])
      assert.deepStrictEqual(yield* told((run) => run.of(Effect.die(new Error("ana@example.com")))), [
        "start",
        "fail: an unexpected error; see the log of the process"
      ])
      assert.deepStrictEqual(yield* told((run) => run.of(Effect.interrupt)), ["start", "abort: interrupted"])
      const stopped = (run: Run) =>
        Effect.gen(function* () {
          const isAtWork = yield* Deferred.make<void>()
          const fiber = yield* Effect.forkChild(run.of(Effect.andThen(Deferred.succeed(isAtWork, undefined), Effect.never)))
          yield* Deferred.await(isAtWork)
          yield* Fiber.interrupt(fiber)
        })
      assert.deepStrictEqual(yield* told(stopped), ["start", "abort: interrupted"])
    })
  )

  it.effect("that never began has no end, and no second one where it has one", () =>
    Effect.gen(function* () {
      const cause = Cause.fail(new Error("No room."))
      assert.deepStrictEqual(yield* told((run) => run.fail(cause)), [])
      assert.deepStrictEqual(yield* told((run) => Effect.andThen(run.start, run.start)), ["start"])
      assert.deepStrictEqual(
        yield* told((run) => run.start.pipe(Effect.andThen(run.complete(done.report, [])), Effect.andThen(run.fail(cause)))),
        ["start", "complete"]
      )
    })
  )

  it.effect("is given up, and has not failed, where another process does its work", () =>
    Effect.gen(function* () {
      const cause = Cause.fail(new Error("Taken."))
      const use = (run: Run) => Effect.andThen(run.start, run.fail(cause, true))
      assert.deepStrictEqual(yield* told(use), ["start", "abort: Taken."])
    })
  )

  it.effect("gives the result and the failure of its work", () =>
    Effect.gen(function* () {
      const run = () => new Run(() => Effect.void, { kind: "replay", runId: "r", dataset: "order" }, 0, [])
      assert.strictEqual(yield* run().of(Effect.succeed(done)), 1)
      const exit = yield* Effect.exit(run().of(Effect.fail(new Error("No room."))))
      assert.isTrue(Exit.isFailure(exit))
    })
  )
})
