import type { TestResult } from "./audit-result.ts"

/** What the tests of a build came to, in numbers: for the `runs` table and for people. */
export interface TestCounts {
  readonly passed: number
  readonly warned: number
  readonly failed: number
}

export const countTests = (tests: ReadonlyArray<Pick<TestResult, "status">>): TestCounts => {
  const of = (wanted: TestResult["status"]) => tests.filter(({ status }) => status === wanted).length
  return { passed: of("pass"), warned: of("warn"), failed: of("fail") }
}

/** A test as lineage tells it, by OpenLineage's `dataQualityAssertions`: in numbers only, no key of a failing row. */
export interface TestAssertion {
  readonly assertion: TestResult["check"]
  readonly name: string
  readonly description: string
  readonly severity: TestResult["severity"]
  /** As the test was told to judge: `warn_if` and `error_if` may let some rows fail. */
  readonly success: boolean
  readonly column?: string
  readonly expected: string
  readonly actual: string
}

export const assertionsOf = (tests: ReadonlyArray<TestResult>): ReadonlyArray<TestAssertion> =>
  tests.map(({ name, column, check, severity, status, failures }) => ({
    assertion: check,
    name,
    description: describe[check],
    severity,
    success: status === "pass",
    ...(column === null ? {} : { column }),
    expected: "0 rows",
    actual: `${failures} rows`
  }))

const describe: { readonly [check in TestResult["check"]]: string } = {
  unique: "No value is there twice.",
  not_null: "A value is there.",
  accepted_values: "The value is one of those that are accepted.",
  relationships: "The value is one of another table's.",
  range: "The value is not below the smallest that is accepted, nor above the largest.",
  expression: "The condition holds.",
  singular: "The test's SELECT gives no row.",
  freshness: "The newest row of an input is not older than it may be.",
  unit: "Of given rows come those that are expected."
}
