import { describe, expect, it } from "@effect/vitest"
import type { DeadLetterReason } from "../../src/record/dead-letter-reasons.ts"
import { compiledOrders } from "../contract/orders.ts"
import { arrival, closes, decode, decodePages, pageOf, stringified } from "./support.ts"

const order = (members = "") => `{"orderId":"1","lastChange":"2024-01-01"${members}}`
const one = (record: string | Uint8Array, change = {}) => {
  const decoded = decode(compiledOrders, record, change)
  expect(closes(decoded)).toBe(true)
  return { ...decoded, row: decoded.rows[0], letter: decoded.letters[0] }
}
const bytes = (...parts: ReadonlyArray<string | number>) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([part]))))
const nest = (depth: number) => "[".repeat(depth) + "]".repeat(depth)

describe("records that cannot be rows", () => {
  it.each<[string, string | Uint8Array, DeadLetterReason, string | null, number | null]>([
    ["not UTF-8", bytes('{"orderId":"', 0xff, '"}'), "not_utf8", null, 12],
    ["UTF-8 cut in the middle", bytes('{"orderId":"é', 0xe2, 0x82), "not_utf8", null, 14],
    ["overlong UTF-8", bytes("{}", 0xc0, 0xaf), "not_utf8", null, 2],
    ["a surrogate in UTF-8", bytes("{}", 0xed, 0xa0, 0x80), "not_utf8", null, 2],
    ["not JSON", "{'orderId':1}", "not_json", null, 1],
    ["bytes, not characters, before the fault", '{"é€😀":x}', "not_json", null, 13],
    ["not JSON after a byte order mark", "\ufeff{x", "not_json", null, 4],
    ["truncated", '{"orderId":"1","lastCh', "truncated", null, 22],
    ["two documents", "{}{}", "not_json", null, 2],
    ["a list", "[1]", "not_object", null, 0],
    ["a number", "5", "not_object", null, 0],
    ["text", '"x"', "not_object", null, 0],
    ["null", "null", "not_object", null, 0],
    ["too deep", order(`,"x":${nest(64)}`), "too_deep", null, 108],
    ["too deep in a list", nest(65), "too_deep", null, 64],
    ["hopelessly deep", "[".repeat(100_000), "too_deep", null, 64],
    ["too deep in a dropped value", order(`,"attachment":${nest(64)}`), "too_deep", null, 117],
    ["hopelessly deep in a sensitive value", order(`,"clientProfileData":{"email":${nest(20_000)}}`), "too_deep", null, 132],
    ["hopelessly deep in a text of JSON", order(`,"customData":"${nest(20_000)}"`), "too_deep", "customData", null],
    ["too deep in text", order(`,"items":"[{\\"x\\":${nest(62)}}]"`), "too_deep", "items[].x", null],
    ["too deep in a text of JSON", order(`,"customData":"${nest(64)}"`), "too_deep", "customData", null],
    ["no key", '{"lastChange":"2024-01-01"}', "missing_key", "orderId", null],
    ["a null key", '{"orderId":null,"lastChange":"2024-01-01"}', "missing_key", "orderId", null],
    ["an empty key", '{"orderId":" ","lastChange":"2024-01-01"}', "missing_key", "orderId", null],
    ["a key that is an object", '{"orderId":{},"lastChange":"2024-01-01"}', "unreadable_key", "orderId", null],
    ["no event time", '{"orderId":"1"}', "missing_event_time", "lastChange", null],
    ["empty event times", '{"orderId":"1","lastChange":"","creationDate":null}', "missing_event_time", "lastChange", null],
    ["an event time that is none", '{"orderId":"1","lastChange":"yesterday"}', "unreadable_event_time", "lastChange", null],
    [
      "one that has a fallback",
      '{"orderId":"1","lastChange":"soon","creationDate":"2024-01-01"}',
      "unreadable_event_time",
      "lastChange",
      null
    ],
    ["a fallback that is none", '{"orderId":"1","creationDate":5}', "unreadable_event_time", "creationDate", null],
    ["what the contract rejects", order(',"status":"forbidden"'), "quality_rejected", "status-known", null]
  ])("%s", (_, record, reason, path, offset) => {
    const { letter, rows, counts } = one(record)
    expect(rows).toEqual([])
    expect(letter).toMatchObject({ reason, path, offset, source: "files", shard: "shard-0", sequenceNumber: "1", arrivedAt: arrival })
    expect(counts.deadLetters).toEqual({ [reason]: 1 })
    expect(Buffer.from(letter?.raw ?? []).equals(Buffer.from(record))).toBe(true)
    expect(letter?.size).toBe(Buffer.byteLength(record))
  })

  it("too large, and cut by the source", () => {
    expect(one(order(), { maxRecordBytes: 10 }).letter).toMatchObject({ reason: "too_large", size: 41, offset: 10 })
    const cut = decodePages(compiledOrders, [pageOf([order(), order()], { cut: new Map([[1, 99_000_000]]) })])
    expect(cut.letters).toMatchObject([{ reason: "too_large", size: 99_000_000, sequenceNumber: "2" }])
    expect([cut.rows.length, cut.letters[0]?.raw.length, cut.counts.bytes]).toEqual([1, 41, 99_000_041])
  })
  it("keeps a copy of the bytes, and says nothing of them", () => {
    const page = pageOf(['{"orderId":"secret"}'])
    const { letters } = decodePages(compiledOrders, [page])
    page.bytes.fill(0)
    expect(Buffer.from(letters[0]?.raw ?? []).toString()).toBe('{"orderId":"secret"}')
    expect(letters[0]?.detail).not.toContain("secret")
  })
  it.each([
    ["objects", `"status":[${"{},".repeat(300_000)}1]`],
    ["lists in a text", `"customData":"[${"[],".repeat(300_000)}1]"`],
    ["values", `"zzz":[${"1,".repeat(1_000_000)}1]`]
  ])("too many to be read in the memory that there is: %s", (_, members) => {
    const { letter } = one(order(`,${members}`))
    expect(letter).toMatchObject({ reason: "too_large", path: null, offset: null })
  })
  it("too deep over several texts, each in the other", () => {
    let text = "1"
    for (let i = 0; i < 10; i++) text = JSON.stringify(`${"[".repeat(506)}${text},""${"]".repeat(506)}`)
    expect(one(order(`,"customData":{"x":${text}}`), { maxDepth: 512 }).letter).toMatchObject({ reason: "too_deep" })
  })
  it("leaves no other trace in the counts", () => {
    const { counts } = one('{"orderId":"1","attachment":1,"other":2,"value":"x","clientProfileData":{"email":"a"}}')
    expect(counts).toMatchObject({ drops: {}, drift: {}, rescued: {}, masked: {}, quality: {}, deadLetters: { missing_event_time: 1 } })
  })
  it("allows the depth that the limit allows", () => {
    expect(one(order(`,"x":${nest(63)}`)).rows.length).toBe(1)
    expect(one(order(`,"items":"[{\\"x\\":${nest(61)}}]"`)).rows.length).toBe(1)
    expect(one(order(`,"customData":"${nest(63)}"`)).rows.length).toBe(1)
    expect(one(order(`,"status":"${nest(200)}"`)).rows.length).toBe(1)
    expect(one(order(',"items":[]'), { maxDepth: 1 }).letter).toMatchObject({ reason: "too_deep" })
  })
})

