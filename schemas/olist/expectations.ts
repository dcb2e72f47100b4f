import type { Expectation } from "../../src/contract/index.ts"

/** An amount that nobody owes the other way round. @param column a decimal */
export const notNegative = (column: string): Expectation => ({
  name: `${column.replaceAll("_", "-")}-not-negative`,
  description: "The amount is not negative.",
  column,
  reads: [column],
  severity: "warn",
  holds: ({ [column]: amount }) => typeof amount !== "bigint" || amount >= 0n
})

/** Programs that take a zip code for a number lose the zeros in front. @param column a text */
export const zipOfFiveDigits = (column: string): Expectation => ({
  name: "zip-of-five-digits",
  description: "The zip code has all of its first five digits, zeros too.",
  column,
  reads: [column],
  severity: "warn",
  holds: ({ [column]: zip }) => typeof zip !== "string" || /^\d{5}$/.test(zip)
})
