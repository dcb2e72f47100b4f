import { type Column, leaf } from "./column.ts"
import type { DeadLetterReason } from "./dead-letter-reasons.ts"
import type { Coordinates } from "./record.ts"
import { coordinateColumns } from "./system-columns.ts"

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
