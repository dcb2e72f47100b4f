import { Effect, type Scope, Stream } from "effect"
import type { DuckDB, DuckDBSettings, Result } from "../duckdb/duckdb.ts"
import { duckdbText, LakeError } from "../duckdb/errors.ts"
import { isLocal } from "../duckdb/local-copies.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { filesList, literal } from "../duckdb/sql.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { MartView } from "./marts.ts"
import { type Kinds, kindsOfReading, tellsColumns, withoutEnd } from "./read-only.ts"
import { createMartViews, createViews, fillViews, type LakeTable } from "./views.ts"

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
    const { tables, marts } = yield* createViews(db)
    const names = [...tables.map(({ view }) => view), ...marts.map(({ model }) => model)]
    const made = new Set<MartView>()
    /** Looks at a statement before it runs, and has the views and files there that it may read. */
    const prepare = (sql: string): Effect.Effect<Kinds, LakeError | StoreError> => {
      const { text, views } = askedOf(sql, tables, marts)
      const lacking = views.filter((each) => !made.has(each))
      for (const each of lacking) made.add(each)
      return Effect.andThen(createMartViews(db, lacking), kindsOfReading(db, sql)).pipe(
        Effect.tap(() => {
          if (isLocal(store)) return Effect.void
          const wanted = tables.filter(({ view }) => mayRead(text, view))
          return Effect.provideService(fillViews(db, wanted), Store, store)
        })
      )
    }
    const explained = Effect.mapError((error: LakeError | StoreError) =>
      error._tag === "LakeError" ? withWhatThereIs(error, names) : error
    )
    return {
      tables,
      folder: db.folder,
      query: (sql) =>
        explained(
          Effect.gen(function* () {
            yield* Effect.ignore(db.rows("ROLLBACK"))
            const kinds = yield* prepare(sql)
            // What is read to its end is read in a transaction, which tells whether that was the end: see `toTheEnd`.
            yield* db.rows("BEGIN TRANSACTION READ ONLY")
            const { columns, rows } = yield* db.stream(sql)
            const end = Effect.mapError(toTheEnd(db, sql, kinds), (error) => withWhatThereIs(error, names))
            return { columns, rows: Stream.concat(rows, Stream.fromEffectDrain(end)) }
          })
        ),
      writeParquet: (sql, path, limit) =>
        explained(
          Effect.gen(function* () {
            yield* Effect.ignore(db.rows("ROLLBACK"))
            const kinds = yield* prepare(sql)
            if (kinds.includes("EXPLAIN")) {
              return yield* new LakeError({ reason: "Invalid", problem: "EXPLAIN gives no table", hint: "Ask for it in another format." })
            }
            yield* db.run(copy(sql, kinds, limit, `${literal(path)} (FORMAT parquet, COMPRESSION zstd)`))
            const [row] = yield* db.rows(`SELECT num_rows FROM parquet_file_metadata(${filesList([path])})`)
            return Number(row?.["num_rows"] ?? 0)
          })
        )
    }
  })

/** Writes what a statement gives to a file. It stands there as a text, but for what DuckDB makes several statements of. */
const copy = (sql: string, kinds: Kinds, limit: number | null, target: string): string => {
  const rows = kinds.length === 1 ? `query(${literal(sql)})` : `(${withoutEnd(sql)}\n)`
  return `COPY (FROM ${rows}${limit === null ? "" : ` LIMIT ${limit}`}) TO ${target}`
}

/**
 * Fails where a result broke off: of an error after its first rows the binding says nothing, and the result seems to end there. The transaction knows,
 * but not why: that is told by the statement when it runs once more, for nothing but its error.
 */
const toTheEnd = (db: DuckDB, sql: string, kinds: Kinds): Effect.Effect<void, LakeError> =>
  Effect.catch(Effect.asVoid(db.rows("SELECT 1")), () =>
    Effect.gen(function* () {
      yield* db.rows("ROLLBACK")
      yield* db.run(copy(sql, kinds, null, "'/dev/null' (FORMAT csv)"))
      return yield* new LakeError({
        reason: "Unavailable",
        problem: "the result broke off, and a second time it did not",
        hint: "What was given is not all of it. Run again."
      })
    })
  )

/**
 * Whether a statement may read the rows of a view: its text names it anywhere, or has a function that makes names. What DuckDB knows of the
 * names in a statement is not asked: of some it says none.
 */
const mayRead = (sql: string, view: string): boolean =>
  !tellsColumns.test(sql) && (sql.toLowerCase().includes(view.toLowerCase()) || /\bquery(_table)?\b/i.test(sql))

/** What asks for names of views in place of their rows, or makes names. */
const asksForNames = /\b(?:show|pragma|information_schema|pg_catalog|sqlite_master|query|query_table)\b|\bduckdb_\w+/i

interface Asked {
  /** Models' views that must be there: those that the statement may name, and those that they read; all of them where it names nothing that there is. */
  readonly views: ReadonlyArray<MartView>
  /** The statement, with the texts of the views that it may name. */
  readonly text: string
}

const askedOf = (sql: string, tables: ReadonlyArray<LakeTable>, marts: ReadonlyArray<MartView>): Asked => {
  const names = (text: string, name: string) => text.toLowerCase().includes(name.toLowerCase())
  const named = new Set<MartView>()
  // Each stands behind those that it reads.
  let text = sql
  for (const mart of marts.toReversed()) {
    if (!names(text, mart.model)) continue
    named.add(mart)
    text += `\n${mart.sql}`
  }
  const isAboutNames = asksForNames.test(sql) || (named.size === 0 && !tables.some(({ view }) => names(sql, view)))
  return { views: isAboutNames ? marts : marts.filter((mart) => named.has(mart)), text }
}

/**
 * Runs one SQL statement on the lake: every table is a view (`stage_orders`, `consumable_orders`, `dead_letters`, …).
 * Statements that write are refused (`LakeError`, reason `ReadOnly`): only commits change a lake.
 */
export const queryLake = (
  sql: string,
  settings: DuckDBSettings = {}
): Effect.Effect<Result, LakeError | TableError | StoreError, Store | Scope.Scope> =>
  Effect.flatMap(openLake(settings), ({ query }) => query(sql))

/** The whole of what DuckDB says to whom wrote the statement: candidates, and where in it; and of a table that is not there, which ones are. */
const withWhatThereIs = (error: LakeError, views: ReadonlyArray<string>): LakeError => {
  if (error.reason !== "Invalid" || error.cause === undefined) return error
  // Nobody wrote the statement that `copy` makes.
  const problem = duckdbText(error.cause)
    .replace(/\n\nLINE \d+: (COPY \(FROM|\.\.\.).*$/s, "")
    .trim()
    // A hint follows, behind a dot.
    .replace(/[.!]$/, "")
  const isMissing = /^Catalog Error: Table with name .* does not exist/.test(problem)
  const there = views.length === 0 ? "The lake has no tables: fill it with `sluice ingest`." : `The lake has: ${views.join(", ")}.`
  return new LakeError({ reason: error.reason, problem, hint: isMissing ? there : error.hint, cause: error.cause })
}
