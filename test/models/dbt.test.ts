import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import { dbtFiles } from "../../src/models/dbt.ts"
import { historySql } from "../../src/models/history-sql.ts"
import type { History } from "../../src/models/model.ts"
import { orders } from "../repartition/lake.ts"
import { model, models } from "./made.ts"

const history: History = { key: ["customer_id"], effective: "changed_at", order: [], keep: ["city"], replace: [], inferred: null }
const customers = model("customers", { materialization: { kind: "history", history } })
const files = new Map(
  dbtFiles({
    name: "my-shop",
    contracts: [orders],
    models: models({ models: [customers], vars: { since: "2026-01-01" } }),
    catalogName: (path) => `named_${path.replace("/", "_")}`,
    selects: new Map([["consumable/order", "SELECT * FROM read_parquet(['/lake/100%/a.parquet'], schema = MAP {'a': {x: 1}})"]])
  }).map(({ path, text }) => [path, text])
)
const read = (path: string) => parse(files.get(path) ?? "")

interface Table {
  readonly name: string
  readonly identifier: string
  readonly config?: { readonly external_location: string; readonly formatter: string }
  readonly columns: ReadonlyArray<{ readonly name: string; readonly description: string; readonly config?: object }>
}
const tables = (source: string): ReadonlyArray<Table> =>
  read("dbt/sources/sources.yml").sources.find(({ name }: { readonly name: string }) => name === source).tables

describe("the files of a dbt project", () => {
  it("say its name, its folders and its variables", () => {
    expect(read("dbt_project.yml")).toMatchObject({
      name: "my_shop",
      profile: "my_shop",
      "config-version": 2,
      "model-paths": ["models", "dbt/sources"],
      "macro-paths": ["dbt/macros"],
      "test-paths": ["tests"],
      vars: { since: "2026-01-01" },
      flags: { send_anonymous_usage_stats: false }
    })
    expect(Object.keys(read("dbt/profiles.yml").my_shop.outputs)).toEqual(["duckdb", "athena", "spark"])
    expect([...files.keys()].filter((path) => path.startsWith("dbt/macros/")).length).toBe(4)
  })

  it("name every table of the lake, and read exactly the files that are given", () => {
    expect(tables("consumable").map(({ name, identifier }) => [name, identifier])).toEqual([["order", "named_consumable_order"]])
    expect(tables("stage").map(({ name, identifier }) => [name, identifier])).toEqual([["order", "named_stage_order"]])
    expect(tables("lake").map(({ name }) => name)).toEqual(["dead_letters", "runs"])
    expect(tables("changes")).toEqual(tables("consumable"))
    expect(tables("consumable")[0]?.config).toEqual({
      external_location: "{% raw %}(SELECT * FROM read_parquet(['/lake/100%%/a.parquet'], schema = MAP {'a': {x: 1}})){% endraw %}",
      formatter: "oldstyle"
    })
  })

  it("give a table that is not there yet its columns, and no rows", () => {
    const text = tables("stage")[0]?.config?.external_location ?? ""
    expect(text).toMatch(/^\{% raw %\}\(SELECT CAST\(NULL AS VARCHAR\) AS "order_id", .* AS "ingest_hour" LIMIT 0\)\{% endraw %\}$/)
  })

  it("make of a history what a build here makes of it", () => {
    expect(files.get("dbt/macros/history.sql")).toContain(
      `{% macro history_customers(versions) %}\n${historySql(history, "{{ versions }}", true)}\n{% endmacro %}`
    )
  })

  it("carry what the contract says of columns", () => {
    const [table] = tables("consumable")
    const of = (wanted: string) => table?.columns.find(({ name }) => name === wanted)
    expect(of("order_id")).toEqual({ name: "order_id", description: "Key." })
    expect(of("email")).toEqual({ name: "email", description: "E-mail.", config: { meta: { sensitive: true } } })
    expect(of("shipping")?.config).toEqual({ meta: { sensitive: true } })
    expect(of("ingest_date")).toBeUndefined()
    expect(tables("stage")[0]?.columns.map(({ name }) => name)).toContain("ingest_date")
  })
})
