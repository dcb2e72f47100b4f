import { describe, expect, it } from "@effect/vitest"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, events, versions } from "../../src/contract/contract.ts"
import { definition } from "../contract/orders.ts"
import { compiledParcels, definition as parcelDefinition } from "../contract/parcels.ts"
import { asTexts, decodePages, pageOf, pascal, stringified } from "./support.ts"

const compiled = (change: Partial<ContractDefinition> = {}) => compileContract(defineContract({ ...definition, ...change }))

/** What becomes of a record by either way of decoding, which must be the same: its last change, or why it is no row. */
const outcome = (contract: ReturnType<typeof compiled>, record: object | string): unknown => {
  const text = typeof record === "string" ? record : JSON.stringify(record)
  const [bytes, defined] = (["bytes", "definition"] as const).map((by) => {
    const { rows, letters } = decodePages(contract, [pageOf([text])], {}, { by })
    return rows[0] === undefined ? [letters[0]?.reason, letters[0]?.path] : rows[0]["last_change"]
  })
  expect(bytes).toEqual(defined)
  return bytes
}

const { conventions: _, ...withoutConventions } = definition
const order = { orderId: "1", creationDate: "2024-01-01T00:00:00Z", status: "paid" }

describe("what tells versions apart", () => {
  it.each([
    "2024-06-30T23:59:60Z",
    "2024-02-06T20:46:11Z[UTC]",
    "2024-02-30T00:00:00Z",
    "06/02/2024 20:46",
    "yesterday",
    1717243200000,
    1717243200.5,
    true,
    {},
    [],
    "1717243200000"
  ])("is no fallback's business where it is there and cannot be read: %j", (lastChange) => {
    expect(outcome(compiled(), { ...order, lastChange })).toEqual(["unreadable_event_time", "lastChange"])
    expect(outcome(compiled(), { LastChange: lastChange, ...stringified(order) })).toEqual(["unreadable_event_time", "lastChange"])
  })

  it.each([[{}], [{ lastChange: null }], [{ lastChange: "" }], [{ lastChange: " " }], [{ lastChange: "null" }]])(
    "has the fallback where it is missing: %j",
    (change) => expect(outcome(compiled(), { ...order, ...change })).toBe(null)
  )

  it("is what came last of a key that came twice", () => {
    const twice = (first: string, second: string) =>
      `{"orderId":"1","lastChange":${first},"LASTCHANGE":${second},"creationDate":"2024-01-01"}`
    expect(outcome(compiled(), twice('"bad"', '"2024-01-02T00:00:00Z"'))).toBe(1704153600000000n)
    expect(outcome(compiled(), twice('"2024-01-02T00:00:00Z"', '"bad"'))).toEqual(["unreadable_event_time", "lastChange"])
  })

  it("does not need a readable fallback", () =>
    expect(outcome(compiled(), { ...order, lastChange: "2024-01-02T00:00:00Z", creationDate: "bad" })).toBe(1704153600000000n))

  it("may be left to the fallback by the contract", () => {
    const lenient = compiled({ eventTime: { field: "lastChange", fallback: "creationDate", unreadable: "fallback" } })
    expect(outcome(lenient, { ...order, lastChange: "bad" })).toBe(null)
    expect(outcome(lenient, { ...order, lastChange: "bad", creationDate: "bad" })).toEqual(["unreadable_event_time", "creationDate"])
    expect(outcome(lenient, { orderId: "1", lastChange: "bad" })).toEqual(["missing_event_time", "lastChange"])
  })

  it("must be there, too, where it is not the event time", () => {
    const counted = compiled({ table: versions({ ...definition.table, version: "count", by: { day: "lastChange" } }) })
    const at = { ...order, lastChange: "2024-01-02T00:00:00Z" }
    expect(outcome(counted, { ...at, count: 7 })).toBe(1704153600000000n)
    expect(outcome(counted, at)).toEqual(["missing_version", "count"])
    expect(outcome(counted, { ...at, count: "seven" })).toEqual(["unreadable_version", "count"])
    const created = compiled({ table: versions({ ...definition.table, version: "creationDate", by: { day: "lastChange" } }) })
    expect(outcome(created, at)).toBe(1704153600000000n)
    expect(outcome(created, { ...at, creationDate: null })).toEqual(["missing_version", "creationDate"])
  })
})

