import { defineContract, versions } from "../../src/contract/contract.ts"
import { boolean } from "../../src/contract/field.ts"
import { cents } from "./money.ts"
import { orderFields } from "./order.ts"
import { keysOf, orderCommonFields, orderDrops, orderExpectations } from "./rules.ts"

/** The same orders as the seller sees them who ships: the order document, with what the marketplace passes on. */
export const fulfillment = defineContract({
  name: "fulfillment",
  title: "Fulfillment orders",
  owner: "fulfillment-data",
  sensitivity: "personal",
  description:
    "Every version of every order that a seller has to ship, as the seller's side writes it: one row by order and change. Money is in cents, times are UTC.",
  fields: {
    ...orderFields,
    marketplacePaymentValue: cents("What the marketplace pays to the seller for the order."),
    allowMultipleDeliveries: boolean("May the order be sent in several parcels?"),
    isCreatedAsync: boolean("Was the order taken over in the background?")
  },
  table: versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
  eventTime: { field: "lastChange", fallback: "creationDate" },
  conventions: { nullText: true, anyCase: true },
  commonFields: orderCommonFields,
  announced: keysOf("FulfillmentOrder"),
  drops: orderDrops,
  expectations: orderExpectations,
  keepUnknown: false,
  domain: "commerce",
  tags: { system: "vtex", entity: "order", side: "seller" }
})
