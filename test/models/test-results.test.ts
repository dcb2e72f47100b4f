import { describe, expect, it } from "vitest"
import type { Assertion } from "../../src/lineage/facets.ts"
import { assertionsOf } from "../../src/lineage/model-lineage.ts"
import type { TestResult } from "../../src/models/audit-result.ts"
import { countTests } from "../../src/models/test-results.ts"

const result = (given: Partial<TestResult>): TestResult => ({
  name: "unique_orders_order_id",
  model: "orders",
  column: "order_id",
  check: "unique",
  severity: "error",
  status: "pass",
  failures: 0,
  keys: [],
  file: "models/orders.yml",
  line: 1,
  ...given
})

describe("results of tests", () => {
  const tests = [
    result({}),
    result({ status: "warn", severity: "warn", failures: 2, keys: ["order_id = 4711"] }),
    result({ status: "fail", column: null, check: "singular", failures: 1 })
  ]

  it("are counted", () => {
    expect(countTests(tests)).toEqual({ passed: 1, warned: 1, failed: 1 })
    expect(countTests([])).toEqual({ passed: 0, warned: 0, failed: 0 })
  })

  it("are assertions of lineage, which tell no key", () => {
    const assertions: ReadonlyArray<Assertion> = assertionsOf(tests)
    expect(assertions.map(({ success, actual, column }) => [success, actual, column])).toEqual([
      [true, "0 rows", "order_id"],
      [false, "2 rows", "order_id"],
      [false, "1 rows", undefined]
    ])
    expect(JSON.stringify(assertions)).not.toContain("4711")
  })
})
