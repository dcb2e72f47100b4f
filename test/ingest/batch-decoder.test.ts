import { expect, it } from "vitest"
import { maySend } from "../../src/ingest/batch-decoder.ts"
import { pageOf } from "../decode/support.ts"

it("records of megabytes are read in one thread, whatever else is in their page, and a page that is only large is not", () => {
  const large = `{"a":"${"x".repeat(1.5 * 2 ** 20)}"}`
  const small = `{"a":"${"x".repeat(400_000)}"}`
  expect(maySend(pageOf([small, large, small]))).toBe(false)
  expect(maySend(pageOf([large]))).toBe(false)
  expect(maySend(pageOf(Array.from({ length: 20 }, () => small)))).toBe(true)
})
