import type { DropRule, Expectation } from "../../src/contract/contract.ts"
import type { Value } from "../../src/record/column.ts"

/** Keys of the raw objects of a table of the shop. Those without the segment `/id/` are of nobody. */
export const keysOf = (table: string): ReadonlyArray<string> => [`**${table}*/**/id/**`, `**/id/**${table}**`]

/** What is left out of every order, whoever wrote it. Paths are matched in any case, so one rule serves Checkout and Orders. */
export const orderDrops: ReadonlyArray<DropRule> = [
  {
    name: "attachments",
    keyContains: "attachment",
    from: "stage",
    reason: "Shops define attachments freely: names with blanks and special characters, which Hive and Athena cannot hold."
  },
  {
    name: "metadata-assembly-options",
    path: "itemMetadata.items[].assemblyOptions",
    from: "stage",
    reason: "Keys of `inputValues` are free text, written by each shop."
  },
  {
    name: "item-assembly-options",
    path: "items[].assemblyOptions",
    from: "stage",
    reason: "Keys of `inputValues` are free text, written by each shop; the place where Orders has them."
  },
  {
    name: "matched-parameters",
    path: "ratesAndBenefitsData.rateAndBenefitsIdentifiers[].matchedParameters",
    from: "stage",
    reason: "Keys are expressions, such as `Seller@CatalogSystem`."
  },
  {
    name: "benefit-additional-info",
    path: "ratesAndBenefitsData.rateAndBenefitsIdentifiers[].additionalInfo",
    from: "stage",
    reason: "Keys are expressions, such as `Seller@CatalogSystem`."
  },
  {
    name: "cart-extra-context",
    path: "customData.customApps[].fields.cart-extra-context",
    from: "stage",
    reason: "A large copy of the cart that an app keeps for itself."
  },
  {
    name: "connector-responses",
    path: "paymentData.transactions[].payments[].connectorResponses",
    from: "stage",
    reason: "Answers of the acquirer: payment data, with keys of its own."
  },
  {
    name: "custom-data",
    path: "customData",
    from: "consumable",
    reason: "Every shop defines its own structure."
  },
  {
    name: "commercial-condition-data",
    path: "commercialConditionData",
    from: "consumable",
    reason: "Every shop defines its own structure."
  }
]

/**
 * What an order hook and an event of the feed have too, which say only that an order has changed: `Domain`, `State`, `LastChange`, `Origin` and
 * the like. With an order's key and version they would stand in the order's place.
 */
export const orderCommonFields: ReadonlyArray<string> = ["orderId", "lastChange", "state", "origin"]

type Row = { readonly [column: string]: Value }

const field = (value: Value | undefined, name: string): Value =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
    ? ((value as Row)[name] ?? null) // what is left of Value here is the struct
    : null

const listOf = (value: Value | undefined): ReadonlyArray<Value> => (Array.isArray(value) ? value : [])

const sum = (values: ReadonlyArray<Value>, name: string): bigint =>
  values.reduce<bigint>((total, each) => {
    const amount = field(each, name)
    return typeof amount === "bigint" ? total + amount : total
  }, 0n)

const notNegative = (value: Value | undefined): boolean => typeof value !== "bigint" || value >= 0n

/**
 * What should hold of every order. All of them warn: real shops have orders without items or payment, and a row that is odd is worth more
 * than a row that is missing.
 */
export const orderExpectations: ReadonlyArray<Expectation> = [
  {
    name: "value-present",
    description: "The order has a value.",
    column: "value",
    reads: ["value"],
    severity: "warn",
    holds: (row) => row["value"] !== null
  },
  {
    name: "value-not-negative",
    description: "The order's value is not negative.",
    column: "value",
    reads: ["value"],
    severity: "warn",
    holds: (row) => notNegative(row["value"])
  },
  {
    name: "value-is-sum-of-totals",
    description: "The totals add up to the order's value.",
    column: "totals",
    reads: ["value", "totals.value"],
    severity: "warn",
    holds: (row) => {
      const totals = listOf(row["totals"])
      return totals.length === 0 || typeof row["value"] !== "bigint" || sum(totals, "value") === row["value"]
    }
  },
  {
    name: "items-not-empty",
    description: "The order has at least one item.",
    column: "items",
    reads: ["items.selling_price"],
    severity: "warn",
    holds: (row) => listOf(row["items"]).length > 0
  },
  {
    name: "item-prices-not-negative",
    description: "No item is sold below zero.",
    column: "items.selling_price",
    reads: ["items.selling_price"],
    severity: "warn",
    holds: (row) => listOf(row["items"]).every((item) => notNegative(field(item, "selling_price")))
  },
  {
    name: "currency-present",
    description: "The order says in which currency its amounts are.",
    column: "store_preferences_data.currency_code",
    reads: ["store_preferences_data.currency_code"],
    severity: "warn",
    holds: (row) => field(row["store_preferences_data"], "currency_code") !== null
  },
  {
    name: "hostname-present",
    description: "The order names its shop.",
    column: "hostname",
    reads: ["hostname"],
    severity: "warn",
    holds: (row) => row["hostname"] !== null && row["hostname"] !== ""
  },
  {
    name: "changed-after-created",
    description: "The order did not change before it was created.",
    column: "last_change",
    reads: ["creation_date", "last_change"],
    severity: "warn",
    holds: (row) => {
      const created = row["creation_date"]
      const changed = row["last_change"]
      return typeof created !== "bigint" || typeof changed !== "bigint" || changed >= created
    }
  }
]
