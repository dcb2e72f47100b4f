import type { DeadLetterReason } from "../record/dead-letter-reasons.ts"
import { type Random, weighted } from "../record/seeded.ts"
import { instant } from "./life.ts"
import { type Form, isStringified, keyIn, render } from "./render.ts"
import type { Json } from "./shipping.ts"

/** What no order in JSON is refused for, or none that is made here. */
type Other =
  | "object_gone"
  | "object_denied"
  | "object_unreadable"
  | "not_announcement"
  | "undelivered"
  | "firehose_transformation"
  | "firehose_conversion"
  | "not_error_record"
  | "quality_rejected"
  | "not_of_dataset"
  | "missing_version"
  | "unreadable_version"
  | "not_csv"
  | "not_access_log"
  | "no_header"

/** Records of orders that cannot become rows, by the reason that they are refused for. */
export type Bad = Exclude<DeadLetterReason, Other>

/** What makes a record's life hard though it becomes a row, or is nothing. */
export type Odd =
  /** An optional value of another type than the contract says: null in its column, kept in `_rescued`. */
  | "rescued"
  /** A field that no contract knows. */
  | "unknown_field"
  /** A key twice in one object: the last counts. */
  | "duplicate_key"
  /** An integer beyond 2^53, which a float cannot hold. */
  | "huge_number"
  /** The same version once more, with new coordinates. */
  | "duplicate"
  /** A record that arrives hours after its order changed. */
  | "late"
  | "empty_line"
  | "empty_object"

export type Dirt = Bad | Odd

/** What becomes of a record with this dirt. */
export const isBad = (dirt: Dirt): dirt is Bad => bad.has(dirt)

/** Does the dirt come as a record of its own, beside a clean one? */
export const isExtra = (dirt: Dirt): boolean => bad.has(dirt) || dirt === "duplicate" || dirt === "empty_line" || dirt === "empty_object"

const bad: ReadonlySet<string> = new Set<Bad>([
  "truncated",
  "not_json",
  "not_utf8",
  "not_object",
  "too_deep",
  "too_large",
  "missing_key",
  "unreadable_key",
  "missing_event_time",
  "unreadable_event_time"
])

/** Too large records are not drawn: at 10 MiB each, one or two in a run are enough. */
export const drawDirt: (random: Random) => Dirt = weighted<Dirt>([
  ["truncated", 7],
  ["not_json", 7],
  ["not_utf8", 4],
  ["not_object", 4],
  ["too_deep", 3],
  ["missing_key", 5],
  ["unreadable_key", 3],
  ["missing_event_time", 4],
  ["unreadable_event_time", 4],
  ["rescued", 12],
  ["unknown_field", 8],
  ["duplicate_key", 6],
  ["huge_number", 5],
  ["duplicate", 12],
  ["late", 8],
  ["empty_line", 4],
  ["empty_object", 4]
])

/** Longer than any record may be: the decoder's default limit, and a little. */
const tooLong = 10 * 1024 * 1024 + 1024

/** A record that cannot become a row, made from a good one. One line, without its end. */
export const spoil = (dirt: Bad, document: Json, form: Form, random: Random): Uint8Array => {
  const whole = () => render(document, form)
  switch (dirt) {
    case "truncated": {
      const line = whole()
      return Buffer.from(line.slice(0, Math.floor(line.length * (0.05 + 0.9 * random.unit()))).toWellFormed())
    }
    case "not_json":
      return Buffer.from(notJson(document, whole(), random))
    case "not_utf8": {
      // One letter of the shop's name as Latin-1 would write it.
      const line = render(document, "stringified")
      const bytes = Buffer.from(line)
      bytes[bytes.indexOf('"Hostname":"') + '"Hostname":"'.length] = 0xe3
      return bytes
    }
    case "not_object":
      return Buffer.from(random.pick([`[${whole()}]`, `"${String(document["orderId"])}"`, "12345", "true", "null"]))
    case "too_deep":
      return Buffer.from(`${whole().slice(0, -1)},"Nested":${"[".repeat(100)}${"]".repeat(100)}}`)
    case "too_large":
      return Buffer.from(`${whole().slice(0, -1)},"LastMessage":"${"x".repeat(tooLong)}"}`)
    case "missing_key": {
      const { orderId, ...rest } = document
      return Buffer.from(render(random.pick([rest, { ...rest, orderId: null }, { ...rest, orderId: "" }]), form))
    }
    case "unreadable_key": {
      const orderId = random.pick([{ value: document["orderId"] }, [document["orderId"]]])
      // As text it would be a readable, if odd, key.
      return Buffer.from(render({ ...document, orderId }, isStringified(form) ? "document" : form))
    }
    case "missing_event_time": {
      const { lastChange, creationDate, ...rest } = document
      return Buffer.from(render(random.pick([rest, { ...rest, lastChange: null, creationDate: null }]), form))
    }
    case "unreadable_event_time":
      return Buffer.from(render({ ...document, lastChange: random.pick(notTimes), creationDate: random.pick(notTimes) }, form))
  }
}

