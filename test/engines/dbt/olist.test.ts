import { cpSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import olist from "../../../schemas/olist/project.ts"
import { compileContract } from "../../../src/contract/compile.ts"
import type { DuckDB } from "../../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { identifier, literal } from "../../../src/duckdb/sql.ts"
import { consumablePath, viewName } from "../../../src/lake/layout.ts"
import { createMartViews, createViews, selectsInPlace } from "../../../src/lake/views.ts"
import { dbtFiles } from "../../../src/models/dbt.ts"
import type { Model } from "../../../src/models/model.ts"
import { martSql, sourcePath } from "../../../src/models/relations.ts"
import { render, variables } from "../../../src/models/render.ts"
import { localStore } from "../../../src/store/local-store.ts"
import { realData, temporaryFolder } from "../../acceptance/support.ts"
import { root, sluiceJson } from "../../cli/sluice.ts"
import { olistAudit, olistModels } from "../../models/olist-marts.ts"
import { openSparkSession } from "../spark/session.ts"
import { databaseOf, dbt, linesOf, resultsIn, writeFiles } from "./dbt.ts"
import { partOfOlist } from "./olist-part.ts"
import { expectOurs } from "./rows.ts"

/** The project of Olist's tables is a dbt project: dbt with DuckDB, and Spark, make of a lake the marts that a build here makes of it, row by row. */

const input = realData("olist")
const folder = temporaryFolder()
const source = join(root, "schemas", "olist")
const models = olistModels()
const scope = Scope.makeUnsafe()
let opened: DuckDB | undefined
const db = (): DuckDB => {
  if (opened === undefined) throw new Error("DuckDB is not open")
  return opened
}

beforeAll(async () => {
  if (input === undefined) return
  const [files, lake] = [folder("files"), folder("lake")]
  mkdirSync(files)
  await Effect.runPromise(Effect.scoped(partOfOlist(input, files)))
  await sluiceJson(["run", "--once", "--project", source, "--lake", lake, "--input", files])
  await sluiceJson(["build", "--project", source, "--lake", lake])
  opened = await Effect.gen(function* () {
    const duckdb = yield* Effect.provideService(openDuckDB({ threads: 2, memoryLimit: 1024 ** 3 }), Scope.Scope, scope)
    yield* createMartViews(duckdb, (yield* createViews(duckdb)).marts)
    // Else the history shows little.
    assert.deepStrictEqual(yield* duckdb.rows("SELECT count(*) > 100 AS many FROM dw_dim_customers WHERE version_no > 1"), [{ many: true }])
    return duckdb
  }).pipe(Effect.provide(localStore(lake)), Effect.runPromise)
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const expectAll = (relation: (model: string) => string) =>
  Effect.suspend(() =>
    expectOurs(
      db(),
      models.models.map(({ name }) => name),
      relation
    )
  )

describe.skipIf(input === undefined)("the marts of Olist's orders", () => {
  it.live("are made by dbt of the same files, and its tests find the same", () =>
    Effect.gen(function* () {
      const project = folder("project")
      const selects = yield* Effect.provide(selectsInPlace, localStore(folder("lake")))
      const contracts = olist.contracts.map(compileContract)
      for (const part of ["models", "tests"]) cpSync(join(source, part), join(project, part), { recursive: true })
      writeFiles(project, dbtFiles({ name: olist.name, contracts, models, catalogName: viewName, selects }))

      // Which parses it first. Whatever dbt warns of fails, but for tests.
      yield* dbt(project, "build", "--warn-error-options", '{"error": "all", "warn": ["LogTestResult"]}')
      yield* db().run(`ATTACH ${literal(databaseOf(project))} AS dbt (READ_ONLY)`)
      yield* expectAll((model) => `dbt.marts.${identifier(model)}`)

      const told = resultsIn(project)
      const namesOf = (wanted: string) => told.flatMap(({ kind, name }) => (kind === wanted ? [name] : [])).sort()
      assert.deepStrictEqual(namesOf("model"), models.models.map(({ name }) => name).sort())
      assert.deepStrictEqual(namesOf("unit_test"), models.unitTests.map(({ name }) => name).sort())
      const audit = olistAudit(models)
      const ours = yield* Effect.forEach(models.models, (model) => audit(db(), model, () => model.name))
      assert.deepStrictEqual(linesOf(told.filter(({ kind }) => kind === "test")), linesOf(ours.flatMap(({ tests }) => tests)))
      // What has not come yet is told of.
      assert.isAbove(told.filter(({ status }) => status === "warn").length, 0)
    })
  )

  it.live("are made by Spark of the same tables", () =>
    Effect.gen(function* () {
      const spark = openSparkSession()
      yield* Effect.addFinalizer(() => Effect.sync(spark.close))
      const lake = folder("lake")
      const made = (model: string) => join(folder("spark"), model)
      const viewOf = (from: string, table: string) => viewName(sourcePath(from, table))
      const selectOf = (model: Model): string => {
        const names = { ref: (name: string) => name, source: viewOf, this: model.name, var: variables(models.vars), isIncremental: false }
        return martSql(model, render(model.text, names), true)
      }
      const tables = [...olist.contracts.map(({ name }) => consumablePath(name)), "runs"]
      yield* spark.sql(
        "SET spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS",
        // For so few rows planning anew takes longer than it saves.
        "SET spark.sql.adaptive.enabled=false",
        // Of tables that were written once all files count, and are read sooner than the log.
        ...tables.map(
          (path) => `CREATE TEMPORARY VIEW ${viewName(path)} USING parquet OPTIONS (path '${join(lake, path)}', recursiveFileLookup 'true')`
        ),
        ...models.models.map((model) => `CREATE TABLE ${model.name} USING parquet LOCATION '${made(model.name)}' AS ${selectOf(model)}`)
      )
      yield* expectAll((model) => `read_parquet(${literal(`${made(model)}/*.parquet`)})`)
    }).pipe(Effect.scoped)
  )
})
