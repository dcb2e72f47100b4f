import fs, { appendFileSync, realpathSync, renameSync, utimesSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { basename, join } from "node:path"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Clock, type Duration, Effect, Fiber, Logger, Metric, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { vi } from "vitest"
import type { ShardPosition } from "../../src/record/position.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { filesSource } from "../../src/source/files.ts"
import type { Resume } from "../../src/source/source.ts"
import { change, folderWith, positionsAfter, put, recordsOf } from "./collect.ts"

/** Follows a folder; `look` lets the next look happen and gives what it brought. */
const following = (input: string, resume: Resume = new Map<string, ShardPosition>()) =>
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

/** Collects what is told and warned of. */
const toldInto = (told: Array<string>) => Logger.layer([Logger.make(({ message }) => told.push(String(message)))])

describe("files: following", () => {
  it.effect("reads on in a file whose position has retired, and asks for it again at each look", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": '{"a":1}\n', "b.ndjson": '{"b":1}\n' })
      const before = yield* following(folder)
      assert.deepStrictEqual(yield* before.first, ['{"a":1}', '{"b":1}'])
      const positions = new Map(positionsAfter(before.pages))
      yield* Fiber.interrupt(before.fiber)
      const asked: Array<string> = []
      const find = async (shard: string) => {
        asked.push(basename(shard))
        return { position: positions.get(shard), hasRetired: true }
      }
      const after = yield* following(folder, { get: () => undefined, keys: () => [], find })
      assert.deepStrictEqual(yield* after.first, [])
      appendFileSync(join(folder, "a.ndjson"), '{"a":2}\n')
      put(folder, "c.ndjson", '{"c":1}\n')
      assert.deepStrictEqual(yield* after.look, ['{"a":2}', '{"c":1}'])
      for (const [shard, position] of positionsAfter(after.pages, positions)) positions.set(shard, position)
      assert.deepStrictEqual(yield* after.look, [])
      assert.deepStrictEqual(asked.join(), "a.ndjson,b.ndjson,a.ndjson,b.ndjson,c.ndjson,a.ndjson,b.ndjson,c.ndjson")
    })
  )

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

  it.effect("reads a file that was replaced anew once it is at rest, or has been something else twice, and tells it once", () => {
    const told: Array<string> = []
    return Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": "1\n2\n", "b.json": "{ }" })
      const { first, look, pages } = yield* following(folder)
      yield* first
      assert.deepStrictEqual(yield* look, ["{ }"])
      // Being copied to its place again, it is less for a while.
      change(folder, "a.ndjson", "1\n")
      assert.deepStrictEqual(yield* look, [])
      change(folder, "a.ndjson", "1\n2\n")
      change(folder, "b.json", "[ ]")
      assert.deepStrictEqual(yield* look, [])
      assert.deepStrictEqual(yield* look, ["[ ]"])
      assert.strictEqual(told.length, 1)
      // A log that was rotated, and is written to all the time.
      change(folder, "a.ndjson", "3\n")
      assert.deepStrictEqual(yield* look, [])
      change(folder, "a.ndjson", "3\n4\n5")
      assert.deepStrictEqual(yield* look, ["3", "4"])
      change(folder, "a.ndjson", "3\n4\n55\n")
      assert.deepStrictEqual(yield* look, ["55"])
      assert.deepStrictEqual(yield* look, [])
      assert.strictEqual(told.length, 2)
      assert.include(told[1], "a.ndjson was replaced since it was read")
      for (const beginning of ["6", "66", "666"]) {
        change(folder, "a.ndjson", beginning)
        assert.deepStrictEqual(yield* look, [])
      }
      change(folder, "a.ndjson", "6666\n7\n")
      assert.deepStrictEqual(yield* look, ["6666", "7"])
      assert.deepStrictEqual(yield* (yield* following(folder, positionsAfter(pages))).first, [])
    }).pipe(Effect.provide(toldInto(told)))
  })

  it.effect("goes on in a large file without reading all of it again, unless another lies in its place", () =>
    Effect.gen(function* () {
      const long = (letter: string) => `${letter.repeat(1 << 20)}\n`.repeat(17)
      const folder = yield* folderWith({ "a.ndjson": `${long("x")}1\n` })
      const { first, look } = yield* following(folder)
      assert.strictEqual((yield* first).length, 18)
      appendFileSync(join(folder, "a.ndjson"), "2\n3")
      assert.deepStrictEqual(yield* look, ["2"])
      appendFileSync(join(folder, "a.ndjson"), "3\n")
      assert.deepStrictEqual(yield* look, ["33"])
      put(folder, "_new", `${long("y")}1\n2\n33\n4\n`)
      fs.renameSync(join(folder, "_new"), join(folder, "a.ndjson"))
      assert.deepStrictEqual(yield* look, [])
      assert.strictEqual((yield* look).length, 21)
    })
  )

  it.effect("reads the last line of a file anew that was at rest and turns out to have been unfinished", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": '1\n{"n":', "b.ndjson.gz": gzipSync('{"m":') })
      const { first, look } = yield* following(folder)
      assert.deepStrictEqual(yield* first, ["1"])
      assert.deepStrictEqual(yield* look, ['{"n":', '{"m":'])
      appendFileSync(join(folder, "a.ndjson"), "2}\n")
      appendFileSync(join(folder, "b.ndjson.gz"), gzipSync("2}\n"))
      assert.deepStrictEqual(yield* look, ['{"n":2}'])
      assert.deepStrictEqual(yield* look, ['{"m":2}'])
      assert.deepStrictEqual(yield* look, [])
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
    }).pipe(Effect.provide(toldInto(warnings)))
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
    }).pipe(Effect.provide(toldInto(warnings)), Effect.provideService(Metric.MetricRegistry, new Map()))
  })
})
