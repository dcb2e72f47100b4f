import { date, defineContract, latest, text, timestamp } from "../../src/contract/index.ts"
import { about, filesOf, local } from "./about.ts"

/** Orders as they stood when the file was written. */
export const orders = defineContract({
  ...about,
  name: "orders",
  title: "Orders",
  description: "Every order with the times of its way to the customer, as it stood when its file was written.",
  sensitivity: "internal",
  arrives: filesOf("olist_orders_dataset"),
  fields: {
    orderId: text("Id of the order."),
    customerId: text("Customer of this order: one id an order, see `customers`."),
    orderStatus: text("`created`, `approved`, `invoiced`, `processing`, `shipped`, `delivered`, `canceled` or `unavailable`."),
    orderPurchaseTimestamp: timestamp("When it was placed.", local),
    orderApprovedAt: timestamp("When its payment was approved.", local),
    orderDeliveredCarrierDate: timestamp("When the carrier got it; in some orders before the payment was approved.", local),
    orderDeliveredCustomerDate: timestamp("When the customer got it. A few delivered orders lack it.", local),
    orderEstimatedDeliveryDate: date("Day that the customer was promised.")
  },
  table: latest({ key: ["orderId"], by: "none" }),
  eventTime: { field: "orderPurchaseTimestamp" },
  expectations: [
    {
      name: "status-known",
      description: "The status is one that the data set has.",
      column: "order_status",
      reads: ["order_status"],
      severity: "warn",
      holds: ({ order_status }) => typeof order_status !== "string" || statuses.has(order_status)
    }
  ],
  domain: "sales",
  tags: { entity: "order" }
})

const statuses = new Set(["created", "approved", "invoiced", "processing", "shipped", "delivered", "canceled", "unavailable"])
