import { describe, expect, it } from "vitest"
import { checkout } from "../../schemas/vtex/checkout.ts"
import { fulfillment } from "../../schemas/vtex/fulfillment.ts"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import type { Column } from "../../src/record/column.ts"
import { decodeRecords, rawForm } from "./decoded.ts"

/** Every column below these, with its path. */
const walk = (columns: ReadonlyArray<Column>, path = ""): ReadonlyArray<readonly [path: string, column: Column]> =>
  columns.flatMap((column): ReadonlyArray<readonly [string, Column]> => {
    const own = column.name === "element" ? path : path === "" ? column.name : `${path}.${column.name}`
    const below = column.kind === "struct" ? column.fields : column.kind === "list" ? [column.element] : []
    return [[own, column], ...walk(below, own)]
  })

const leaves = (columns: ReadonlyArray<Column>) =>
  new Map(walk(columns).flatMap(([path, column]) => (column.kind === "leaf" ? [[path, column] as const] : [])))

const order = { orderId: "v1-01", lastChange: "2026-11-27T10:00:00.1234567Z", creationDate: "2026-11-27T09:00:00Z", value: 1160 }

describe.each(vtex.contracts.map((contract) => [contract.name, contract] as const))("contract %s", (_, contract) => {
  const compiled = compileContract(contract)

  it("says who owns it and how it is read", () => {
    expect(contract.owner).not.toBe("")
    expect(contract.sensitivity).toBe("personal")
    expect(contract.description.length).toBeGreaterThan(40)
    expect(contract.domain).toBe("commerce")
    const { key, version, eventTime } = compiled.identity
    expect([key, version, eventTime]).toEqual([["order_id"], ["last_change", "creation_date"], ["last_change", "creation_date"]])
  })

  it("describes every column in a sentence", () => {
    for (const [path, { description }] of walk(compiled.columns)) {
      expect(description, path).toMatch(/^[\p{Lu}`][^\n]{2,200}[.?!…]$/u)
    }
  })

  it("has no column whose name a drop rule forbids", () => {
    for (const columns of [compiled.columns, compiled.consumableColumns])
      for (const [path, column] of walk(columns)) {
        expect(path).not.toMatch(/attachment|assembly_options|assemblyoptions|matched_parameters|connector_responses|extra_context/i)
        expect(column.name).toMatch(/^[a-z][a-z0-9_]*$/)
      }
    const consumable = walk(compiled.consumableColumns).map(([path]) => path)
    expect(consumable.filter((path) => /custom_data|commercial_condition_data|connector_responses/.test(path))).toEqual([])
    expect(consumable).toContain("payment_data.payments.value")
  })

  it("gives a reason for every drop, and only warns", () => {
    for (const rule of contract.drops) expect(rule.reason.length, rule.name).toBeGreaterThan(20)
    for (const expectation of contract.expectations) expect(expectation.severity, expectation.name).toBe("warn")
  })

  it("masks what identifies a person, pays or is free text", () => {
    const columns = leaves(compiled.columns)
    const policy = (path: string) => {
      const column = columns.get(path)
      return column?.kind === "leaf" ? column.sensitive : "no such column"
    }
    for (const path of [
      "client_profile_data.email",
      "client_profile_data.document",
      "client_profile_data.corporate_document",
      "client_profile_data.last_name",
      "client_profile_data.phone",
      "shipping_data.address.receiver_name",
      "shipping_data.address.street",
      "shipping_data.address.number",
      "shipping_data.contact_information.email",
      "call_center_operator_data.email",
      "call_center_operator_data.user_name",
      "follow_up_email"
    ])
      expect(policy(path), path).toBe("hash")
    for (const path of [
      "open_text_field",
      "gift_registry_data.description",
      "shipping_data.address.complement",
      "shipping_data.address.geo_coordinates",
      "payment_data.transactions.payments.card_number",
      "payment_data.transactions.payments.card_holder",
      "payment_data.transactions.payments.cvv2",
      "payment_data.transactions.payments.first_digits",
      "payment_data.transactions.payments.last_digits",
      "payment_data.transactions.payments.expire_year",
      "payment_data.transactions.payments.redemption_code",
      "payment_data.transactions.payments.bank_issued_invoice_bar_code_number",
      "payment_data.gift_cards.redemption_code",
      "payment_data.payments.bin"
    ])
      expect(policy(path), path).toBe("drop")
    // What regions and shops are analysed by.
    for (const path of ["city", "state", "country", "postal_code", "neighborhood"])
      expect(policy(`shipping_data.address.${path}`), path).toBeUndefined()
    expect(policy("shipping_data.logistics_info.pickup_store_info.address.street")).toBeUndefined()
  })

  it("holds money as integers and ids as text", () => {
    for (const [path, column] of leaves(compiled.columns)) {
      const name = path.slice(path.lastIndexOf(".") + 1)
      if (column.kind !== "leaf") continue
      if (/^(value|price|list_price|selling_price|tax|cost_price|total|reference_value)$/.test(name) && !path.startsWith("custom"))
        expect(column.leaf.type, path).toBe("long")
      if (/(^|_)id$/.test(name)) expect(column.leaf.type, path).toBe("text")
      if (/_date$|_date_utc$/.test(name) && !/^time_zone|due_date|price_at|has_|subscription/.test(name))
        expect(column.leaf.type, path).toBe("timestamp")
    }
  })

  it("takes an order without items and one without payment", () => {
    const { rows, letters, counts } = decodeRecords(contract, [rawForm({ ...order, items: [] }), rawForm({ ...order, paymentData: null })])
    expect(letters).toEqual([])
    expect(rows).toHaveLength(2)
    expect(counts.quality).toMatchObject({ "items-not-empty": 2 })
  })

  it("leaves the cart out of custom data, and attachments at any depth", () => {
    const customData = {
      customApps: [{ id: "a", fields: { "cart-extra-context": "{}", giftAttachmentNote: 1, "de:": "Lú" } }],
      attachmentId: "customData"
    }
    const { rows, counts } = decodeRecords(contract, [
      rawForm({ ...order, customData }),
      Buffer.from(JSON.stringify({ ...order, customData }))
    ])
    for (const row of rows) expect(row["custom_data"]).toBe('{"customApps":[{"id":"a","fields":{"de:":"Lú"}}]}')
    expect(counts.drops).toEqual({ attachments: 4, "cart-extra-context": 2 })
  })

  it("leaves assembly options out wherever they stand", () => {
    const options = [{ inputValues: { "Free text?": 1 } }]
    const { counts } = decodeRecords(contract, [
      rawForm({ ...order, itemMetadata: { Items: [{ Id: "1", AssemblyOptions: options }] } }),
      Buffer.from(JSON.stringify({ OrderId: "1", LastChange: order.lastChange, Items: [{ Id: "1", AssemblyOptions: options }] }))
    ])
    expect(counts.drops).toEqual({ "metadata-assembly-options": 1, "item-assembly-options": 1 })
    expect(counts.drift).toEqual({})
  })
})

describe("expectations", () => {
  const quality = (document: object) => decodeRecords(checkout, [rawForm({ ...good, ...document })]).counts.quality
  const good = {
    ...order,
    hostname: "store",
    items: [{ id: "1", sellingPrice: 1000 }],
    totals: [
      { id: "Items", value: 1000 },
      { id: "Shipping", value: 160 }
    ],
    storePreferencesData: { currencyCode: "BRL" }
  }

  it.each([
    ["value-present", { value: null }],
    ["value-not-negative", { value: -1, totals: [] }],
    ["value-is-sum-of-totals", { value: 1161 }],
    ["items-not-empty", { items: [] }],
    ["item-prices-not-negative", { items: [{ id: "1", sellingPrice: -1 }] }],
    ["currency-present", { storePreferencesData: null }],
    ["hostname-present", { hostname: "" }],
    ["changed-after-created", { creationDate: "2027-01-01T00:00:00Z" }]
  ])("%s", (name, document) => {
    expect(quality({})).toEqual({})
    expect(quality(document)).toEqual({ [name]: 1 })
  })

  it("has a test for each", () => {
    expect(checkout.expectations).toHaveLength(8)
  })
})

describe("the two contracts", () => {
  it("agree on every column that both have", () => {
    const names = new Set(compileContract(checkout).columns.map(({ name }) => name))
    expect(compileContract(fulfillment).columns.filter(({ name }) => names.has(name))).toEqual(compileContract(checkout).columns)
  })
})