describe("nothing", () => {
  it.each(["", " ", "\r\n", "{}", " { } \n", "\ufeff", "\ufeff{}"])("%j", (record) => {
    const { counts, rows, letters } = one(record)
    expect([counts.empty, rows.length, letters.length]).toEqual([1, 0, 0])
  })
})

describe("rows", () => {
  it("carry coordinates and data", () => {
    const page = pageOf([order(), order()], {
      sequenceNumbers: ["7", "495903"],
      subSequenceNumbers: [0, 3],
      arrivedAt: [arrival, arrival + 0.5]
    })
    const { rows } = decodePages(compiledOrders, [page])
    expect(rows[1]).toMatchObject({
      order_id: "1",
      last_change: 1704067200000000n,
      _source: "files",
      _shard: "shard-0",
      _sequence_number: "495903",
      _sub_sequence_number: 3n,
      _arrived_at: BigInt(arrival) * 1000n + 500n,
      _rescued: null
    })
  })
  it("tolerate a byte order mark", () => expect(one(`\ufeff${order()}`).row?.["order_id"]).toBe("1"))

  it("take what stands as text", () => {
    const record = stringified({
      orderId: "00012",
      lastChange: "2024-02-06T20:46:11.7010747+00:00",
      value: 1160,
      isCompleted: true,
      rate: null,
      status: null,
      items: '[{"id":"18","price":"55","productCategories":{"25":"Beer","7":"Wine"},"tags":["a",1.5]}]',
      clientProfileData: { isCorporate: false }
    })
    const { row, counts } = one(JSON.stringify(record))
    expect(row).toMatchObject({
      order_id: "00012",
      last_change: 1707252371701074n,
      value: 1160n,
      is_completed: true,
      rate: null,
      status: null,
      items: [
        {
          id: "18",
          price: 55n,
          product_categories: [
            { id: "25", name: "Beer" },
            { id: "7", name: "Wine" }
          ],
          tags: ["a", "1.5"]
        }
      ],
      client_profile_data: { is_corporate: false },
      _rescued: null
    })
    expect(counts).toMatchObject({ rescued: {}, drift: {}, drops: {} })
  })
  it("have null where a value is null, empty or missing, without a rescue", () => {
    const { row } = one(order(',"value":"","rate":null,"items":"","itemMetadata":"null","customData":"","isCompleted":" ","status":""'))
    expect(row).toMatchObject({
      value: null,
      rate: null,
      items: null,
      item_metadata: null,
      custom_data: null,
      is_completed: null,
      status: "",
      _rescued: null
    })
  })
  it("are exact beyond 2^53, and in decimals", () => {
    const { row } = one(
      order(',"value":9007199254740993,"amount":12345678.90,"rate":-47.924747467041016,"matrix":[[9223372036854775807,1e3]]')
    )
    expect(row).toMatchObject({
      value: 9007199254740993n,
      amount: 1234567890n,
      rate: -47.924747467041016,
      matrix: [[9223372036854775807n, 1000n]]
    })
    expect(one(order(',"value":12345678.00000000000000000001')).row).toMatchObject({
      value: null,
      _rescued: '{"value":12345678.00000000000000000001}'
    })
    expect(one(order(',"value":"9223372036854775808"')).row?.["_rescued"]).toBe('{"value":"9223372036854775808"}')
    expect(one(order(',"matrix":"[[9007199254740993]]"')).row?.["matrix"]).toEqual([[9007199254740993n]])
  })
  it("have numbers and booleans in text columns as they were written", () => {
    const written = ["1.50", "1e3", "-0", "0.0000001", "12345678901234567890", "1.0", "-1", "true", "0.1"]
    for (const text of written) expect(one(order(`,"status":${text}`)).row?.["status"]).toBe(text)
    const { row } = one(order(`,"customData":{"b":1.50,"2":[1e3,null],"1":9007199254740993}`))
    expect(row?.["custom_data"]).toBe('{"b":1.50,"2":[1e3,null],"1":9007199254740993}')
  })
  it("have half surrogates replaced, everywhere", () => {
    const { row } = one(order(',"status":"a\\ud83d","customData":{"\\udc00":"\\ud83d\\ude00"},"value":"\\ud800"'))
    expect(row).toMatchObject({ status: "a\ufffd", custom_data: '{"\ufffd":"😀"}', _rescued: '{"value":"\ufffd"}' })
  })
  it("take the last of a key that comes twice, in whatever spelling", () => {
    expect(one(order(',"value":1,"value":2')).row?.["value"]).toBe(2n)
    expect(one(order(',"value":1,"Value":2')).row?.["value"]).toBe(2n)
    expect(one(order(',"Value":1,"value":2,"Value":3')).row?.["value"]).toBe(3n)
    const { row, counts } = one(order(',"items":[{"price":"x"}],"ITEMS":[{"price":1,"PRICE":2}]'))
    expect([row?.["_rescued"], counts.rescued]).toEqual([null, {}])
    expect(row?.["items"]).toEqual([{ id: null, price: 2n, is_gift: null, product_categories: null, tags: null }])
    expect(one('{"orderId":"1","orderid":null,"lastChange":"2024-01-01"}').letter?.reason).toBe("missing_key")
  })
  it("fall back for the event time", () => {
    const { row, counts } = one('{"orderId":"1","lastChange":"","creationDate":"2023-01-01 00:00:00"}')
    expect(row).toMatchObject({ last_change: null, creation_date: 1672531200000000n, _rescued: null })
    expect(counts.rescued).toEqual({})
  })
  it("stay rows when an expectation only warns", () => {
    const { rows, counts } = one(order(',"value":-1'))
    expect([rows.length, counts.quality]).toEqual([1, { "value-not-negative": 1 }])
  })
  it("may be the same record twice: that is not the decoder's to know", () =>
    expect(decode(compiledOrders, [order(), order()]).rows.length).toBe(2))
})

