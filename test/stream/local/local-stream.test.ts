import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { KinesisError } from "../../../src/stream/kinesis/api.ts"
import type { Disk, DiskFile } from "../../../src/stream/local/disk.ts"
import { DiskError } from "../../../src/stream/local/disk.ts"
import { type LocalStreamOptions, localStream } from "../../../src/stream/local/local-stream.ts"
import { realDisk } from "../../../src/stream/local/real-disk.ts"
import { setAside } from "../../../src/stream/local/set-aside.ts"
import { drain, type Subject, stream, text } from "../stream-suite.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const first = "shardId-000000000000"
const horizon = { type: "TRIM_HORIZON" } as const
const pass = (millis: number) => TestClock.adjust(millis)
const open = (folder: string, options: Partial<LocalStreamOptions> = {}) => localStream({ folder, shards: 1, lockMillis: 1, ...options })
const put = (api: Subject["api"], ...texts: ReadonlyArray<string>) =>
  api.putRecords(
    stream,
    texts.map((each) => ({ partitionKey: "k", data: Buffer.from(each) }))
  )
const textsIn = (api: Subject["api"]) => Effect.map(drain({ api, pass }, first, horizon), (records) => records.map(text))
const failureOf = <A>(effect: Effect.Effect<A, KinesisError>) => Effect.flip(effect)
const segmentsOf = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".log"))

const flipped = (bytes: Buffer, at: number): Buffer => {
  const out = Buffer.from(bytes)
  out[at] = (out[at] ?? 0) ^ 1
  return out
}

/** A disk whose files are those of the machine, some of whose operations go wrong. */
const faulty = (change: (file: DiskFile, path: string) => DiskFile): Disk => ({
  ...realDisk,
  open: (path, mode) => Effect.map(realDisk.open(path, mode), (file) => change(file, path))
})

