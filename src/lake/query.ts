import { Effect, type Scope } from "effect"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { type DuckDB, type DuckDBSettings, openDuckDB, type Result } from "./duckdb.ts"
import { duckdbText, LakeError } from "./errors.ts"
import { isLocal } from "./local-copies.ts"
import { filesList, literal } from "./sql.ts"
import { createViews, fillViews, type LakeTable } from "./views.ts"

/** A DuckDB that shows each table of the lake as a view, as of when it was opened. */
export interface OpenLake {
  readonly tables: ReadonlyArray<LakeTable>
  /** A folder that is removed when the scope closes. */
  readonly folder: string
  /** Runs one statement that reads. Its rows come as they are asked for, within the scope that the lake was opened in. */
  readonly query: (sql: string) => Effect.Effect<Result, LakeError | StoreError>
  /**
   * Writes the rows of one statement that reads to a Parquet file, with DuckDB's own types.
   *
   * @param limit rows to write at most; null: all
   * @returns how many were written
   */
  readonly writeParquet: (sql: string, path: string, limit: number | null) => Effect.Effect<number, LakeError | StoreError>
}

export const openLake = (
  settings: DuckDBSettings = {}
): Effect.Effect<OpenLake, LakeError | TableError | StoreError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* Store
    const db = yield* openDuckDB(settings)
    const tables = yield* createViews(db)
    /** Looks at a statement before it runs, and has the files there that it may read. */
    const prepare = (sql: string): Effect.Effect<Kinds, LakeError | StoreError> =>
      Effect.tap(kindsOfReading(db, sql), () => {
        if (isLocal(store)) return Effect.void
        const wanted = tables.filter(({ view }) => mayRead(sql, view))
        return Effect.provideService(fillViews(db, wanted), Store, store)
      })
    const explained = Effect.mapError((error: LakeError | StoreError) =>
      error._tag === "LakeError" ? withWhatThereIs(error, tables) : error
    )
    return {
      tables,
      folder: db.folder,
      query: (sql) => explained(Effect.andThen(prepare(sql), db.stream(sql))),
      writeParquet: (sql, path, limit) =>
        explained(
          Effect.gen(function* () {
            const kinds = yield* prepare(sql)
            if (kinds.includes("EXPLAIN")) {
              return yield* new LakeError({ reason: "Invalid", problem: "EXPLAIN gives no table", hint: "Ask for it in another format." })
            }
            const rows = kinds.length === 1 ? `query(${literal(sql)})` : `(${sql.replace(atEnd, "")}\n)`
            yield* db.run(
              `COPY (FROM ${rows}${limit === null ? "" : ` LIMIT ${limit}`}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`
            )
            const [row] = yield* db.rows(`SELECT num_rows FROM parquet_file_metadata(${filesList([path])})`)
            return Number(row?.["num_rows"] ?? 0)
          })
        )
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

/** The whole of what DuckDB says to whom wrote the statement: candidates, and where in it; and of a table that is not there, which ones are. */
const withWhatThereIs = (error: LakeError, tables: ReadonlyArray<LakeTable>): LakeError => {
  if (error.reason !== "Invalid" || error.cause === undefined) return error
  const problem = duckdbText(error.cause).trim()
  const isMissing = /^Catalog Error: Table with name .* does not exist/.test(problem)
  const views = tables.map(({ view }) => view)
  const there = views.length === 0 ? "The lake has no tables: fill it with `sluice ingest`." : `The lake has: ${views.join(", ")}.`
  return new LakeError({ reason: error.reason, problem, hint: isMissing ? there : error.hint, cause: error.cause })
}

const readers: ReadonlySet<string | null> = new Set(["SELECT", "EXPLAIN"])
/** White space and comments. One that holds another is left out: DuckDB nests them. */
const gap = String.raw`(?:\s|--[^\n\r]*(?:[\n\r]|$)|/\*(?:(?!/\*|\*/)[^])*\*/)`
const explain = new RegExp(String.raw`^${gap}*EXPLAIN(?:${gap}+ANALYZE|${gap}*\([^)]*\))?${gap}+`, "i")

/** Statements that ask no table for its rows. */
const tellsColumns = new RegExp(String.raw`^${gap}*(?:DESCRIBE|DESC|SHOW)\b`, "i")

/** Beginnings of statements that give rows, and of no other but those that DuckDB knows for something else. */
const givesRows = new RegExp(String.raw`^${gap}*(?:(?:PIVOT|PIVOT_WIDER|SELECT|FROM|WITH)\b|\()`, "i")

const atEnd = new RegExp(`;(?:${gap}|;)*$`)

type Kinds = ReadonlyArray<string | null>

/**
 * DuckDB makes several statements of a PIVOT that does not name its values: a type for each list of values, and the SELECT. The text begins
 * with what gives rows, so what comes of its first statement ends in a SELECT; there is one at most, at the end: so there is no other statement.
 */
const isPivot = (sql: string, kinds: Kinds): boolean =>
  kinds.length > 1 && kinds.every((kind, i) => (i < kinds.length - 1 ? kind === "CREATE" : kind === null)) && givesRows.test(sql)

/** What a text comes to that is one statement and only reads; fails for every other. */
const kindsOfReading = (db: DuckDB, sql: string): Effect.Effect<Kinds, LakeError> =>
  Effect.gen(function* () {
    const kinds = yield* db.statements(sql)
    if (kinds.length === 0) {
      return yield* new LakeError({ reason: "Invalid", problem: "the statement is empty", hint: "Give one, such as: SHOW TABLES." })
    }
    if (isPivot(sql, kinds)) return kinds
    if (kinds.length !== 1) {
      return yield* explain.test(sql) && isPivot(sql.replace(explain, ""), kinds.slice(1, -1))
        ? new LakeError({
            reason: "Invalid",
            problem: "a PIVOT cannot be explained before its values are known",
            hint: "Name them: PIVOT … ON column IN (…)."
          })
        : new LakeError({ reason: "Invalid", problem: `there are ${kinds.length} statements`, hint: "Give one statement." })
    }
    if (!kinds.every((kind) => readers.has(kind))) {
      return yield* new LakeError({
        reason: "ReadOnly",
        problem: "the statement writes",
        hint: "Use SELECT; the lake changes by commits alone."
      })
    }
    // EXPLAIN ANALYZE runs what it explains.
    if (kinds.includes("EXPLAIN")) {
      const explained = sql.replace(explain, "")
      if (explained === sql) {
        return yield* new LakeError({ reason: "Invalid", problem: "what the statement explains is hidden", hint: "Begin it with EXPLAIN." })
      }
      yield* kindsOfReading(db, explained)
    }
    return kinds
  })
