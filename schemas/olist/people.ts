import { defineContract, type Fields, latest, text } from "../../src/contract/index.ts"
import { about, filesOf } from "./about.ts"
import { zipOfFiveDigits } from "./expectations.ts"

/**
 * Where somebody is. It stays readable: five digits of a zip code are a district or a small town, and sales by region are what the table is for.
 * Streets, names and full zip codes are not in the data set.
 */
const place = (whose: "customer" | "seller"): Fields => ({
  [`${whose}ZipCodePrefix`]: text("First five digits of the zip code, with leading zeros."),
  [`${whose}City`]: text("City, in lower case, with accents or without: one zip code may have several spellings."),
  [`${whose}State`]: text("State, as its two letters (`SP`).")
})

/** Who ordered. Ids are made up by the publisher, so they are kept as they are: orders are joined by one, and people are counted by the other. */
export const customers = defineContract({
  ...about,
  name: "customers",
  title: "Customers",
  description:
    "Customers as their orders name them: one row an order. Who orders again has another `customer_id` and the same `customer_unique_id`.",
  sensitivity: "personal",
  arrives: filesOf("olist_customers_dataset"),
  fields: {
    customerId: text("Customer of one order: what `orders` names."),
    customerUniqueId: text("The person, the same in all of their orders."),
    ...place("customer")
  },
  table: latest({ key: ["customerId"], by: "none" }),
  expectations: [zipOfFiveDigits("customer_zip_code_prefix")],
  domain: "sales",
  tags: { entity: "customer" }
})

/** Who sold. */
export const sellers = defineContract({
  ...about,
  name: "sellers",
  title: "Sellers",
  description: "Shops that sell on the marketplace, and where they are.",
  sensitivity: "internal",
  arrives: filesOf("olist_sellers_dataset"),
  fields: { sellerId: text("Id of the seller."), ...place("seller") },
  table: latest({ key: ["sellerId"], by: "none" }),
  expectations: [zipOfFiveDigits("seller_zip_code_prefix")],
  domain: "sales",
  tags: { entity: "seller" }
})
