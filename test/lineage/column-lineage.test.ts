import { assert, describe, it } from "@effect/vitest"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { consumableLineage, deadLetterLineage, stageLineage } from "../../src/lineage/column-lineage.ts"
import { leafPaths } from "../../src/lineage/columns.ts"
import type { ColumnLineage, SchemaField } from "../../src/lineage/facets.ts"
import { contractFields } from "../../src/lineage/origins.ts"
import { deadLetterColumns } from "../../src/record/dead-letter.ts"
import { stageColumns, stagePartitions } from "../../src/record/system-columns.ts"
import { compiledParcels } from "../contract/parcels.ts"
import { orders } from "./fixtures.ts"

const source = { namespace: "file", name: "/data/in" }
const all = [orders, compiledParcels, ...vtex.contracts.map(compileContract)]

/** `field | subtype | masking` of a column's only input. */
const told = ({ fields }: ColumnLineage, column: string): string => {
  const inputs = fields[column]?.inputFields ?? []
  assert.lengthOf(inputs, 1, column)
  const [{ field, transformations } = { field: "", transformations: [] }] = inputs
  const [how] = transformations
  return `${field} | ${how?.subtype} | ${how?.masking}`
}

const paths = (fields: ReadonlyArray<SchemaField>, parent = ""): ReadonlyArray<string> =>
  fields.flatMap((each) => [parent + each.name, ...paths(each.fields ?? [], `${parent}${each.name}.`)])

describe("stage", () => {
  const lineage = stageLineage(orders, [source], { attachments: 4 }, "source")

  it("each column from its field", () => {
    assert.strictEqual(told(lineage, "order_id"), "orderId | IDENTITY | false")
    assert.strictEqual(told(lineage, "value"), "value | TRANSFORMATION | false")
    assert.strictEqual(told(lineage, "last_change"), "lastChange | TRANSFORMATION | false")
    assert.strictEqual(told(lineage, "items.element.unit_price"), "items.element.unitPrice | TRANSFORMATION | false")
    assert.strictEqual(told(lineage, "_arrived_at"), "_arrived_at | IDENTITY | false")
    assert.strictEqual(told(lineage, "ingest_date"), "_arrived_at | TRANSFORMATION | false")
    assert.strictEqual(told(lineage, "_rescued"), "_record | TRANSFORMATION | false")
  })

  it("entries come from the object whose keys are data", () => {
    const categories = "items.element.productCategories"
    assert.strictEqual(told(lineage, "items.element.product_categories.element.id"), `${categories}.key | TRANSFORMATION | false`)
    assert.strictEqual(told(lineage, "items.element.product_categories.element.name"), `${categories}.value | TRANSFORMATION | false`)
  })

  it("what is hashed or dropped is masked, what is kept is not", () => {
    assert.strictEqual(told(lineage, "client_profile.email"), "clientProfile.email | TRANSFORMATION | true")
    assert.strictEqual(told(lineage, "client_profile.phone"), "clientProfile.phone | TRANSFORMATION | true")
    assert.strictEqual(told(lineage, "client_profile.first_name"), "clientProfile.firstName | IDENTITY | false")
  })

  it("fields that rules leave out are there, with rule, reason and count", () => {
    const left = lineage.dataset.flatMap(({ field, transformations }) =>
      transformations.filter(({ masking }) => masking).map(({ description }) => `${field}: ${description}`)
    )
    assert.deepStrictEqual(left, [
      "*attachment*: left out: attachments, customizable names (4 values)",
      "items.element.assemblyOptions: left out: assembly-options, keys are free text"
    ])
  })

  it("what decides whether a record becomes a row", () => {
    const filters = ({ dataset }: ColumnLineage) =>
      dataset.filter(({ transformations }) => transformations.some(({ masking }) => !masking)).map(({ field }) => field)
    assert.deepStrictEqual(filters(lineage), ["orderId", "lastChange", "creationDate", "items.element.unitPrice"])
    const ofParcels = stageLineage(compiledParcels, [source], {}, "source")
    assert.deepStrictEqual(filters(ofParcels), ["carrier", "parcelNumber", "scannedAt", "revision"])
  })

  it("from dead letters everything comes out of the raw bytes", () => {
    const replayed = stageLineage(orders, [source], {}, "dead letters")
    assert.strictEqual(told(replayed, "client_profile.email"), "raw | TRANSFORMATION | true")
    assert.strictEqual(told(replayed, "_shard"), "_shard | IDENTITY | false")
  })

  it("of several sources each is named", () => {
    const two = stageLineage(orders, [source, { namespace: "file", name: "/data/more" }], {}, "source")
    assert.deepStrictEqual(
      two.fields["order_id"]?.inputFields.map(({ name }) => name),
      ["/data/in", "/data/more"]
    )
  })
})

