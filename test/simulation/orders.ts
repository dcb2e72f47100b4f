import { createHmac } from "node:crypto"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../src/contract/contract.ts"
import { decimal, document, integer, list, text, timestamp } from "../../src/contract/field.ts"
import type { Random } from "../../src/generate/random.ts"
import type { DeadLetterReason } from "../../src/record/dead-letter.ts"

/** A contract with one of each thing that matters here, and few columns, so that a run takes milliseconds. */
const contractOf = (name: string, expectations: ContractDefinition["expectations"]) =>
  compileContract(
    defineContract({
      name,
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

/** A dataset of the simulation, and the stream that it comes from. */
export interface SimulatedDataset {
  readonly stream: string
  readonly contract: CompiledContract
  /** What a replay reads dead letters by: it takes what `contract` refuses for its quality. */
  readonly lenient: CompiledContract
}

/** Worlds have the first of these, or all: records of one are like those of the other. */
export const simulatedDatasets: ReadonlyArray<SimulatedDataset> = ["simulated", "simulated_too"].map((name) => ({
  stream: `stream-of-${name}`,
  contract: contractOf(name, notNegative),
  lenient: contractOf(name, [])
}))

/** The contract of worlds that have one dataset. */
export const orders = contractOf("simulated", notNegative)

const hashKey = new TextEncoder().encode("simulation")
export const decodeSettings = { hashKey, maxDepth: 16, maxRecordBytes: 2000 }

/** Stands in every e-mail address: nowhere but in dead letters may it ever be seen. */
export const secret = "very-secret-person"

export interface RowMeaning {
  readonly kind: "row"
  readonly orderId: string
  /** Milliseconds since 1970. */
  readonly lastChange: number
  /** All columns as JSON text, as {@link rowText} gives it. */
  readonly row: string
}

/** What a record must come to. Made by whoever made the record, not by reading it. */
export type Meaning =
  | RowMeaning
  /** `replayed`: what it may become by `lenient`. */
  | { readonly kind: "dead letter"; readonly reason: DeadLetterReason; readonly replayed?: RowMeaning }
  | { readonly kind: "empty" }

export interface Order {
  readonly partitionKey: string
  readonly data: Uint8Array
  readonly meaning: Meaning
}

/** The data columns of a row, to be compared. Numbers of the decimal column are unscaled. */
export const rowText = (row: { readonly [column: string]: unknown }): string =>
  JSON.stringify(
    ["order_id", "last_change", "status", "value", "email", "items", "mark"].map((name) => row[name] ?? null),
    (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)
  )

const hashes = new Map<string, string>()

/** As the contract wants it, made by nobody's code but Node's. */
const hashOf = (email: string): string => {
  const known = hashes.get(email)
  if (known !== undefined) return known
  const hash = createHmac("sha256", hashKey).update(email).digest("hex")
  hashes.set(email, hash)
  return hash
}

const statuses = ["created", "paid", "invoiced", "cancelled"] as const
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

export interface OrdersOptions {
  /** Orders that there are: few make many versions and copies of each. */
  readonly keys: number
  /** Share of records that are no rows, from 0 to 1. */
  readonly poison: number
  /** Milliseconds since 1970 about which orders change. */
  readonly around: number
}

/** Makes the next record of a producer. */
export const makeOrder = (random: Random, mark: number, { keys, poison, around }: OrdersOptions): Order => {
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
  const row = {
    order_id: orderId,
    last_change: BigInt(lastChange) * 1000n,
    status,
    value: BigInt(cents),
    email: hashOf(email),
    items,
    mark: String(mark)
  }
  return { partitionKey: orderId, data: bytes(JSON.stringify(record)), meaning: { kind: "row", orderId, lastChange, row: rowText(row) } }
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
      const row = {
        order_id: orderId,
        last_change: BigInt(Date.parse(lastChange)) * 1000n,
        value: -100n,
        email: hashOf(secret),
        mark: String(mark)
      }
      const replayed = { kind: "row", orderId, lastChange: Date.parse(lastChange), row: rowText(row) } as const
      const { data, meaning } = letter("quality_rejected", json({ orderId, lastChange, value: -1, email: secret }))
      return { data, meaning: { ...meaning, replayed } }
    }
    case 7:
      return letter("too_large", json({ orderId, lastChange, status: "x".repeat(decodeSettings.maxRecordBytes) }))
    case 8: {
      // As an aggregated record begins, but none: a plain record that is no text.
      const mixed = Buffer.concat([Buffer.from("f3899ac2", "hex"), bytes(`${mark}`), Buffer.from(random.hex(32), "hex")])
      return letter("not_utf8", mixed)
    }
    default:
      return { data: bytes("{}"), meaning: { kind: "empty" } }
  }
}
