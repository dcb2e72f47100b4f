import { ColumnBuilders } from "../../src/columns/builders.ts"
import type { CompiledContract } from "../../src/contract/compile.ts"
import { type DecodePath, type DecodeSettings, makeDecoder } from "../../src/decode/decoder.ts"
import type { Value } from "../../src/record/column.ts"
import type { DeadLetter } from "../../src/record/dead-letter.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { type DecodeCounts, emptyCounts } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"

export const settings: DecodeSettings = { hashKey: new TextEncoder().encode("key"), maxDepth: 64, maxRecordBytes: 10 * 1024 * 1024 }

/** 2023-11-14T22:13:20Z */
export const arrival = 1_700_000_000_000

export const pageOf = (records: ReadonlyArray<string | Uint8Array>, change: Partial<RecordPage> = {}): RecordPage => {
  const bytes = records.map((record) => (typeof record === "string" ? Buffer.from(record) : record))
  const ends: Array<number> = []
  let end = 0
  for (const record of bytes) {
    end += record.length
    ends.push(end)
  }
  return {
    shard: "shard-0",
    count: bytes.length,
    bytes: new Uint8Array(Buffer.concat(bytes)),
    starts: ends.map((end, i) => end - (bytes[i]?.length ?? 0)),
    ends,
    sequenceNumbers: bytes.map((_, i) => String(i + 1)),
    arrivedAt: arrival,
    ...change
  }
}

export type Row = { readonly [column: string]: Value }

export interface Decoded {
  readonly rows: ReadonlyArray<Row>
  readonly letters: ReadonlyArray<DeadLetter>
  readonly counts: DecodeCounts
}

/** Decodes into real column builders, which check every value's type, and reads the rows back. */
export const decodePages = (
  contract: CompiledContract,
  pages: ReadonlyArray<RecordPage>,
  change: Partial<DecodeSettings> = {},
  path: DecodePath = {}
): Decoded => {
  const columns = stageColumns(contract.columns)
  const builders = new ColumnBuilders(columns)
  const letters: Array<DeadLetter> = []
  const counts = emptyCounts()
  const decoder = makeDecoder(contract, { ...settings, ...change }, path)
  for (const page of pages)
    decoder.decodePage("files", page, { columnsFor: () => builders, deadLetter: (letter) => letters.push(letter), counts })
  const rows = builders.rows().map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])))
  return { rows, letters, counts }
}

export const decode = (
  contract: CompiledContract,
  records: ReadonlyArray<string | Uint8Array> | string | Uint8Array,
  change: Partial<DecodeSettings> = {}
): Decoded => decodePages(contract, [pageOf(typeof records === "string" || records instanceof Uint8Array ? [records] : records)], change)

export const sum = (counts: { readonly [name: string]: number }): number => Object.values(counts).reduce((a, b) => a + b, 0)

/** Every record ended as exactly one thing. */
export const closes = ({ counts, rows, letters }: Decoded): boolean =>
  counts.records === counts.rows + sum(counts.deadLetters) + counts.empty &&
  counts.rows === rows.length &&
  sum(counts.deadLetters) === letters.length

/** Every value as text. */
export const asTexts = (record: { readonly [key: string]: unknown }): { readonly [key: string]: string } =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]))

/** The raw form: keys with a capital letter, every value as text. */
export const stringified = (record: { readonly [key: string]: unknown }): { readonly [key: string]: string } =>
  Object.fromEntries(Object.entries(asTexts(record)).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value]))

/** Keys with a capital letter at any depth, as the Orders feed has them. */
export const pascal = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(pascal)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key.charAt(0).toUpperCase() + key.slice(1), pascal(member)]))
      : value
