import { Effect } from "effect"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import type { Check } from "../../src/lake/check.ts"
import { verify } from "../../src/lake/verify.ts"
import { localStore } from "../../src/store/local-store.ts"
import { rowsOf } from "../repartition/lake.ts"

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
export const rowsIn = (lake: string, sql: string): Promise<ReadonlyArray<string>> =>
  Effect.runPromise(Effect.provide(rowsOf(sql), localStore(lake)))
