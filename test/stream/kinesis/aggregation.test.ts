import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import {
  aggregate,
  aggregatedSize,
  aggregateOverhead,
  deaggregate,
  deaggregateAll,
  hashKeyOf
} from "../../../src/stream/kinesis/aggregation.ts"
import type { PutRecord } from "../../../src/stream/kinesis/api.ts"

const magic = Buffer.from("f3899ac2", "hex")
/** The frame of an aggregated record around any message. */
const framed = (message: Uint8Array): Buffer => Buffer.concat([magic, message, createHash("md5").update(message).digest()])
const messageOf = (data: Uint8Array): Buffer => Buffer.from(data.subarray(4, data.length - 16))

const record = (key: string, text: string, explicitHashKey?: string): PutRecord => ({
  partitionKey: key,
  data: Buffer.from(text),
  ...(explicitHashKey === undefined ? {} : { explicitHashKey })
})

/** What is in an aggregated record, as values; null where it is a plain one. */
const unpacked = (data: Uint8Array) => {
  const found = deaggregate(data)
  if (found === null) return null
  return Array.from({ length: found.count }, (_, i) => ({
    partitionKey: found.partitionKeys[found.partitionKeyIndexes[i] ?? -1],
    explicitHashKey: found.explicitHashKeys[found.explicitHashKeyIndexes[i] ?? -1],
    data: Buffer.from(data.subarray(found.starts[i], found.ends[i])).toString("base64")
  }))
}

const packed = (records: ReadonlyArray<PutRecord>) =>
  records.map(({ partitionKey, explicitHashKey, data }) => ({ partitionKey, explicitHashKey, data: Buffer.from(data).toString("base64") }))

const folder = resolve(import.meta.dirname, "../../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data", "kpl")
const there = existsSync(folder)
if (!there) console.warn(`Skipped: no aggregated records in ${folder}; set SLUICE_TEST_DATA.`)
const json = (file: string) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8"))

describe.skipIf(!there)("records of the Kinesis Producer Library", () => {
  interface Vector {
    readonly name: string
    readonly base64: string
    readonly partition_key_table: ReadonlyArray<string>
    readonly explicit_hash_key_table: ReadonlyArray<string>
    readonly records: ReadonlyArray<{ readonly partitionKey: string; readonly explicitHashKey?: string; readonly dataBase64: string }>
  }
  const vectors: ReadonlyArray<Vector> = there ? json("kpl_vectors.json") : []

  it("are taken apart as they say", () => {
    assert.isAtLeast(vectors.length, 5)
    for (const vector of vectors) {
      const data = Buffer.from(vector.base64, "base64")
      const expected = vector.records.map(({ partitionKey, explicitHashKey, dataBase64 }) => ({
        partitionKey,
        explicitHashKey: explicitHashKey ?? undefined,
        data: dataBase64
      }))
      assert.deepStrictEqual(unpacked(data), expected, vector.name)
      const found = deaggregate(data)
      assert.deepStrictEqual(found?.partitionKeys, vector.partition_key_table, vector.name)
      assert.deepStrictEqual(found?.explicitHashKeys, vector.explicit_hash_key_table, vector.name)
    }
  })

  it("are written as the library writes them, byte by byte", () => {
    const ours = vectors.filter(({ name }) => name.startsWith("kpl-"))
    assert.isAtLeast(ours.length, 3)
    for (const { name, base64, records } of ours) {
      const written = aggregate(
        records.map(({ partitionKey, explicitHashKey, dataBase64 }) => ({
          partitionKey,
          explicitHashKey: explicitHashKey ?? undefined,
          data: Buffer.from(dataBase64, "base64")
        }))
      )
      assert.strictEqual(Buffer.from(written).toString("base64"), base64, name)
    }
  })

  it("are found in a Lambda event", () => {
    const { Records } = json("SampleLambdaEvent.json")
    const found = unpacked(Buffer.from(Records[0].kinesis.data, "base64"))
    assert.strictEqual(found?.length, 100)
    const texts = found?.map(({ data }) => Buffer.from(data, "base64").toString())
    assert.deepStrictEqual(new Set(texts), new Set(["abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba"]))
    assert.strictEqual(found?.[0]?.explicitHashKey, hashKeyOf("abc").toString())
  })

  it("are not confused with a record that is plain", () => {
    assert.isNull(deaggregate(Buffer.from(json("non_aggregated.json").dataBase64, "base64")))
  })
})

