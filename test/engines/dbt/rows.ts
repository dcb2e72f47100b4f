import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { DuckDB } from "../../../src/duckdb/duckdb.ts"

/** Columns and their types, and each row as often as ours. @param relation of which model what somebody else has made of it */
export const expectOurs = (db: DuckDB, models: ReadonlyArray<string>, relation: (model: string) => string) =>
  Effect.gen(function* () {
    for (const name of models) {
      const typesOf = (of: string) =>
        Effect.map(db.rows(`DESCRIBE FROM ${of}`), (rows) => rows.map((row) => [row["column_name"], row["column_type"]]))
      assert.deepStrictEqual(yield* typesOf(relation(name)), yield* typesOf(name), name)
      const surplus = (what: string, of: string, without: string) =>
        Effect.map(db.rows(`FROM ${of} EXCEPT ALL FROM ${without} LIMIT 3`), (rows) => rows.map((row) => ({ what, ...row })))
      const [missing, unexpected] = [yield* surplus("missing", name, relation(name)), yield* surplus("unexpected", relation(name), name)]
      assert.deepStrictEqual([...missing, ...unexpected], [], name)
      const [counted] = yield* db.rows(`SELECT count(*)::INTEGER AS n FROM ${name}`)
      assert.isAbove(Number(counted?.["n"]), 0, name)
    }
  })
