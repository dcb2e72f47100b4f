import { assert, describe, it } from "@effect/vitest"
import { facets, type Transformation } from "../../src/lineage/facets.ts"
import { assertionsOf, modelColumnLineage, testedRows } from "../../src/lineage/model-lineage.ts"
import { datasetName } from "../../src/lineage/names.ts"
import { runEvent } from "../../src/lineage/openlineage.ts"
import type { SelectLineage } from "../../src/record/column-lineage.ts"
import { everyEvent, settings } from "./fixtures.ts"
import { schemasFolder, skipMessage, validateEvent } from "./validate.ts"

if (schemasFolder === null) console.warn(`Skipped: validation ${skipMessage}`)

const items = datasetName("s3://lake/consumable/items")
const sums = datasetName("s3://lake/marts/sums")
const datasets = new Map([["consumable_items", items]])

const lineage: SelectLineage = {
  columns: [
    { output: "order_id", inputs: [{ relation: "consumable_items", column: "order_id", type: "DIRECT", kind: "IDENTITY" }] },
    {
      output: "total",
      inputs: [
        { relation: "consumable_items", column: "price", type: "INDIRECT", kind: "CONDITIONAL" },
        { relation: "Consumable_Items", column: "price", type: "DIRECT", kind: "AGGREGATION" }
      ]
    },
    { output: "one", inputs: [] },
    { output: "unknown", inputs: null },
    { output: "elsewhere", inputs: [{ relation: "elsewhere", column: "x", type: "DIRECT", kind: "IDENTITY" }] }
  ],
  whole: [{ relation: "consumable_items", column: "price", type: "INDIRECT", kind: "FILTER" }]
}

const tests = assertionsOf([
  {
    name: "unique_sums_order_id",
    model: "sums",
    column: "order_id",
    check: "unique",
    severity: "error",
    status: "fail",
    failures: 2
  }
])

const how = (type: Transformation["type"], subtype: Transformation["subtype"]): Transformation => ({
  type,
  subtype,
  description: "",
  masking: false
})

describe("the lineage of a model's table", () => {
  it("tells of each column that is made of others, and once of what decides on all", () => {
    assert.deepStrictEqual(modelColumnLineage(lineage, datasets), {
      fields: {
        order_id: { inputFields: [{ ...items, field: "order_id", transformations: [how("DIRECT", "IDENTITY")] }] },
        total: {
          inputFields: [{ ...items, field: "price", transformations: [how("INDIRECT", "CONDITIONAL"), how("DIRECT", "AGGREGATION")] }]
        }
      },
      dataset: [{ ...items, field: "price", transformations: [how("INDIRECT", "FILTER")] }]
    })
  })

  it("claims nothing where nothing is decided", () => {
    assert.strictEqual(modelColumnLineage({ columns: null, whole: null }, datasets), undefined)
  })

  it("tells what tests found in numbers, without keys, and nothing where there are none", () => {
    assert.strictEqual(testedRows([]), undefined)
    assert.deepStrictEqual(testedRows(tests), {
      assertions: [
        {
          assertion: "unique",
          name: "unique_sums_order_id",
          description: "No value is there twice.",
          severity: "error",
          success: false,
          column: "order_id",
          expected: "0 rows",
          actual: "2 rows"
        }
      ]
    })
  })

  it.skipIf(schemasFolder === null)("is valid OpenLineage", () => {
    const { producer } = settings()
    const [started] = Object.values(everyEvent("orders"))
    if (started === undefined) return assert.fail("there is no event")
    for (const each of [lineage, { columns: null, whole: null }]) {
      const event = {
        ...runEvent(started, settings()),
        inputs: [{ ...sums, inputFacets: facets(producer, "input", { dataQualityAssertions: testedRows(tests) }) }],
        outputs: [{ ...sums, facets: facets(producer, "dataset", { columnLineage: modelColumnLineage(each, datasets) }) }]
      }
      assert.deepStrictEqual(validateEvent(JSON.parse(JSON.stringify(event))), [])
    }
  })
})
