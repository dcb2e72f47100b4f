import type { DeadLetter } from "../record/dead-letter.ts"
import { membersOf } from "../record/members.ts"

/**
 * What lies under an error prefix, one JSON object a line: records that Firehose could not transform or convert, as it writes them, and dead letters of the functions in
 * front of it, in the same layout with more to say.
 */
export interface ErrorRecord {
  /** The record's bytes, as they came to where it failed. */
  readonly raw: Uint8Array
  /** When the record arrived there, milliseconds since 1970. */
  readonly arrivedAt: number
  /** As Firehose, or the dead letter, names it. */
  readonly code: string
  readonly message: string
  /** `transformation`: it could not be structured. `conversion`: it was, and could not be made Parquet. `structuring`: a dead letter of a function. */
  readonly at: "transformation" | "conversion" | "structuring"
  /** Of `structuring`: the dead letter, and its dataset. */
  readonly letter: { readonly dataset: string; readonly letter: Omit<DeadLetter, "reason"> & { readonly reason: string } } | null
}

/** A dead letter as a line of an error prefix, with its end. It has the fields of Firehose's own, so that whoever reads those can read it. */
export const errorLine = (dataset: string, letter: DeadLetter): string => {
  const { reason, detail, arrivedAt, raw, header, ...more } = letter
  return `${JSON.stringify({
    attemptsMade: 1,
    arrivalTimestamp: arrivedAt,
    errorCode: reason,
    errorMessage: detail,
    rawData: base64(raw),
    dataset,
    ...more,
    header: header === null ? null : base64(header)
  })}\n`
}

/** Reads a line of an error prefix, whoever wrote it; null: it is none. Firehose names the same fields in two ways. */
export const errorRecordIn = (line: string): ErrorRecord | null => {
  const members = membersOf(parsed(line))
  const { rawData, arrivalTimestamp, dataset, dataCatalogTable } = members
  const code = textOf(members["errorCode"]) ?? textOf(members["ErrorCode"])
  if (typeof rawData !== "string" || code === null || typeof arrivalTimestamp !== "number") return null
  const raw = new Uint8Array(Buffer.from(rawData, "base64"))
  const message = textOf(members["errorMessage"]) ?? textOf(members["ErrorMessage"]) ?? ""
  const common = { raw, arrivedAt: arrivalTimestamp, code, message }
  if (typeof dataset !== "string") return { ...common, at: dataCatalogTable === undefined ? "transformation" : "conversion", letter: null }
  const { path, offset, size, source, shard, sequenceNumber, subSequenceNumber, header } = members
  if (typeof source !== "string" || typeof shard !== "string" || typeof sequenceNumber !== "string") return null
  const letter = {
    source,
    shard,
    sequenceNumber,
    subSequenceNumber: numberOf(subSequenceNumber) ?? 0,
    arrivedAt: arrivalTimestamp,
    reason: code,
    path: textOf(path),
    offset: numberOf(offset),
    detail: message,
    raw,
    size: numberOf(size) ?? raw.length,
    header: typeof header === "string" ? new Uint8Array(Buffer.from(header, "base64")) : null
  }
  return { ...common, at: "structuring", letter: { dataset, letter } }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")
const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null)
const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null)
const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
