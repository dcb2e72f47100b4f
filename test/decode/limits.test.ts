import { describe, expect, it } from "vitest"
import { checkout } from "../../schemas/vtex/checkout.ts"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { makeDecoder } from "../../src/decode/decoder.ts"
import { emptyCounts } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { compiledOrders } from "../contract/orders.ts"
import { closes, decode, pageOf, settings } from "./support.ts"

const order = (members: string) => `{"orderId":"1","lastChange":"2024-01-01T00:00:00Z",${members}}`
const contract = compileContract(checkout)

/** One decoder over several pages, as in a process that lives long. */
const decoding = (by: "bytes" | "definition" = "bytes") => {
  const builders = new ColumnBuilders(stageColumns(contract.columns))
  const decoder = makeDecoder(contract, settings, { by })
  return (records: ReadonlyArray<string>) => {
    const counts = emptyCounts()
    decoder.decodePage("files", pageOf(records), { columnsFor: () => builders, deadLetter: () => {}, counts })
    const rows = builders.rowCount
    builders.clear()
    return { rows, whole: counts.handedOver[""] ?? 0, counts }
  }
}

describe("a record whose lists have very many elements", () => {
  it.each(["bytes", "definition"] as const)("is a dead letter, by the %s, and small while it is read", (by) => {
    const many = decoding(by)([order(`"items":[${"{},".repeat(210_000)}{}]`), order('"value":"1"')])
    expect([many.rows, many.counts.deadLetters]).toEqual([1, { too_large: 1 }])
  })
  it("is a row below the limit", () => {
    const decoded = decode(compiledOrders, order(`"items":[${"{},".repeat(20_000)}{}]`))
    expect([decoded.rows.length, closes(decoded)]).toEqual([1, true])
  })
})

describe("what one page holds", () => {
  const ordinary = Array.from({ length: 50 }, (_, i) => order(`"value":"${i}","items":[{"id":"${i}","name":"a thing"}]`))

  it("does not take the room that other pages need", () => {
    const page = decoding()
    const large = "x".repeat(1_500_000)
    for (const field of [
      "state",
      "status",
      "hostname",
      "sequence",
      "origin",
      "orderGroup",
      "statusDescription",
      "storeId",
      "salesChannel",
      "appVersion"
    ])
      expect(page([order(`"${field}":"${large}"`), order(`"${field}":"${large}"`), order(`"${field}":"${large}"`)]).rows).toBe(3)
    expect(page(ordinary)).toMatchObject({ rows: 50, whole: 0 })
    expect(page([order(`"state":"${large}"`)])).toMatchObject({ rows: 1, whole: 0 })
  })
  it("does not use up the memory for keys", () => {
    const page = decoding()
    const documents = ["clientProfileData", "shippingData", "marketingData", "paymentData"]
    for (let n = 0; n < 60; n++)
      page([
        order(
          documents.map((name) => `"${name}":{${Array.from({ length: 40 }, (_, i) => `"${"k".repeat(180)}${n}x${i}":1`).join()}}`).join()
        )
      ])
    expect(page(ordinary)).toMatchObject({ rows: 50, whole: 0 })
  })
})
