/** What `--engine` takes: what can fold stage into the tables for users, and where. A new one is a line here, and its settings. */
export const engineNames = ["duckdb", "spark", "emr", "emr-serverless"] as const
export type EngineName = (typeof engineNames)[number]
