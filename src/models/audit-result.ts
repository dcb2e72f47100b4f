import type { Check, Severity } from "./model.ts"

/** What came of a test: `warn` tells of rows that fail and holds nothing back, `fail` keeps the model's rows from being seen. */
export type TestStatus = "pass" | "warn" | "fail"

/** What one test found in the rows of a model. */
export interface TestResult {
  readonly name: string
  /** The model whose build it was part of. */
  readonly model: string
  readonly column: string | null
  readonly check: Check["kind"]
  readonly severity: Severity
  readonly status: TestStatus
  /** Rows that the test's SELECT gives. */
  readonly failures: number
  /** Keys of failing rows, at most five, as `order_id = 7`. None where there is no key, or where it is sensitive. */
  readonly keys: ReadonlyArray<string>
  /** Where the test stands, from the project's folder. */
  readonly file: string
  readonly line: number
}

/** What the tests of a model found before its commit. */
export interface AuditResult {
  readonly tests: ReadonlyArray<TestResult>
}

/** Do the rows stay unseen? */
export const holdsBack = ({ tests }: AuditResult): boolean => tests.some(({ status }) => status === "fail")
