import { randomBytes } from "node:crypto"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { RecordPage } from "../../../src/record/record.ts"
import { announcedSources } from "../../../src/source/announced/announced.ts"
import { positionsAfter, recordsOf } from "../collect.ts"
import { notificationOf, ObjectsStandIn, QueueStandIn, start } from "./world.ts"

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `{"n":${from + i}}\n`).join("")

/** The pages that come of objects up to one, and what was asked of S3. */
const pagesOf = (
  bodies: Readonly<Record<string, string | Uint8Array>>,
  isLast: (page: RecordPage, index: number) => boolean,
  committed: ReadonlyArray<RecordPage> = []
) =>
  Effect.gen(function* () {
    const queue = new QueueStandIn()
    const objects = new ObjectsStandIn()
    for (const [key, body] of Object.entries(bodies)) {
      objects.put("raw", key, body)
      queue.send(notificationOf(key, body))
    }
    const { sources } = yield* announcedSources({
      queue,
      objects,
      datasets: [{ takes: () => true, format: "auto" }],
      follow: true,
      pageBytes: 100_000
    })
    const positions = positionsAfter(committed)
    const resume = { get: (shard: string) => positions.get(shard), keys: () => positions.keys() }
    const pages = sources[0]?.pages(resume).pipe(Stream.takeUntil(isLast)) ?? Stream.empty
    return { pages: yield* Stream.runCollect(pages), asked: objects.asked }
  }).pipe(Effect.scoped)

const shardOf = (page: RecordPage | undefined) => page?.shard.replace(/^[^/]*\//, "").replace(/#.*/, "")

describe("contents of announced objects", () => {
  it.live("are unpacked where they are gzip, cut as they are written, and arrived when they were written, whatever their keys say", () =>
    Effect.gen(function* () {
      const bodies = {
        "2020/01/02/03/a.json": lines(0, 2),
        "b.gz": gzipSync(lines(2, 4)),
        "c.log": gzipSync('{\n"n": 4\n}'),
        "d.ndjson.gz": lines(5, 6)
      }
      const { pages } = yield* pagesOf(bodies, (_, i) => i === 3)
      assert.deepStrictEqual(pages.map(shardOf), [
        "s3://raw/2020/01/02/03/a.json",
        "s3://raw/b.gz",
        "s3://raw/c.log",
        "s3://raw/d.ndjson.gz"
      ])
      const records = pages.flatMap(recordsOf)
      assert.deepStrictEqual(
        records.map(({ text, sequenceNumber, arrivedAt }) => `${sequenceNumber} ${text} ${arrivedAt - start}`),
        ['0 {"n":0} 0', '8 {"n":1} 0', '0 {"n":2} 0', '8 {"n":3} 0', "0 { 0", '2 "n": 4 0', "9 } 0", '0 {"n":5} 0']
      )
      assert.match(pages[0]?.shard ?? "", /^2026-11-28T19\//)
    })
  )

  it.live("are read on behind what is committed, in ranges, of whatever size they are", () =>
    Effect.gen(function* () {
      const large = Buffer.from(lines(0, 600_000))
      const { pages: first } = yield* pagesOf({ "a.ndjson": large }, (_, i) => i === 60)
      const { pages: rest, asked } = yield* pagesOf({ "a.ndjson": large }, () => true, first)
      assert.strictEqual(rest.flatMap(recordsOf)[0]?.text, `{"n":${first.flatMap(recordsOf).length}}`)
      const size = 4 * 1024 * 1024
      for (const range of asked) {
        const [from = 0, to = 0] = range.replace(/^\S+ /, "").split("-").map(Number)
        assert.isAtMost(to - from, size)
      }
    })
  )

  it.live("that are damaged give what stands before the damage, and then say that the rest is lost", () =>
    Effect.gen(function* () {
      const text = Array.from({ length: 20_000 }, (_, i) => `{"n":${i},"x":"${randomBytes(6).toString("hex")}"}\n`).join("")
      const packed = gzipSync(text)
      const damaged = packed.subarray(0, packed.length - 100)
      const isLost = (page: RecordPage) => page.resume?.["lost"] !== undefined
      const { pages } = yield* pagesOf({ "a.ndjson.gz": damaged }, isLost)
      const records = pages.flatMap(recordsOf)
      assert.isAbove(records.length, 10_000)
      assert.isTrue(text.startsWith(records.map((record) => `${record.text}\n`).join("")))
      const [claim] = pages.slice(-1)
      assert.deepInclude(claim?.resume, { lost: "object_unreadable", done: false })
      // Its dead letter lies behind them, and says from where on.
      const { pages: next } = yield* pagesOf({ "a.ndjson.gz": damaged }, () => true, pages)
      const [letter] = next
      assert.strictEqual(letter?.rejected?.reason, "object_unreadable")
      assert.isAbove(Number(letter?.sequenceNumbers[0]), Number(records.at(-1)?.sequenceNumber))
      assert.deepInclude(JSON.parse(Buffer.from(letter?.bytes ?? []).toString()), notificationOf("a.ndjson.gz", damaged))
    })
  )
})
