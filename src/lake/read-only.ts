import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"

const readers: ReadonlySet<string | null> = new Set(["SELECT", "EXPLAIN"])
/** White space and comments. One that holds another is left out: DuckDB nests them. */
const gap = String.raw`(?:\s|--[^\n\r]*(?:[\n\r]|$)|/\*(?:(?!/\*|\*/)[^])*\*/)`
const explain = new RegExp(String.raw`^${gap}*EXPLAIN(?:${gap}+ANALYZE|${gap}*\([^)]*\))?${gap}+`, "i")

/** Beginnings of statements that give rows, and of no other but those that DuckDB knows for something else. */
const givesRows = new RegExp(String.raw`^${gap}*(?:(?:PIVOT|PIVOT_WIDER|SELECT|FROM|WITH)\b|\()`, "i")

/** Kinds of the statements that DuckDB makes of a text; null: one that needs what another before it makes. */
export type Kinds = ReadonlyArray<string | null>

/**
 * DuckDB makes several statements of a PIVOT that does not name its values: a type for each list of values, and the SELECT. The text begins
 * with what gives rows, so what comes of its first statement ends in a SELECT; there is one at most, at the end: so there is no other statement.
 */
const isPivot = (sql: string, kinds: Kinds): boolean =>
  kinds.length > 1 && kinds.every((kind, i) => (i < kinds.length - 1 ? kind === "CREATE" : kind === null)) && givesRows.test(sql)

/** What a text comes to that is one statement and only reads; fails for every other. */
export const kindsOfReading = (db: DuckDB, sql: string): Effect.Effect<Kinds, LakeError> =>
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

/** Statements that ask no table for its rows. */
export const tellsColumns = new RegExp(String.raw`^${gap}*(?:DESCRIBE|DESC|SHOW)\b`, "i")

/** A statement without the semicolons and comments behind it. */
export const withoutEnd = (sql: string): string => sql.replace(atEnd, "")

const atEnd = new RegExp(`;(?:${gap}|;)*$`)