describe("a key of several columns", () => {
  const parcel = { carrier: "dhl", parcelNumber: "7", revision: 1, scannedAt: 1704153600000 }
  const ofParcel = (change: object) => {
    const texts = [parcel, asTexts(parcel)].map((record) => JSON.stringify({ ...record, ...change }))
    const outcomes = texts.flatMap((text) =>
      (["bytes", "definition"] as const).map((by) => {
        const { rows, letters } = decodePages(compiledParcels, [pageOf([text])], {}, { by })
        return rows[0] === undefined ? [letters[0]?.reason, letters[0]?.path] : [rows[0]["carrier"], rows[0]["parcel_number"]]
      })
    )
    for (const each of outcomes) expect(each).toEqual(outcomes[0])
    return outcomes[0]
  }
  it.each<[object, unknown]>([
    [{}, ["dhl", 7n]],
    [{ parcelNumber: null }, ["missing_key", "parcelNumber"]],
    [{ parcelNumber: "" }, ["missing_key", "parcelNumber"]],
    [{ parcelNumber: "seven" }, ["unreadable_key", "parcelNumber"]],
    [{ carrier: " " }, ["missing_key", "carrier"]],
    [{ carrier: {} }, ["unreadable_key", "carrier"]],
    [{ carrier: null, parcelNumber: "seven" }, ["missing_key", "carrier"]],
    [{ revision: null }, ["missing_version", "revision"]],
    [{ scannedAt: null }, ["missing_event_time", "scannedAt"]],
    [{ scannedAt: "2024-01-02T00:00:00Z" }, ["unreadable_event_time", "scannedAt"]],
    [{ scannedAt: 1704153600000000 }, ["unreadable_event_time", "scannedAt"]]
  ])("must be there in all of them: %j", (change, expected) => expect(ofParcel(change)).toEqual(expected))

  it("may be all that a record needs", () => {
    const { eventTime: _, ...rest } = parcelDefinition
    const bare = compileContract(defineContract({ ...rest, table: events({ key: ["carrier", "parcelNumber"], by: "none" }) }))
    const decoded = decodePages(bare, [pageOf(['{"carrier":"dhl","parcelNumber":7}', '{"carrier":"dhl"}'])])
    expect([decoded.rows.length, decoded.letters.map(({ reason }) => reason)]).toEqual([1, ["missing_key"]])
  })
})

describe("conventions of one system", () => {
  const both = (contract: ReturnType<typeof compiled>, ...texts: ReadonlyArray<string>) => {
    const [bytes, definition] = (["bytes", "definition"] as const).map((by) => {
      const { rows, letters, counts } = decodePages(contract, [pageOf(texts)], {}, { by })
      return { rows, letters: letters.map(({ reason }) => reason), counts: { ...counts, handedOver: {} } }
    })
    expect(bytes).toEqual(definition)
    return bytes
  }
  const record = { orderId: "1", lastChange: "2024-01-02T00:00:00Z", status: "null", value: "null", items: [{ id: "null" }] }

  it("make the text null null, at the top alone, and are counted", () => {
    const { rows = [], counts } = both(compiled(), JSON.stringify(record), JSON.stringify({ ...record, status: "paid" })) ?? {}
    expect(rows.map(({ status, value, items }) => [status, value, items])).toMatchObject([
      [null, null, [{ id: "null" }]],
      ["paid", null, [{ id: "null" }]]
    ])
    expect(counts?.conventions).toEqual({ nullText: 1 })
  })

  it("match keys in any case, at any depth and in text, and count the records", () => {
    const texts = [record, pascal(record) as object, stringified(record), { ...record, items: '[{"ID":"7"}]' }].map((each) =>
      JSON.stringify(each)
    )
    const { rows = [], counts } = both(compiled({ conventions: { anyCase: true } }), ...texts) ?? {}
    expect(rows.map(({ status, items }) => [status, (items as ReadonlyArray<{ readonly id: string }>)[0]?.id])).toEqual([
      ["null", "null"],
      ["null", "null"],
      ["null", "null"],
      ["null", "7"]
    ])
    expect(counts).toMatchObject({ conventions: { anyCase: 3 }, drift: {} })
  })

  it("are nobody else's", () => {
    const plain = compileContract(defineContract(withoutConventions))
    const { rows = [], counts, letters } = both(plain, JSON.stringify({ ...record, Status: "paid" }), JSON.stringify(pascal(record))) ?? {}
    expect(rows.map(({ status, value }) => [status, value])).toEqual([["null", null]])
    expect([letters, counts?.conventions, counts?.drift]).toEqual([["missing_key"], {}, { Status: 1 }])
  })
})

