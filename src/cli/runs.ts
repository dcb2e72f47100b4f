import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { existingLakeOf } from "../app/lake.ts"
import { lakeNames } from "../app/settings.ts"
import type { ResultColumn, Row } from "../duckdb/duckdb.ts"
import { openDuckDB } from "../duckdb/open.ts"
import type { Plain } from "../duckdb/plain.ts"
import { recentRuns } from "../lake/recent-runs.ts"
import { number } from "../record/count.ts"
import { runKinds, runOutcomes } from "../record/report.ts"
import { json, positive, withDefault } from "./common.ts"
import { bytes, print, seconds } from "./output.ts"
import { fittedTable, writerOf } from "./query-formats.ts"
import { use } from "./settings.ts"
import { columnsOf, cutTo, oneLine, widthOf } from "./terminal.ts"

const settings = use(...lakeNames, "memoryLimit", "threads")

const shownRuns = 20

/** A column of the table for people: its title, whether it is a number, and what of a run stands there. */
type Shown = readonly [title: string, side: "text" | "number", cell: (run: Row) => string]

const text = (value: Plain | undefined): string => (typeof value === "string" ? value : "")
const amount = (value: Plain | undefined, show: (n: number) => string = number): string => (value == null ? "" : show(Number(value)))
const time = (value: Plain | undefined): string => text(value).replace(/\.\d+Z$/, "Z")

const entries = (value: Plain | undefined): ReadonlyArray<{ readonly [name: string]: Plain }> =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === "object" && entry !== null) : []

/** Tables and their versions, or where sources lie. */
const versions = (value: Plain | undefined): string =>
  entries(value)
    .map(({ table, uri, version }) => (table == null ? text(uri) : `${table} ${version}`))
    .join(", ")

const shown: ReadonlyArray<Shown> = [
  ["ended", "text", (run) => time(run["ended_at"])],
  ["run", "text", (run) => text(run["kind"])],
  ["dataset", "text", (run) => text(run["dataset"])],
  ["outcome", "text", (run) => text(run["outcome"])],
  ["took", "number", (run) => seconds(Date.parse(text(run["ended_at"])) - Date.parse(text(run["begun_at"])))],
  ["records", "number", (run) => amount(run["records"])],
  ["rows", "number", (run) => amount(run["rows"])],
  ["dead letters", "number", (run) => amount(run["dead_letters"])],
  ["read", "number", (run) => amount(run["bytes_read"], bytes)],
  ["written", "number", (run) => amount(run["bytes_written"], bytes)],
  [
    "result",
    "text",
    (run) =>
      text(run["error"]) ||
      versions(run["outputs"]) ||
      (run["kind"] === runKinds.build && "a view") ||
      `nothing new in ${versions(run["inputs"])}`
  ],
  ["id", "text", (run) => text(run["run_id"])]
]

/** What people miss least where there is no room, first. */
const dispensable = ["id", "written", "read", "dead letters", "records", "rows", "took"]

/** Of a result as much is shown as there is room for, but not less than this. */
const leastResult = 24

/** The columns that a terminal of so many cells has room for, whole but for the result, which has what is left. */
const fitting = (runs: ReadonlyArray<Row>, width: number): ReadonlyArray<Shown> => {
  const needs = new Map(
    shown.map(([title, , cell]) => [title, title === "result" ? leastResult : Math.max(...[title, ...runs.map(cell)].map(widthOf))])
  )
  const left = () => [...needs.values()].reduce((room, cells) => room - cells - 2, width + 2)
  for (const title of dispensable) if (left() < 0) needs.delete(title)
  const room = leastResult + Math.max(0, left())
  return shown.flatMap((column): ReadonlyArray<Shown> => {
    const [title, side, cell] = column
    if (!needs.has(title)) return []
    return [title === "result" ? [title, side, (run) => cutTo(oneLine(cell(run)), room)] : column]
  })
}

/** Runs, one a line. @param width columns of the terminal; null: whole cells */
export const runsText = (runs: ReadonlyArray<Row> | null, width: number | null): string => {
  if (runs === null) return "No runs are recorded here yet: ingest, repartition, replay, maintain and build record theirs from now on."
  if (runs.length === 0) return "There is no such run."
  const chosen = width === null ? shown : fitting(runs, width)
  const columns = chosen.map(([name, side]): ResultColumn => ({ name, type: side === "text" ? "VARCHAR" : "DOUBLE" }))
  const cells = runs.map((run) => chosen.map(([, , cell]) => cell(run)))
  if (width !== null) return fittedTable(columns, cells, width).text.trimEnd()
  const writer = writerOf("table", columns)
  return (writer.begin + writer.rows(cells) + writer.end()).trimEnd()
}

export const runs = Command.make(
  "runs",
  {
    dataset: Flag.String("dataset").pipe(Flag.withDescription("Only of this dataset. Without it, of all."), Flag.optional),
    kind: Flag.Literals("kind", Object.values(runKinds)).pipe(Flag.withDescription("Only of this kind. Without it, all."), Flag.optional),
    outcome: Flag.Literals("outcome", runOutcomes).pipe(
      Flag.withDescription("Only those that ended so. Without it, all. abort: interrupted, or given up to another process."),
      Flag.optional
    ),
    limit: withDefault(positive("limit"), "Runs at most.", shownRuns),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const filter = {
      dataset: Option.getOrNull(flags.dataset),
      kind: Option.getOrNull(flags.kind),
      outcome: Option.getOrNull(flags.outcome),
      limit: flags.limit
    }
    const found = yield* Effect.flatMap(openDuckDB(values), (db) => recentRuns(filter, db)).pipe(
      Effect.scoped,
      Effect.provide(existingLakeOf(values, "read"))
    )
    yield* print(flags.json, found ?? [], () => runsText(found, columnsOf(process.stdout)))
  })
).pipe(
  Command.withDescription("What was run on a lake and what became of it, newest first. Every run of ingest is a batch."),
  Command.withExamples([
    { description: "What failed last", command: "sluice runs --lake lake --outcome fail --limit 5" },
    { description: "The repartitions, for a program", command: "sluice runs --lake lake --kind repartition --json" }
  ])
)
