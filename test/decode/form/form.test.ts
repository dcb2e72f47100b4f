import { assert, describe, it } from "@effect/vitest"
import { compileContract } from "../../../src/contract/compile.ts"
import { defineContract } from "../../../src/contract/contract.ts"
import { form } from "../../../src/contract/format.ts"
import { definition } from "../csv/contract.ts"
import { closes, decodePages, pageOf, type settings } from "../support.ts"

const contract = compileContract(defineContract({ ...definition(), format: form }))

const decode = (record: string | Uint8Array, change: Partial<typeof settings> = {}) => {
  const decoded = decodePages(contract, [pageOf([record])], change)
  assert.isTrue(closes(decoded))
  return decoded
}
const start = "orderId=o-1&changedAt=2026-11-20T07%3A00%3A00Z"
const nameOf = (written: string) => decode(`${start}&name=${written}`).rows[0]?.["name"]

describe("form data", () => {
  it("is a row of its pairs, escapes undone", () => {
    const { rows } = decode(`?${start}&name=say+%22a%C3%A7%C3%A3o%22&units=12&price=1.50&isGift=true&box=%7B%22height%22%3A3%7D\r\n`)
    const [row] = rows
    assert.deepStrictEqual(
      [row?.["order_id"], row?.["name"], row?.["units"], row?.["price"], row?.["is_gift"], row?.["box"]],
      ["o-1", 'say "ação"', 12, 150n, true, { height: 3, kind: null }]
    )
  })

  it("keeps what is not escaped as it should be", () => {
    assert.strictEqual(nameOf("100%"), "100%")
    assert.strictEqual(nameOf("%zz%4"), "%zz%4")
    assert.strictEqual(nameOf("%e3x"), "%e3x")
    assert.strictEqual(nameOf("a=b"), "a=b")
    assert.strictEqual(nameOf(""), "")
    assert.strictEqual(nameOf("é"), "é")
  })

  it("counts the last of a name that comes twice, and unknown names", () => {
    const { rows, counts } = decode(`${start}&name=a&colour=red&NAME=b&&flag`)
    assert.strictEqual(rows[0]?.["name"], "b")
    assert.deepStrictEqual(counts.drift, { colour: 1, flag: 1 })
  })

  it("has values that do not fit rescued, and sensitive ones masked", () => {
    const { rows, counts } = decode(`${start}&units=many&email=a%40b&phone=1`)
    assert.strictEqual(rows[0]?.["_rescued"], '{"units":"many"}')
    assert.deepStrictEqual(counts.masked, { email: 1, phone: 1 })
  })

  it("is nothing where there is nothing", () => {
    for (const blank of ["", "\n", "\r\n", "&", "?"]) assert.strictEqual(decode(blank).counts.empty, 1)
  })

  it("is a dead letter where it cannot be a row", () => {
    const of = (record: string | Uint8Array, change = {}) => {
      const [letter] = decode(record, change).letters
      return [letter?.reason, letter?.path, letter?.offset]
    }
    assert.deepStrictEqual(of("orderId=&changedAt=2026-11-20T07:00:00Z"), ["missing_key", "orderId", null])
    assert.deepStrictEqual(of("orderId=1&changedAt=now"), ["unreadable_event_time", "changedAt", null])
    assert.deepStrictEqual(of("<html>"), ["missing_key", "orderId", null])
    assert.deepStrictEqual(of(Buffer.from([0x61, 0xff])), ["not_utf8", null, 1])
    assert.deepStrictEqual(of(start, { maxRecordBytes: 9 }), ["too_large", null, 9])
    assert.deepStrictEqual(of(`${start}&price=-1`), ["quality_rejected", "price-not-negative", null])
  })
})
