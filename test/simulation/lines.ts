import type { CompiledContract } from "../../src/contract/compile.ts"
import type { Random } from "../../src/record/seeded.ts"
import { orders } from "./orders.ts"
import { carriers, notes, parcelMeaning, parcelsOf } from "./parcels.ts"
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

/** CSV whose header names the fields, not all of them. */
export const parcelLines: Lines = {
  contract: parcelsOf({}, []),
  extension: "csv",
  head: "carrier;parcelNumber;revision;scannedAt;note;mark\r\n",
  line: (random, mark) => {
    const carrier = random.pick(carriers)
    const [number, revision] = [random.below(4), random.below(3)]
    const scannedAt = Date.UTC(2026, 10, 20, 7) + random.below(86_400_000)
    const [note, written] = random.pick(notes)
    // Half of its key is missing, or there is a field too many.
    const dirt = random.chance(0.15) ? random.pick(["number", "field"] as const) : null
    const fields = [carrier, dirt === "number" ? "" : number, revision, scannedAt, written, ...(dirt === "field" ? ["more"] : []), mark]
    const row = { carrier, parcel_number: BigInt(number), revision, scanned_at: new Date(scannedAt), note, mark }
    return { text: `${fields.join(";")}\r\n`, row: dirt === null ? parcelMeaning(row).row : null }
  },
  rowText: (row) => parcelMeaning(row).row,
  markOf: (raw) => raw.slice(raw.lastIndexOf(";") + 1).trimEnd()
}
