import { Effect, Stream } from "effect"
import { add, type DecodeCounts, emptyCounts, type Report } from "../record/report.ts"
import type { Action, Json } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"

export interface CommitEntry {
  readonly version: number
  readonly actions: ReadonlyArray<Action>
  /** Milliseconds since 1970, where the commit says it. */
  readonly timestamp: number | null
  readonly operation: string | null
  /** What Sluice said it did in this commit. */
  readonly report: Report | null
}

/** The commits of a table that are still in its log, oldest first, up to and with `toVersion`. */
export const history = (table: Table, toVersion: number): Stream.Stream<CommitEntry, TableError> =>
  Stream.unwrap(
    Effect.map(table.earliestVersion, (earliest) =>
      Stream.map(table.changes(earliest - 1, toVersion), ({ version, actions }) => entry(version, actions))
    )
  )

const entry = (version: number, actions: ReadonlyArray<Action>): CommitEntry => {
  const info = actions.find((action) => "commitInfo" in action)
  const commitInfo = info !== undefined && "commitInfo" in info ? info.commitInfo : {}
  const { sluice } = commitInfo
  return {
    version,
    actions,
    timestamp: commitInfo.timestamp ?? null,
    operation: commitInfo.operation ?? null,
    // Only this product writes the field, and always one of its reports: `kind` tells which.
    report: typeof sluice === "object" && sluice !== null && "kind" in sluice ? (sluice as unknown as Report) : null
  }
}

/** A report as it stands in `commitInfo`, where {@link history} finds it again. */
export const infoOf = (report: Report): { readonly sluice: Json } => ({ sluice: JSON.parse(JSON.stringify(report)) })

/** Adds `more` to `counts`, name by name. */
export const addCounts = (counts: DecodeCounts, more: DecodeCounts): void => {
  counts.records += more.records
  counts.rows += more.rows
  counts.bytes += more.bytes
  counts.empty += more.empty
  for (const part of ["deadLetters", "drops", "rescued", "drift", "masked", "quality", "conventions", "handedOver"] as const) {
    const into: { [name: string]: number } = counts[part]
    // Commits of earlier versions do not tell all of it.
    for (const [name, n] of Object.entries(more[part] ?? {})) add(into, name, n)
  }
}

/** What all batches whose reports are still in the log came to. */
export const batchCounts = (reports: Iterable<Report>): DecodeCounts => {
  const counts = emptyCounts()
  for (const report of reports) if (report.kind === "batch") addCounts(counts, report.counts)
  return counts
}
