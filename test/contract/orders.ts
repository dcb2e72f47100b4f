import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../src/contract/contract.ts"
import { boolean, decimal, document, double, entries, integer, json, list, long, text, timestamp } from "../../src/contract/field.ts"

/** A small contract with one of everything. */
export const definition: ContractDefinition = {
  name: "orders",
  title: "Orders",
  owner: "shop",
  sensitivity: "personal",
  description: "Orders for tests.",
  fields: {
    orderId: text("Id of the order."),
    lastChange: timestamp("When it last changed."),
    creationDate: timestamp("When it was made."),
    status: text("State."),
    value: long("Total in cents."),
    rate: double("Rate of exchange."),
    count: integer("Number of items."),
    amount: decimal(10, 2, "Amount."),
    isCompleted: boolean("Is it done?"),
    items: list(
      "What was bought.",
      document("An item.", {
        id: text("Id."),
        price: long("Price."),
        isGift: boolean("Is it a gift?"),
        productCategories: entries("Categories.", { key: ["id", text("Id.")], value: ["name", text("Name.")] }),
        tags: list("Tags.", text("A tag."))
      })
    ),
    itemMetadata: document("Data of items.", { items: list("Items.", document("An item.", { id: text("Id.") })) }),
    clientProfileData: document("The client.", {
      email: text("E-mail.", { sensitive: "hash" }),
      firstName: text("Name.", { sensitive: "drop" }),
      encryptedPhone: text("Encrypted at its source.", { sensitive: "keep" }),
      age: integer("Age.", { sensitive: "hash" }),
      isCorporate: boolean("Is it a company?")
    }),
    geo: list("Longitude, latitude.", double("A coordinate.", { sensitive: "hash" })),
    customData: json("Every store's own."),
    matrix: list("Rows.", list("A row.", long("A cell.")))
  },
  table: versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
  eventTime: { field: "lastChange", fallback: "creationDate" },
  conventions: { nullText: true, anyCase: true },
  drops: [
    { name: "attachments", reason: "Free names.", keyContains: "attachment", from: "stage" },
    { name: "assembly", reason: "Free text.", path: "itemMetadata.items[].assemblyOptions", from: "stage" },
    { name: "cart", reason: "Free form.", path: 'customData.apps[].fields["cart-extra.context"]', from: "stage" },
    { name: "secret", reason: "Not ours.", path: "unknownBlock.*.secret", from: "stage" },
    { name: "custom-data", reason: "Every store's own.", path: "customData", from: "consumable" },
    { name: "tags", reason: "Not needed.", path: "items[].tags", from: "consumable" }
  ],
  expectations: [
    {
      name: "value-not-negative",
      description: "The total is not negative.",
      column: "value",
      reads: ["value"],
      severity: "warn",
      holds: ({ value }) => value === null || (typeof value === "bigint" && value >= 0n)
    },
    {
      name: "status-known",
      description: "The state is not forbidden.",
      column: "status",
      reads: ["status"],
      severity: "reject",
      holds: ({ status }) => status !== "forbidden"
    }
  ],
  keepUnknown: false
}

export const orders = defineContract(definition)
export const compiledOrders = compileContract(orders)
export const keeping = compileContract(defineContract({ ...definition, keepUnknown: true }))
