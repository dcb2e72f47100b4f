import { defineContract, versions } from "../../src/contract/contract.ts"
import { orderFields } from "./order.ts"
import { keysOf, orderCommonFields, orderDrops, orderExpectations } from "./rules.ts"

/** Orders as the shop's checkout sees them. */
export const checkout = defineContract({
  name: "checkout",
  title: "Checkout orders",
  owner: "checkout-data",
  sensitivity: "personal",
  description:
    "Every version of every order, as Checkout writes it: one row by order and change, from the moment it is created until it is invoiced or cancelled. Money is in cents, times are UTC.",
  fields: orderFields,
  table: versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
  eventTime: { field: "lastChange", fallback: "creationDate" },
  conventions: { nullText: true, anyCase: true },
  commonFields: orderCommonFields,
  announced: keysOf("CheckoutOrder"),
  drops: orderDrops,
  expectations: orderExpectations,
  keepUnknown: false,
  domain: "commerce",
  tags: { system: "vtex", entity: "order", side: "marketplace" }
})
