import { type Column, leaf } from "./column.ts"
import type { Coordinates } from "./record.ts"
import { coordinateColumns } from "./system-columns.ts"

/** Why a record could not become a row. The key is the code in the table; the value says what it means and what to do. */
export const deadLetterReasons = {
  not_utf8: "The bytes are not UTF-8. Find out which producer sends another encoding.",
  not_json: "The bytes are not JSON. `offset` is the byte at which reading failed.",
  truncated:
    "The record ends before it is complete: JSON or a quote is not closed, or a log line lacks its last fields. The producer or a copy was cut off.",
  not_object: "The JSON is not an object. One record must be one document.",
  not_csv:
    "The bytes are not one CSV record of as many fields as the header, or the contract, names. `offset` is the byte from which on there is too much, or at which there is too little.",
  not_access_log: "The line is not one of the access log that the contract names. `offset` is the byte from which on it does not fit.",
  no_header:
    "The contract leaves it to a header to name the fields, and the record came without one, or with one that cannot be read, or that names none of the contract's fields: a record, perhaps, which stands in `header`. Say `columns` in the contract.",
  too_deep: "Objects and lists are nested deeper than the limit (setting `max-depth`), documents in text included.",
  too_large:
    "The record is larger than the limit (setting `max-record-bytes`), its lists have more than 200,000 elements in all, or it has more than 300,000 objects and lists or a million values, which would take too much memory.",
  not_of_dataset:
    "The record has nothing that only records of this dataset have, and fields that the contract does not know: a message of another kind with the same key. Leave such messages out of what is read.",
  missing_key: "The key that the contract names is missing, null or empty.",
  unreadable_key: "The key that the contract names is there but cannot be read as its type.",
  missing_event_time: "The event time that the contract names, and its fallback, are missing or null.",
  unreadable_event_time:
    "The event time that the contract names is there but is not a timestamp. Its fallback stands in where it is missing, not here: it is what tells versions apart.",
  missing_version: "The version that the contract names, where it is not the event time, is missing or null.",
  unreadable_version: "The version that the contract names is there but cannot be read as its type.",
  quality_rejected: "An expectation of the contract with severity `reject` does not hold. `path` names it."
} as const

export type DeadLetterReason = keyof typeof deadLetterReasons

/** A record that could not become a row. `detail` never quotes the record: only `raw` holds its bytes. */
export interface DeadLetter extends Coordinates {
  readonly arrivedAt: number
  readonly reason: DeadLetterReason
  /** Path in the record (`clientProfileData.email`), or the expectation's name; null where the record as a whole is at fault. */
  readonly path: string | null
  /** Byte offset in the record at which reading failed, where there is one. */
  readonly offset: number | null
  readonly detail: string
  readonly raw: Uint8Array
  /** Length of the record at its source; larger than `raw` when the source had to cut it. */
  readonly size: number
  /** What named the record's fields, see `RecordPage`; null: they name themselves, or the contract does. */
  readonly header: Uint8Array | null
}

/** Columns of `dead_letters` in file order. */
export const deadLetterColumns: ReadonlyArray<Column> = [
  leaf("dataset", "text", "Dataset whose contract rejected the record."),
  leaf("reason", "text", "Why, as one of the documented codes."),
  leaf("path", "text", "Path in the record that is at fault, where one is."),
  leaf("offset", "long", "Byte offset in the record at which reading failed, where there is one."),
  leaf("detail", "text", "What happened, for people. Never quotes the record."),
  leaf("raw", "binary", "The record's bytes as they came. May hold personal data.", "keep"),
  leaf("size", "long", "Length of the record at its source, in bytes."),
  ...coordinateColumns,
  leaf(
    "header",
    "binary",
    "Header of the file that the record came from, where its format has one: what names the record's fields.",
    "keep"
  )
]
