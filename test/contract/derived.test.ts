import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { glueTable } from "../../src/catalog/glue-table.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { deadLettersMarkdown } from "../../src/contract/dead-letters.ts"
import { jsonSchema } from "../../src/contract/json-schema.ts"
import { contractMarkdown } from "../../src/contract/markdown.ts"
import { outputDatasets } from "../../src/lineage/datasets.ts"
import { deadLetterReasons } from "../../src/record/dead-letter-reasons.ts"
import { deltaSchema } from "../../src/table/schema.ts"
import { orders } from "./orders.ts"
import { definition as parcelDefinition, parcels } from "./parcels.ts"

describe("who answers for a dataset, and how it is treated", () => {
  const about = {
    steward: "data office",
    sourceSystem: "WMS",
    costTag: "cc-7",
    refreshEvery: "15 minutes",
    approval: { by: "VP of logistics", on: "2026-11-02" },
    domain: "logistics",
    systemOwner: "warehouse IT",
    sourceType: "stream",
    loadFrequency: "5 minutes",
    retention: "400 days",
    legalBasis: "contract of carriage",
    status: "certified",
    contact: "#logistics",
    glossary: ["parcel", "shipment"]
  } as const
  const governed = defineContract({ ...parcelDefinition, ...about, tags: { entity: "parcel" } })
  const told = {
    steward: "data office",
    source_system: "WMS",
    sensitivity: "internal",
    approved_by: "VP of logistics",
    approved_on: "2026-11-02",
    cost_tag: "cc-7",
    refresh_every: "15 minutes",
    domain: "logistics",
    system_owner: "warehouse IT",
    source_type: "stream",
    load_frequency: "5 minutes",
    retention: "400 days",
    legal_basis: "contract of carriage",
    status: "certified",
    contact: "#logistics",
    glossary_terms: "parcel, shipment",
    title: "Parcels"
  }
  it("is in the catalog, and on the page", () => {
    expect(glueTable(compileContract(governed), "consumable", deltaSchema([]), [])).toMatchObject({
      owner: "warehouse",
      parameters: { ...told, domain: "logistics" }
    })
    const page = contractMarkdown(governed)
    for (const line of [
      "| Steward | data office |",
      "| Source system | WMS |",
      "| Cost tag | cc-7 |",
      "| Refresh every | 15 minutes |",
      "| Glossary terms | parcel, shipment |",
      "| Update mode |",
      "| Approved on | 2026-11-02 |"
    ])
      expect(page).toContain(line)
  })
  it("is in lineage", () => {
    const output = { uri: "file:///lake/stage/parcels", path: "stage/parcels", version: 1, created: true, rows: 1, bytes: 1, files: 1 }
    const context = {
      producer: "p",
      compiled: compileContract(governed),
      kind: "batch",
      report: undefined,
      at: "2026-11-20T07:00:00Z"
    } as const
    const [dataset] = outputDatasets([output], [], context)
    expect(dataset?.facets.ownership?.owners).toEqual([
      { name: "warehouse", type: "MAINTAINER" },
      { name: "data office", type: "STEWARD" }
    ])
    expect(Object.fromEntries((dataset?.facets.tags?.tags ?? []).map(({ key, value }) => [key, value]))).toMatchObject(told)
  })
  it.each(["", "yesterday", "2026-13-01", "2026-02-30"])("is told what is no day: %j", (on) => {
    const { problems } = defineContract({ ...parcelDefinition, approval: { by: "somebody", on } })
    expect(problems.join()).toContain("approval.on is")
  })
  it.each(["", "hourly", "0 hours", "5 seconds", 5])("is told what is no interval: %j", (refreshEvery) => {
    const { problems } = defineContract({ ...parcelDefinition, refreshEvery: refreshEvery as string })
    expect(problems.join()).toContain('give an interval such as "5 minutes", "1 hour" or "1 day"')
  })
})

