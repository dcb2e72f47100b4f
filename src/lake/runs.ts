import { Clock, Effect } from "effect"
import { ColumnBuilders } from "../columns/builders.ts"
import { openParquetFile } from "../parquet/file.ts"
import { type Column, leaf, type Value } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import { randomUuid } from "../record/random.ts"
import { type Report, type RunEvent, type RunOutcome, type RunOutput, runKinds, sumOf, type TestOutcome } from "../record/report.ts"
import { scrub } from "../record/scrub.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { addPath, createTable, type Table } from "../table/table.ts"
import { runsPath } from "./layout.ts"
import { bytesOf } from "./rows.ts"
import { retention, skippable } from "./tables.ts"

const listOf = (name: string, description: string, element: string, fields: ReadonlyArray<Column>): Column => ({
  kind: "list",
  name,
  description,
  element: { kind: "struct", name: "element", description: element, fields }
})

/**
 * The table of runs: a row for each end of a run. Work that is tried again, maybe by another process, is the same run, so that a run may have ended
 * more than once; {@link oneRowPerRun} says which end counts.
 */
export const runColumns: ReadonlyArray<Column> = [
  leaf("run_id", "text", "Which run. The same work has the same id, whoever does it, and as often as it is tried."),
  leaf("kind", "text", "What was run: ingest, repartition, replay, maintain or build."),
  leaf("dataset", "text", "Dataset that was worked on; of a build the model; for upkeep of a table that is of no dataset, the table."),
  leaf("outcome", "text", "complete; fail; abort: interrupted, or given up to another process."),
  leaf("begun_at", "timestamp", "When it began."),
  leaf("ended_at", "timestamp", "When it ended."),
  leaf("records", "long", "Records, or rows of another table, that it read. Counts are null where the run has none to tell."),
  leaf("rows", "long", "Rows that it added."),
  leaf("dead_letters", "long", "Records that are dead letters."),
  leaf("empty", "long", "Records that are nothing by definition."),
  leaf("duplicates", "long", "Copies of rows that it left out."),
  leaf("bytes_read", "long", "Bytes of what it read."),
  leaf("files", "long", "Files that it committed, of all tables."),
  leaf("bytes_written", "long", "Their bytes."),
  listOf("inputs", "What it read.", "A source, or a table as of a version.", [
    leaf("uri", "text", "Where it lies."),
    leaf("table", "text", "Path of the table in the lake; null for a source."),
    leaf("version", "long", "Version of the table as it was read; null for a source.")
  ]),
  listOf("outputs", "What it committed.", "A commit.", [
    leaf("table", "text", "Path of the table in the lake."),
    leaf("version", "long", "Version of the table that the commit made."),
    leaf("rows", "long", "Rows in the files of the commit."),
    leaf("files", "long", "Files of the commit."),
    leaf("bytes", "long", "Bytes of these files.")
  ]),
  listOf("tests", "What the tests of a model found, of a build; of an ingest or a replay the expectations that do not hold.", "A test.", [
    leaf("name", "text", "Its name, as dbt has it."),
    leaf("model", "text", "Model whose build it was part of, or dataset."),
    leaf("column", "text", "Column that it looks at; null where it looks at rows."),
    leaf("check", "text", "Its kind: unique, not_null, …; expectation."),
    leaf("severity", "text", "error or warn."),
    leaf("status", "text", "pass; warn; fail: the model's rows were not published."),
    leaf("failures", "long", "Rows that fail.")
  ]),
  leaf("error", "text", "Why it did not complete. Never quotes a record.")
]

const runPartitions: ReadonlyArray<Column> = [leaf("run_date", "date", "UTC date on which the run ended. Partition column.")]

/** A run that ended, as a row. */
export interface RunRow {
  /** UTC date, `YYYY-MM-DD`. */
  readonly date: string
  /** In the order of {@link runColumns}. */
  readonly values: ReadonlyArray<Value>
}

/** The row of a run that ended; null for one that begins. */
export const runRow = (event: RunEvent): RunRow | null => {
  if (event.event === "start") return null
  const { kind, runId, dataset, startedAt } = event.event === "complete" ? event.report : event
  const outcome: RunOutcome = event.event === "complete" ? "complete" : event.outcome
  const { inputs } = event
  const outputs = event.event === "complete" ? event.outputs : []
  const counts = event.event === "complete" ? { ...countsOf(event.report), ...writtenOf(outputs) } : {}
  const error = event.event === "complete" ? null : scrub(event.message)
  const tests = event.event === "fail" ? event.tests : testsOf(event.report)
  const values: { readonly [column: string]: Value } = {
    run_id: runId,
    kind: runKinds[kind],
    dataset,
    outcome,
    begun_at: micros(startedAt),
    ended_at: micros(event.at),
    ...counts,
    inputs: inputs.map(({ uri, table }) => ({
      uri,
      ...(table === undefined ? {} : { table: table.path, version: BigInt(table.version) })
    })),
    outputs: outputs.map(({ path, version, rows, files, bytes }) => ({ table: path, ...longs({ version, rows, files, bytes }) })),
    tests: (tests ?? []).map(({ failures, ...test }) => ({ ...test, failures: BigInt(failures) })),
    error
  }
  return { date: event.at.slice(0, 10), values: runColumns.map(({ name }) => values[name] ?? null) }
}

