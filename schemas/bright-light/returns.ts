import { decimal, defineContract, integer, latest, text, timestamp } from "../../src/contract/index.ts"
import { filesOf, replica, replicated } from "./databases.ts"
import { notNegative, positive } from "./expectations.ts"

/** What customers sent back. */
export const returns = defineContract({
  name: "returns",
  title: "Returns",
  description: "Every line of an order that a customer sent back, as the returns database has it now.",
  owner: "service-team",
  sourceSystem: "returns database (SQL Server), replicated by DMS",
  costTag: "bright-light-service",
  sensitivity: "internal",
  approval: { by: "head of service", on: "2026-11-02" },
  glossary: ["return"],
  arrives: filesOf("returns"),
  ...replicated({
    returnId: text("Id of the return."),
    orderId: text("Order."),
    lineNumber: integer("Line of the order. Null: the whole order."),
    productId: text("Widget that came back."),
    customerId: text("Who sent it back."),
    returnedAt: timestamp("When it came back."),
    quantity: integer("How many came back."),
    refundAmount: decimal(14, 2, "What was paid back.", { unit: "USD" }),
    reason: text("Why: `damaged`, `wrong item`, `not as described`, `no longer wanted`.")
  }),
  table: latest({ ...replica, key: ["returnId"], by: { day: "returnedAt" } }),
  eventTime: { field: "returnedAt" },
  drops: [],
  expectations: [positive("quantity"), notNegative("refund_amount")],
  domain: "service",
  tags: { entity: "return" }
})
