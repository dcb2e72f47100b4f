import { Effect } from "effect"
import type { RunCounters } from "../../src/lake/record-runs.ts"
import type { RunEvent } from "../../src/record/report.ts"
import type { Violated, Violation } from "./judge.ts"
import { type ReadRow, readTable, runIdsOf } from "./read-lake.ts"
import type { Bucket } from "./simulated-store.ts"

/** What a process told of its runs, and what it says it wrote of them. */
export interface ToldRuns {
  readonly who: string
  readonly events: Array<RunEvent>
  readonly counters: Effect.Effect<RunCounters>
  /** It came to its end, and closed what writes runs. */
  readonly isClosed: () => boolean
}

type End = Exclude<RunEvent, { readonly event: "start" }>

const kinds = { batch: "ingest", repartition: "repartition", replay: "replay", maintain: "maintain", build: "build" }

/** The end of a run as the table must have it, in a form to compare. */
const endText = (end: End): string => {
  const { kind, runId, dataset, startedAt } = end.event === "complete" ? end.report : end
  const outputs = end.event === "complete" ? end.outputs.map(({ path, version, rows }) => [path, version, rows]) : []
  const outcome = end.event === "complete" ? "complete" : end.outcome
  const counts = end.event === "complete" ? countsOf(end.report) : [null, null]
  return JSON.stringify([runId, kinds[kind], dataset, outcome, Date.parse(startedAt), Date.parse(end.at), ...counts, outputs])
}

const countsOf = (report: Extract<RunEvent, { readonly event: "complete" }>["report"]): ReadonlyArray<number | null> => {
  if (report.kind === "maintain") return [null, null]
  if (report.kind === "build") return [null, report.rowsAdded]
  return report.kind === "repartition" ? [report.rowsRead, report.rowsAdded] : [report.counts.records, report.counts.rows]
}

const numberOf = (value: unknown): number | null => (value == null ? null : Number(value))
const millisOf = (value: unknown): number => (value instanceof Date ? value.getTime() : Number.NaN)

/** The outputs of a row. */
const outputsOf = (row: ReadRow): ReadonlyArray<{ readonly [name: string]: unknown }> => {
  const { outputs } = row
  return Array.isArray(outputs) ? outputs : []
}

const rowText = (row: ReadRow): string =>
  JSON.stringify([
    row["run_id"],
    row["kind"],
    row["dataset"],
    row["outcome"],
    millisOf(row["begun_at"]),
    millisOf(row["ended_at"]),
    numberOf(row["records"]),
    numberOf(row["rows"]),
    outputsOf(row).map(({ table, version, rows }) => [table, numberOf(version), numberOf(rows)])
  ])

/**
 * The table of runs says nothing that no process told, nothing twice, and all that was counted as written; what it says was committed stands in the
 * logs. Each process tells of a run that it began, and then how it ended.
 */
export const judgeRuns = async (bucket: Bucket, told: ReadonlyArray<ToldRuns>): Promise<ReadonlyArray<Violation>> => {
  const violations: Array<Violation> = []
  const violated: Violated = (rule, detail) => violations.push({ rule, detail })
  const runs = await readTable(bucket, "runs")
  for (const problem of runs?.problems ?? []) violated("log", problem)
  const made = new Map<string, ReadonlyMap<number, string>>()
  const madeBy = (table: string, version: number): string | undefined => {
    const runIds = made.get(table) ?? runIdsOf(bucket, table)
    made.set(table, runIds)
    return runIds.get(version)
  }
  const tellers = new Map<string, Array<ToldRuns>>()
  for (const each of told) {
    for (const end of endsOf(each, violated)) {
      const text = endText(end)
      tellers.set(text, [...(tellers.get(text) ?? []), each])
    }
  }
  const written = new Map<ToldRuns, number>()
  const seen = new Set<string>()
  for (const row of runs?.rows ?? []) {
    const text = rowText(row)
    const [teller, ...others] = tellers.get(text) ?? []
    if (teller === undefined) violated(seen.has(text) ? "run twice" : "run from nowhere", text)
    else {
      tellers.set(text, others)
      written.set(teller, (written.get(teller) ?? 0) + 1)
    }
    seen.add(text)
    if (row.$partition["run_date"] !== new Date(millisOf(row["ended_at"])).toISOString().slice(0, 10)) violated("partition", `run ${text}`)
    for (const { table, version } of outputsOf(row)) {
      // Dead letters are committed without a report: that of stage tells of both.
      if (table !== "dead_letters" && madeBy(String(table), Number(version)) !== row["run_id"])
        violated("run", `${text} did not make version ${version} of ${table}`)
    }
  }
  for (const each of told) {
    const { recorded, lost } = Effect.runSync(each.counters)
    const ends = each.events.filter(({ event }) => event !== "start").length
    const rows = written.get(each) ?? 0
    if (rows < recorded) violated("run lost", `${each.who} counts ${recorded} runs as written, there are ${rows}`)
    if (each.isClosed() && recorded + lost !== ends) violated("run", `${each.who} told of ${ends} ends: ${recorded} written, ${lost} lost`)
  }
  return violations
}

/** The ends that a process told, each of which must have a beginning before it. */
const endsOf = ({ who, events }: ToldRuns, violated: Violated): ReadonlyArray<End> => {
  const open = new Set<string>()
  return events.flatMap((event) => {
    if (event.event === "start") {
      if (open.has(event.runId)) violated("run", `${who} begins ${event.runId} again`)
      open.add(event.runId)
      return []
    }
    const { runId } = event.event === "complete" ? event.report : event
    if (!open.delete(runId)) violated("run", `${who} ends ${runId}, which it has not begun`)
    return [event]
  })
}
