import { Effect, Stream } from "effect"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import type { Check } from "../../src/lake/check.ts"
import { openLake } from "../../src/lake/query.ts"
import { verify } from "../../src/lake/verify.ts"
import { jsonText } from "../../src/record/json-text.ts"
import { localStore } from "../../src/store/local-store.ts"

/*
 * What `sluice verify` and `sluice query` say of a lake in a folder, without the start of a process: for tests that ask often, of lakes that other
 * processes have written.
 */

const contracts = vtex.contracts.map(compileContract)

/** The checks that do not hold. */
export const brokenChecks = (lake: string): Promise<ReadonlyArray<Check>> =>
  openDuckDB({ threads: 1 }).pipe(
    Effect.flatMap((duckdb) => verify(contracts, duckdb)),
    Effect.map((checks) => checks.filter(({ ok }) => !ok)),
    Effect.scoped,
    Effect.provide(localStore(lake)),
    Effect.runPromise
  )

/** The rows of a statement, as JSON text. */
export const rowsIn = async (lake: string, sql: string): Promise<ReadonlyArray<string>> => (await rowsOfEach(lake, [sql]))[0] ?? []

/** The rows of several statements. The lake is opened once, which takes longer than to ask it something. */
export const rowsOfEach = (lake: string, statements: ReadonlyArray<string>): Promise<ReadonlyArray<ReadonlyArray<string>>> =>
  Effect.gen(function* () {
    const { query } = yield* openLake()
    return yield* Effect.forEach(statements, (sql) =>
      Effect.gen(function* () {
        const { columns, rows } = yield* query(sql)
        const found = yield* Stream.runCollect(rows)
        return found.map((row) => jsonText(Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null]))))
      })
    )
  }).pipe(Effect.scoped, Effect.provide(localStore(lake)), Effect.runPromise)
