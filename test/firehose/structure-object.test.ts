import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { errorRecordIn } from "../../src/firehose/error-record.ts"
import { structureObject } from "../../src/firehose/structure-object.ts"
import { makeStructurer } from "../../src/firehose/structurer.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { Store } from "../../src/store/store.ts"
import { compiledOrders, definition } from "../contract/orders.ts"
import { decodePages, pageOf, settings } from "../decode/support.ts"
import { freshStore } from "../repartition/lake.ts"
import { readByOpenX } from "./openx-serde.ts"
import { glueOf } from "./structured.ts"

const arrivedAt = Date.UTC(2026, 10, 29, 19, 5)
const content = { dataset: "orders", shard: "2026-11-29T19/s3://raw/a?v1", arrivedAt }
const order = (i: number, bytes: number) =>
  JSON.stringify({ orderId: `o-${i}`, lastChange: "2024-01-01T10:00:00Z", status: "é".repeat(bytes / 2) })
const page = (texts: ReadonlyArray<string>, first: number): RecordPage =>
  pageOf(texts, { shard: content.shard, arrivedAt, sequenceNumbers: texts.map((_, i) => String(first + i)) })

/** Pages of 5.5 MB as lines, of which some are no rows. */
const pages = Array.from({ length: 5 }, (_, n) =>
  page([...Array.from({ length: 10 }, (_, i) => order(10 * n + i, 110_000)), "{", "{}", '{"orderId":""}'], 100 * n)
)
const structure = (given: ReadonlyArray<RecordPage>, failure?: string, contract = compiledOrders) => {
  const found = Stream.fromIterable(given)
  return structureObject(
    makeStructurer(contract, settings),
    content,
    failure === undefined ? found : Stream.concat(found, Stream.fail(failure)),
    (error) => error === "it is damaged"
  )
}
const textsBelow = (prefix: string) =>
  Effect.gen(function* () {
    const store = yield* Store
    const keys = (yield* Stream.runCollect(store.list(prefix))).map(({ key }) => key)
    return new Map(
      yield* Effect.forEach(keys, (key) => Effect.map(store.get(key), (bytes) => [key, Buffer.from(bytes).toString()] as const))
    )
  })

describe("the content of an object", () => {
  it.live("becomes lines and dead letters under keys that are its own, each record once, whatever was done of it before", () =>
    Effect.gen(function* () {
      // Cut off in the middle: what was written stays.
      assert.strictEqual(yield* Effect.flip(structure(pages.slice(0, 4), "the connection broke")), "the connection broke")
      const before = yield* textsBelow("structured_json/")
      assert.strictEqual(before.size, 1)
      const counts = yield* structure(pages)
      const written = yield* textsBelow("structured_json/orders/2026/11/29/19/")
      assert.strictEqual(written.size, 2)
      for (const [key, text] of before) assert.strictEqual(written.get(key), text)
      const lines = [...written.values()].flatMap((text) => text.split("\n").filter((line) => line !== ""))
      const expected = decodePages(compiledOrders, pages)
      assert.deepStrictEqual(
        lines.map((line) => readByOpenX(line, glueOf(compiledOrders))),
        expected.rows.map((row) => ({ ...row, _source: "firehose" }))
      )
      const errors = [...(yield* textsBelow("errors/structuring/orders/2026/11/29/19/")).values()].join("").trim().split("\n")
      assert.deepStrictEqual(
        errors.map((line) => errorRecordIn(line)?.letter?.letter.sequenceNumber),
        expected.letters.map(({ sequenceNumber }) => sequenceNumber)
      )
      assert.deepStrictEqual([counts.records, counts.rows, counts.empty], [65, 50, 5])
      // Again: what is there stays.
      const all = yield* textsBelow("")
      yield* structure(pages)
      assert.deepStrictEqual(yield* textsBelow(""), all)
    }).pipe(Effect.provide(freshStore))
  )

  it.live.each([
    ["by another contract, since one was deployed between two tries", "the connection broke", 4],
    ["and of which more can be read the second time", "it is damaged", 1]
  ] as const)("that is structured again %s is there as a whole", ([, failure, before]) =>
    Effect.gen(function* () {
      yield* Effect.flip(structure(pages.slice(0, before), failure))
      const { status: _, ...fields } = definition.fields
      const other = compileContract(defineContract({ ...definition, fields, expectations: [] }))
      yield* structure(pages, undefined, failure === "it is damaged" ? compiledOrders : other)
      const idsIn = (text: string): ReadonlyArray<string> => text.match(/o-\d+/g) ?? []
      const rows = new Set([...(yield* textsBelow("structured_json/")).values()].flatMap(idsIn))
      assert.strictEqual(rows.size, 50)
      const errors = [...(yield* textsBelow("errors/structuring/")).values()].join("").trim().split("\n")
      const numbers = new Set(errors.map((line) => errorRecordIn(line)?.letter?.letter.sequenceNumber))
      assert.deepStrictEqual(numbers, new Set(decodePages(compiledOrders, pages).letters.map(({ sequenceNumber }) => sequenceNumber)))
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that has no records is nothing", () =>
    Effect.gen(function* () {
      yield* structure([])
      yield* structure([page(["{}", " "], 0)])
      assert.strictEqual((yield* textsBelow("")).size, 0)
    }).pipe(Effect.provide(freshStore))
  )
})
