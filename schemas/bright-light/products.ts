import { date, decimal, defineContract, latest, text } from "../../src/contract/index.ts"
import { filesOf, replica, replicated } from "./databases.ts"
import { notNegative } from "./expectations.ts"

/** What is sold: widgets. */
export const products = defineContract({
  name: "products",
  title: "Products",
  description: "Every widget of the catalog, as the product database has it now.",
  owner: "product-team",
  sourceSystem: "product database (SQL Server), replicated by DMS",
  costTag: "bright-light-products",
  sensitivity: "internal",
  approval: { by: "head of products", on: "2026-11-02" },
  glossary: ["widget"],
  arrives: filesOf("products"),
  ...replicated({
    productId: text("Id of the widget."),
    productName: text("What it is called."),
    category: text("Category."),
    subcategory: text("Category within the category."),
    brand: text("Brand."),
    listPrice: decimal(14, 4, "Price without any discount.", { unit: "USD" }),
    standardCost: decimal(14, 4, "What one costs the shop.", { unit: "USD" }),
    launchedOn: date("First day on which it could be bought."),
    discontinuedOn: date("Last day on which it could be bought. Null: it still can.")
  }),
  table: latest({ ...replica, key: ["productId"], by: { day: "launchedOn" } }),
  drops: [],
  expectations: [notNegative("list_price"), notNegative("standard_cost")],
  domain: "catalog",
  tags: { entity: "product" }
})
