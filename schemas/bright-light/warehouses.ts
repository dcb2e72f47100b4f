import { csv, defineContract, integer, latest, text } from "../../src/contract/index.ts"
import { about } from "./about.ts"
import { zipOfTheUnitedStates } from "./expectations.ts"

/** From where widgets are sent. */
export const warehouses = defineContract({
  ...about,
  name: "warehouses",
  title: "Warehouses",
  description: "Which warehouse delivers to which zip code: one row a warehouse and zip code.",
  owner: "logistics-team",
  sourceSystem: "logistics, a file that people keep",
  costTag: "bright-light-logistics",
  sensitivity: "internal",
  approval: { by: "head of logistics", on: "2026-11-02" },
  format: csv(),
  arrives: ["**/warehouses*"],
  fields: {
    warehouseId: text("Id of the warehouse."),
    zip: text("Zip code that it delivers to, with the zeros in front.", { format: "five digits, or nine with a dash", example: "01040" }),
    warehouseName: text("What it is called."),
    warehouseZip: text("Zip code in which it stands."),
    state: text("State in which it stands, as its two letters."),
    deliveryDays: integer("Days that a delivery takes.")
  },
  table: latest({ key: ["warehouseId", "zip"], by: "none" }),
  drops: [],
  expectations: [zipOfTheUnitedStates(), zipOfTheUnitedStates("warehouse_zip")],
  domain: "logistics",
  tags: { entity: "warehouse" }
})
