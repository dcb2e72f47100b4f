import { createHmac } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { json, text } from "../../src/contract/field.ts"
import { driftKey } from "../../src/decode/drift.ts"
import { makePlan } from "../../src/decode/plan.ts"
import { compiledOrders, definition, keeping, orders } from "../contract/orders.ts"
import { decode, sum } from "./support.ts"

const order = (members = "") => `{"orderId":"1","lastChange":"2024-01-01"${members}}`
const one = (record: string, contract = compiledOrders, change = {}) => {
  const decoded = decode(contract, record, change)
  expect(decoded.letters).toEqual([])
  return { row: decoded.rows[0] ?? {}, counts: decoded.counts, rescued: String(decoded.rows[0]?.["_rescued"]) }
}
const hash = (text: string) => createHmac("sha256", "key").update(text).digest("hex")

describe("drop rules", () => {
  it("leave out keys that contain a text, at any depth, and paths, and count both", () => {
    const { row, counts } = one(
      order(
        ',"Attachments":[1],"items":[{"id":"1","attachmentOfferings":{}},{"ATTACHMENT":1}],"itemMetadata":"{\\"Items\\":[{\\"id\\":\\"2\\",\\"AssemblyOptions\\":{}}]}"'
      )
    )
    expect(counts).toMatchObject({ drops: { attachments: 3, assembly: 1 }, drift: {} })
    expect(row).toMatchObject({ items: [{ id: "1" }, {}], item_metadata: { items: [{ id: "2" }] }, _rescued: null })
  })
  it("apply inside of columns of JSON, as objects and as text", () => {
    const custom = '{"apps":[{"fields":{"cart-extra.context":"x","a":1},"myAttachment":{}}]}'
    for (const raw of [custom, JSON.stringify(custom)]) {
      const { row, counts } = one(order(`,"customData":${raw}`))
      expect([row["custom_data"], counts.drops]).toEqual(['{"apps":[{"fields":{"a":1}}]}', { cart: 1, attachments: 1 }])
    }
  })
  it("apply inside of rescued values and of unknown fields that are kept", () => {
    const rescued = one(order(',"value":{"a":1,"attachments":2},"itemMetadata":"[{\\"attachments\\":2,\\"b\\":1}]"'))
    expect(rescued.rescued).toBe('{"value":{"a":1},"itemMetadata":[{"b":1}]}')
    expect(rescued.counts.drops).toEqual({ attachments: 2 })
    const kept = one(order(',"unknownBlock":{"any":{"Secret":1,"x":2}},"text":"{\\"attachment\\":1,\\"y\\":2}"'), keeping)
    expect(kept.rescued).toBe('{"unknownBlock":{"any":{"x":2}},"text":{"y":2}}')
    expect(kept.counts.drops).toEqual({ secret: 1, attachments: 1 })
  })
  it("apply to keys that are data", () => {
    const { row, counts } = one(order(',"items":[{"productCategories":{"1":"a","attachment":"b"}}]'))
    expect(row["items"]).toMatchObject([{ product_categories: [{ id: "1", name: "a" }] }])
    expect([row["items"], counts.drops]).toEqual([[expect.objectContaining({ id: null })], { attachments: 1 }])
  })
})

describe("unknown fields", () => {
  it("are counted by path, and not kept", () => {
    const { counts, rescued } = one(order(',"newField":1,"items":[{"extra":1},{"extra":2,"deep":{"er":1}}]'))
    expect([counts.drift, rescued]).toEqual([{ newField: 1, "items[].extra": 2, "items[].deep": 1 }, "null"])
  })
  it("are kept where the contract says so, exactly", () => {
    const { counts, rescued } = one(order(',"newField":{"2":1.50,"1":null},"items":[{},{"extra":"2"}]'), keeping)
    expect(rescued).toBe('{"newField":{"2":1.50,"1":null},"items[1].extra":"2"}')
    expect([counts.drift, counts.rescued]).toEqual([{ newField: 1, "items[].extra": 1 }, {}])
  })
  it("whose keys are data do not get into the report", () => {
    for (const key of ["12", "sku-12345", "a b", "a@b.c", "x".repeat(65), "", "__proto__", "9f8e7d6c", "é"]) expect(driftKey(key)).toBe("*")
    for (const key of ["newField", "line2", "a_b-c", "constructor"]) expect(driftKey(key)).toBe(key)
    const { counts } = one(order(',"__proto__":{"a":1},"constructor":1,"toString":2,"4711":1,"4712":1'), keeping)
    expect(Object.entries(counts.drift).sort()).toEqual([
      ["*", 3],
      ["constructor", 1],
      ["toString", 1]
    ])
  })
  it("are counted by at most 1,000 paths", () => {
    const names = Array.from(
      { length: 1500 },
      (_, i) => `"k${[...i.toString(26)].map((c) => (/\d/.test(c) ? "qwertyuiop".charAt(Number(c)) : c.toUpperCase())).join("")}":1`
    )
    const { counts } = decode(compiledOrders, [order(`,${names.join(",")}`), order(`,${names.slice(990).join(",")}`)])
    expect(Object.keys(counts.drift).length).toBe(1001)
    expect(counts.drift["…"]).toBe(1000)
    expect(sum(counts.drift)).toBe(2010)
  })
})

