import { Effect } from "effect"
import type { DuckDB, Row } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { literal } from "../duckdb/sql.ts"
import type { RunOutcome, runKinds } from "../record/report.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { openTable } from "../table/table.ts"
import { hasTable } from "./find-tables.ts"
import { runsPath } from "./layout.ts"
import { holdsRuns, oneRowPerRun } from "./runs.ts"
import { rowsOf } from "./views.ts"

/** Which runs; null: whatever it is. */
export interface RunFilter {
  readonly dataset: string | null
  readonly kind: (typeof runKinds)[keyof typeof runKinds] | null
  readonly outcome: RunOutcome | null
  /** As many at most. */
  readonly limit: number
}

/** Runs as the view `runs` has them, those that ended last first. Null where the lake has never recorded one. */
export const recentRuns = (
  { limit, ...wanted }: RunFilter,
  db: DuckDB
): Effect.Effect<ReadonlyArray<Row> | null, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    if (!(yield* hasTable(runsPath))) return null
    const table = yield* openTable(runsPath)
    const snapshot = yield* table.snapshot
    if (!holdsRuns(snapshot)) return null
    const conditions = Object.entries(wanted).flatMap(([column, value]) => (value === null ? [] : [`${column} = ${literal(value)}`]))
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`
    const runs = oneRowPerRun(yield* rowsOf(db, table, snapshot))
    return yield* db.rows(`SELECT * FROM (${runs}) ${where} ORDER BY ended_at DESC, begun_at DESC, run_id DESC LIMIT ${limit}`)
  })
