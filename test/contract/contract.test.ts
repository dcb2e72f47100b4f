import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, ContractError, defineContract } from "../../src/contract/contract.ts"
import { parsePath } from "../../src/contract/drops.ts"
import { document, entries, list, long, text, timestamp } from "../../src/contract/field.ts"
import { NumberText } from "../../src/contract/json.ts"
import { snakeCase } from "../../src/contract/names.ts"
import { compiledOrders, definition, orders } from "./orders.ts"

describe("names", () => {
  it.each([
    ["orderId", "order_id"],
    ["baseURL", "base_url"],
    ["lockTTL", "lock_ttl"],
    ["cvv2", "cvv2"],
    ["SubscriptionGroupId", "subscription_group_id"],
    ["isHTTPSOnly", "is_https_only"]
  ])("%s → %s", (key, column) => expect(snakeCase(key)).toBe(column))
})

describe("defineContract", () => {
  const problems = (change: Partial<ContractDefinition>) => {
    try {
      defineContract({ ...definition, ...change })
    } catch (error) {
      if (error instanceof ContractError) return error.message
      throw error
    }
    return "none"
  }
  const drop = { reason: "r", from: "stage" } as const

  it.each<[string, Partial<ContractDefinition>, RegExp]>([
    ["a bad name", { name: "My Orders" }, /name must be lower case/],
    ["a key that is no field", { key: "nope" }, /key nope must be a field/],
    ["a version that is a document", { version: "items" }, /version items must be a field/],
    ["an event time that is text", { eventTime: { field: "status" } }, /event time status must be a field of type timestamp/],
    ["a fallback that is missing", { eventTime: { field: "lastChange", fallback: "x" } }, /fallback of the event time x/],
    [
      "a rule on a declared field",
      { drops: [{ ...drop, name: "a", keyContains: "ITEM" }] },
      /Field items is declared and dropped by rule a/
    ],
    ["a path on a declared field", { drops: [{ ...drop, name: "a", path: "items[].Price" }] }, /Field items\[\]\.price is declared/],
    ["a rule without what", { drops: [{ ...drop, name: "a" }] }, /needs either keyContains or path/],
    ["a rule for every key", { drops: [{ ...drop, name: "a", keyContains: " " }] }, /every key/],
    ["a path that is none", { drops: [{ ...drop, name: "a", path: "items[" }] }, /not a path/],
    ["two rules of one name", { drops: [1, 2].map(() => ({ ...drop, name: "a", path: "x" })) }, /several of.*drop rule "a"/],
    ["hiding what is not there", { drops: [{ ...drop, from: "consumable", name: "a", path: "x" }] }, /leaves out nothing/],
    ["hiding the key", { drops: [{ ...drop, from: "consumable", name: "a", path: "orderId" }] }, /drops orderId, which the contract needs/],
    [
      "an expectation of no column",
      { expectations: [{ name: "e", description: "", column: "nope", reads: [], severity: "warn", holds: () => true }] },
      /no column/
    ],
    [
      "an expectation that reads no column",
      { expectations: [{ name: "e", description: "", reads: ["value.nope"], severity: "warn", holds: () => true }] },
      /reads value.nope, which is no column/
    ],
    ["keys that differ by case", { fields: { ...definition.fields, ITEMS: text("x") } }, /same name/],
    ["keys that give one column", { fields: { ...definition.fields, order_id: text("x") } }, /same name/],
    [
      "system columns",
      { fields: { ...definition.fields, ingestDate: text("x"), _rescued: text("x") } },
      /ingest_date is the name.*_rescued is the name/
    ],
    ["a sensitive key", { fields: { ...definition.fields, orderId: text("x", { sensitive: "hash" }) } }, /key orderId cannot be sensitive/],
    ["an empty document", { fields: { ...definition.fields, nothing: document("x", {}) } }, /Document nothing has no fields/]
  ])("rejects %s", (_, change, message) => expect(problems(change)).toMatch(message))

  it("rejects a field that no constructor made", () =>
    expect(() => defineContract({ ...definition, fields: { orderId: Schema.String } })).toThrow(/made by a field constructor/))
})

