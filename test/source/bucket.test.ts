import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, type Scope, Stream } from "effect"
import { csv } from "../../src/contract/format.ts"
import type { SourceError } from "../../src/record/source-error.ts"
import { type BucketSettings, bucketPlace } from "../../src/source/bucket.ts"
import { type FilesOptions, type FilesSource, filesName, filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { until } from "../passing-time.ts"
import { type Bucket, bucketWith } from "../store/bucket-stand-in.ts"
import { anyCredentials, s3Error } from "../store/s3-endpoint.ts"
import { pagesOf, positionsAfter, recordsOf, textsOf, untilFailure } from "./collect.ts"
import { sourceSuite } from "./source-suite.ts"

Object.assign(process.env, anyCredentials)

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `{"n":${from + i}}\n`).join("")

const reading = (
  { endpoint }: Pick<Bucket, "endpoint">,
  prefix = "in",
  options: Partial<FilesOptions> = {},
  more: Partial<BucketSettings> = {}
): Effect.Effect<FilesSource, SourceError, Scope.Scope> =>
  Effect.gen(function* () {
    const place = yield* bucketPlace(filesName, { bucket: "b", prefix, endpoint, mayBeEmpty: options.follow !== undefined, ...more })
    return yield* filesSource({ input: place, format: "auto", ...options })
  })

const over = (objects: Readonly<Record<string, string | Uint8Array>>, options: Partial<FilesOptions> = {}, pageSize?: number) =>
  Effect.flatMap(bucketWith(objects, pageSize), (bucket) => reading(bucket, "in", options))

sourceSuite(
  "lines in a bucket",
  over({ "in/b/2.ndjson": lines(20, 45), "in/a.ndjson": lines(0, 20), "in/b/1.ndjson": lines(50, 53) }, { pageBytes: 100 }, 2)
)
sourceSuite(
  "gzip and documents in a bucket",
  over({ "in/a.ndjson.gz": gzipSync(lines(0, 40)), "in/b.json": '{\n"n": 1\n}', "in/c.json.gz": gzipSync('{"n":1}') }, { pageBytes: 100 })
)

