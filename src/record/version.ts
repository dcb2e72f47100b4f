import manifest from "../../package.json" with { type: "json" }

/** Version of Sluice: what files, commits and events say wrote them. */
export const version: string = manifest.version
