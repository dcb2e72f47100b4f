import type { TestOutcome } from "../record/report.ts"
import type { Check } from "./model.ts"

/** What came of a test. */
export type TestStatus = TestOutcome["status"]

/** What one test found in the rows of a model, and where to look. */
export interface TestResult extends TestOutcome {
  /** Its kind. `unit` is a unit test, whose rows are the project's own; `freshness` looks how old an input is. */
  readonly check: Check["kind"] | "unit" | "freshness"
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
