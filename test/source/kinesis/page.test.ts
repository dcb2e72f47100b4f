import { describe, expect, it } from "vitest"
import { type BuildOptions, buildPages } from "../../../src/source/kinesis/page.ts"
import { aggregate, hashKeyOf } from "../../../src/stream/kinesis/aggregation.ts"
import type { StreamRecord } from "../../../src/stream/kinesis/api.ts"
import { recordsOf } from "../collect.ts"

const plain = (sequenceNumber: string, text: string): StreamRecord => ({
  sequenceNumber,
  partitionKey: "k",
  data: Buffer.from(text),
  arrivedAt: 1000 + Number(sequenceNumber)
})
const packed = (sequenceNumber: string, texts: ReadonlyArray<string>, keys: ReadonlyArray<string> = []): StreamRecord => ({
  ...plain(sequenceNumber, ""),
  data: aggregate(texts.map((text, i) => ({ partitionKey: keys[i] ?? `key of ${text}`, data: Buffer.from(text) })))
})
const build = (records: ReadonlyArray<StreamRecord>, options: Partial<BuildOptions> = {}) =>
  buildPages(records, { shard: "orders/s", after: undefined, range: null, kclCompatible: false, maxRecords: 1000, ...options })
const seen = (built: ReturnType<typeof build>) =>
  built.pages.map((page) => recordsOf(page).map((r) => `${r.sequenceNumber}.${r.subSequenceNumber} ${r.text}`))

describe("pages of an answer", () => {
  it("hold plain and aggregated records in their order", () => {
    const built = build([plain("1", "a"), packed("2", ["b", "c"]), plain("10", ""), packed("11", ["d"])])
    expect(seen(built)).toEqual([["1.0 a", "2.0 b", "2.1 c", "10.0 ", "11.0 d"]])
    expect(built.pages.flatMap(recordsOf).map((r) => r.arrivedAt)).toEqual([1001, 1002, 1002, 1010, 1011])
    expect(build([plain("1", "a")]).pages[0]?.subSequenceNumbers).toBeUndefined()
    expect(build([]).pages).toEqual([])
  })

  it("leave out what was committed, down to the sub-record", () => {
    const records = [plain("9", "a"), packed("10", ["b", "c", "d"]), plain("11", "e")]
    const behind = (sequenceNumber: string, subSequenceNumber: number) =>
      seen(build(records, { after: { sequenceNumber, subSequenceNumber } }))
    expect(behind("9", 0)).toEqual([["10.0 b", "10.1 c", "10.2 d", "11.0 e"]])
    expect(behind("10", 0)).toEqual([["10.1 c", "10.2 d", "11.0 e"]])
    expect(behind("10", 2)).toEqual([["11.0 e"]])
    expect(behind("11", 0)).toEqual([])
    expect(behind("100", 0)).toEqual([])
  })

  it("are no larger than they may be, but for one record of the stream", () => {
    const records = [packed("1", ["a", "b", "c"]), plain("2", "d"), plain("3", "e"), plain("4", "f")]
    expect(seen(build(records, { maxRecords: 2 })).map((page) => page.length)).toEqual([3, 2, 1])
  })

  it("take memory as it lies where records lie together, and copy them where they do not", () => {
    const memory = Buffer.from("abcdefgh".repeat(10))
    const together = [0, 1, 2].map((i) => ({ ...plain(String(i), ""), data: memory.subarray(i * 8, i * 8 + 8) }))
    const built = build(together)
    expect(built.pages[0]?.bytes.buffer).toBe(memory.buffer)
    expect(seen(built)).toEqual([["0.0 abcdefgh", "1.0 abcdefgh", "2.0 abcdefgh"]])
    const apart = [memory.subarray(72, 75), Buffer.from("xyz"), memory.subarray(0, 2)].map((data, i) => ({ ...plain(String(i), ""), data }))
    expect(seen(build(apart))).toEqual([["0.0 abc", "1.0 xyz", "2.0 ab"]])
    // What was committed lies before.
    expect(seen(build(together, { after: { sequenceNumber: "1", subSequenceNumber: 0 } }))).toEqual([["2.0 abcdefgh"]])
  })

  it("give the memory of their answer back when the last of them is done", () => {
    let released = 0
    const release = () => {
      released++
    }
    const { pages } = build([plain("1", "a"), plain("2", "b"), plain("3", "c")], { maxRecords: 1, release })
    expect(pages.length).toBe(3)
    for (const page of pages.slice(1)) page.release?.()
    pages[1]?.release?.()
    expect(released).toBe(0)
    pages[0]?.release?.()
    expect(released).toBe(1)
    build([plain("1", "a")], { after: { sequenceNumber: "1", subSequenceNumber: 0 }, release })
    expect(released).toBe(2)
  })

  describe("of a shard with part of the hash keys", () => {
    const keys = ["p", "q", "r", "s"]
    const hashes = keys.map((key) => hashKeyOf(key)).sort((a, b) => (a < b ? -1 : 1))
    const range = { from: hashes[0] ?? 0n, to: hashes[1] ?? 0n }
    const records = [
      packed("1", keys, keys),
      plain("2", "plain"),
      packed("3", ["x"], [keys.find((key) => hashKeyOf(key) === hashes[1]) ?? ""])
    ]

    it("hold sub-records of others too, counted", () => {
      const built = build(records, { range })
      expect(built.outOfRange).toBe(2)
      expect(seen(built)[0]).toHaveLength(6)
      // They were counted with the first of them.
      expect(build(records, { range, after: { sequenceNumber: "1", subSequenceNumber: 1 } }).outOfRange).toBe(0)
    })

    it("leave them out whole if they are to be as the client library's", () => {
      const built = build(records, { range, kclCompatible: true })
      expect([built.outOfRange, seen(built)]).toEqual([2, [["2.0 plain", "3.0 x"]]])
    })

    it("go by the explicit hash key first", () => {
      const data = aggregate([
        { partitionKey: "p", explicitHashKey: "5", data: Buffer.from("in") },
        { partitionKey: "p", explicitHashKey: "10", data: Buffer.from("bound") },
        { partitionKey: "p", explicitHashKey: "11", data: Buffer.from("out") }
      ])
      expect(build([{ ...plain("1", ""), data }], { range: { from: 5n, to: 10n } }).outOfRange).toBe(1)
    })
  })
})
