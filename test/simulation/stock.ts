import { hash } from "node:crypto"
import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, latest } from "../../src/contract/contract.ts"
import { boolean, long, text } from "../../src/contract/field.ts"
import type { DeadLetterReason } from "../../src/record/dead-letter-reasons.ts"
import type { Random } from "../../src/record/seeded.ts"
import {
  bytes,
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

const buckets = 3

/** What there is of an article now: of each the newest row counts, whenever it arrived; some are taken from sale, and some come back. They have no time. */
const contractOf = (expectations: ContractDefinition["expectations"]) =>
  compileContract(
    defineContract({
      name: "simulated_stock",
      title: "Simulated stock",
      owner: "simulation",
      sensitivity: "personal",
      description: "Stock that only exists in a simulation.",
      fields: {
        sku: text("Key."),
        revision: long("Counts what is said of it."),
        gone: boolean("No longer sold?"),
        email: text("Who counts it.", { sensitive: "hash" }),
        mark: text("Tells every record that a producer makes from all others.")
      },
      table: latest({ key: ["sku"], order: "revision", deleted: "gone", by: { bucket: buckets } }),
      drops: [],
      expectations,
      keepUnknown: false
    })
  )

const notNegative: ContractDefinition["expectations"] = [
  {
    name: "revision-not-negative",
    description: "Revisions are counted from 0.",
    column: "revision",
    reads: ["revision"],
    severity: "reject",
    holds: ({ revision }) => typeof revision !== "bigint" || revision >= 0n
  }
]

/** What a row of stock says. */
const stockMeaning = (row: Values): RowMeaning => ({
  ...rowMeaning(
    {
      all: ["sku", "revision", "gone", "email", "mark"],
      id: ["sku"],
      place: ({ sku }) => String(Number.parseInt(hash("md5", String(sku), "hex").slice(0, 7), 16) % buckets)
    },
    row
  ),
  order: BigInt(String(row["revision"])),
  deleted: row["gone"] === true
})

/** Makes the next record of a producer: in no order, so that much of it comes after what is newer. */
const makeStock = (random: Random, mark: number, { keys, poison }: RecordsOptions): MadeRecord => {
  const sku = `sku-${random.below(keys)}`
  if (random.chance(poison)) return { partitionKey: sku, ...poisoned(random, sku, mark) }
  const revision = random.below(12)
  const gone = random.pick([true, false, false, null])
  const email = `${secret}-${random.below(keys)}@example.com`
  return {
    partitionKey: sku,
    data: bytes(JSON.stringify({ sku, revision, gone, email, mark: String(mark) })),
    meaning: stockMeaning({ sku, revision: BigInt(revision), gone, email: hashOf(email), mark: String(mark) })
  }
}

const poisoned = (random: Random, sku: string, mark: number): { readonly data: Uint8Array; readonly meaning: Meaning } => {
  const letter = (reason: DeadLetterReason, data: Uint8Array) => ({ data, meaning: { kind: "dead letter", reason } as const })
  const json = (record: object) => bytes(JSON.stringify({ ...record, mark: String(mark) }))
  switch (random.below(10)) {
    case 0:
      return letter("not_json", bytes(`stock ${mark}`))
    case 1:
      return letter("truncated", bytes(`{"sku":"${sku}","mark":"${mark}`))
    case 2:
      return letter("not_object", bytes(`["${mark}"]`))
    case 3:
      return letter("missing_key", json({ revision: 1, email: secret }))
    case 4:
      return letter("missing_version", json({ sku, email: secret }))
    case 5:
      return letter("unreadable_version", json({ sku, revision: "first", email: secret }))
    case 6: {
      const replayed = stockMeaning({ sku, revision: -1n, gone: true, email: hashOf(secret), mark: String(mark) })
      const { data, meaning } = letter("quality_rejected", json({ sku, revision: -1, gone: true, email: secret }))
      return { data, meaning: { ...meaning, replayed } }
    }
    case 7:
      return letter("too_large", json({ sku, revision: 1, note: "x".repeat(decodeSettings.maxRecordBytes) }))
    case 8:
      return letter("not_utf8", noText(random, mark))
    default:
      return { data: bytes("{}"), meaning: { kind: "empty" } }
  }
}

export const stockDataset: SimulatedDataset = {
  stream: "stream-of-stock",
  contract: contractOf(notNegative),
  lenient: contractOf([]),
  make: makeStock,
  read: stockMeaning
}
