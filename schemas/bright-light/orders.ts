import { decimal, defineContract, integer, latest, text, timestamp } from "../../src/contract/index.ts"
import { filesOf, replica, replicated } from "./databases.ts"
import { notNegative, oneOf, positive, zipOfTheUnitedStates } from "./expectations.ts"

const sales = {
  glossary: ["order", "spend"],
  owner: "sales-team",
  sourceSystem: "sales database (SQL Server), replicated by DMS",
  costTag: "bright-light-sales",
  // Sales leave the company only where security has looked at where they go.
  approval: { by: "VP of sales, after a review by security", on: "2026-11-02" }
} as const

/** What was ordered as a whole. Sales are the owner's to give: see `approval`. */
export const orders = defineContract({
  ...sales,
  name: "orders",
  title: "Orders",
  description: "Every order, as the sales database has it now.",
  sensitivity: "internal",
  arrives: filesOf("orders"),
  ...replicated({
    orderId: text("Id of the order."),
    customerId: text("Who ordered."),
    orderedAt: timestamp("When it was placed."),
    shippedAt: timestamp("When it was handed to the carrier."),
    status: text("`placed`, `shipped`, `delivered` or `cancelled`."),
    shipCity: text("City that it goes to."),
    shipState: text("State that it goes to, as its two letters."),
    shipZip: text("Zip code that it goes to, with the zeros in front.", { format: "five digits, or nine with a dash", example: "01040" }),
    subtotal: decimal(14, 2, "Sum of its lines.", { unit: "USD" }),
    couponTotal: decimal(14, 2, "What coupons took off, not negative."),
    taxTotal: decimal(14, 2, "Tax."),
    freight: decimal(14, 2, "Freight."),
    orderTotal: decimal(14, 2, "What the customer pays: lines less coupons, with tax and freight.")
  }),
  table: latest({ ...replica, key: ["orderId"], by: { day: "orderedAt" } }),
  eventTime: { field: "orderedAt" },
  drops: [],
  expectations: [
    notNegative("order_total", "reject"),
    notNegative("coupon_total"),
    oneOf("status", ["placed", "shipped", "delivered", "cancelled"]),
    zipOfTheUnitedStates("ship_zip"),
    {
      name: "total-is-its-parts",
      description: "The total is the lines less coupons, with tax and freight.",
      column: "order_total",
      reads: ["subtotal", "coupon_total", "tax_total", "freight", "order_total"],
      severity: "warn",
      holds: ({ subtotal, coupon_total, tax_total, freight, order_total }) =>
        typeof subtotal !== "bigint" ||
        typeof coupon_total !== "bigint" ||
        typeof tax_total !== "bigint" ||
        typeof freight !== "bigint" ||
        order_total === subtotal - coupon_total + tax_total + freight
    }
  ],
  domain: "sales",
  tags: { entity: "order" }
})

/** What was ordered piece by piece. */
export const orderLines = defineContract({
  ...sales,
  name: "order_lines",
  title: "Lines of orders",
  description: "Every line of every order, as the sales database has it now.",
  sensitivity: "internal",
  arrives: filesOf("order_lines"),
  ...replicated({
    orderId: text("Order."),
    lineNumber: integer("Number of the line in its order, from 1."),
    orderedAt: timestamp("When the order was placed."),
    productId: text("Widget."),
    quantity: integer("How many."),
    unitPrice: decimal(14, 4, "Price of one.", { unit: "USD" }),
    discount: decimal(14, 2, "What was taken off the line, not negative."),
    lineTotal: decimal(14, 2, "What the line comes to.")
  }),
  table: latest({ ...replica, key: ["orderId", "lineNumber"], by: { day: "orderedAt" } }),
  eventTime: { field: "orderedAt" },
  drops: [],
  expectations: [positive("quantity", "reject"), notNegative("unit_price"), notNegative("line_total")],
  domain: "sales",
  tags: { entity: "order-line" }
})