describe("values that do not fit", () => {
  it("are rescued by path and counted without indexes", () => {
    const items = '[{"price":1},null,{"price":"abc"},7,{"productCategories":{"1":"a","2":["b"]}}]'
    const { row, counts } = one(order(`,"items":${items},"value":"abc","isCompleted":"yes","matrix":[[1],["x"]],"clientProfileData":[]`))
    expect(row).toMatchObject({
      value: null,
      is_completed: null,
      items: [
        { price: 1n },
        null,
        { price: null },
        null,
        {
          product_categories: [
            { id: "1", name: "a" },
            { id: "2", name: null }
          ]
        }
      ],
      matrix: [[1n], [null]],
      client_profile_data: null
    })
    expect(JSON.parse(String(row?.["_rescued"]))).toMatchObject({
      "items[2].price": "abc",
      "items[3]": 7,
      "items[4].productCategories[1].name": ["b"],
      value: "abc",
      isCompleted: "yes",
      "matrix[1][0]": "x"
    })
    expect(counts.rescued).toEqual({
      "items[].price": 1,
      "items[]": 1,
      "items[].productCategories[].name": 1,
      value: 1,
      isCompleted: 1,
      "matrix[][]": 1,
      clientProfileData: 1
    })
  })
  it.each([
    ["an object for a list", '{"id":"1"}'],
    ["text of an object for a list", '"{\\"id\\":\\"1\\"}"'],
    ["text that is no JSON", '"[{"'],
    ["a number for a list", "5"]
  ])("%s", (_, raw) => {
    const { row } = one(order(`,"items":${raw}`))
    expect([row?.["items"], row?.["_rescued"]]).toEqual([null, `{"items":${raw}}`])
  })
  it("are rescued inside of documents in text, too", () => {
    const { row } = one(order(',"itemMetadata":"{\\"items\\":[{\\"id\\":{}},{\\"id\\":1.50}]}"'))
    expect(row).toMatchObject({ item_metadata: { items: [{ id: null }, { id: "1.50" }] }, _rescued: '{"itemMetadata.items[0].id":{}}' })
  })
})
