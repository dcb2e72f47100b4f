import manifest from "../../package.json" with { type: "json" }

export const version: string = manifest.version

/** URI of the program, as OpenLineage wants to know who made an event. */
export const producer = `urn:sluice:${version}`
