import { createHmac } from "node:crypto"
import type { CompiledContract } from "../../src/contract/compile.ts"
import type { DeadLetterReason } from "../../src/record/dead-letter-reasons.ts"
import type { Random } from "../../src/record/seeded.ts"

/** A dataset of the simulation: what differs between one shape of records and another. All other parts of a world know no more than this. */
export interface SimulatedDataset {
  readonly stream: string
  readonly contract: CompiledContract
  /** What a replay reads dead letters by: it takes what `contract` refuses for its quality. */
  readonly lenient: CompiledContract
  /** Makes the next record of a producer. @param mark tells it from all others, of all datasets */
  readonly make: (random: Random, mark: number, options: RecordsOptions) => MadeRecord
  /** What a row of the lake says, in the form of what its record means. */
  readonly read: (row: Values) => RowMeaning
}

export interface RecordsOptions {
  /** Keys that there are: few make many versions and copies of each. */
  readonly keys: number
  /** Share of records that are no rows, from 0 to 1. */
  readonly poison: number
  /** Milliseconds since 1970 about which things happen. */
  readonly around: number
}

export interface MadeRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
  readonly meaning: Meaning
}

/** What a record must come to. Made by whoever made the record, not by reading it. */
export type Meaning =
  | RowMeaning
  /** `replayed`: what it may become by `lenient`. */
  | { readonly kind: "dead letter"; readonly reason: DeadLetterReason; readonly replayed?: RowMeaning }
  | { readonly kind: "empty" }

export interface RowMeaning {
  readonly kind: "row"
  /** Rows with the same are copies of one row of the consumable. */
  readonly id: string
  /** The partition that the consumable has it under, its values with a slash between them. */
  readonly place: string
  /** Of rows of one `id` the one with the largest counts, then the last to arrive. */
  readonly order: bigint
  /** It takes its `id` away. */
  readonly deleted: boolean
  /** All data columns as JSON text. */
  readonly row: string
}

/** Values by column, as hyparquet reads them: timestamps are dates, decimals are doubles, exact enough for two digits behind the point. */
export interface Values {
  readonly [column: string]: unknown
}

/** What of a shape's columns the judge needs. Said here once more, and not taken from the contract: how the program derives it is what is judged. */
export interface ShapeColumns {
  readonly all: ReadonlyArray<string>
  /** Key and version. */
  readonly id: ReadonlyArray<string>
  readonly place: (row: Values) => string
}

/** The day of a column. */
export const dayOf =
  (column: string) =>
  (row: Values): string => {
    const time = row[column]
    return time instanceof Date ? time.toISOString().slice(0, 10) : "none"
  }

/** Brings values into the form in which they are compared. */
export const rowMeaning = ({ all, id, place }: ShapeColumns, row: Values): RowMeaning => {
  const textOf = (columns: ReadonlyArray<string>) =>
    JSON.stringify(
      columns.map((column) => row[column] ?? null),
      valueText
    )
  return { kind: "row", id: textOf(id), place: place(row), order: 0n, deleted: false, row: textOf(all) }
}

const valueText = (_: string, value: unknown): unknown => {
  if (typeof value === "bigint") return String(value)
  return typeof value === "number" ? Math.round(value * 100) / 100 : value
}

const hashKey = new TextEncoder().encode("simulation")
export const decodeSettings = { hashKey, maxDepth: 16, maxRecordBytes: 2000 }

/** Stands in every sensitive value: nowhere but in dead letters may it ever be seen. */
export const secret = "very-secret-person"

const hashes = new Map<string, string>()

/** As contracts want it, made by nobody's code but Node's. */
export const hashOf = (email: string): string => {
  const known = hashes.get(email)
  if (known !== undefined) return known
  const hash = createHmac("sha256", hashKey).update(email).digest("hex")
  hashes.set(email, hash)
  return hash
}

export const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

/** As an aggregated record begins, but none: a plain record that is no text. */
export const noText = (random: Random, mark: number): Uint8Array =>
  Buffer.concat([Buffer.from("f3899ac2", "hex"), bytes(`${mark}`), Buffer.from(random.hex(32), "hex")])