describe("a message of another kind", () => {
  const common = compiled({ commonFields: ["orderId", "lastChange"] })
  const base = { orderId: "1", lastChange: "2024-01-02T00:00:00Z" }
  const isRow = 1704153600000000n
  const isNone = ["not_of_dataset", null]

  it.each<[string, object, unknown]>([
    ["has nothing of the dataset but what it knows not", { Domain: "x" }, isNone],
    ["may have nothing of it but null", { Domain: "x", status: null, items: null }, isNone],
    ["is none that has little, but nothing else", {}, isRow],
    ["is none that only has what is left out besides", { attachment: 1 }, isRow],
    ["is none with one field of the dataset", { Domain: "x", status: "y" }, isRow],
    ["is none where that is a document", { Domain: "x", clientProfileData: {} }, isRow],
    ["is none where that does not fit its column", { Domain: "x", count: "y" }, isRow],
    ["is none where that is not stored", { Domain: "x", clientProfileData: { firstName: "y" } }, isRow]
  ])("%s", (_, members, expected) => {
    const record = { ...base, ...members }
    for (const form of [record, pascal(record) as object]) expect(outcome(common, form)).toEqual(expected)
    expect(outcome(compiled(), record)).toBe(isRow)
    const keeping = compiled({ commonFields: ["orderId", "lastChange"], keepUnknown: true })
    expect(outcome(keeping, record)).toEqual(expected)
  })

  it("is found behind many records with unknown fields, however these are counted", () => {
    const records = Array.from({ length: 3000 }, (_, i) =>
      JSON.stringify({ ...base, [`unknown${i % 1500}`]: i, ...(i % 3 === 0 ? {} : { count: i }) })
    )
    for (const by of ["bytes", "definition"] as const) {
      const { counts } = decodePages(common, [pageOf(records)], {}, { by })
      expect([counts.rows, counts.deadLetters]).toEqual([2000, { not_of_dataset: 1000 }])
    }
  })

  const hook = {
    Domain: "Marketplace",
    OrderId: "v1-01",
    State: "handling",
    LastState: "payment-approved",
    LastChange: "2026-11-20T08:00:00Z",
    CurrentChange: "2026-11-20T08:01:00Z",
    Origin: { Account: "shop", Key: "k" }
  }
  const event = {
    eventId: "e",
    handle: "h",
    domain: "Fulfillment",
    state: "invoiced",
    lastState: "invoice",
    orderId: "v1-01",
    lastChange: "2026-11-20T08:00:00Z"
  }

  it.each(vtex.contracts.map((contract) => [contract.name, compileContract(contract)] as const))(
    "is an order hook, and an event of the feed: %s",
    (_, contract) => {
      for (const message of [hook, stringified(hook), event, stringified(event)]) expect(outcome(contract, message)).toEqual(isNone)
      for (const rest of [{ Status: "handling" }, { isCompleted: true }, { AuthorizedDate: "2026-01-01" }, { Items: "[]" }])
        expect(outcome(contract, { OrderId: "v1-01", LastChange: "2024-01-02T00:00:00Z", Other: 1, ...rest })).toBe(isRow)
    }
  )
})
