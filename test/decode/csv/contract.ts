import { type CompiledContract, compileContract } from "../../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../../src/contract/contract.ts"
import { boolean, date, decimal, document, double, integer, json, list, long, text, timestamp } from "../../../src/contract/field.ts"
import { type CsvOptions, csv } from "../../../src/contract/format.ts"
import { defineProject } from "../../../src/contract/project.ts"

/** Lines of orders as a shop's spreadsheet might have them: every type of column, some sensitive, and documents as text. */
export const definition = (options: CsvOptions = {}): ContractDefinition => ({
  name: "order_lines",
  title: "Order lines",
  owner: "tests",
  sensitivity: "personal",
  description: "A line of an order.",
  format: csv(options),
  fields: {
    orderId: text("Order."),
    changedAt: timestamp("When the line changed."),
    name: text("What was bought.", { formerly: ["product"] }),
    units: integer("How many."),
    stock: long("How many there are."),
    price: decimal(12, 2, "Price of one."),
    weight: double("Weight in kilograms."),
    isGift: boolean("Is it a gift?"),
    email: text("Who bought it.", { sensitive: "hash" }),
    phone: text("Whom to call.", { sensitive: "drop" }),
    madeOn: date("When it was made."),
    seen: timestamp("When it was last seen.", { from: "epochMillis" }),
    tax: decimal(9, 2, "Tax.", { decimalSign: "," }),
    extra: json("Whatever else."),
    tags: list("Tags.", text("Tag.")),
    box: document("Box.", { height: integer("Height."), kind: text("Kind.") })
  },
  table: versions({ key: ["orderId"], version: "changedAt", by: { day: "changedAt" } }),
  eventTime: { field: "changedAt" },
  drops: [{ name: "notes", keyContains: "internal", from: "stage", reason: "Notes of the shop's people." }],
  expectations: [
    {
      name: "units-positive",
      description: "At least one was bought.",
      reads: ["units"],
      severity: "warn",
      holds: (row) => typeof row["units"] !== "number" || row["units"] > 0
    },
    {
      name: "price-not-negative",
      description: "The price is not negative.",
      reads: ["price"],
      severity: "reject",
      holds: (row) => typeof row["price"] !== "bigint" || row["price"] >= 0n
    }
  ],
  keepUnknown: false
})

export const columns: ReadonlyArray<string> = Object.keys(definition().fields)

export const orderLines = (options: CsvOptions = {}, change: Partial<ContractDefinition> = {}): CompiledContract =>
  compileContract(defineContract({ ...definition(options), ...change }))

/** What a thread looks up by name. */
export default defineProject({ name: "tests", contracts: [defineContract(definition())] })
