import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../src/contract/contract.ts"
import { document, integer, list, long, text, timestamp } from "../../src/contract/field.ts"

/** A contract of another shape than orders: a key of two columns, one of them a number, and a version that is not the event time. */
export const definition: ContractDefinition = {
  name: "parcels",
  title: "Parcels",
  owner: "warehouse",
  sensitivity: "internal",
  description: "Parcels for tests.",
  fields: {
    carrier: text("Who carries it."),
    parcelNumber: long("Its number, of the carrier.", { formerly: ["number"] }),
    revision: integer("Counts what the carrier says of it."),
    scannedAt: timestamp("When it was scanned."),
    state: text("Where it is."),
    stops: list("Where it was.", document("A stop.", { place: text("Where."), at: timestamp("When.") }))
  },
  table: versions({ key: ["carrier", "parcelNumber"], version: "revision", by: { day: "scannedAt" } }),
  eventTime: { field: "scannedAt" },
  drops: [],
  expectations: [],
  keepUnknown: false
}

export const parcels = defineContract(definition)
export const compiledParcels = compileContract(parcels)
