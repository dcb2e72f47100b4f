import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api"
import { Effect, type Scope, Stream } from "effect"
import { afterAll, beforeAll, expect } from "vitest"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import type { Check } from "../../src/lake/check.ts"
import { queryLake } from "../../src/lake/query.ts"
import { verify } from "../../src/lake/verify.ts"
import { lakeTables } from "../../src/lake/views.ts"
import { jsonText } from "../../src/record/json-text.ts"
import { localStore } from "../../src/store/local-store.ts"
import type { Store } from "../../src/store/store.ts"
import { root } from "../cli/sluice.ts"

/** Where real data lies on machines that have it. */
export const dataFolder = resolve(root, process.env["SLUICE_TEST_DATA"] ?? "../shared/data")

/** A folder of real data, or undefined, said once, where it is not on this machine. */
export const realData = (path: string): string | undefined => {
  const folder = join(dataFolder, path)
  if (existsSync(folder)) return folder
  console.warn(`Skipped: there is no ${folder}; SLUICE_TEST_DATA says where real data lies.`)
  return undefined
}

/** Gives paths in a folder that is gone after the tests of the file. */
export const temporaryFolder = (): ((name: string) => string) => {
  let folder = ""
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-acceptance-"))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return (name) => join(folder, name)
}

/** A row of a query's result. What may exceed 2^53 must be cast to text. */
export interface Row {
  readonly [column: string]: unknown
}

export const query = (lake: string, sql: string): Promise<ReadonlyArray<Row>> =>
  // Whole rows are a thousand columns wide: sorting them takes more than the default.
  inLake(
    lake,
    Effect.gen(function* () {
      const { columns, rows } = yield* queryLake(sql, { memoryLimit: 512 * 1024 * 1024 })
      const found = yield* Stream.runCollect(rows)
      return found.map((row): Row => JSON.parse(jsonText(Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])))))
    })
  )

const inLake = <A, E>(lake: string, effect: Effect.Effect<A, E, Store | Scope.Scope>): Promise<A> =>
  effect.pipe(Effect.scoped, Effect.provide(localStore(lake)), Effect.runPromise)

/** A query that gives `[name, count]`, as an object. */
export const countsBy = async (lake: string, sql: string): Promise<{ readonly [name: string]: number }> =>
  Object.fromEntries((await query(lake, sql)).map(({ name, count }) => [String(name), Number(count)]))

/** Version of every table of a lake: the same as before, when nothing was committed. */
export const tableVersions = (lake: string): Promise<unknown> =>
  inLake(
    lake,
    Effect.map(lakeTables, (tables) => tables.map(({ table, snapshot }) => [table.path, snapshot.version]))
  )

/** The checks of `verify` that do not hold, and how many there are in all. */
export const verified = (lake: string): Promise<{ readonly checks: number; readonly failed: ReadonlyArray<Check> }> =>
  inLake(
    lake,
    Effect.gen(function* () {
      const checks = yield* verify(vtex.contracts.map(compileContract), yield* openDuckDB())
      return { checks: checks.length, failed: checks.filter(({ ok }) => !ok) }
    })
  )

/** What {@link verified} gives of a lake in order. */
export const inOrder = { checks: expect.toSatisfy((n: number) => n > 10), failed: [] }

/** A DuckDB that knows nothing of the product. Integers come as text. */
export const withDuckDB = async <A>(use: (rows: (sql: string) => Promise<ReadonlyArray<Row>>) => Promise<A>): Promise<A> => {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2", memory_limit: "1GB" })
  let connection: DuckDBConnection | undefined
  try {
    const connected = await instance.connect()
    connection = connected
    return await use(async (sql) => (await connected.runAndReadAll(sql)).getRowObjectsJson())
  } finally {
    connection?.closeSync()
    instance.closeSync()
  }
}
