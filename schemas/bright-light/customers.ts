import { defineContract, latest, text, timestamp } from "../../src/contract/index.ts"
import { filesOf, replica, replicated } from "./databases.ts"
import { zipOfTheUnitedStates } from "./expectations.ts"

/** Who buys. Names, addresses and numbers are hashed; the zip code stays, as sales by place are what the tables are for. */
export const customers = defineContract({
  name: "customers",
  title: "Customers",
  description: "Every customer of the shop, as the sales database has them now.",
  owner: "sales-team",
  sourceSystem: "sales database (SQL Server), replicated by DMS",
  costTag: "bright-light-sales",
  sensitivity: "personal",
  approval: { by: "VP of sales, after a review by security", on: "2026-11-02" },
  legalBasis: "contract with the customer",
  grain: "a customer",
  glossary: ["customer"],
  arrives: filesOf("customers"),
  ...replicated({
    customerId: text("Id of the customer."),
    firstName: text("First name.", { sensitive: "hash" }),
    lastName: text("Last name.", { sensitive: "hash" }),
    email: text("Address for mail.", { sensitive: "hash" }),
    phone: text("Number of the telephone.", { sensitive: "hash" }),
    street: text("Street and number.", { sensitive: "drop" }),
    city: text("City."),
    state: text("State, as its two letters (`WA`)."),
    zip: text("Zip code, with the zeros in front: five digits, or nine with a dash."),
    segment: text("Kind of customer: `consumer`, `corporate`, `home office`."),
    registeredAt: timestamp("When the customer opened the account.")
  }),
  table: latest({ ...replica, key: ["customerId"], by: { day: "registeredAt" } }),
  drops: [
    { name: "passwords", keyContains: "password", from: "stage", reason: "Hashes of passwords and their salts are for signing in alone." }
  ],
  expectations: [zipOfTheUnitedStates()],
  domain: "sales",
  tags: { entity: "customer" }
})
