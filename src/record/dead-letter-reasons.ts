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
  quality_rejected: "An expectation of the contract with severity `reject` does not hold. `path` names it.",
  object_gone:
    "An object that was announced is not there any more, or another content has taken its place. `raw` is its notification. Write the object anew where it is still needed.",
  object_denied:
    "S3 did not give an object that was announced, though a queue had told of it five times or more: rights are missing, its key may not be used, it was archived. `raw` is its notification. Once it can be read, copy the object onto itself: that announces it anew.",
  object_unreadable:
    "The content of an object that was announced cannot be read from `_sequence_number` on: damaged gzip, or another kind of file. `raw` is its notification. Write the object anew.",
  not_announcement:
    "A message of the queue is no notification of S3 that can be read. `raw` is the message. Find out who sends such to the queue.",
  undelivered:
    "A message that AWS has given up to deliver, from a dead-letter queue. `raw` is the message. `detail` says where it was to go: mend what refused it, and send it there again.",
  firehose_transformation: "Firehose could not have the record transformed; `detail` says why. `raw` is the record as it came to Firehose.",
  firehose_conversion:
    "Firehose could not make the record a row of its table; `detail` says why. `raw` is the record as it came to Firehose: structured JSON, whose columns are to be those of the table. Its sensitive values are hashed already, so `replay` leaves it: mend the table, and send the record again from where it came.",
  not_error_record: "A line below an error prefix of Firehose that is none of its records. `raw` is the line. Find out who writes there."
} as const

/** Those of what never was a record: `raw` is what announced it. */
export const unreadReasons: ReadonlySet<string> = new Set<DeadLetterReason>([
  "object_gone",
  "object_denied",
  "object_unreadable",
  "not_announcement",
  "undelivered",
  "not_error_record"
])

/** Those of what was a row already: read again, its hashes would be hashed. */
export const structuredReasons: ReadonlySet<string> = new Set<DeadLetterReason>(["firehose_conversion"])

export type DeadLetterReason = keyof typeof deadLetterReasons

/** Is a text the code of a reason? */
export const isDeadLetterReason = (text: string): text is DeadLetterReason => Object.hasOwn(deadLetterReasons, text)

/** Why something is a dead letter. */
export interface Rejection {
  readonly reason: DeadLetterReason
  /** What happened, for people. Never quotes what was rejected. */
  readonly detail: string
  /** As a dead letter has them; absent: null. */
  readonly path?: string | null
  readonly offset?: number | null
}
