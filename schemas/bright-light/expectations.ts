import type { Expectation } from "../../src/contract/index.ts"

/** An amount that nobody owes the other way round. @param column a decimal */
export const notNegative = (column: string, severity: Expectation["severity"] = "warn"): Expectation => ({
  name: `${column.replaceAll("_", "-")}-not-negative`,
  description: "The amount is not negative.",
  column,
  reads: [column],
  severity,
  holds: ({ [column]: amount }) => typeof amount !== "bigint" || amount >= 0n
})

/** At least one of something. @param column an integer */
export const positive = (column: string, severity: Expectation["severity"] = "warn"): Expectation => ({
  name: `${column.replaceAll("_", "-")}-positive`,
  description: "There is at least one.",
  column,
  reads: [column],
  severity,
  holds: ({ [column]: number }) => typeof number !== "number" || number > 0
})

/** Programs that take a zip code for a number lose the zeros in front. @param column a text */
export const zipOfTheUnitedStates = (column = "zip"): Expectation => ({
  name: `${column.replaceAll("_", "-")}-of-five-digits`,
  description: "The zip code has its five digits, zeros too, and four more at most.",
  column,
  reads: [column],
  severity: "warn",
  holds: ({ [column]: zip }) => typeof zip !== "string" || /^\d{5}(-\d{4})?$/.test(zip)
})

/** @param column a text */
export const oneOf = (column: string, words: ReadonlyArray<string>, severity: Expectation["severity"] = "warn"): Expectation => ({
  name: `${column.replaceAll("_", "-")}-known`,
  description: `It is one of ${words.map((word) => `\`${word}\``).join(", ")}.`,
  column,
  reads: [column],
  severity,
  holds: ({ [column]: value }) => typeof value !== "string" || words.includes(value)
})