describe("a stream in a folder", () => {
  it.effect("commits all calls that wait for the disk together", () =>
    Effect.gen(function* () {
      const api = yield* open(yield* temporaryFolder)
      yield* api.claim
      yield* Effect.forEach(Array.from({ length: 50 }), () => put(api, "a", "b"), { concurrency: "unbounded" })
      assert.strictEqual(api.written()?.records, 100)
      // The first goes alone, perhaps; all others wait meanwhile.
      assert.isAtMost(api.written()?.commits ?? 0, 3)
    })
  )

  it.effect("has one writer at a time, any number of readers, and another writer when that one is gone", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const reader = yield* open(folder)
      assert.strictEqual((yield* failureOf(reader.describeStream(stream))).reason, "NotFound")
      const scope = yield* Scope.make()
      const writer = yield* Scope.provide(open(folder), scope)
      yield* put(writer, "a")
      const other = yield* open(folder, { lockMillis: 0 })
      const refused = yield* failureOf(other.claim)
      assert.strictEqual(refused.reason, "Denied")
      assert.include(refused.detail, "Another process puts into the stream")
      assert.deepStrictEqual(yield* textsIn(reader), ["a"])
      yield* put(writer, "b")
      assert.deepStrictEqual(yield* textsIn(reader), ["a", "b"])
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* failureOf(put(writer, "late"))).reason, "Unavailable")
      yield* put(other, "c")
      assert.deepStrictEqual(yield* textsIn(reader), ["a", "b", "c"])
    })
  )

  it.effect("cuts what an interrupted write left, and goes on behind the last whole record", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* Effect.scoped(Effect.flatMap(open(folder), (api) => put(api, "a", "b")))
      const path = join(folder, segmentsOf(folder)[0] ?? "")
      const whole = readFileSync(path)
      // A frame of which a part came to the disk: its header, or some of its records, or zeros.
      for (const tail of [whole.subarray(32, 40), whole.subarray(32, -3), Buffer.alloc(5000)]) {
        writeFileSync(path, Buffer.concat([whole, tail]))
        const api = yield* open(folder)
        assert.deepStrictEqual(yield* textsIn(api), ["a", "b"])
        assert.strictEqual(readFileSync(path).length, whole.length)
      }
      yield* Effect.scoped(
        Effect.gen(function* () {
          const api = yield* open(folder)
          const [answer] = yield* put(api, "c")
          assert.deepInclude(answer, { ok: true, sequenceNumber: "3" })
          assert.deepStrictEqual(yield* textsIn(api), ["a", "b", "c"])
        })
      )
    })
  )

  it.effect("names the place where something acknowledged is damaged, and passes nothing over", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* Effect.scoped(
        Effect.flatMap(open(folder), (api) => Effect.andThen(put(api, "first"), Effect.andThen(put(api, "second"), put(api, "third"))))
      )
      const path = join(folder, segmentsOf(folder)[0] ?? "")
      const whole = readFileSync(path)
      for (const at of [40, whole.indexOf("second"), whole.length - 1]) {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ 1
        writeFileSync(path, bytes)
        const api = yield* open(folder)
        for (const failure of [yield* failureOf(textsIn(api)), yield* failureOf(put(api, "more"))]) {
          assert.strictEqual(failure.reason, "Invalid")
          assert.include(failure.message, "damaged at byte")
          assert.include(failure.message, path)
        }
      }
      writeFileSync(path, whole.subarray(0, -7))
      assert.include((yield* failureOf(textsIn(yield* open(folder)))).message, "damaged")
    })
  )

  it.effect("is read and put into again without what is damaged, which is told by its records and as a gap", () =>
    Effect.gen(function* () {
      const names = ["first", "second", "third", "fourth"]
      const damage: ReadonlyArray<[string, (bytes: Buffer) => Buffer, ReadonlyArray<string>, number]> = [
        ["nothing", (bytes) => bytes, names, 0],
        ["a header of the file", (bytes) => flipped(bytes, 9), names, 0],
        ["a record", (bytes) => flipped(bytes, bytes.indexOf("second")), ["first", "third", "fourth"], 1],
        ["the first", (bytes) => flipped(bytes, 40), names.slice(1), 1],
        [
          "two",
          (bytes) => Buffer.concat([bytes.subarray(0, bytes.indexOf("second")), bytes.subarray(bytes.indexOf("third"))]),
          ["first", "fourth"],
          2
        ],
        ["the end", (bytes) => bytes.subarray(0, -3), names.slice(0, 3), 1],
        ["all", () => Buffer.alloc(7), [], 4]
      ]
      for (const [what, change, left, lost] of damage) {
        const folder = yield* temporaryFolder
        yield* Effect.scoped(
          Effect.flatMap(open(folder), (api) => Effect.forEach(names, (name) => Effect.andThen(put(api, name), pass(1_000))))
        )
        const path = join(folder, segmentsOf(folder)[0] ?? "")
        const damaged = change(readFileSync(path))
        writeFileSync(path, damaged)
        const before = readdirSync(folder)
        const trial = yield* setAside(folder, true)
        assert.deepStrictEqual([what, readdirSync(folder), readFileSync(path)], [what, before, damaged])
        const done = yield* setAside(folder, false)
        assert.deepStrictEqual(done.lost, trial.lost)
        const count = done.lost.reduce((sum, { first, last }) => sum + last - first + 1, 0)
        assert.deepStrictEqual([what, count, done.kept.length], [what, lost, what === "nothing" ? 0 : 1])
        for (const kept of done.kept) assert.isTrue(readFileSync(kept).equals(damaged))
        assert.deepStrictEqual((yield* setAside(folder, false)).kept, [])
        const api = yield* open(folder)
        const [answer] = yield* put(api, "more")
        assert.deepInclude(answer, { sequenceNumber: "5" })
        let iterator = yield* api.getShardIterator(stream, first, horizon)
        const read: Array<string> = []
        const missing: Array<number> = []
        for (let i = 0; i < 4; i++) {
          const page = yield* api.getRecords(iterator, 100)
          read.push(...page.records.map(text))
          if (page.trimmedBefore !== undefined) missing.push(page.trimmedBefore)
          iterator = page.nextIterator ?? ""
        }
        assert.deepStrictEqual([what, read], [what, [...left, "more"]])
        assert.deepStrictEqual([what, missing], [what, done.lost.filter((each) => each.last >= each.first).map((each) => each.before)])
      }
    })
  )

  it.effect("is without a file that is not there, and without the last one", () =>
    Effect.gen(function* () {
      for (const gone of [1, 2]) {
        const folder = yield* temporaryFolder
        yield* Effect.scoped(
          Effect.flatMap(open(folder, { segmentBytes: 60 }), (api) => Effect.forEach(["a", "b", "c"], (each) => put(api, each.repeat(60))))
        )
        unlinkSync(join(folder, segmentsOf(folder)[gone] ?? ""))
        const { lost } = yield* setAside(folder, false)
        assert.deepStrictEqual(
          lost.map((each) => [each.first, each.last]),
          [[gone + 1, gone + 1]]
        )
        const api = yield* open(folder)
        yield* put(api, "d")
        assert.deepStrictEqual(
          (yield* textsIn(api)).map((each) => each[0]),
          ["a", gone === 1 ? "c" : "b", "d"]
        )
      }
    })
  )

  it.effect("refuses puts when the disk is full, keeps what it has, and takes them again when there is space", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      let isFull = false
      const disk = faulty((file, path) => ({
        ...file,
        write: (buffers, position) =>
          isFull && path.endsWith(".log")
            ? Effect.andThen(
                file.write([Buffer.concat(buffers).subarray(0, 40)], position),
                Effect.fail(new DiskError({ operation: "write", path, reason: "Full", code: "ENOSPC" }))
              )
            : file.write(buffers, position)
      }))
      const api = yield* open(folder, { disk })
      yield* put(api, "a")
      isFull = true
      const refused = yield* failureOf(put(api, "refused"))
      assert.strictEqual(refused.reason, "Unavailable")
      assert.include(refused.message, "No space is left")
      assert.include(refused.hint, "taken again as soon as there is space")
      assert.deepStrictEqual(yield* textsIn(api), ["a"])
      isFull = false
      yield* put(api, "b")
      assert.deepStrictEqual(yield* textsIn(api), ["a", "b"])
      assert.deepStrictEqual(yield* textsIn(yield* open(folder)), ["a", "b"])
    })
  )

  it.effect("loses nothing where a new file could not be begun and the clock is put back", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      let isFull = false
      const disk = faulty((file, path) => ({
        ...file,
        write: (buffers, position) =>
          isFull && path.endsWith(".log")
            ? Effect.fail(new DiskError({ operation: "write", path, reason: "Full", code: "ENOSPC" }))
            : file.write(buffers, position)
      }))
      yield* TestClock.setTime(1_000_000)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const api = yield* open(folder, { disk, retentionMillis: 24_000_000 })
          yield* put(api, "a")
          yield* pass(2_000_000)
          isFull = true
          yield* failureOf(put(api, "refused"))
          isFull = false
          yield* TestClock.setTime(1_000_000)
          yield* put(api, "b")
        })
      )
      const api = yield* open(folder, { retentionMillis: 24_000_000 })
      yield* put(api, "c")
      assert.deepStrictEqual(yield* textsIn(api), ["a", "b", "c"])
    })
  )

  it.effect("lets go of what is too old, or too much, and says so to who has not read it", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const api = yield* open(folder, { segmentBytes: 200, maxBytes: 1000, retentionMillis: 3_600_000 })
      yield* put(api, "0")
      const iterator = yield* api.getShardIterator(stream, first, horizon)
      for (let i = 1; i < 40; i++) {
        yield* put(api, String(i))
        yield* pass(1000)
      }
      assert.isBelow(segmentsOf(folder).length, 9)
      const page = yield* api.getRecords(iterator, 10_000)
      assert.strictEqual(page.records.map(text).at(-1), "39")
      assert.notStrictEqual(page.records.map(text)[0], "0")
      const oldest = page.records[0]?.arrivedAt ?? 0
      assert.isAtMost(page.trimmedBefore ?? Number.POSITIVE_INFINITY, oldest)
      assert.isAbove(page.trimmedBefore ?? 0, oldest - 10_000)
      yield* pass(2 * 3_600_000)
      yield* put(api, "40")
      yield* put(api, "41")
      yield* pass(3_600_001)
      yield* put(api, "42")
      assert.deepStrictEqual((yield* textsIn(api)).at(-1), "42")
      assert.notInclude(yield* textsIn(api), "39")
      // Whoever has read everything is told nothing.
      const tip = (yield* api.getRecords(page.nextIterator ?? "", 10_000)).nextIterator ?? ""
      yield* put(api, "43")
      assert.isUndefined((yield* api.getRecords(tip, 10)).trimmedBefore)
    })
  )

  it.effect("keeps its name and shards wherever the folder goes, and takes another retention", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const name = yield* Effect.scoped(
        Effect.gen(function* () {
          const api = yield* open(folder, { shards: 3 })
          yield* api.claim
          assert.strictEqual((yield* api.describeStream(stream)).retentionMillis, 7 * 86_400_000)
          return yield* api.name
        })
      )
      const again = yield* open(folder, { shards: 5, retentionMillis: 1000 })
      yield* again.claim
      assert.strictEqual(yield* again.name, name)
      assert.strictEqual((yield* again.listShards(stream, null)).shards.length, 3)
      const reader = yield* open(folder)
      assert.strictEqual((yield* reader.describeStream(stream)).retentionMillis, 1000)
    })
  )

  it.effect("takes a record of 10 MiB, and calls that are larger than what is read at a time", () =>
    Effect.gen(function* () {
      const api = yield* open(yield* temporaryFolder)
      const large = Buffer.alloc(10 * 1024 * 1024 - 1, "x")
      yield* put(api, "a")
      yield* api.putRecords(stream, [{ partitionKey: "k", data: large }])
      yield* put(api, "b")
      const records = yield* drain({ api, pass }, first, horizon)
      assert.deepStrictEqual(
        records.map(({ data }) => data.length),
        [1, large.length, 1]
      )
      assert.isTrue(large.equals(records[1]?.data ?? new Uint8Array()))
    })
  )
})