describe("sensitive values", () => {
  const client = ',"clientProfileData":{"email":" José@X.com ","firstName":"José","encryptedPhone":"gAAAA","age":33,"isCorporate":false}'

  it("are hashed, dropped or kept, and counted", () => {
    const { row, counts, rescued } = one(order(`${client},"geo":[-47.5,"-15.80"]`))
    expect(row["client_profile_data"]).toEqual({
      email: hash("josé@x.com"),
      first_name: null,
      encrypted_phone: "gAAAA",
      age: hash("33"),
      is_corporate: false
    })
    expect(row["geo"]).toEqual([hash("-47.5"), hash("-15.8")])
    expect(counts.masked).toEqual({
      "client_profile_data.email": 1,
      "client_profile_data.first_name": 1,
      "client_profile_data.age": 1,
      geo: 2
    })
    expect(rescued).toBe("null")
  })
  it("of different spelling share a hash", () => {
    const email = (text: string) => one(order(`,"clientProfileData":{"email":${JSON.stringify(text)}}`)).row["client_profile_data"]
    expect(email("Jose\u0301@x.com")).toEqual(email("JOS\u00c9@X.COM "))
  })
  it("are null without a key, and still counted", () => {
    const { row, counts } = one(order(client), compiledOrders, { hashKey: null })
    expect(row["client_profile_data"]).toEqual({ email: null, first_name: null, encrypted_phone: "gAAAA", age: null, is_corporate: false })
    expect(counts.masked["client_profile_data.email"]).toBe(1)
  })
  it("never get into _rescued, wherever they stand", () => {
    const secret = "bruce@wayne.com"
    const inside = JSON.stringify({ Email: secret })
    const records = [
      `,"clientProfileData":"${secret}"`,
      `,"clientProfileData":[${inside}]`,
      `,"clientProfileData":{"email":{"x":"${secret}"}}`,
      `,"clientProfileData":{"age":"${secret}"}`,
      `,"clientProfileData":{"emial":"${secret}"}`,
      `,"clientProfileData":"{\\"email\\":\\"${secret}\\""`,
      `,"geo":"${secret}"`,
      `,"geo":["${secret}"]`,
      `,"items":${inside}`,
      `,"items":${JSON.stringify(inside)}`,
      `,"items":${JSON.stringify(inside.slice(0, -1))}`,
      `,"items":[{"price":${inside}}]`,
      `,"items":[{"price":${JSON.stringify(inside)}}]`,
      `,"unknown":{"list":[${inside}]}`,
      `,"unknown":${JSON.stringify(JSON.stringify([{ a: inside }]))}`,
      `,"email":"${secret}"`,
      `,"value":${JSON.stringify(`oops ${inside}`)}`,
      `,"value":${JSON.stringify(`{"\\u0065mail":"${secret}"} trailing`)}`,
      `,"value":${JSON.stringify(JSON.stringify(inside))}`,
      `,"value":${JSON.stringify(JSON.stringify({ note: inside.slice(0, -1) }))}`,
      `,"items":[{"price":${JSON.stringify(JSON.stringify(`see ${inside}`))}}]`,
      `,"unknown":${JSON.stringify(`"{\\"\\u0065mail\\":\\"${secret}\\"}"`)}`
    ]
    for (const hashKey of [new TextEncoder().encode("key"), null])
      for (const record of records) {
        const { rescued } = one(order(record), keeping, { hashKey })
        expect(rescued).not.toContain("wayne")
        expect(rescued).toContain('{"masked":')
        expect(() => JSON.parse(rescued)).not.toThrow()
      }
  })
  it("leave a stand-in that tells equal values and their size", () => {
    const { rescued } = one(order(',"clientProfileData":{"age":"Old"}'))
    expect(JSON.parse(rescued)).toEqual({ "clientProfileData.age": { masked: hash("old"), bytes: 3 } })
    expect(JSON.parse(one(order(',"clientProfileData":{"firstName":{}}')).rescued)).toEqual({
      "clientProfileData.firstName": { masked: null, bytes: 2 }
    })
  })
  it("that the contract keeps are rescued as they are", () => {
    expect(one(order(',"clientProfileData":{"encryptedPhone":["a"]}')).rescued).toBe('{"clientProfileData.encryptedPhone":["a"]}')
  })
  it("are masked under their keys inside of columns of JSON, in every form, and counted", () => {
    const custom = { apps: [{ Email: " A@x.com", fields: { FirstName: "José", age: 33.5, a: 1 } }], email: null, name: "kept" }
    const masked = (text: string, size: number) => `{"masked":"${hash(text)}","bytes":${size}}`
    const expected = `{"apps":[{"Email":${masked("a@x.com", 8)},"fields":{"FirstName":{"masked":null,"bytes":5},"age":${masked("33.50", 5)},"a":1}}],"email":null,"name":"kept"}`
    const text = JSON.stringify(custom).replace("33.5", "33.50")
    for (const raw of [text, JSON.stringify(text), JSON.stringify(JSON.stringify(text))]) {
      const { row, counts, rescued } = one(order(`,"customData":${raw}`))
      expect([row["custom_data"], counts.masked, rescued]).toEqual([expected, { custom_data: 3 }, "null"])
    }
    const object = one(order(',"customData":{"email":{"2":1.50,"1":null}}'))
    expect(object.row["custom_data"]).toBe(`{"email":${masked('{"2":1.50,"1":null}', 19)}}`)
    expect(object.counts.masked).toEqual({ custom_data: 1 })
  })
  it("are masked in texts inside of columns of JSON", () => {
    const secret = JSON.stringify({ email: "bruce@wayne.com" })
    for (const text of [secret, secret.slice(0, -1), `oops ${secret}`, JSON.stringify(secret), JSON.stringify([{ a: `see ${secret}` }])])
      for (const custom of [text, { note: text }, [[text]]])
        for (const raw of [JSON.stringify(custom), JSON.stringify(JSON.stringify(custom))]) {
          const { row, counts } = one(order(`,"customData":${raw}`))
          expect(row["custom_data"]).not.toContain("wayne")
          expect(() => JSON.parse(String(row["custom_data"]))).not.toThrow()
          expect(counts.masked).toEqual({ custom_data: 1 })
        }
    const harmless = { a: 'say "hello"', b: '{"x": 1.50}', c: '"text"', d: "[1]" }
    expect(one(order(`,"customData":${JSON.stringify(harmless)}`)).row["custom_data"]).toBe(JSON.stringify(harmless))
  })
  it("that a field had before fill it, and are masked wherever its own key is", () => {
    const fields = { ...definition.fields, contact: text("A.", { sensitive: "hash", formerly: ["mailAddress"] }) }
    const compiled = compileContract(defineContract({ ...definition, fields }))
    const { row } = one(order(',"MAILADDRESS":"b@x.com","customData":{"mailAddress":"a@x.com"}'), compiled)
    expect(row["contact"]).toBe(hash("b@x.com"))
    expect(row["custom_data"]).toBe(`{"mailAddress":{"masked":"${hash("a@x.com")}","bytes":7}}`)
  })
  it("inside of columns of JSON with a policy are masked, or kept, with the whole", () => {
    const custom = '{"email":"a@x.com"}'
    const column = (sensitive: "hash" | "drop" | "keep") => {
      const fields = { ...definition.fields, customData: json("Every store's own.", { sensitive }) }
      const { row, counts } = one(order(`,"customData":${custom}`), compileContract(defineContract({ ...definition, fields })))
      return [row["custom_data"], counts.masked]
    }
    expect(column("keep")).toEqual([custom, {}])
    expect(column("hash")).toEqual([hash(custom), { custom_data: 1 }])
    expect(column("drop")).toEqual([null, { custom_data: 1 }])
  })
  it("are told in columns of JSON by keys that are sensitive in most of their places", () => {
    for (const contract of vtex.contracts) {
      const { sensitiveKeys, tellingKeys } = makePlan(contract)
      const others = [...sensitiveKeys.keys()].filter((key) => !tellingKeys.has(key))
      expect(others.sort()).toEqual(["description", "id"])
      for (const key of ["email", "firstname", "lastname", "document", "phone", "receivername", "street", "number", "cardnumber"])
        expect(tellingKeys.has(key)).toBe(true)
      for (const key of ["name", "value", "items", "address", "quantity"]) expect(sensitiveKeys.has(key)).toBe(false)
    }
    const compiled = compileContract(vtex.contracts[0] ?? orders)
    const items = [{ id: "1", assemblies: [{ id: "gift", inputValues: { email: "a@x.com", document: "1", text: "Hi" } }] }]
    const { row } = one(
      JSON.stringify({ orderId: "1", creationDate: "2024-01-01", lastChange: "2024-01-01", items, changeData: { email: "a@x.com" } }),
      compiled
    )
    const email = `{"masked":"${hash("a@x.com")}","bytes":7}`
    expect(row["change_data"]).toBe(`{"email":${email}}`)
    expect(row["items"]).toMatchObject([
      { assemblies: `[{"id":"gift","inputValues":{"email":${email},"document":{"masked":"${hash("1")}","bytes":1},"text":"Hi"}}]` }
    ])
  })
})
