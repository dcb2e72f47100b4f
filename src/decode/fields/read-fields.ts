import type { Members } from "../../contract/json.ts"
import type { Fault } from "../fault.ts"

/**
 * Reads a record's bytes as fields by name, each a text or null; or says why they are none, or null where there is nothing. What a field's text
 * means is for the contract to say, the same in every format.
 *
 * @param header of the record's page
 */
export type ReadFields = (raw: Buffer, header: Uint8Array | undefined) => Members | Fault | null