describe("the schema of a field is its conversion", () => {
  const decode = (field: Parameters<typeof Schema.decodeUnknownSync>[0], raw: unknown) => Schema.decodeUnknownSync(field)(raw)
  const item = document("An item.", { id: text("Id."), price: long("Price.") })

  it("reads documents as themselves and as text, keys in any case, of two spellings the last", () => {
    const expected = { id: "7", price: 12n }
    expect(decode(item, { id: 7, price: "12" })).toEqual(expected)
    expect(decode(item, '{"PRICE":12,"Id":"7","other":1}')).toEqual(expected)
    expect(decode(item, '{"price":1,"PRICE":12,"id":7}')).toEqual(expected)
    expect(decode(item, null)).toBe(null)
    expect(() => decode(item, "[1]")).toThrow()
  })
  it("reads lists and entries", () => {
    const field = entries("E", { key: ["id", text("i")], value: ["name", text("n")] })
    expect(decode(list("L", item), '[{"id":"1"},null]')).toEqual([{ id: "1" }, null])
    expect(decode(field, '{"25":"b","7":"a"}')).toEqual([
      { id: "25", name: "b" },
      { id: "7", name: "a" }
    ])
    expect(decode(field, [{ ID: "x" }])).toEqual([{ id: "x" }])
    expect(() => decode(list("L", item), "{}")).toThrow()
  })
  it("keeps what a float would lose", () => {
    expect(decode(long("l"), new NumberText("9007199254740993"))).toBe(9007199254740993n)
    expect(decode(text("t"), new NumberText("1.50"))).toBe("1.50")
  })
  it("encodes what it decodes", () => {
    const at = timestamp("t")
    const micros = decode(at, "2024-02-06T20:46:11.7010747+00:00")
    expect(micros).toBe(1707252371701074n)
    expect(Schema.encodeUnknownSync(at)(micros)).toBe("2024-02-06T20:46:11.701074Z")
    expect(Schema.encodeUnknownSync(long("l"))(2n ** 60n)).toBe("1152921504606846976")
  })
  it("has the whole record", () => {
    expect(Schema.decodeUnknownSync(orders.schema)({ orderId: "1", items: '[{"price":"5"}]' })).toEqual({
      orderId: "1",
      items: [{ price: 5n }]
    })
  })
})

describe("compileContract", () => {
  it("gives columns in the order of the contract, names in snake_case, hashes as text", () => {
    const { columns, keyColumn, versionColumn, eventTimeColumns } = compiledOrders
    expect(columns.map(({ name }) => name).slice(0, 4)).toEqual(["order_id", "last_change", "creation_date", "status"])
    expect([keyColumn, versionColumn, eventTimeColumns]).toEqual(["order_id", "last_change", ["last_change", "creation_date"]])
    expect(columns.find(({ name }) => name === "geo")).toMatchObject({
      kind: "list",
      element: { kind: "leaf", name: "element", leaf: { type: "text" }, sensitive: "hash" }
    })
    expect(columns.find(({ name }) => name === "items")).toMatchObject({
      element: {
        fields: [{}, {}, {}, { name: "product_categories", kind: "list", element: { fields: [{ name: "id" }, { name: "name" }] } }, {}]
      }
    })
  })
  it("leaves out of the consumable what the contract says, and documents that lose all fields", () => {
    const names = compiledOrders.consumableColumns.map(({ name }) => name)
    expect(names).not.toContain("custom_data")
    const items = compiledOrders.consumableColumns.find(({ name }) => name === "items")
    expect(JSON.stringify(items)).not.toContain('"tags"')
    const hollow = compileContract(
      defineContract({ ...definition, drops: [{ name: "a", reason: "r", path: "itemMetadata.items", from: "consumable" }] })
    )
    expect(hollow.consumableColumns.map(({ name }) => name)).not.toContain("item_metadata")
    expect(hollow.columns.map(({ name }) => name)).toContain("item_metadata")
  })
})

describe("paths of drop rules", () => {
  it.each<[string, unknown]>([
    ["a.b", [{ key: "a" }, { key: "b" }]],
    ["A[].*", [{ key: "a" }, "element", "any"]],
    ['a["x.y"].b', [{ key: "a" }, { key: "x.y" }, { key: "b" }]],
    ["a-b c", [{ key: "a-b c" }]],
    ["", null],
    [".a", null],
    ["a[]", null],
    ["[]", null],
    ["a..b", null],
    ["a[0]", null],
    ["a[]b", null]
  ])("%s", (path, steps) => expect(parsePath(path)).toEqual(steps))
})