/** What the tests of a model found; and of records the expectations that do not hold, by rows. */
const testsOf = (report: Report): ReadonlyArray<TestOutcome> => {
  if (report.kind === "build") return report.tests
  if (report.kind !== "batch" && report.kind !== "replay") return []
  const { dataset, counts } = report
  return Object.entries(counts.quality).map(([name, failures]) => ({
    name,
    model: dataset,
    column: null,
    check: "expectation",
    severity: "warn",
    status: "warn",
    failures
  }))
}

const micros = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n

const longs = (numbers: { readonly [name: string]: number }): { readonly [name: string]: bigint } =>
  Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, BigInt(n)]))

const countsOf = (report: Report): { readonly [column: string]: bigint } => {
  switch (report.kind) {
    case "batch":
    case "replay": {
      const { records, rows, bytes, deadLetters, empty } = report.counts
      return longs({ records, rows, bytes_read: bytes, dead_letters: sumOf(deadLetters), empty })
    }
    case "repartition": {
      const { rowsRead, rowsAdded, duplicates, stageBytes } = report
      return longs({ records: rowsRead, rows: rowsAdded, duplicates, bytes_read: stageBytes })
    }
    case "maintain":
      return longs({ bytes_read: report.bytesBefore })
    case "build":
      return longs({ rows: report.rowsAdded })
  }
}

const writtenOf = (outputs: ReadonlyArray<RunOutput>) =>
  longs({
    files: outputs.reduce((total, { files }) => total + files, 0),
    bytes_written: outputs.reduce((total, { bytes }) => total + bytes, 0)
  })

/** Opens the table of runs, making it first if there is none. Fails with `Invalid` where another program's lies in its place. */
export const openRuns: Effect.Effect<Table, TableError, Store> = Effect.map(
  createTable(runsPath, {
    name: "runs",
    description: "Runs of ingest, repartition, replay, maintain and build: a row for each end of one. Best effort.",
    columns: runColumns,
    partitions: runPartitions,
    configuration: { ...retention, ...skippable(runColumns) },
    admit: (existing) => refuseForeign(existing)
  }),
  ({ table }) => table
)

/** Is the table that lies where runs are kept the one that Sluice makes? */
export const holdsRuns = ({ schema }: Snapshot): boolean => {
  const names = new Set(schema.fields.map(({ name }) => name))
  return ["run_id", "outcome", "ended_at", "outputs"].every((name) => names.has(name))
}

const refuseForeign = (existing: Snapshot): Readonly<Record<string, string>> => {
  if (holdsRuns(existing)) return {}
  throw new Malformed("Invalid", "Sluice did not make this table", "Move it out of the lake: Sluice keeps its runs there.")
}

/** Appends rows in one commit, a file for each date. Nothing of the table is read but its log. */
export const appendRuns = (table: Table, rows: ReadonlyArray<RunRow>): Effect.Effect<void, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const files = yield* Effect.forEach(
      Map.groupBy(rows, ({ date }) => date),
      ([date, rows]) => writeFile(date, rows)
    )
    yield* table.commit({
      read: yield* table.snapshot,
      operation: "WRITE",
      parameters: { mode: "Append", partitionBy: '["run_date"]' },
      metrics: { numFiles: String(files.length), numOutputRows: String(rows.length), numOutputBytes: String(bytesOf(files)) },
      actions: files.map((add) => ({ add })),
      isBlindAppend: true
    })
  })

const writeFile = (date: string, rows: ReadonlyArray<RunRow>): Effect.Effect<AddFile, StoreError, Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const partitionValues = { run_date: date }
      const path = addPath(partitionValues, `part-${yield* randomUuid}.zstd.parquet`)
      const builders = new ColumnBuilders(runColumns)
      for (const { values } of rows) builders.append(values)
      const file = openParquetFile(runColumns, yield* (yield* Store).upload(`${runsPath}/${path}`))
      yield* file.write(builders)
      const { size, stats } = yield* file.finish
      return { path, partitionValues, size, stats, modificationTime: yield* Clock.currentTimeMillis, dataChange: true }
    })
  )

/**
 * Of the rows of the table, in SQL, one for each run: the end whose work stands, whoever failed at it or gave it up before or after; of several, the
 * one that committed something; then the last.
 */
export const oneRowPerRun = (select: string): string =>
  `SELECT * FROM (${select}) QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY outcome = 'complete' DESC, len(outputs) > 0 DESC, ended_at DESC, outcome) = 1`
