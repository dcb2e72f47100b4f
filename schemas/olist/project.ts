import { defineProject } from "../../src/contract/project.ts"
import { items } from "./items.ts"
import { orders } from "./orders.ts"
import { payments } from "./payments.ts"
import { customers, sellers } from "./people.ts"
import { categoryNames, products } from "./products.ts"
import { reviews } from "./reviews.ts"

/** A marketplace whose tables come as CSV files: Olist's public data set of Brazilian orders. */
export default defineProject({
  name: "olist",
  contracts: [orders, items, payments, customers, products, sellers, reviews, categoryNames]
})
