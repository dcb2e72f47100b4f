import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { jsonLine } from "../../src/app/logging.ts"
import { commitJobs, type JobOptions, submitJobs } from "../../src/app/repartition-jobs.ts"
import type { RunEvent } from "../../src/record/report.ts"
import { Store } from "../../src/store/store.ts"
import { drive, type TestPlace, testPlace } from "../repartition/job-driver.ts"
import { actualNotes, type Copy, expectedNotes, freshStore, ingest, orders } from "../repartition/lake.ts"

const start = Date.UTC(2026, 10, 20)
const copy = (order: string, note: string): Copy => ({ order, lastChange: start, arrivedAt: start, sequence: note, note })
const first = [copy("a", "1"), copy("b", "2")]
const second = [copy("c", "3")]

const optionsOf = ({ place }: TestPlace): JobOptions & { readonly events: Array<RunEvent> } => {
  const events: Array<RunEvent> = []
  return { contracts: [orders], place, onEvent: (event) => Effect.sync(() => events.push(event)), events }
}
const became = (all: ReadonlyArray<{ readonly became: string }>) => all.map(({ became }) => became)

/** What a call logs of all datasets together: the fields by which an alarm counts it. */
const counted = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines: Array<{ readonly datasets?: number; readonly underWay?: number }> = []
    const logger = Logger.map(jsonLine, (line) => void lines.push(JSON.parse(line)))
    yield* Effect.provide(Effect.exit(work), Logger.layer([logger]))
    return lines.flatMap(({ datasets, underWay }) => (datasets === undefined ? [] : [[datasets, underWay]]))
  })

describe("jobs that nobody waits for", () => {
  it.live("are one for a dataset, however often and at once they are asked for", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const options = optionsOf(at)
      // A dataset that was never ingested has no job.
      assert.deepStrictEqual(yield* submitJobs(options), [])
      yield* ingest(first)
      const both = yield* Effect.all([submitJobs(options), submitJobs(options)], { concurrency: 2 })
      assert.include(["submitted,submitted", "submitted,under-way", "under-way,submitted"], both.map(became).join(","))
      const [again] = yield* submitJobs(options)
      assert.deepInclude(again, { dataset: "order", became: "under-way" })
      assert.match(again?.says ?? "", /^run 1 is under way \(RUNNING\), begun at 2/)
      assert.strictEqual(at.runs.length, 1)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("are committed when they have ended, once, and nothing is begun then", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const options = optionsOf(at)
      const store = yield* Store
      yield* ingest(first)
      assert.deepStrictEqual(became(yield* commitJobs(options)), ["nothing"])
      assert.strictEqual(at.runs.length, 0)
      yield* submitJobs(options)
      // What arrives meanwhile is the next hour's.
      yield* ingest(second)
      assert.deepStrictEqual(became(yield* commitJobs(options)), ["under-way"])
      yield* drive(store, at.runs[0]?.job ?? { id: "" }, "x")
      const both = yield* Effect.all([commitJobs(options), commitJobs(options)], { concurrency: 2 })
      assert.include(both.map(became).join(","), "committed")
      assert.deepStrictEqual(became(yield* commitJobs(options)), ["nothing"])
      assert.deepStrictEqual(yield* actualNotes, expectedNotes(first))
      assert.strictEqual(at.runs.length, 1)
      assert.isTrue(options.events.some(({ event }) => event === "complete"))
      assert.deepStrictEqual(became(yield* submitJobs(options)), ["submitted"])
      assert.strictEqual(at.runs.length, 2)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("are counted by their calls: not while one is still at work, nor where one failed", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const options = optionsOf(at)
      assert.deepStrictEqual(yield* counted(submitJobs(options)), [[0, 0]])
      yield* ingest(first)
      assert.deepStrictEqual(yield* counted(submitJobs(options)), [[1, 0]])
      assert.deepStrictEqual(yield* counted(submitJobs(options)), [[1, 1]])
      yield* drive(yield* Store, at.runs[0]?.job ?? { id: "" }, "x")
      assert.deepStrictEqual(yield* counted(commitJobs(options)), [[1, 0]])
      at.onStart = () => Effect.succeed("failed")
      yield* ingest(second)
      yield* submitJobs(options)
      assert.deepStrictEqual(yield* counted(commitJobs(options)), [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that failed are told with reason and log, once, and asked for anew by the next rule", () =>
    Effect.gen(function* () {
      const at = testPlace()
      const options = optionsOf(at)
      at.onStart = () => Effect.succeed("failed")
      yield* ingest(first)
      yield* submitJobs(options)
      const failed = yield* Effect.flip(commitJobs(options))
      assert.match(failed.message, /run 1 failed without a result: out of memory.*\/logs\/1/)
      // As Lambda does with an event that failed.
      assert.deepStrictEqual(became(yield* commitJobs(options)), ["nothing"])
      assert.deepStrictEqual(became(yield* submitJobs(options)), ["submitted"])
      assert.strictEqual(at.runs.length, 2)
    }).pipe(Effect.provide(freshStore))
  )
})
