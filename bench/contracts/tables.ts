import { type ContractDefinition, defineContract, events, latest } from "../../src/contract/contract.ts"
import { decimal, integer, long, text, timestamp } from "../../src/contract/field.ts"
import { accessLog, csv } from "../../src/contract/format.ts"

const about = {
  owner: "bench",
  sensitivity: "internal",
  drops: [],
  expectations: [],
  keepUnknown: false
} as const satisfies Partial<ContractDefinition>

/** Tables as shops export them: ids and numbers; times; long texts with newlines in quotes. Nothing is masked, dropped or expected. */
export const items = defineContract({
  ...about,
  name: "items",
  title: "Items of orders",
  description: "Lines of orders.",
  format: csv(),
  fields: {
    orderId: text("Order."),
    orderItemId: integer("Number of the item."),
    productId: text("Product."),
    sellerId: text("Seller."),
    shippingLimitDate: timestamp("When it must be handed over."),
    price: decimal(12, 2, "Price."),
    freightValue: decimal(12, 2, "Freight.")
  },
  table: events({ key: ["orderId", "orderItemId"], by: "none" }),
  eventTime: { field: "shippingLimitDate" }
})

/** What is in stock of each article: narrow rows, of which the newest of each key counts. They lie in buckets of the key: what changes is scattered over all files. */
export const stock = defineContract({
  ...about,
  name: "stock",
  title: "Stock",
  description: "Articles and how many there are.",
  fields: {
    sku: text("Article."),
    listed: timestamp("Since when it is there."),
    seller: text("Who has it."),
    quantity: integer("How many there are."),
    price: decimal(12, 2, "Price."),
    changed: timestamp("When this was so.")
  },
  table: latest({ key: ["sku", "listed"], order: "changed", by: { bucket: 16 } }),
  eventTime: { field: "changed" }
})

const { schema: _, ...sameStock } = stock

/** The same by the day on which the article was listed: what is young lies together. */
export const stockByDay = defineContract({
  ...sameStock,
  name: "stock_by_day",
  table: latest({ key: ["sku", "listed"], order: "changed", by: { day: "listed" } })
})

export const orders = defineContract({
  ...about,
  name: "orders",
  title: "Orders",
  description: "Orders and their times.",
  format: csv(),
  fields: {
    orderId: text("Order."),
    customerId: text("Customer."),
    orderStatus: text("Status."),
    orderPurchaseTimestamp: timestamp("Purchase."),
    orderApprovedAt: timestamp("Approval."),
    orderDeliveredCarrierDate: timestamp("Handed over."),
    orderDeliveredCustomerDate: timestamp("Delivered."),
    orderEstimatedDeliveryDate: timestamp("Expected.")
  },
  table: events({ key: ["orderId"], by: "none" }),
  eventTime: { field: "orderPurchaseTimestamp" }
})

export const reviews = defineContract({
  ...about,
  name: "reviews",
  title: "Reviews",
  description: "What customers wrote.",
  format: csv(),
  fields: {
    reviewId: text("Review."),
    orderId: text("Order."),
    reviewScore: integer("Score."),
    reviewCommentTitle: text("Title."),
    reviewCommentMessage: text("Message."),
    reviewCreationDate: timestamp("Created."),
    reviewAnswerTimestamp: timestamp("Answered.")
  },
  table: events({ key: ["reviewId", "orderId"], by: "none" }),
  eventTime: { field: "reviewAnswerTimestamp" }
})

/** Everything that a line of an access log says. */
export const hits = defineContract({
  ...about,
  name: "hits",
  title: "Hits",
  description: "Lines of an access log.",
  format: accessLog(),
  fields: {
    host: text("Host."),
    ident: text("Ident."),
    authuser: text("User."),
    datetime: timestamp("Time."),
    request: text("Request."),
    method: text("Method."),
    path: text("Path."),
    query: text("Query."),
    protocol: text("Protocol."),
    response: integer("Status."),
    bytes: long("Size."),
    referer: text("Referer."),
    agent: text("Agent.")
  },
  table: events({ key: ["host", "datetime"], by: "none" }),
  eventTime: { field: "datetime" }
})
