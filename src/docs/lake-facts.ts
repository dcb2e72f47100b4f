import { Effect, Option } from "effect"
import type { DuckDBSettings, Row } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { consumablePath, deadLettersPath, martAt, martPath, runsPath, stagePath } from "../lake/layout.ts"
import { martView } from "../lake/marts.ts"
import { totalsOf } from "../lake/rows.ts"
import { oneRowPerRun } from "../lake/runs.ts"
import { lakeTable, rowsOf } from "../lake/views.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { DataType } from "../table/schema.ts"

/** What a lake says of a project's tables, without a value of any row: counts, versions, times. */
export interface LakeFacts {
  /** By path in the lake. */
  readonly tables: ReadonlyMap<string, TableFacts>
  /** The last run of each kind on each dataset and model, those that ended last first. */
  readonly runs: ReadonlyArray<RunFacts>
  /** What each test found when it was run last, by its name. */
  readonly tests: ReadonlyMap<string, TestFacts>
  /** The same of unit tests. */
  readonly unitTests: ReadonlyMap<string, TestFacts>
}

export interface TableFacts {
  readonly version: number
  /** Null where a file has no statistics. */
  readonly rows: number | null
  readonly files: number
  readonly bytes: number
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
}

export interface RunFacts {
  readonly kind: string
  readonly dataset: string
  readonly outcome: string
  /** ISO 8601. */
  readonly begunAt: string
  readonly endedAt: string
  readonly records: number | null
  readonly rows: number | null
  readonly deadLetters: number | null
  /** Of an ingest the expectations that did not hold for some row, by name. */
  readonly broken: ReadonlyArray<string>
}

export interface TestFacts {
  readonly status: "pass" | "warn" | "fail"
  /** Rows that failed. */
  readonly failures: number
  readonly endedAt: string
}

/** Reads it: of tables their logs, and of the table of runs the newest rows. @param names datasets and models of the project */
export const readLakeFacts = (
  names: { readonly datasets: ReadonlyArray<string>; readonly models: ReadonlyArray<string> },
  settings: DuckDBSettings
): Effect.Effect<LakeFacts, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const paths = [
      ...names.datasets.flatMap((name) => [stagePath(name), consumablePath(name)]),
      ...names.models.map(martPath),
      deadLettersPath
    ]
    const tables = new Map<string, TableFacts>()
    for (const path of [...paths, runsPath]) {
      const found = yield* lakeTable(path)
      if (Option.isNone(found)) continue
      const model = martAt(path)
      // Of a model that is a view now, the table that it was is left, and nobody's any more.
      if (model !== null && Option.isSome(yield* martView(model))) continue
      const { version, files, schema } = found.value.snapshot
      const columns = schema.fields.map(({ name, type }) => ({ name, type: typeName(type) }))
      tables.set(path, { version, ...totalsOf(files.values()), columns })
    }
    return { tables, ...(tables.has(runsPath) ? yield* Effect.scoped(runsAndTests(settings)) : nothingRun) }
  })

const nothingRun: Omit<LakeFacts, "tables"> = { runs: [], tests: new Map(), unitTests: new Map() }

const typeName = (type: DataType): string =>
  typeof type === "string"
    ? type
    : type.type === "array"
      ? `list of ${typeName(type.elementType)}`
      : type.type === "map"
        ? "map"
        : "document"

const runsAndTests = (settings: DuckDBSettings) =>
  Effect.gen(function* () {
    const found = yield* lakeTable(runsPath)
    if (Option.isNone(found)) return nothingRun
    const { table, snapshot } = found.value
    const db = yield* openDuckDB(settings)
    const ends = yield* rowsOf(db, table, snapshot)
    // A lake that no build has written to since tests are kept has no place for them.
    const keepsTests = snapshot.schema.fields.some(({ name }) => name === "tests")
    const broken = keepsTests ? `array_to_string([test.name FOR test IN tests IF test.check = 'expectation'], '\n')` : "''"
    const runs = yield* db.rows(
      `SELECT *, ${broken} AS broken FROM (${oneRowPerRun(ends)}) QUALIFY row_number() OVER (PARTITION BY kind, dataset ORDER BY ${newestFirst}) = 1 ORDER BY ${newestFirst}, kind, dataset`
    )
    // Each end of a run counts here: what a later one did not test again still stands.
    const tests = keepsTests
      ? yield* db.rows(
          `SELECT test.name, test.status, test.failures, is_unit, ended_at
           FROM (SELECT *, test.check = 'unit' AS is_unit FROM (SELECT unnest(tests) AS test, ended_at, begun_at, run_id FROM (${ends}) WHERE kind = 'build'))
           QUALIFY row_number() OVER (PARTITION BY test.name, is_unit ORDER BY ${newestFirst}) = 1`
        )
      : []
    const factsOf = (isUnit: boolean) => new Map(tests.filter((row) => row["is_unit"] === isUnit).flatMap(testOf))
    return { runs: runs.map(runOf), tests: factsOf(false), unitTests: factsOf(true) }
  })

const newestFirst = "ended_at DESC, begun_at DESC, run_id DESC"

const textOf = (row: Row, column: string): string => String(row[column] ?? "")
const numberOf = (row: Row, column: string): number | null => (row[column] == null ? null : Number(row[column]))

const runOf = (row: Row): RunFacts => ({
  kind: textOf(row, "kind"),
  dataset: textOf(row, "dataset"),
  outcome: textOf(row, "outcome"),
  begunAt: textOf(row, "begun_at"),
  endedAt: textOf(row, "ended_at"),
  records: numberOf(row, "records"),
  rows: numberOf(row, "rows"),
  deadLetters: numberOf(row, "dead_letters"),
  broken: textOf(row, "broken")
    .split("\n")
    .filter((name) => name !== "")
})

const statuses = ["pass", "warn", "fail"] as const

const testOf = (row: Row): ReadonlyArray<readonly [name: string, facts: TestFacts]> => {
  const status = statuses.find((each) => each === row["status"])
  if (status === undefined) return []
  return [[textOf(row, "name"), { status, failures: numberOf(row, "failures") ?? 0, endedAt: textOf(row, "ended_at") }]]
}
