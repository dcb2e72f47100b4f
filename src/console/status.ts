import { Clock, Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DuckDB, Row } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import type { Check } from "../lake/check.ts"
import { deadLettersPath, stagePath } from "../lake/layout.ts"
import { recentRuns } from "../lake/recent-runs.ts"
import { type DatasetStatus, lakeStatus, type TableStatus } from "../lake/status.ts"
import { findTable } from "../lake/tables.ts"
import { gapCheck, sumChecks } from "../lake/verify.ts"
import { lakeTable, rowsOf } from "../lake/views.ts"
import { waitingText } from "../lake/waiting.ts"
import { sumOf } from "../record/report.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { CheckState, DatasetState, DeadLetterState, RunState, Status, TableState } from "./api.ts"
import { attentionOf } from "./attention.ts"
import { freshnessOf, limitOf } from "./freshness.ts"

const mostRuns = 50

/** What a lake is at. Ages are as of `now`, which the caller says again: see {@link aged}. */
export const readStatus = (
  root: string,
  contracts: ReadonlyArray<CompiledContract>,
  db: DuckDB
): Effect.Effect<Status, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    const reasons = new Map<string, Record<string, number>>()
    const names = contracts.map(({ contract }) => contract.name)
    const found = yield* lakeStatus(root, names, (dataset, report) => {
      if (report.kind !== "batch") return
      const ofDataset = reasons.get(dataset) ?? {}
      reasons.set(dataset, ofDataset)
      ofDataset[report.rotation] = (ofDataset[report.rotation] ?? 0) + 1
    })
    const limits = new Map(contracts.map(({ contract }) => [contract.name, limitOf(contract.refreshEvery)]))
    const datasets: Array<DatasetState> = []
    const results: Array<CheckState> = []
    for (const status of found.datasets) {
      const stage = yield* findTable(stagePath(status.dataset))
      if (Option.isNone(stage)) continue
      const snapshot = yield* stage.value.snapshot
      const at = { table: stage.value, snapshot }
      results.push(...[...sumChecks(at), gapCheck(at, 0), upToDate(status)].map(checkState))
      datasets.push(datasetState(status, reasons.get(status.dataset) ?? {}, limits.get(status.dataset) ?? null, Date.parse(now)))
    }
    const warnings: Array<string> = []
    const byReason = yield* deadLetters(db)
    const runs = yield* recentRuns({ dataset: null, kind: null, outcome: null, limit: mostRuns }, db)
    for (const { note, path } of found.others) if (note !== "a mart") warnings.push(`${path}: ${note}`)
    const tables = [
      ...found.datasets.flatMap(({ stage, consumable }) => [stage, ...(consumable === null ? [] : [consumable])]),
      ...found.others.flatMap(({ table }) => table ?? []),
      ...(found.deadLetters === null ? [] : [found.deadLetters]),
      ...(found.runs === undefined ? [] : [found.runs])
    ]
    const shownRuns = (runs ?? []).map(runState)
    return {
      lake: root,
      now,
      attention: attentionOf(datasets, results, shownRuns, byReason),
      datasets,
      deadLetters: { table: found.deadLetters === null ? null : tableState(found.deadLetters), byReason },
      tables: tables.map(tableState),
      checks: { at: now, results },
      runs: shownRuns,
      warnings
    }
  })

/** The same some time later, when nothing was committed. */
export const aged = (status: Status, now: number): Status => {
  const datasets = status.datasets.map((dataset) => ({
    ...dataset,
    freshness: freshnessOf(dataset.freshness.limitMinutes, dataset.lastCommit, now)
  }))
  const attention = attentionOf(datasets, status.checks?.results ?? [], status.runs, status.deadLetters.byReason)
  return { ...status, now: new Date(now).toISOString(), attention, datasets }
}

const tableState = ({ bytes, files, path, rows, version }: TableStatus): TableState => ({ path, version, rows, files, bytes })