describe("JSON Schema", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  const valid = ajv.compile(jsonSchema(orders))
  const check = (record: unknown) => valid(record)

  it.each<[string, unknown]>([
    ["typed", { orderId: "1", lastChange: "2024-01-01", items: [{ id: "1", price: 5, productCategories: { "1": "a" } }], value: 5 }],
    ["raw", { OrderId: "1", CreationDate: "2024-01-01T00:00:00.1234567Z", Items: '[{"id":"1"}]', Value: "1160", IsCompleted: "true" }],
    ["empty texts", { orderId: "1", lastChange: "2024-01-01", value: "", isCompleted: "", customData: { "any thing": 1 } }],
    ["unknown fields", { orderId: "1", lastChange: "2024-01-01", other: 1 }]
  ])("takes %s", (_, record) => expect(check(record), ajv.errorsText(valid.errors)).toBe(true))

  it.each<[string, unknown]>([
    ["no key", { lastChange: "2024-01-01" }],
    ["no event time", { orderId: "1" }],
    ["a number that is none", { orderId: "1", lastChange: "2024-01-01", value: "abc" }],
    ["a list that is none", { orderId: "1", lastChange: "2024-01-01", items: 5 }],
    ["a bad item", { orderId: "1", lastChange: "2024-01-01", items: [{ price: true }] }],
    ["a record that is a list", []]
  ])("refuses %s", (_, record) => expect(check(record)).toBe(false))

  it("asks for every part of the key, and for a version that is not the event time", () => {
    const valid = ajv.compile(jsonSchema(parcels))
    const parcel = { carrier: "dhl", number: 7, revision: 1, scannedAt: 1704067200000 }
    expect(valid(parcel)).toBe(true)
    for (const key of Object.keys(parcel))
      expect(valid(Object.fromEntries(Object.entries(parcel).filter(([name]) => name !== key))), key).toBe(false)
  })

  it("takes keys in another case where the contract does", () => {
    expect(check({ OrderId: "1", LastChange: "2024-01-01", Value: "x" })).toBe(false)
    const exactly = ajv.compile(jsonSchema(parcels))
    const parcel = { carrier: "dhl", parcelNumber: 7, revision: 1, scannedAt: 1704067200000 }
    expect([exactly(parcel), exactly({ ...parcel, ScannedAt: "x" })]).toEqual([true, true])
    const { carrier, ...rest } = parcel
    expect(exactly({ ...rest, Carrier: carrier })).toBe(false)
  })

  it("takes values as the contract says that they are written", () => {
    const valid = ajv.compile(jsonSchema(parcels))
    const parcel = { carrier: "dhl", parcelNumber: 7, revision: 1, scannedAt: "1704067200000.5" }
    const written = { promisedOn: "2024-01-01", weight: "1,5", volume: "1.5", soldAt: "01/02/2024 10:00", label: "AA==" }
    expect(valid({ ...parcel, ...written }), ajv.errorsText(valid.errors)).toBe(true)
    for (const wrong of [{ scannedAt: "2024-01-01" }, { weight: "1.5" }, { volume: "1,5" }, { promisedOn: 19000 }, { label: 7 }])
      expect(valid({ ...parcel, ...wrong }), JSON.stringify(wrong)).toBe(false)
  })

  it("says what is sensitive", () => expect(JSON.stringify(jsonSchema(orders))).toContain('"x-sensitive":"hash"'))
})

describe("Markdown", () => {
  const page = contractMarkdown(orders)
  it("shows columns, types, policies, drops with reasons and expectations", () => {
    expect(page).toContain("| `order_id` | text | Id of the order. |  |")
    expect(page).toContain("| `items` | list of document | What was bought. |  |")
    expect(page).toContain("| `items[].product_categories[].name` | text | Name. |  |")
    expect(page).toContain("| `client_profile_data.email` | text | E-mail. | hash |")
    expect(page).toContain("| `geo` | list of text | Longitude, latitude. | hash |")
    expect(page).toContain("| `custom_data` ¹ | json |")
    expect(page).toContain("| `attachments` | any key that contains `attachment` | every table | Free names. |")
    expect(page).toContain("| `custom-data` | `customData` | the table for users | Every store's own. |")
    expect(page).toContain("| Table for users | one row per version, by day of last_change, else of creation_date |")
    expect(page).toContain("| `status-known` | `status` | The state is not forbidden. | the record becomes a dead letter |")
  })
})

describe("docs/dead-letters.md", () => {
  const file = new URL("../../docs/dead-letters.md", import.meta.url)
  it("lists every reason and is not stale", () => {
    const page = readFileSync(file, "utf8")
    for (const reason of Object.keys(deadLetterReasons)) expect(page).toContain(`\`${reason}\``)
    expect(page).toBe(deadLettersMarkdown())
  })
})
