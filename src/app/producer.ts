import { version } from "../record/version.ts"

/** URI of the program, as OpenLineage wants to know who made an event. */
export const producer = `urn:sluice:${version}`