const notTimes = ["ontem", "27/11/2026 10:03", "2026-13-45T10:03:00Z", "2022-10--05T15:40:33"] as const

const notJson = (document: Json, line: string, random: Random): string => {
  const id = String(document["orderId"])
  return random.pick([
    `2026-11-27 10:03:12,531 ERROR checkout - could not serialize ${id}`,
    `{'OrderId':'${id}'}`,
    `${line},`,
    "<html><body>503 Service Unavailable</body></html>",
    `{"OrderId":"${id}","Value":NaN}`,
    `{"OrderId":"${id}"}{"OrderId":"${id}"}`,
    `{"OrderId":"${id}","Status":"a\tb"}`
  ])
}

/** A row with something odd in it, and where. */
export interface OddRow {
  readonly bytes: Uint8Array
  /** Path by which the decoder counts it. */
  readonly path: string | null
  /** What the order's `roundingError` is now; null counts as 0. */
  readonly roundingError: bigint
}

/** A record that is odd but becomes a row. Changes the document that it is given. */
export const makeOdd = (dirt: Odd, document: Json, form: Form, random: Random): OddRow => {
  switch (dirt) {
    case "rescued": {
      const { path, apply } = random.pick(misfits)
      apply(document)
      return { bytes: Buffer.from(render(document, form)), path, roundingError: 0n }
    }
    case "unknown_field": {
      const path = addUnknown(document, form, random.below(3))
      return { bytes: Buffer.from(render(document, form)), path, roundingError: 0n }
    }
    case "duplicate_key": {
      const line = render(document, form)
      const stale = random.pick([
        `"${keyIn(form, "status")}":"stale"`,
        `"${keyIn(form, "orderId")}":"stale-01"`,
        // Another spelling of the same field.
        `"${form === "document" ? "Status" : "status"}":"stale"`
      ])
      return { bytes: Buffer.from(`{${stale},${line.slice(1)}`), path: null, roundingError: 0n }
    }
    case "huge_number": {
      const roundingError = 9_007_199_254_740_993n + BigInt(random.below(1_000)) * 2n
      // No float may come between: the digits are put in as text.
      const line = render({ ...document, roundingError: hole }, form)
      const digits = isStringified(form) ? `"${roundingError}"` : String(roundingError)
      return { bytes: Buffer.from(line.replace(`"${hole}"`, digits)), path: null, roundingError }
    }
    default:
      return { bytes: Buffer.from(render(document, form)), path: null, roundingError: 0n }
  }
}

const hole = "@rounding-error@"

interface Misfit {
  readonly path: string
  readonly apply: (document: Json) => void
}

const first = (list: unknown): Json => (Array.isArray(list) && typeof list[0] === "object" && list[0] !== null ? (list[0] as Json) : {}) // made by this generator
const below = (parent: Json, key: string): Json => first([parent[key]])

/** Puts a value that does not fit where `parentOf` says. */
const misfit = (path: string, parentOf: (document: Json) => Json, key: string, value: unknown): Misfit => ({
  path,
  apply: (document) => {
    parentOf(document)[key] = value
  }
})
const itself = (document: Json): Json => document

const misfits: readonly [Misfit, ...Array<Misfit>] = [
  misfit("roundingError", itself, "roundingError", "n/a"),
  misfit("isCompleted", itself, "isCompleted", "maybe"),
  misfit("authorizedDate", itself, "authorizedDate", "ontem"),
  misfit("marketingData", itself, "marketingData", "utm_source=google"),
  misfit("totals", itself, "totals", { Items: 100 }),
  misfit("items[].quantity", (d) => first(d["items"]), "quantity", "two"),
  misfit("items[].priceDefinition.total", (d) => below(first(d["items"]), "priceDefinition"), "total", "much"),
  misfit("shippingData.logisticsInfo[].price", (d) => first(below(d, "shippingData")["logisticsInfo"]), "price", 12.5)
]

/** @returns the path under which drift is counted: parents as the contract spells them, the field as the record does */
const addUnknown = (document: Json, form: Form, which: number): string => {
  const inner = (key: string) => (form === "document, PascalCase" ? keyIn(form, key) : key)
  switch (which) {
    case 0:
      document["storeExperiment"] = "variant B"
      return keyIn(form, "storeExperiment")
    case 1:
      first(document["items"])["shelfLife"] = 30
      return `items[].${inner("shelfLife")}`
    default:
      below(document, "shippingData")["droneCorridor"] = { id: instant(0, 0) }
      return `shippingData.${inner("droneCorridor")}`
  }
}
