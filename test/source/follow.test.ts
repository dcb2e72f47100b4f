import fs, { appendFileSync, realpathSync, renameSync, utimesSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Clock, type Duration, Effect, Fiber, Logger, Metric, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { vi } from "vitest"
import type { ShardPosition } from "../../src/record/position.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { filesSource } from "../../src/source/files.ts"
import { folderWith, positionsAfter, put, recordsOf } from "./collect.ts"

/** Follows a folder; `look` lets the next look happen and gives what it brought. */
const following = (input: string, resume: ReadonlyMap<string, ShardPosition> = new Map()) =>
  Effect.gen(function* () {
    const source = yield* filesSource({ input, format: "auto", follow: { pollMillis: 1000 } })
    const pages: Array<RecordPage> = []
    // The end of a look shows in that the source goes to sleep.
    const asleep = yield* Queue.unbounded<void>()
    const clock = yield* Clock.clockWith(Effect.succeed)
    const sleep = (duration: Duration.Duration) => Effect.andThen(Queue.offer(asleep, undefined), clock.sleep(duration))
    const fiber = yield* Stream.runForEach(source.pages(resume), (page) => Effect.sync(() => pages.push(page))).pipe(
      Effect.provideService(Clock.Clock, { ...clock, sleep }),
      Effect.forkScoped
    )
    let told = 0
    const news = Effect.map(Queue.take(asleep), () => {
      const fresh = pages.slice(told).flatMap(recordsOf)
      told = pages.length
      return fresh.map((record) => record.text)
    })
    return { source, fiber, pages, first: news, look: Effect.andThen(TestClock.adjust(1000), news) }
  })

/** Lets every opening of a small file fail with the error code that is set, whoever runs the tests. */
const failingOpens = Effect.acquireRelease(
  Effect.sync(() => {
    const fault: { code: string | null } = { code: null }
    const { openSync } = fs
    vi.spyOn(fs, "openSync").mockImplementation((...call) => {
      if (fault.code === null) return openSync(...call)
      throw Object.assign(new Error(fault.code), { code: fault.code })
    })
    syncBuiltinESMExports()
    return fault
  }),
  () =>
    Effect.sync(() => {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    })
)

/** Collects what is warned of. */
const warningsInto = (warnings: Array<string>) => Logger.layer([Logger.make(({ message }) => warnings.push(String(message)))])

describe("files: following", () => {
  it.effect("brings new and grown files, holds back an unfinished last line until its file is at rest", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": "1\n2" })
      const { first, look, pages } = yield* following(folder)
      assert.deepStrictEqual(yield* first, ["1"])
      appendFileSync(join(folder, "a.ndjson"), "2\n3")
      assert.deepStrictEqual(yield* look, ["22"])
      put(folder, "b.ndjson", "new\n")
      assert.deepStrictEqual(yield* look, ["3", "new"])
      assert.deepStrictEqual(yield* look, [])
      appendFileSync(join(folder, "a.ndjson"), "\n4\n")
      assert.deepStrictEqual(yield* look, ["", "4"])

      const again = yield* following(folder, positionsAfter(pages))
      assert.deepStrictEqual(yield* again.first, [])
    })
  )

  it.effect("takes documents and compressed files as a whole, once they are at rest", () =>
    Effect.gen(function* () {
      const whole = gzipSync("1\n2\n")
      const folder = yield* folderWith({ "a.json": '{\n"a":', "b.ndjson.gz": whole.subarray(0, 12) })
      const { first, look, source } = yield* following(folder)
      assert.deepStrictEqual(yield* first, [])
      put(folder, "a.json", '{\n"a":1}')
      put(folder, "b.ndjson.gz", whole)
      assert.deepStrictEqual(yield* look, [])
      assert.deepStrictEqual(yield* look, ['{\n"a":1}', "1", "2"])
      assert.deepStrictEqual(yield* look, [])
      assert.deepStrictEqual(yield* source.problems, [])
    })
  )

  it.effect("sets bad files aside until they change, and goes on with the others", () =>
    Effect.gen(function* () {
      const whole = Buffer.concat([gzipSync("1\n"), gzipSync("2\n")])
      const folder = yield* folderWith({ "a.ndjson.gz": whole.subarray(0, -11) })
      const { first, look, source, fiber } = yield* following(folder)
      assert.deepStrictEqual(yield* first, [])
      assert.deepStrictEqual(yield* look, ["1"])
      assert.deepStrictEqual(
        (yield* source.problems).map((problem) => problem.location),
        [join(folder, "a.ndjson.gz")]
      )
      put(folder, "b.ndjson", "new\n")
      assert.deepStrictEqual(yield* look, ["new"])
      assert.strictEqual((yield* source.problems).length, 1)
      put(folder, "a.ndjson.gz", whole)
      assert.deepStrictEqual(yield* look, [])
      assert.deepStrictEqual(yield* look, ["2"])
      assert.deepStrictEqual(yield* source.problems, [])
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("tries what was not let read again at each look, and warns of it once until it is another problem", () => {
    const warnings: Array<string> = []
    return Effect.gen(function* () {
      const fault = yield* failingOpens
      const folder = yield* folderWith({ "a.ndjson": "1\n" })
      fault.code = "EACCES"
      const { first, look, source, fiber } = yield* following(folder)
      assert.deepStrictEqual(yield* first, [])
      assert.deepStrictEqual(yield* look, [])
      assert.deepStrictEqual(yield* look, [])
      assert.deepStrictEqual(
        (yield* source.problems).map((problem) => problem.reason),
        ["Denied"]
      )
      // That a file grows is no other problem.
      appendFileSync(join(folder, "a.ndjson"), "2\n")
      assert.deepStrictEqual(yield* look, [])
      assert.strictEqual(warnings.length, 1)
      fault.code = "EIO"
      assert.deepStrictEqual(yield* look, [])
      assert.deepStrictEqual(yield* look, [])
      assert.strictEqual(warnings.length, 2)
      assert.include(warnings[1], "EIO")
      // Nothing of what the directory says of the file changes with it.
      fault.code = null
      assert.deepStrictEqual(yield* look, ["1", "2"])
      assert.deepStrictEqual(yield* source.problems, [])
      fault.code = "EACCES"
      appendFileSync(join(folder, "a.ndjson"), "3\n")
      assert.deepStrictEqual(yield* look, [])
      assert.strictEqual(warnings.length, 3)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(warningsInto(warnings)))
  })

  it.effect("does not try damaged content again as long as size and time of the file are the same", () =>
    Effect.gen(function* () {
      const whole = gzipSync("1\n")
      const damaged = Buffer.from(whole)
      damaged.writeUInt32LE(0, whole.length - 8)
      const folder = yield* folderWith({ "a.ndjson.gz": damaged })
      const path = join(folder, "a.ndjson.gz")
      utimesSync(path, 1000, 1000)
      const { first, look, source, fiber } = yield* following(folder)
      assert.deepStrictEqual(yield* first, [])
      yield* look
      assert.strictEqual((yield* source.problems)[0]?.reason, "Unreadable")
      put(folder, "a.ndjson.gz", whole)
      utimesSync(path, 1000, 1000)
      assert.deepStrictEqual(yield* look, [])
      assert.strictEqual((yield* source.problems).length, 1)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("says of a folder that is gone for how long, ever more rarely, and goes on when it is back", () => {
    const warnings: Array<string> = []
    return Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": "1\n" })
      const { first, look } = yield* following(folder)
      const unanswered = Effect.map(Metric.snapshot, (all) =>
        all.flatMap(({ id, type, state }) => (id === "sluice_source_unanswered_seconds" && type === "Gauge" ? [Number(state.value)] : []))
      )
      assert.deepStrictEqual(yield* first, ["1"])
      assert.deepStrictEqual(yield* unanswered, [0])
      renameSync(folder, `${folder}-away`)
      for (let seconds = 0; seconds <= 90; seconds++) assert.deepStrictEqual(yield* look, [])
      assert.deepStrictEqual(yield* unanswered, [90])
      assert.deepStrictEqual(
        warnings.map((line) => line.replace(/^There is no such file or folder: .*-?\. Check the path\. /, "")),
        ["Looking again", "It has been so for 30 s; looking again", "It has been so for 60 s; looking again"]
      )
      renameSync(`${folder}-away`, folder)
      appendFileSync(join(folder, "a.ndjson"), "2\n")
      assert.deepStrictEqual(yield* look, ["2"])
      assert.deepStrictEqual(yield* unanswered, [0])
      assert.deepStrictEqual(warnings.slice(3), [`${realpathSync(folder)} can be read again, after 91 s`])
    }).pipe(Effect.provide(warningsInto(warnings)), Effect.provideService(Metric.MetricRegistry, new Map()))
  })
})
