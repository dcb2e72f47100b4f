import { Members } from "../../contract/json.ts"
import type { Fault } from "../fault.ts"

/** A value that is not its field's, because another one of the same record, behind it, is. */
export interface LostValue {
  /** Of the field, as among the members. */
  readonly key: string
  /** What it is called where it is kept; no field and no other value is called so. */
  readonly name: string
  readonly value: string
}

/** Fields by name, and the values whose place others have taken. */
export class RecordFields extends Members {
  readonly lost: Array<LostValue> = []
}

/**
 * Reads a record's bytes as fields by name, each a text or null; or says why they are none, or null where there is nothing. What a field's text
 * means is for the contract to say, the same in every format.
 *
 * @param header of the record's page
 */
export type ReadFields = (raw: Buffer, header: Uint8Array | undefined) => Members | Fault | null
