import type { DeadLetterReason } from "../record/dead-letter-reasons.ts"
import { firstInvalidUtf8 } from "./locate.ts"

/** Why a record cannot be a row. */
export interface Fault {
  readonly reason: DeadLetterReason
  readonly path: string | null
  readonly offset: number | null
  /** For people. Never quotes the record. */
  readonly detail: string
}

export const fault = (reason: DeadLetterReason, path: string | null, detail: string, offset: number | null = null): Fault => ({
  reason,
  path,
  offset,
  detail
})

/** The fault of a record that so many bytes precede which were not looked at: a byte order mark. */
export const shifted = (fault: Fault, by: number): Fault => {
  if (fault.offset === null) return fault
  const offset = fault.offset + by
  return { ...fault, offset, detail: fault.detail.replace(/\bbyte \d+/, `byte ${offset}`) }
}

/** The fault of bytes that are not UTF-8. */
export const notUtf8 = (raw: Uint8Array): Fault => {
  const at = firstInvalidUtf8(raw)
  return fault("not_utf8", null, `Not UTF-8 at byte ${at}.`, at)
}
