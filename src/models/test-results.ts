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
