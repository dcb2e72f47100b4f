import { Effect } from "effect"
import { type Report, type RunEvent, sumOf } from "../record/report.ts"

/** One line of the log for the commit of a batch or a repartition, and one for a run that failed. */
export const logEvent = (event: RunEvent): Effect.Effect<void> => {
  switch (event.event) {
    case "start":
      return Effect.void
    case "fail":
      // What ends the process says so itself; a batch that is given up to another process is no error.
      return Effect.logWarning(`${event.kind} failed: ${event.message}`, { dataset: event.dataset, runId: event.runId })
    case "complete": {
      const { report, outputs } = event
      const [output] = outputs
      // A batch is begun long before it is full.
      const took = Date.parse(event.at) - Date.parse(report.startedAt)
      return Effect.logInfo(`${report.kind} committed`, {
        dataset: report.dataset,
        ...(output === undefined ? {} : { table: output.path, version: output.version }),
        ...countsOf(report),
        ...(report.kind === "batch" ? { shards: report.shards.length, rotation: report.rotation } : {}),
        files: report.files,
        fileBytes: report.fileBytes,
        ...(event.commitMillis === undefined ? { millis: took } : { millis: event.commitMillis, ageMillis: took }),
        runId: report.runId
      })
    }
  }
}

const countsOf = (report: Report) => {
  switch (report.kind) {
    case "maintain":
      return { filesBefore: report.filesBefore }
    case "repartition":
      return { rows: report.rowsAdded, duplicates: report.duplicates, days: report.days.length }
    case "build":
      return { rows: report.rowsAdded, full: report.full, tests: report.tests.length }
    default: {
      const { records, rows, deadLetters, bytes } = report.counts
      return { records, rows, deadLetters: sumOf(deadLetters), bytes }
    }
  }
}
