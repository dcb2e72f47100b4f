import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../src/contract/contract.ts"
import { decimal, document, integer, list, text, timestamp } from "../../src/contract/field.ts"
import type { DeadLetterReason } from "../../src/record/dead-letter-reasons.ts"
import type { Random } from "../../src/record/seeded.ts"
import {
  bytes,
  dayOf,
  decodeSettings,
  hashOf,
  type MadeRecord,
  type Meaning,
  noText,
  type RecordsOptions,
  type RowMeaning,
  rowMeaning,
  type SimulatedDataset,
  secret,
  type Values
} from "./shape.ts"

/** A contract with one of each thing that matters here, and few columns, so that a run takes milliseconds. */
const contractOf = (expectations: ContractDefinition["expectations"]) =>
  compileContract(
    defineContract({
      name: "simulated",
      title: "Simulated orders",
      owner: "simulation",
      sensitivity: "personal",
      description: "Orders that only exist in a simulation.",
      fields: {
        orderId: text("Key."),
        lastChange: timestamp("When this version was made."),
        status: text("State."),
        value: decimal(18, 2, "Total."),
        email: text("E-mail.", { sensitive: "hash" }),
        items: list("What was bought.", document("An item.", { sku: text("Item."), quantity: integer("How many.") })),
        mark: text("Tells every record that a producer makes from all others.")
      },
      table: versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
      eventTime: { field: "lastChange" },
      drops: [{ name: "attachments", reason: "Free form.", keyContains: "attachment", from: "stage" }],
      expectations,
      keepUnknown: false
    })
  )

const notNegative: ContractDefinition["expectations"] = [
  {
    name: "value-not-negative",
    description: "The total is not negative.",
    column: "value",
    reads: ["value"],
    severity: "reject",
    holds: ({ value }) => typeof value !== "bigint" || value >= 0n
  }
]

/** The contract of orders, also of those in files. */
export const orders = contractOf(notNegative)

/** What a row of orders says. */
const orderMeaning = (row: Values): RowMeaning =>
  rowMeaning(
    {
      all: ["order_id", "last_change", "status", "value", "email", "items", "mark"],
      id: ["order_id", "last_change"],
      place: dayOf("last_change")
    },
    row
  )

const statuses = ["created", "paid", "invoiced", "cancelled"] as const

/** Makes the next record of a producer. */
const makeOrder = (random: Random, mark: number, { keys, poison, around }: RecordsOptions): MadeRecord => {
  const orderId = `order-${random.below(keys)}`
  if (random.chance(poison)) return { partitionKey: orderId, ...poisoned(random, orderId, mark) }
  // Few moments, so that several records are copies of one version, over a few days.
  const lastChange = around + random.between(-2, 2) * 43_200_000 + random.below(3) * 1000
  const cents = random.below(100_000)
  const items = Array.from({ length: random.below(3) }, (_, i) => ({ sku: `sku-${random.below(9)}`, quantity: i + 1 }))
  const email = `${secret}-${random.below(keys)}@example.com`
  const status = random.pick(statuses)
  const record: Record<string, unknown> = {
    orderId,
    lastChange: new Date(lastChange).toISOString(),
    status,
    value: random.chance(0.5) ? cents / 100 : String(cents / 100),
    email,
    items: random.chance(0.3) ? JSON.stringify(items) : items,
    mark: String(mark)
  }
  if (random.chance(0.2)) record["attachments"] = { note: "left out" }
  if (random.chance(0.2)) record["surprise"] = 1
  const meaning = orderMeaning({
    order_id: orderId,
    last_change: new Date(lastChange),
    status,
    value: cents / 100,
    email: hashOf(email),
    items,
    mark: String(mark)
  })
  return { partitionKey: orderId, data: bytes(JSON.stringify(record)), meaning }
}

const poisoned = (random: Random, orderId: string, mark: number): { readonly data: Uint8Array; readonly meaning: Meaning } => {
  const letter = (reason: DeadLetterReason, data: Uint8Array) => ({ data, meaning: { kind: "dead letter", reason } as const })
  const json = (record: object) => bytes(JSON.stringify({ ...record, mark: String(mark) }))
  const lastChange = "2026-11-20T07:00:00Z"
  switch (random.below(11)) {
    case 0:
      return letter("not_json", bytes(`order ${mark}`))
    case 1:
      return letter("truncated", bytes(`{"orderId":"${orderId}","mark":"${mark}`))
    case 2:
      return letter("not_object", bytes(`["${mark}"]`))
    case 3:
      return letter("missing_key", json({ lastChange, email: secret }))
    case 4:
      return letter("missing_event_time", json({ orderId, email: secret }))
    case 5:
      return letter("unreadable_event_time", json({ orderId, lastChange: "yesterday", email: secret }))
    case 6: {
      const replayed = orderMeaning({
        order_id: orderId,
        last_change: new Date(lastChange),
        value: -1,
        email: hashOf(secret),
        mark: String(mark)
      })
      const { data, meaning } = letter("quality_rejected", json({ orderId, lastChange, value: -1, email: secret }))
      return { data, meaning: { ...meaning, replayed } }
    }
    case 7:
      return letter("too_large", json({ orderId, lastChange, status: "x".repeat(decodeSettings.maxRecordBytes) }))
    case 8:
      return letter("not_utf8", noText(random, mark))
    default:
      return { data: bytes("{}"), meaning: { kind: "empty" } }
  }
}

export const ordersDataset: SimulatedDataset = {
  stream: "stream-of-simulated",
  contract: orders,
  lenient: contractOf([]),
  make: makeOrder,
  read: orderMeaning
}