describe("a bucket", () => {
  it.live("gives its objects by their keys, page by page, whatever the keys are made of", () =>
    Effect.gen(function* () {
      const keys = ["1 2+3%20.json", "a//b.json", "a/é😀.json", "a?b#c&d=e.json", "b/x.log", "z<>&\"'\u0001.json"]
      const other = {
        in: "",
        "in/": "",
        "in/a/": "",
        "in/_x/y.json": "1",
        "in/.z.json": "1",
        "in/c.csv": "1",
        "in/e.json": "",
        "inner/a.json": "1"
      }
      const wanted = Object.fromEntries(keys.map((key) => [`in/${key}`, "1"]))
      const source = yield* over({ ...wanted, ...other }, {}, 2)
      const pages = yield* pagesOf(source)
      assert.deepStrictEqual(
        pages.map(({ shard }) => shard),
        keys.map((key) => `s3://b/in/${key}`)
      )
      assert.deepStrictEqual(yield* source.skipped, { hidden: 2, type: 1, special: 0 })
      assert.strictEqual(source.location, "s3://b/in")
    }).pipe(Effect.scoped)
  )

  it.live("says when records arrived: by the hour of the key, what was said, or when the object was written", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith()
      const at = Date.UTC(2026, 4, 5, 6, 7, 8)
      bucket.put("in/a.json", "1", at)
      bucket.put("in/2026/03/04/05/b.json", "1", Date.UTC(2026, 2, 4, 5))
      const arrivals = (options: Partial<FilesOptions>) =>
        Effect.map(Effect.flatMap(reading(bucket, "in", options), pagesOf), (pages) => pages.flatMap(recordsOf).map((r) => r.arrivedAt))
      assert.deepStrictEqual(yield* arrivals({}), [Date.UTC(2026, 2, 4, 5), at])
      assert.deepStrictEqual(yield* arrivals({ arrivedAt: at }), [Date.UTC(2026, 2, 4, 5), at])
    }).pipe(Effect.scoped)
  )

  it.live("is one object where that is named", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith({ "in/_x.data": "1\n2\n", "in/_x.data2": "3", "in/other.json": "4" })
      const source = yield* reading(bucket, "in/_x.data", { format: "lines" })
      assert.deepStrictEqual(yield* textsOf(source), ["1", "2"])
      bucket.delete("in/_x.data")
      assert.strictEqual((yield* untilFailure(source)).error.reason, "NotFound")
    }).pipe(Effect.scoped)
  )

  it.live("is read on where it was left, in the middle of objects of many ranges", () =>
    Effect.gen(function* () {
      const range = 4 * 1024 * 1024
      const long = `{"s":"${"x".repeat(1_000_000)}"}\n`
      const large = long.repeat(11)
      const bucket = yield* bucketWith({ "in/a.ndjson": large, "in/b.ndjson": "1\n" })
      const source = yield* reading(bucket)
      const pages = yield* pagesOf(source)
      assert.strictEqual(pages.flatMap(recordsOf).length, 12)
      const ranges = bucket.asked.flatMap(({ path, headers }) => (path === "/b/in/a.ndjson" ? [headers.range] : []))
      assert.deepStrictEqual(ranges, [`bytes=0-${range - 1}`, `bytes=${range}-${2 * range - 1}`, `bytes=${2 * range}-${large.length - 1}`])
      const rest = yield* pagesOf(source, positionsAfter(pages.slice(0, 1)))
      assert.deepStrictEqual(rest.flatMap(recordsOf), pages.slice(1).flatMap(recordsOf))
      bucket.asked.length = 0
      assert.deepStrictEqual(yield* pagesOf(source, positionsAfter(pages)), [])
      // The listing tells that there is nothing new.
      assert.deepStrictEqual(
        bucket.asked.map(({ path }) => path),
        ["/b/"]
      )
    }).pipe(Effect.scoped)
  )

  it.live("tells a replaced object by its tag, in the same second and of the same size; a copy of the same content is nothing new", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith({ "in/a.ndjson": "1\n2\n", "in/b.ndjson": "5\n" })
      const source = yield* reading(bucket)
      const read = positionsAfter(yield* pagesOf(source))
      bucket.put("in/a.ndjson", "1\n3\n")
      bucket.put("in/b.ndjson", "5\n", Date.UTC(2026, 6, 1))
      const again = yield* pagesOf(source, read)
      assert.deepStrictEqual(
        again.flatMap(recordsOf).map(({ sequenceNumber, text }) => [sequenceNumber, text]),
        [
          ["4", "1"],
          ["6", "3"]
        ]
      )
      assert.include((yield* source.notes)[0] ?? "", "s3://b/in/a.ndjson was replaced")
      // One that goes on is read on.
      bucket.put("in/a.ndjson", "1\n3\n4\n")
      assert.deepStrictEqual(yield* textsOf(source, positionsAfter(again, read)), ["4"])
    }).pipe(Effect.scoped)
  )

  it.live("is asked once for an object that was written anew as it was, whatever its tag and whatever holds it", () =>
    Effect.gen(function* () {
      const objects = { "in/a.ndjson": "1\n2\n", "in/b.json.gz": gzipSync("3\n4"), "in/c.csv": "n\n5\n" }
      const bucket = yield* bucketWith(objects)
      const source = yield* reading(bucket, "in", { takes: () => true })
      const read = positionsAfter(yield* pagesOf(source))
      for (const [key, content] of Object.entries(objects)) bucket.put(key, content, Date.UTC(2026, 6, 1), `${key}-2`)
      const again = yield* pagesOf(source, read)
      assert.deepStrictEqual(
        again.map(({ shard, count }) => [shard, count]),
        Object.keys(objects).map((key) => [`s3://b/${key}`, 0])
      )
      const known = positionsAfter(again, read)
      for (const [shard, { sequenceNumber }] of known) assert.strictEqual(sequenceNumber, read.get(shard)?.sequenceNumber)
      bucket.asked.length = 0
      assert.deepStrictEqual(yield* pagesOf(source, known), [])
      assert.deepStrictEqual(
        bucket.asked.map(({ path }) => path),
        ["/b/"]
      )
      // It still goes on where it goes on, and is another one where it is.
      bucket.put("in/a.ndjson", "1\n2\n6\n")
      bucket.put("in/b.json.gz", gzipSync("3\n7"))
      assert.deepStrictEqual(yield* textsOf(source, known), ["6", "3", "7"])
      assert.deepStrictEqual(yield* source.notes, [
        "s3://b/in/b.json.gz was replaced since it was read: what it holds now is read from its beginning."
      ])
    }).pipe(Effect.scoped)
  )

  it.live("is asked once for an object that was replaced by nothing but a header", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith({ "in/c.csv": "n\n5\n" })
      const source = yield* reading(bucket, "in", { format: framingOf(csv()), takes: () => true })
      let known = positionsAfter(yield* pagesOf(source))
      for (const header of ["a\n", "b\n"]) {
        bucket.put("in/c.csv", header)
        const pages = yield* pagesOf(source, known)
        assert.deepStrictEqual(pages.flatMap(recordsOf), [])
        known = positionsAfter(pages, known)
        assert.deepStrictEqual(yield* pagesOf(source, known), [])
      }
    }).pipe(Effect.scoped)
  )

  it.live("never mixes what stands there with what stood there", () =>
    Effect.gen(function* () {
      const content = (c: string) => `${c.repeat(999)}\n`.repeat(5000)
      const bucket = yield* bucketWith({ "in/a.ndjson": content("1"), "in/b.ndjson": "9\n" })
      const source = yield* reading(bucket)
      bucket.before = ({ path, headers }) => {
        if (path === "/b/in/a.ndjson" && headers.range?.startsWith("bytes=0-") === false) bucket.put("in/a.ndjson", content("2"))
        return undefined
      }
      const { error, texts, positions } = yield* untilFailure(source)
      assert.strictEqual(error.reason, "Unavailable")
      assert.include(error.message, "was replaced while it was read")
      assert.include(texts, "9")
      assert.isFalse(texts.some((text) => text.startsWith("2")))
      assert.deepStrictEqual(
        (yield* textsOf(source, positions)).filter((text) => !text.startsWith("2")),
        []
      )
    }).pipe(Effect.scoped)
  )

  it.live("of which one object cannot be read gives all others, and says which and why", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith({ "in/a.ndjson": "1\n", "in/b.ndjson": "2\n", "in/c.ndjson": "3\n" })
      const source = yield* reading(bucket)
      bucket.before = ({ path }) => {
        if (path === "/b/in/a.ndjson") return s3Error(403, "AccessDenied")
        if (path === "/b/in/b.ndjson") bucket.delete("in/b.ndjson")
        return undefined
      }
      const { error, texts } = yield* untilFailure(source)
      assert.deepStrictEqual(texts, ["3"])
      assert.match(
        error.message,
        /2 files could not be read: s3:\/\/b\/in\/a\.ndjson \(Not allowed to read\); s3:\/\/b\/in\/b\.ndjson \(There is no such object\)/
      )
      assert.include(error.message, "Grant s3:ListBucket on the bucket and s3:GetObject on its objects")
      assert.notInclude(error.message, "s3:PutObject")
    }).pipe(Effect.scoped)
  )

  it.live("is asked again where an answer fails", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith({ "in/a.ndjson": "1\n" })
      let failures = 2
      bucket.before = ({ path }) => (path === "/b/in/a.ndjson" && failures-- > 0 ? s3Error(503, "SlowDown") : undefined)
      assert.deepStrictEqual(yield* Effect.flatMap(reading(bucket), textsOf), ["1"])
    }).pipe(Effect.scoped)
  )

  it.live("that is not there, holds nothing, or may not be read is refused, with what to do", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith({ "in/a.ndjson": "1\n" })
      const refused = (prefix: string, more: Partial<BucketSettings> = {}) => Effect.flip(reading(bucket, prefix, {}, more))
      const missing = yield* refused("in", { bucket: "c" })
      assert.include(missing.message, "There is no such bucket")
      assert.strictEqual(missing.location, "s3://c/in")
      const nothing = yield* refused("i")
      assert.deepStrictEqual([nothing.reason, nothing.location], ["NotFound", "s3://b/i"])
      assert.include(nothing.message, "whole name")
      for (const [answer, said] of [
        [s3Error(403, "AccessDenied"), "Grant s3:ListBucket"],
        [s3Error(403, "InvalidAccessKeyId"), "AWS credentials"],
        [s3Error(301, "PermanentRedirect"), "region"]
      ] as const) {
        bucket.before = () => answer
        assert.include((yield* refused("in")).message, said)
      }
    }).pipe(Effect.scoped)
  )

  it.live("that holds a lake is read but for the lake, and for other tables", () =>
    Effect.gen(function* () {
      const table = { "_delta_log/00.json": "{}", "A.json": "1", "1/x.parquet": "1", "part.json": "1" }
      const at = (folder: string) => Object.fromEntries(Object.entries(table).map(([key, content]) => [`${folder}/${key}`, content]))
      const bucket = yield* bucketWith({
        ...at("in/lake/stage/orders"),
        "in/lake/lineage/1.json": "1",
        "in/lake/beside.json": "2",
        "in/lineage/1.json": "3",
        "in/z.json": "4",
        ...at("in/other")
      })
      const source = yield* reading(bucket)
      // Of JSON no table is made: what lies in one before its log was put there.
      assert.deepStrictEqual(yield* textsOf(source), ["2", "3", "1", "4"])
      assert.deepStrictEqual(yield* source.notes, [
        "s3://b/in/lake/ is a lake or a table: what Sluice wrote there is passed over.",
        "s3://b/in/other/ is a lake or a table: what Sluice wrote there is passed over."
      ])
      const parquet = yield* reading(bucket, "in", { format: "parquet" })
      assert.deepStrictEqual(yield* textsOf(parquet), [])
      for (const prefix of ["in/lake/lineage", "in/lake/stage/orders", "in/other/1", "in/lake/lineage/1.json"])
        assert.include((yield* Effect.flip(reading(bucket, prefix))).message, "belongs to what Sluice wrote in s3://b/in/")
    }).pipe(Effect.scoped)
  )

  it.live("is followed: what comes is read as it is, once; what is wrong is told and read when it is well", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith()
      const source = yield* reading(bucket, "in", { follow: { pollMillis: 10 } })
      const texts: Array<string> = []
      const looks = () => bucket.asked.filter(({ path }) => path === "/b/").length
      const untilLooked = Effect.suspend(() => {
        const enough = looks() + 6
        return until(() => looks() >= enough)
      })
      const following = yield* Effect.forkChild(
        Stream.runForEach(source.pages(new Map()), (page) => Effect.sync(() => texts.push(...recordsOf(page).map(({ text }) => text))))
      )
      yield* untilLooked
      assert.include((yield* source.problems)[0]?.message ?? "", "none below it")
      // Nothing is written on in a bucket: the last line is whole.
      bucket.put("in/a.ndjson", "1\n2")
      bucket.put("in/b.json.gz", gzipSync('{\n"n":3}'))
      bucket.put("in/c.ndjson", "4\n")
      bucket.before = ({ path }) => (path === "/b/in/c.ndjson" ? s3Error(403, "InvalidObjectState") : undefined)
      yield* untilLooked
      assert.deepStrictEqual(texts, ["1", "2", '{\n"n":3}'])
      assert.include((yield* source.problems)[0]?.message ?? "", "restore it")
      bucket.before = () => undefined
      bucket.put("in/a.ndjson", "1\n2\n5\n")
      yield* untilLooked
      // The newline behind what had none is an empty line.
      assert.deepStrictEqual([...texts].sort(), ["", "1", "2", "4", "5", '{\n"n":3}'])
      assert.deepStrictEqual(yield* source.problems, [])
      yield* Fiber.interrupt(following)
    }).pipe(Effect.scoped)
  )

  it.live("that does not answer holds up nobody who wants to stop", () =>
    Effect.gen(function* () {
      const bucket = yield* bucketWith({ "in/a.ndjson": "1\n" })
      const source = yield* reading(bucket)
      let asked = () => {}
      const isAsked = new Promise<void>((resolve) => {
        asked = resolve
      })
      bucket.before = ({ path }) => {
        if (path !== "/b/in/a.ndjson") return undefined
        asked()
        return s3Error(503, "SlowDown")
      }
      const reader = yield* Effect.forkChild(pagesOf(source))
      yield* Effect.promise(() => isAsked)
      yield* Fiber.interrupt(reader)
      assert.isBelow(bucket.asked.filter(({ path }) => path === "/b/in/a.ndjson").length, 4)
    }).pipe(Effect.scoped)
  )
})
