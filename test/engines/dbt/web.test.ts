import { cpSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import web from "../../../schemas/web/project.ts"
import { compileContract } from "../../../src/contract/compile.ts"
import type { DuckDB } from "../../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { identifier, literal } from "../../../src/duckdb/sql.ts"
import { consumablePath, martPath, stagePath, viewName } from "../../../src/lake/layout.ts"
import { createMartViews, createViews, selectsInPlace } from "../../../src/lake/views.ts"
import { dbtFiles } from "../../../src/models/dbt.ts"
import type { Model } from "../../../src/models/model.ts"
import { isElements } from "../../../src/models/pieces.ts"
import { sourcePath } from "../../../src/models/relations.ts"
import { render, variables } from "../../../src/models/render.ts"
import { localStore } from "../../../src/store/local-store.ts"
import { temporaryFolder } from "../../acceptance/support.ts"
import { root, sluiceJson } from "../../cli/sluice.ts"
import { hit, webModels } from "../../schemas/web-lake.ts"
import { openSparkSession } from "../spark/session.ts"
import { databaseOf, dbt, resultsIn, writeFiles } from "./dbt.ts"
import { expectOurs } from "./rows.ts"

/** The clickstream's project is a dbt project: dbt with DuckDB, and Spark, make of its lake what a build here makes of it, row by row. */

const folder = temporaryFolder()
const source = join(root, "schemas", "web")
const models = webModels()
/** What a program made, they read as it is. */
const made = models.models.filter(({ materialization }) => materialization.kind !== "lookup")
const lookups = models.models.filter((model) => !made.includes(model)).map(({ name }) => martPath(name))
const scope = Scope.makeUnsafe()
let opened: DuckDB | undefined
const db = (): DuckDB => {
  if (opened === undefined) throw new Error("DuckDB is not open")
  return opened
}

const start = Date.UTC(2026, 0, 1, 23)
const kinds: ReadonlyArray<{ readonly [parameter: string]: string | number }> = [
  { t: "pageview", dl: "HTTPS://Shop.Example/A?b=C", dt: " Shop " },
  { t: "event", ec: "shop", ea: "look", pa: "detail", pr1id: "a", pr3id: "b", pr3pr: "1.25" },
  { t: "event", ec: "shop", pa: "purchase", ti: "T1", tt: "0.50", pr1id: "a", pr1pr: "10.1", pr1qt: 3, pr2id: "c" },
  { t: "event", ec: "shop", pa: "refund", ti: "T1", tr: 3 },
  { t: "pageview", dl: "/x", qt: 1234 }
]
/** Two hits more than that lie in the stage alone. */
const hits = Array.from({ length: 60 }, (_, i) =>
  hit(`h${i}`, start + i * i * 4000, {
    ...kinds[i % kinds.length],
    ...(i % 7 === 0 ? {} : { cid: `c${i % 4}` }),
    ...(i % 5 === 0 ? { uid: `u${i % 3}`, _c_ua: `agent ${i % 2}`, _c_ip: "10.0.0.1" } : {}),
    ...(i % 6 === 0 ? { _c_key: "k" } : {})
  })
)

beforeAll(async () => {
  const [files, lake] = [folder("hits"), folder("lake")]
  writeFiles(files, [{ path: "hits-1.txt", text: `${hits.slice(0, 50).join("\n")}\n` }])
  await sluiceJson(["run", "--once", "--project", source, "--lake", lake, "--input", files], { SLUICE_HASH_KEY: "k".repeat(32) })
  writeFileSync(join(files, "hits-2.txt"), `${hits.slice(50).join("\n")}\n`)
  await sluiceJson(["ingest", "--project", source, "--dataset", "hits", "--lake", lake, "--input", files], {
    SLUICE_HASH_KEY: "k".repeat(32)
  })
  opened = await Effect.gen(function* () {
    const duckdb = yield* Effect.provideService(openDuckDB({ threads: 2, memoryLimit: 1024 ** 3 }), Scope.Scope, scope)
    yield* createMartViews(duckdb, (yield* createViews(duckdb)).marts)
    return duckdb
  }).pipe(Effect.provide(localStore(lake)), Effect.runPromise)
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const names = made.map(({ name }) => name)

describe("the marts of hits", () => {
  it.live("are made by dbt of the same files, and its tests find nothing", () =>
    Effect.gen(function* () {
      const project = folder("project")
      const selects = yield* Effect.provide(selectsInPlace, localStore(folder("lake")))
      for (const part of ["models", "tests"]) cpSync(join(source, part), join(project, part), { recursive: true })
      writeFiles(
        project,
        dbtFiles({ name: web.name, contracts: web.contracts.map(compileContract), models, catalogName: viewName, selects })
      )
      // A unit test of an incremental model asks its own table for its columns.
      yield* dbt(project, "build", "--exclude-resource-type", "unit_test")
      yield* db().run(`ATTACH ${literal(databaseOf(project))} AS dbt (READ_ONLY)`)
      yield* expectOurs(db(), names, (model) => `dbt.marts.${identifier(model)}`)
      const told = resultsIn(project).filter(({ kind, failures }) => kind === "test" && failures !== 0)
      assert.deepStrictEqual(told, [])
    })
  )

  it.live("are made by Spark of the same tables", () =>
    Effect.gen(function* () {
      const spark = openSparkSession()
      yield* Effect.addFinalizer(() => Effect.sync(spark.close))
      const lake = folder("lake")
      const place = (model: string) => join(folder("spark"), model)
      const elements = (from: string, list: string) => `${viewName(sourcePath(from, list))}_${list.split(".").slice(1).join("_")}`
      const viewOf = (from: string, table: string) => (isElements(from) ? elements(from, table) : viewName(sourcePath(from, table)))
      const selectOf = (model: Model): string =>
        render(model.text, { ref: (name) => name, source: viewOf, this: model.name, var: variables(models.vars), isIncremental: false })
      const tables = [consumablePath("hits"), stagePath("hits"), ...lookups]
      yield* spark.sql(
        "SET spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS",
        "SET spark.sql.adaptive.enabled=false",
        ...tables.map(
          (path) => `CREATE TEMPORARY VIEW ${viewName(path)} USING parquet OPTIONS (path '${join(lake, path)}', recursiveFileLookup 'true')`
        ),
        ...["elements", "stage_elements"].map(
          (from) =>
            `CREATE TEMPORARY VIEW ${elements(from, "hits.products")} AS SELECT _source, _shard, _sequence_number, _sub_sequence_number, e.*, place + 1 AS _position FROM ${viewName(sourcePath(from, "hits.products"))} LATERAL VIEW posexplode(products) x AS place, e`
        ),
        ...made.map((model) => `CREATE TABLE ${model.name} USING parquet LOCATION '${place(model.name)}' AS ${selectOf(model)}`)
      )
      yield* expectOurs(db(), names, (model) => `read_parquet(${literal(`${place(model)}/*.parquet`)})`)
    }).pipe(Effect.scoped)
  )
})
