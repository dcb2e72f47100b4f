import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../src/contract/contract.ts"
import { binary, date, decimal, document, integer, list, long, text, timestamp } from "../../src/contract/field.ts"

/**
 * A contract of another shape than orders: a key of two columns, one of them a number, a version that is not the event time, and values that are
 * written in all the ways that there are.
 */
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
    scannedAt: timestamp("When it was scanned.", { from: "epochMillis" }),
    soldAt: timestamp("When it was sold.", { from: { pattern: "dd/MM/yyyy HH:mm" }, zone: "America/Sao_Paulo" }),
    promisedOn: date("When it is to come."),
    weighedOn: date("When it was weighed.", { from: { pattern: "d MMM yyyy" } }),
    weight: decimal(9, 3, "Kilograms.", { decimalSign: "," }),
    volume: decimal(30, 6, "Cubic metres."),
    label: binary("Its label."),
    checksum: binary("Of the label.", { from: "hex" }),
    state: text("Where it is."),
    stops: list(
      "Where it was.",
      document("A stop.", {
        place: text("Where."),
        at: timestamp("When.", { from: "epochSeconds" }),
        opens: timestamp("On the clocks there.", { zone: "-03:00" }),
        ticks: timestamp("Of the scanner.", { from: "epochMicros" }),
        seenOn: date("Day of it.", { from: "epochSeconds" })
      })
    )
  },
  table: versions({ key: ["carrier", "parcelNumber"], version: "revision", by: { day: "scannedAt" } }),
  eventTime: { field: "scannedAt" },
  drops: [],
  expectations: [],
  keepUnknown: false
}

export const parcels = defineContract(definition)
export const compiledParcels = compileContract(parcels)
