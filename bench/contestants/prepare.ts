import type { Job, Prepared } from "./job.ts"

const code = {
  sluice: () => import("./sluice.ts"),
  stage: () => import("./stages.ts"),
  ingest: () => import("./ingest.ts"),
  consume: () => import("./ingest.ts"),
  repartition: () => import("./repartition.ts"),
  copy: () => import("./copy.ts"),
  profile: () => import("./profile.ts"),
  "open-table": () => import("./table.ts"),
  commit: () => import("./table.ts"),
  duckdb: () => import("./duckdb.ts"),
  sql: () => import("./duckdb.ts"),
  bytes: () => import("./floor.ts"),
  "json-parse": () => import("./floor.ts")
} as const satisfies Readonly<Record<Job["kind"], () => Promise<unknown>>>

/** Loads the code of a kind of job: when it is needed, so that nobody's process holds the code of others. */
export const load = (kind: Job["kind"]): Promise<unknown> => code[kind]()

/** Makes a job ready. */
export const prepare = async (job: Job): Promise<Prepared> => {
  switch (job.kind) {
    case "sluice":
      return (await code.sluice()).sluice(job)
    case "stage":
      return (await code.stage()).stage(job)
    case "ingest":
      return (await code.ingest()).ingest(job)
    case "consume":
      return (await code.consume()).consume(job)
    case "repartition":
      return (await code.repartition()).repartition(job)
    case "copy":
      return (await code.copy()).copy(job)
    case "profile":
      return (await code.profile()).profile(job)
    case "open-table":
      return (await code["open-table"]()).openOne(job)
    case "commit":
      return (await code.commit()).commitMany(job)
    case "duckdb":
      return (await code.duckdb()).duckdb(job)
    case "sql":
      return (await code.sql()).sql(job)
    case "bytes":
      return (await code.bytes()).bytes(job)
    case "json-parse":
      return (await code["json-parse"]()).jsonParse(job)
  }
}
