import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { defineContract, versions } from "../../src/contract/contract.ts"
import { integer, long, text, timestamp } from "../../src/contract/field.ts"
import { csv } from "../../src/contract/format.ts"
import type { Random } from "../../src/generate/random.ts"
import { orders } from "./orders.ts"
import type { ReadRow } from "./read-lake.ts"

/** A record as it stands in a file. */
export interface Line {
  /** With the end of its line. */
  readonly text: string
  /** What it must come to, as {@link Lines.rowText} gives it; null: a dead letter. */
  readonly row: string | null
}

/** A shape of files: a dataset, and records of it whose meaning is known because it was there first. Each ends in a mark of its own. */
export interface Lines {
  readonly contract: CompiledContract
  readonly extension: string
  /** What a file begins with. */
  readonly head: string
  readonly line: (random: Random, mark: string) => Line
  /** What of a row tells whether it is right. */
  readonly rowText: (row: ReadRow) => string
  /** The mark of a dead letter, from its bytes. */
  readonly markOf: (raw: string) => string
}

export const orderLines: Lines = {
  contract: orders,
  extension: "ndjson",
  head: "",
  line: (random, mark) => {
    const orderId = random.chance(0.15) ? undefined : `order-${mark}`
    const text = `${JSON.stringify({ orderId, lastChange: "2026-11-20T07:00:00Z", mark })}\n`
    return { text, row: orderId ?? null }
  },
  rowText: (row) => String(row["order_id"]),
  markOf: (raw) => String(JSON.parse(raw).mark)
}

const parcels = compileContract(
  defineContract({
    name: "simulated_parcels",
    title: "Simulated parcels",
    owner: "simulation",
    sensitivity: "internal",
    description: "Parcels that only exist in a simulation.",
    format: csv({ delimiter: ";" }),
    fields: {
      carrier: text("Who carries it."),
      parcelNumber: long("Its number, of the carrier."),
      revision: integer("Counts what the carrier says of it."),
      scannedAt: timestamp("When it was scanned.", { from: "epochMillis" }),
      note: text("What somebody wrote."),
      mark: text("Tells every record from all others.")
    },
    table: versions({ key: ["carrier", "parcelNumber"], version: "revision", by: { day: "scannedAt" } }),
    eventTime: { field: "scannedAt" },
    drops: [],
    expectations: [],
    keepUnknown: false
  })
)

type Note = readonly [text: string, written: string]

/** Notes, and how they are written: what ends a record or a field elsewhere stands in quotes. */
const notes: readonly [Note, ...Array<Note>] = [
  ["plain", "plain"],
  ["two\nlines", '"two\nlines"'],
  ['so;called "note"', '"so;called ""note"""'],
  ["größer\r\n", '"größer\r\n"']
]

/** CSV; a key of two columns, a version that is not the event time, times as epochs. */
export const parcelLines: Lines = {
  contract: parcels,
  extension: "csv",
  head: "carrier;parcelNumber;revision;scannedAt;note;mark\r\n",
  line: (random, mark) => {
    const carrier = random.pick(["dhl", "ups"])
    const [number, revision] = [random.below(4), random.below(3)]
    const scannedAt = Date.UTC(2026, 10, 20, 7) + random.below(86_400_000)
    const [note, written] = random.pick(notes)
    // Half of its key is missing, or there is a field too many.
    const dirt = random.chance(0.15) ? random.pick(["number", "field"] as const) : null
    const fields = [carrier, dirt === "number" ? "" : number, revision, scannedAt, written, ...(dirt === "field" ? ["more"] : []), mark]
    return {
      text: `${fields.join(";")}\r\n`,
      row: dirt === null ? JSON.stringify([carrier, String(number), revision, scannedAt, note]) : null
    }
  },
  rowText: ({ carrier, parcel_number, revision, scanned_at, note }) =>
    JSON.stringify([carrier, String(parcel_number), revision, scanned_at instanceof Date ? scanned_at.getTime() : null, note]),
  markOf: (raw) => raw.slice(raw.lastIndexOf(";") + 1).trimEnd()
}
