import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { reading } from "../duckdb/local-reading.ts"
import { identifier, literal } from "../duckdb/sql.ts"
import { randomUuid } from "../record/random.ts"
import { BuildError, cannotRun } from "./build-error.ts"
import type { LookupTable, Model } from "./model.ts"

/** Keys that are looked up before their rows are written. */
const most = 10_000

/**
 * Looks up the keys that a SELECT gives and that are not there yet.
 *
 * @param there relation that has rows of keys; null: none does
 * @returns a SELECT of the new rows
 */
export const lookUp = (
  db: DuckDB,
  model: Model,
  { key, columns, row }: LookupTable,
  keys: string,
  there: string | null
): Effect.Effect<string, BuildError | LakeError> =>
  Effect.gen(function* () {
    const name = identifier(key)
    const isNew = there === null ? "" : ` WHERE ${name} NOT IN (SELECT ${name} FROM ${there} WHERE ${name} IS NOT NULL)`
    const typed = columns.map(({ name, leaf }) => `${literal(name)}: ${literal(types[leaf.type] ?? "VARCHAR")}`).join(", ")
    yield* db.run("CREATE OR REPLACE TEMP TABLE sluice_keys (n BIGINT, key VARCHAR)")
    yield* Effect.mapError(
      db.run(`INSERT INTO sluice_keys SELECT row_number() OVER (), ${name} FROM (${keys}\n)${isNew}`),
      cannotRun(model.name, model.file)
    )
    yield* db.run(`CREATE OR REPLACE TEMP TABLE sluice_looked_up AS ${emptyOf(columns)}`)
    for (let from = 0; ; from += most) {
      const found = yield* db.rows(`SELECT key FROM sluice_keys WHERE n > ${from} AND n <= ${from + most} ORDER BY n`)
      if (found.length === 0) return "SELECT * FROM sluice_looked_up"
      const lines = yield* Effect.try({
        try: () => found.map(({ key }) => `${JSON.stringify(row(String(key)))}\n`).join(""),
        catch: (cause) =>
          new BuildError({
            model: model.name,
            problem: `${model.file}: ${model.name} has no row for a key: ${cause instanceof Error ? cause.message : String(cause)}`,
            hint: "Its row(…) must make one of every text; what is not known is null.",
            tests: []
          })
      })
      const path = join(db.folder, `rows-${yield* randomUuid}.json`)
      yield* reading(path, () => writeFile(path, lines))
      yield* db.run(
        `INSERT INTO sluice_looked_up BY NAME SELECT * FROM read_json(${literal(path)}, format = 'newline_delimited', columns = {${typed}})`
      )
    }
  })

const types: { readonly [type: string]: string } = { text: "VARCHAR", integer: "INTEGER", double: "DOUBLE", boolean: "BOOLEAN" }

const emptyOf = (columns: LookupTable["columns"]): string =>
  `SELECT ${columns.map(({ name, leaf }) => `CAST(NULL AS ${types[leaf.type] ?? "VARCHAR"}) AS ${identifier(name)}`).join(", ")} WHERE false`
