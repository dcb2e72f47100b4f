import { decimal, defineContract, integer, latest, text, timestamp } from "../../src/contract/index.ts"
import { about, filesOf, local } from "./about.ts"
import { notNegative } from "./expectations.ts"

/** What was ordered: each piece is a row of its own. */
export const items = defineContract({
  ...about,
  name: "items",
  title: "Items of orders",
  description: "Every item of every order, one row a piece. 775 orders have none.",
  sensitivity: "internal",
  arrives: filesOf("olist_order_items_dataset"),
  fields: {
    orderId: text("Order."),
    orderItemId: integer("Number of the item in its order, from 1."),
    productId: text("Product."),
    sellerId: text("Seller."),
    shippingLimitDate: timestamp("By when the seller hands it to the carrier.", local),
    price: decimal(12, 2, "Price, in reais."),
    freightValue: decimal(12, 2, "The item's part of the freight, in reais.")
  },
  // An order has several: its id alone would keep one of them.
  table: latest({ key: ["orderId", "orderItemId"], by: "none" }),
  eventTime: { field: "shippingLimitDate" },
  expectations: [notNegative("price"), notNegative("freight_value")],
  domain: "sales",
  tags: { entity: "order-item" }
})
