import type { Job, Prepared } from "./job.ts"

/** Makes a job ready. Its code is loaded when it is needed, so that nobody's process holds the code of others. */
export const prepare = async (job: Job): Promise<Prepared> => {
  switch (job.kind) {
    case "sluice":
      return (await import("./sluice.ts")).sluice(job)
    case "stage":
      return (await import("./stages.ts")).stage(job)
    case "ingest":
      return (await import("./ingest.ts")).ingest(job)
    case "consume":
      return (await import("./ingest.ts")).consume(job)
    case "repartition":
      return (await import("./repartition.ts")).repartition(job)
    case "copy":
      return (await import("./copy.ts")).copy(job)
    case "profile":
      return (await import("./profile.ts")).profile(job)
    case "open-table":
      return (await import("./table.ts")).openOne(job)
    case "commit":
      return (await import("./table.ts")).commitMany(job)
    case "duckdb":
      return (await import("./duckdb.ts")).duckdb(job)
    case "bytes":
      return (await import("./floor.ts")).bytes(job)
    case "json-parse":
      return (await import("./floor.ts")).jsonParse(job)
  }
}