describe("aggregated records", () => {
  const three = [record("a", "first"), record("ä", "second", "340282366920938463463374607431768211455"), record("a", "")]
  const valid = Buffer.from(aggregate(three))

  it("are given with every sub-record, as offsets into the data", () => {
    assert.deepStrictEqual(unpacked(valid), packed(three))
    const found = deaggregate(valid)
    assert.deepStrictEqual(found?.partitionKeys, ["a", "ä"])
    assert.deepStrictEqual([...(found?.partitionKeyIndexes ?? [])], [0, 1, 0])
    assert.deepStrictEqual([...(found?.explicitHashKeyIndexes ?? [])], [-1, 0, -1])
    // Also where the data stands somewhere in a larger buffer.
    assert.deepStrictEqual(
      unpacked(Buffer.concat([Buffer.alloc(7, 1), valid, Buffer.alloc(9, 1)]).subarray(7, 7 + valid.length)),
      packed(three)
    )
  })

  it("are plain when any byte of them is another", () => {
    for (let i = 0; i < valid.length; i++) {
      const broken = Buffer.from(valid)
      broken[i] = (broken[i] ?? 0) ^ 1
      assert.isNull(deaggregate(broken), `byte ${i}`)
    }
  })

  it("are plain when they are cut, at the front or at the end", () => {
    for (let length = 0; length < valid.length; length++) {
      assert.isNull(deaggregate(valid.subarray(0, length)), `first ${length}`)
      assert.isNull(deaggregate(valid.subarray(valid.length - length)), `last ${length}`)
    }
    for (const data of [
      magic,
      framed(Buffer.alloc(0)),
      Buffer.concat([magic, Buffer.alloc(16)]),
      Buffer.concat([magic, Buffer.alloc(300)])
    ])
      assert.isNull(deaggregate(data))
  })

  it("are plain when their message is cut and the digest is right, unless whole records are left", () => {
    const message = messageOf(valid)
    const whole = new Map([1, 2, 3].map((n) => [messageOf(aggregateOf(three, n)).length, n] as const))
    for (let length = 0; length <= message.length; length++) {
      const left = whole.get(length)
      assert.deepStrictEqual(
        unpacked(framed(message.subarray(0, length))),
        left === undefined ? null : packed(three.slice(0, left)),
        `${length}`
      )
    }
  })

  /** The first `n` records, behind the tables of all. */
  const aggregateOf = (records: ReadonlyArray<PutRecord>, n: number): Buffer => {
    const found = deaggregate(valid)
    const lastEnd = found?.ends[n - 1] ?? 0
    return n === records.length ? valid : framed(valid.subarray(4, lastEnd))
  }

  const of = (...bytes: ReadonlyArray<number>): Buffer => framed(Buffer.from(bytes))
  const keyA = [0x0a, 1, 97]
  const plainRecord = [0x1a, 5, 0x08, 0, 0x1a, 1, 120]

  it("may have their fields in any order, twice, or with fields and tags that are not known", () => {
    const x = [{ partitionKey: "a", explicitHashKey: undefined, data: "eA==" }]
    assert.deepStrictEqual(unpacked(of(...plainRecord, ...keyA)), x, "tables last")
    assert.deepStrictEqual(unpacked(of(...keyA, 0x1a, 5, 0x1a, 1, 120, 0x08, 0)), x, "data first")
    assert.deepStrictEqual(unpacked(of(...keyA, 0x1a, 10, 0x08, 7, 0x08, 0, 0x1a, 1, 121, 0x1a, 1, 120)), x, "the last one counts")
    assert.deepStrictEqual(unpacked(of(...keyA, 0x1a, 10, 0x08, 0, 0x22, 3, 0x0a, 1, 116, 0x1a, 1, 120)), x, "tag")
    const unknown = [0x20, 0x96, 1, 0x29, 1, 2, 3, 4, 5, 6, 7, 8, 0x32, 2, 9, 9, 0x3d, 1, 2, 3, 4, 0x43, 0x08, 1, 0x4b, 0x4c, 0x44]
    assert.deepStrictEqual(unpacked(of(...unknown, ...keyA, ...plainRecord, ...unknown)), x, "unknown fields")
    assert.deepStrictEqual(unpacked(of(...keyA, 0x08, 5, ...plainRecord)), x, "a known number with another type is not known")
    assert.deepStrictEqual(unpacked(of(...keyA, 0x1a, 6, 0x08, 0x80, 0, 0x1a, 1, 120)), x, "a longer spelling of a number")
  })

  it("are plain when the message is no AggregatedRecord", () => {
    const plain: Readonly<Record<string, ReadonlyArray<number>>> = {
      "no records": keyA,
      "key out of range": [...keyA, 0x1a, 5, 0x08, 1, 0x1a, 1, 120],
      "key far out of range": [...keyA, 0x1a, 14, 0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0x1a, 1, 120],
      "explicit hash key out of range": [...keyA, 0x1a, 7, 0x08, 0, 0x10, 0, 0x1a, 1, 120],
      "no table": plainRecord,
      "no key": [...keyA, 0x1a, 3, 0x1a, 1, 120],
      "no data": [...keyA, 0x1a, 2, 0x08, 0],
      "a record longer than the message": [...keyA, 0x1a, 6, 0x08, 0, 0x1a, 1, 120],
      "data longer than its record": [...keyA, 0x1a, 5, 0x08, 0, 0x1a, 2, 120, 0],
      "a number of more than ten bytes": [...keyA, ...plainRecord, 0x20, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 1],
      "field number 0": [...keyA, ...plainRecord, 0x00, 1],
      "a type that does not exist": [...keyA, ...plainRecord, 0x26, 1],
      "the end of a group that did not begin": [...keyA, ...plainRecord, 0x44],
      "a group that ends with another's number": [...keyA, ...plainRecord, 0x43, 0x4c],
      "a group that does not end": [...keyA, ...plainRecord, 0x43, 0x08, 1],
      "groups without end": [
        ...keyA,
        ...plainRecord,
        ...Array.from({ length: 5_000 }, () => 0x43),
        ...Array.from({ length: 5_000 }, () => 0x44)
      ]
    }
    for (const [name, bytes] of Object.entries(plain)) assert.isNull(deaggregate(of(...bytes)), name)
  })

  it("are taken apart together as they are one by one", () => {
    const large = Array.from({ length: 9 }, (_, i) => Buffer.from(aggregate([record(`k${i}`, "x".repeat(3_000 * i)), record("l", `${i}`)])))
    const broken = large.map((data, i) => {
      const copy = Buffer.from(data)
      copy[copy.length - 1 - i] = (copy[copy.length - 1 - i] ?? 0) ^ 1
      return copy
    })
    const records = [Buffer.from("{}"), ...large, valid, ...broken, magic, ...large.toReversed()]
    const together = deaggregateAll(records)
    assert.deepStrictEqual(together, records.map(deaggregate))
    assert.strictEqual(together.filter((found) => found !== null).length, 2 * large.length + 1)
    assert.deepStrictEqual(deaggregateAll([]), [])
  })

  it("never throw, whatever the bytes, and never point outside of their message", () => {
    let state = 12345
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    let aggregated = 0
    for (let round = 0; round < 30_000; round++) {
      const message = round % 2 === 0 ? Buffer.from(messageOf(valid)) : Buffer.alloc(random(60))
      const changes = round % 2 === 0 ? 1 + random(3) : message.length
      for (let i = 0; i < changes; i++) message[random(message.length)] = random(256)
      const data = framed(message)
      const found = deaggregate(data)
      if (found === null) continue
      aggregated++
      assert.isAtLeast(found.count, 1)
      for (let i = 0; i < found.count; i++) {
        const [start, end] = [found.starts[i] ?? -1, found.ends[i] ?? -1]
        assert.isTrue(4 <= start && start <= end && end <= data.length - 16)
        assert.isDefined(found.partitionKeys[found.partitionKeyIndexes[i] ?? -1])
        const explicit = found.explicitHashKeyIndexes[i] ?? -2
        assert.isTrue(explicit === -1 || found.explicitHashKeys[explicit] !== undefined)
      }
    }
    assert.isAtLeast(aggregated, 1_000)
  })

  // A lone surrogate has no UTF-8 and comes back as the replacement character, as everywhere.
  const Text = Schema.String.check(Schema.makeFilter((text) => text.isWellFormed()))
  const anyRecord = Schema.Struct({
    partitionKey: Text,
    explicitHashKey: Schema.UndefinedOr(Schema.String.check(Schema.isPattern(/^[0-9]{1,39}$/))),
    data: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
  })
  it.prop(
    "come back as they were put together, within the size that was foreseen",
    [Arbitrary.schema(Schema.NonEmptyArray(anyRecord))],
    ([drawn]) => {
      const records = drawn.map(({ data, ...rest }) => ({ ...rest, data: Uint8Array.from(data) }))
      const data = aggregate(records)
      assert.deepStrictEqual(unpacked(data), packed(records))
      assert.isAtMost(
        data.length,
        records.reduce((sum, it) => sum + aggregatedSize(it), aggregateOverhead)
      )
    },
    { arbitrary: { runs: 300 } }
  )

  it("hold records whose sizes and places need more than one byte", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => record(`key-${i % 17_000}`, "x".repeat(i % 300)))
    assert.deepStrictEqual(unpacked(aggregate(many)), packed(many))
    const large = [record("k", "y".repeat(3_000_000))]
    assert.deepStrictEqual(unpacked(aggregate(large)), packed(large))
  })
})

describe("hash keys", () => {
  it("are the MD5 of the partition key, unless one is given", () => {
    // From RFC 1321.
    assert.strictEqual(hashKeyOf("abc"), 0x900150983cd24fb0d6963f7d28e17f72n)
    assert.strictEqual(hashKeyOf(""), 0xd41d8cd98f00b204e9800998ecf8427en)
    assert.strictEqual(hashKeyOf("é"), BigInt(`0x${createHash("md5").update("é", "utf8").digest("hex")}`))
    assert.strictEqual(hashKeyOf("abc", "340282366920938463463374607431768211455"), 2n ** 128n - 1n)
    assert.strictEqual(hashKeyOf("abc", "0"), 0n)
    assert.strictEqual(hashKeyOf("abc", "none"), hashKeyOf("abc"))
  })
})