for (const compiled of all) {
  describe(`every column of ${compiled.contract.name}`, () => {
    it("stage: has its lineage, from a field that the source's schema has", () => {
      const { fields } = stageLineage(compiled, [source], {}, "source")
      assert.deepStrictEqual(Object.keys(fields).sort(), [...leafPaths([...stageColumns(compiled.columns), ...stagePartitions])].sort())
      const known = new Set(paths(contractFields(compiled).sourceSchema))
      const strangers = Object.values(fields).flatMap(({ inputFields }) =>
        inputFields.map(({ field }) => field).filter((field) => !known.has(field))
      )
      assert.deepStrictEqual(strangers, [])
    })

    it("consumable: has its lineage, from columns of stage; the others are told as left out", () => {
      const stage = new Set(leafPaths([...stageColumns(compiled.columns), ...stagePartitions]))
      const lineage = consumableLineage(compiled, [source])
      for (const { inputFields } of Object.values(lineage.fields))
        for (const { field } of inputFields) assert.isTrue(stage.has(field), field)
      const out = lineage.dataset.filter(({ transformations }) => transformations.some(({ masking }) => masking)).map(({ field }) => field)
      for (const path of leafPaths(compiled.columns)) {
        const above = out.filter((field) => path === field || path.startsWith(`${field}.`))
        assert.strictEqual(above.length, path in lineage.fields ? 0 : 1, path)
      }
    })
  })
}

describe("consumable", () => {
  const lineage = consumableLineage(orders, [source])
  const ofParcels = consumableLineage(compiledParcels, [source])

  it("one row per key and version", () => {
    const windows = ({ dataset }: ColumnLineage) =>
      dataset.filter(({ transformations }) => transformations.some(({ subtype }) => subtype === "WINDOW")).map(({ field }) => field)
    assert.deepStrictEqual(windows(lineage), ["order_id", "last_change"])
    assert.deepStrictEqual(windows(ofParcels), ["carrier", "parcel_number", "revision"])
  })

  it("the day comes from the event time or its fallback", () => {
    const dayOf = ({ fields }: ColumnLineage) => fields["change_date"]?.inputFields.map(({ field }) => field)
    assert.deepStrictEqual(dayOf(lineage), ["last_change", "creation_date"])
    assert.deepStrictEqual(dayOf(ofParcels), ["scanned_at"])
  })

  it("what is left out here says by which rule, whatever the case of its path", () => {
    const out = lineage.dataset.find(({ field }) => field === "custom_data")
    assert.strictEqual(out?.transformations[0]?.description, "left out: custom-data, every store has its own")
  })
})

describe("dead letters", () => {
  const columns = new Set([...leafPaths(deadLetterColumns), "ingest_date"])

  it("of a batch: the record as it came, and what was wrong with it", () => {
    const lineage = deadLetterLineage([source], "source")
    assert.strictEqual(told(lineage, "raw"), "_record | IDENTITY | false")
    assert.strictEqual(told(lineage, "reason"), "_record | TRANSFORMATION | false")
    for (const column of Object.keys(lineage.fields)) assert.isTrue(columns.has(column), column)
  })

  it("of a replay: the letters that are left", () => {
    const lineage = deadLetterLineage([source], "dead letters")
    assert.deepStrictEqual(new Set(Object.keys(lineage.fields)), columns)
    assert.strictEqual(told(lineage, "raw"), "raw | IDENTITY | false")
  })
})