const upToDate = ({ consumable, dataset, waiting }: DatasetStatus): Check => ({
  table: consumable?.path ?? `consumable/${dataset}`,
  check: "is up to date",
  ok: true,
  detail: waiting.versions === 0 ? "all of stage was taken" : waitingText(waiting),
  ...(waiting.versions === 0 ? {} : { warning: true as const })
})

const checkState = ({ check, detail, ok, table, warning }: Check): CheckState => ({
  table,
  name: check,
  ok,
  severity: warning === true ? "warning" : "error",
  detail
})

const datasetState = (
  status: DatasetStatus,
  batchReasons: Readonly<Record<string, number>>,
  limitMinutes: number | null,
  now: number
): DatasetState => {
  const { counts, waiting } = status
  const letters = sumOf(counts.deadLetters)
  return {
    dataset: status.dataset,
    known: status.known,
    stage: tableState(status.stage),
    consumable: status.consumable === null ? null : tableState(status.consumable),
    waitingVersions: waiting.versions,
    waitingRows: waiting.rows ?? 0,
    shards: status.shards,
    streams: status.streams.map(({ behind, ended, gaps, readUntil, records, sequenceNumber, shard, subSequenceNumber }) => ({
      shard,
      behindMillis: behind,
      readUntil,
      ended,
      records,
      position: sequenceNumber === null ? null : `${sequenceNumber}/${subSequenceNumber}`,
      gaps
    })),
    lagMillis: status.lagMillis,
    gaps: status.gaps,
    records: status.records,
    deadLettersWaiting: status.deadLettersWaiting,
    lastArrival: status.lastArrival,
    lastCommit: status.lastCommit,
    freshness: freshnessOf(limitMinutes, status.lastCommit, now),
    batches: status.batches,
    batchReasons,
    // Of the commits that are still in the log: what they say of themselves.
    ledger: {
      records: counts.records,
      rows: counts.rows,
      deadLetters: letters,
      empty: counts.empty,
      closes: counts.records === counts.rows + letters + counts.empty
    }
  }
}

const text = (row: Row, column: string): string => String(row[column] ?? "")
const orNull = (row: Row, column: string): number | null => (row[column] == null ? null : Number(row[column]))

const runState = (row: Row): RunState => ({
  kind: text(row, "kind"),
  dataset: text(row, "dataset"),
  outcome: text(row, "outcome"),
  begunAt: text(row, "begun_at"),
  endedAt: text(row, "ended_at"),
  records: orNull(row, "records"),
  rows: orNull(row, "rows"),
  deadLetters: orNull(row, "dead_letters"),
  error: row["error"] == null ? null : text(row, "error")
})

/** Dead letters by their reasons, with where one of them stands. What is in them is not read. */
const deadLetters = (db: DuckDB): Effect.Effect<ReadonlyArray<DeadLetterState>, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const found = yield* lakeTable(deadLettersPath)
    if (Option.isNone(found)) return []
    const rows = yield* rowsOf(db, found.value.table, found.value.snapshot)
    const groups = yield* db.rows(
      `SELECT dataset, reason, count(*) AS letters, sum("size") AS bytes, max(_arrived_at) AS last_at,
         arg_max({source: _source, shard: _shard, sequence_number: _sequence_number, path: path}, _arrived_at) AS example
       FROM (${rows}) GROUP BY ALL ORDER BY letters DESC, dataset, reason`
    )
    return groups.map((row): DeadLetterState => {
      const { example } = row
      const of = (name: string): string | null => {
        const entry = Object.entries(Object(example)).find(([key]) => key === name)
        return entry?.[1] == null ? null : String(entry[1])
      }
      return {
        dataset: text(row, "dataset"),
        reason: text(row, "reason"),
        count: Number(row["letters"]),
        bytes: Number(row["bytes"] ?? 0),
        lastAt: row["last_at"] == null ? null : text(row, "last_at"),
        example: { source: of("source") ?? "", shard: of("shard") ?? "", sequenceNumber: of("sequence_number") ?? "", path: of("path") }
      }
    })
  })
