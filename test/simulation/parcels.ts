import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../src/contract/contract.ts"
import { integer, long, text, timestamp } from "../../src/contract/field.ts"
import { type CsvOptions, csv } from "../../src/contract/format.ts"
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

/** All that orders are not: CSV, a key of two columns, a version that is not the event time, so that versions move between days, and times as epochs. */
export const parcelsOf = (options: CsvOptions, expectations: ContractDefinition["expectations"]) =>
  compileContract(
    defineContract({
      name: "simulated_parcels",
      title: "Simulated parcels",
      owner: "simulation",
      sensitivity: "personal",
      description: "Parcels that only exist in a simulation.",
      format: csv({ delimiter: ";", ...options }),
      fields: {
        carrier: text("Who carries it."),
        parcelNumber: long("Its number, of the carrier."),
        revision: integer("Counts what the carrier says of it."),
        scannedAt: timestamp("When it was scanned.", { from: "epochMillis" }),
        note: text("What somebody wrote."),
        email: text("Who gets it.", { sensitive: "hash" }),
        mark: text("Tells every record from all others.")
      },
      table: versions({ key: ["carrier", "parcelNumber"], version: "revision", by: { day: "scannedAt" } }),
      eventTime: { field: "scannedAt" },
      drops: [{ name: "attachments", reason: "Free form.", keyContains: "attachment", from: "stage" }],
      expectations,
      keepUnknown: false
    })
  )

/** What a row of parcels says. */
export const parcelMeaning = (row: Values): RowMeaning =>
  rowMeaning(
    {
      all: ["carrier", "parcel_number", "revision", "scanned_at", "note", "email", "mark"],
      id: ["carrier", "parcel_number", "revision"],
      place: dayOf("scanned_at")
    },
    row
  )

export const carriers: readonly [string, ...Array<string>] = ["dhl", "ups"]

export type Note = readonly [text: string | null, written: string]

/** Notes, and how they are written: what ends a record or a field elsewhere stands in quotes. */
export const notes: readonly [Note, ...Array<Note>] = [
  ["plain", "plain"],
  ["two\nlines", '"two\nlines"'],
  ['so;called "note"', '"so;called ""note"""'],
  ["größer\r\n", '"größer\r\n"']
]

const allNotes: typeof notes = [...notes, [null, ""], ["", '""']]

/** The fields of a record in their order. Nobody declared `surprise`. */
const columns = ["carrier", "parcelNumber", "revision", "scannedAt", "note", "email", "attachment", "surprise", "mark"] as const

type Written = { readonly [column in (typeof columns)[number]]?: string | number | bigint }

const recordOf = (fields: Written): string => columns.map((column) => fields[column] ?? "").join(";")

const notNegative: ContractDefinition["expectations"] = [
  {
    name: "revision-not-negative",
    description: "Revisions are counted from 0.",
    column: "revision",
    reads: ["revision"],
    severity: "reject",
    holds: ({ revision }) => typeof revision !== "number" || revision >= 0
  }
]

/** From here on neighbours are one and the same as doubles. */
const firstNumber = 2n ** 53n

/** Makes the next record of a producer. */
const makeParcel = (random: Random, mark: number, { keys, poison, around }: RecordsOptions): MadeRecord => {
  const [carrier, number] = [random.pick(carriers), firstNumber + BigInt(random.below(Math.ceil(keys / carriers.length)))]
  const revision = random.below(3)
  // So many days that what a repartition gets does not touch all of them.
  const scannedAt = around + random.between(-5, 5) * 86_400_000 + random.below(3) * 1000
  const email = `${secret}-${random.below(keys)}@example.com`
  const partitionKey = `${carrier}/${number}`
  const plain = { carrier, parcelNumber: number, revision, scannedAt, email, mark }
  if (random.chance(poison)) return { partitionKey, ...poisoned(random, plain) }
  const [note, written] = random.pick(allNotes)
  const record = recordOf({
    ...plain,
    carrier: random.chance(0.2) ? `"${carrier}"` : carrier,
    note: written,
    ...(random.chance(0.2) ? { attachment: `left out: ${secret}` } : {}),
    ...(random.chance(0.2) ? { surprise: 1 } : {})
  })
  return { partitionKey, data: bytes(record + random.pick(["", "\n", "\r\n"])), meaning: rowOf(plain, note) }
}

interface Parcel {
  readonly carrier: string
  readonly parcelNumber: bigint
  readonly revision: number
  /** Milliseconds since 1970. */
  readonly scannedAt: number
  readonly email: string
  readonly mark: number
}

const rowOf = ({ carrier, parcelNumber, revision, scannedAt, email, mark }: Parcel, note: string | null): RowMeaning =>
  parcelMeaning({
    carrier,
    parcel_number: parcelNumber,
    revision,
    scanned_at: new Date(scannedAt),
    note,
    email: hashOf(email),
    mark: String(mark)
  })

/** What stands in a field instead, and what that is. */
const faults: readonly [readonly [DeadLetterReason, Written], ...Array<readonly [DeadLetterReason, Written]>] = [
  ["missing_key", { carrier: "" }],
  ["missing_key", { carrier: '""' }],
  ["missing_key", { parcelNumber: "" }],
  ["unreadable_key", { parcelNumber: "many" }],
  ["missing_version", { revision: "" }],
  ["unreadable_version", { revision: "first" }],
  ["missing_event_time", { scannedAt: "" }],
  ["unreadable_event_time", { scannedAt: "2026-11-20T07:00:00Z" }],
  ["not_csv", { note: "one;more" }],
  ["not_csv", { note: "one record\nand another" }],
  ["not_csv", { note: '"closed" too early' }],
  ["truncated", { note: '"never closed' }],
  ["too_large", { note: "x".repeat(decodeSettings.maxRecordBytes) }]
]

const poisoned = (random: Random, parcel: Parcel): { readonly data: Uint8Array; readonly meaning: Meaning } => {
  const letter = (reason: DeadLetterReason, data: Uint8Array) => ({ data, meaning: { kind: "dead letter", reason } as const })
  const kind = random.below(faults.length + 7)
  switch (kind) {
    case 0:
      return letter("not_csv", bytes(`parcel ${parcel.mark}`))
    case 1:
      return letter("not_utf8", noText(random, parcel.mark))
    case 2:
    case 3:
    case 4: {
      const negative = { ...parcel, revision: -1 }
      const { data, meaning } = letter("quality_rejected", bytes(recordOf(negative)))
      return { data, meaning: { ...meaning, replayed: rowOf(negative, null) } }
    }
    case 5:
    case 6:
      return { data: bytes(random.pick(["\n", "\r\n"])), meaning: { kind: "empty" } }
    default: {
      const [reason, fields] = random.pick(faults)
      return letter(reason, bytes(recordOf({ ...parcel, ...fields })))
    }
  }
}

export const parcelsDataset: SimulatedDataset = {
  stream: "stream-of-parcels",
  contract: parcelsOf({ columns }, notNegative),
  lenient: parcelsOf({ columns }, []),
  make: makeParcel,
  read: parcelMeaning
}
