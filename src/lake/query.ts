import { Effect, type Scope } from "effect"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { type DuckDB, type DuckDBSettings, openDuckDB, type Result } from "./duckdb.ts"
import { LakeError } from "./errors.ts"
import { isLocal } from "./local-copies.ts"
import { createViews, fillViews, type LakeTable } from "./views.ts"

/** A DuckDB that shows each table of the lake as a view, as of when it was opened. */
export interface OpenLake {
  readonly tables: ReadonlyArray<LakeTable>
  /** Runs one statement that reads. Its rows come as they are asked for, within the scope that the lake was opened in. */
  readonly query: (sql: string) => Effect.Effect<Result, LakeError | StoreError>
}

export const openLake = (
  settings: DuckDBSettings = {}
): Effect.Effect<OpenLake, LakeError | TableError | StoreError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* Store
    const db = yield* openDuckDB(settings)
    const tables = yield* createViews(db)
    if (isLocal(store)) return { tables, query: (sql) => Effect.andThen(refuseWrites(db, sql), db.stream(sql)) }
    return {
      tables,
      query: (sql) =>
        Effect.gen(function* () {
          yield* refuseWrites(db, sql)
          const wanted = tables.filter(({ view }) => mayRead(sql, view))
          yield* Effect.provideService(fillViews(db, wanted), Store, store)
          return yield* db.stream(sql)
        })
    }
  })

/**
 * Whether a statement may read the rows of a view: its text names it anywhere, or has a function that makes names. What DuckDB knows of the
 * names in a statement is not asked: of some it says none.
 */
const mayRead = (sql: string, view: string): boolean =>
  !tellsColumns.test(sql) && (sql.toLowerCase().includes(view.toLowerCase()) || /\bquery(_table)?\b/i.test(sql))

/**
 * Runs one SQL statement on the lake: every table is a view (`stage_checkout`, `consumable_checkout`, `dead_letters`, …).
 * Statements that write are refused (`LakeError`, reason `ReadOnly`): only commits change a lake.
 */
export const queryLake = (
  sql: string,
  settings: DuckDBSettings = {}
): Effect.Effect<Result, LakeError | TableError | StoreError, Store | Scope.Scope> =>
  Effect.flatMap(openLake(settings), ({ query }) => query(sql))

const readers: ReadonlySet<string> = new Set(["SELECT", "EXPLAIN"])
/** White space and comments. One that holds another is left out: DuckDB nests them. */
const gap = String.raw`(?:\s|--[^\n]*\n|/\*(?:(?!/\*|\*/)[^])*\*/)`
const explain = new RegExp(String.raw`^${gap}*EXPLAIN(?:${gap}+ANALYZE|${gap}*\([^)]*\))?${gap}+`, "i")

/** Statements that ask no table for its rows. */
const tellsColumns = new RegExp(String.raw`^${gap}*(?:DESCRIBE|DESC|SHOW)\b`, "i")

const refuseWrites = (db: DuckDB, sql: string): Effect.Effect<void, LakeError> =>
  Effect.gen(function* () {
    const types = yield* db.statements(sql)
    if (types.length !== 1) {
      return yield* new LakeError({ reason: "Invalid", problem: `there are ${types.length} statements`, hint: "Give one statement." })
    }
    if (!types.every((type) => readers.has(type))) {
      return yield* new LakeError({
        reason: "ReadOnly",
        problem: "the statement writes",
        hint: "Use SELECT; the lake changes by commits alone."
      })
    }
    // EXPLAIN ANALYZE runs what it explains.
    if (!types.includes("EXPLAIN")) return
    const explained = sql.replace(explain, "")
    if (explained === sql) {
      return yield* new LakeError({ reason: "Invalid", problem: "what the statement explains is hidden", hint: "Begin it with EXPLAIN." })
    }
    yield* refuseWrites(db, explained)
  })
