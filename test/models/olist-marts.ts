import { existsSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import olist from "../../schemas/olist/project.ts"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import type { DuckDB } from "../../src/duckdb/duckdb.ts"
import { identifier, literal } from "../../src/duckdb/sql.ts"
import { runColumns } from "../../src/lake/runs.ts"
import { type Audit, auditOf } from "../../src/models/audit.ts"
import { historySql } from "../../src/models/history-sql.ts"
import type { Model, Models } from "../../src/models/model.ts"
import { readModels } from "../../src/models/read.ts"
import { selectOf } from "../../src/models/relations.ts"
import { variables } from "../../src/models/render.ts"
import type { Column } from "../../src/record/column.ts"
import { root } from "../cli/sluice.ts"

/** The models of Olist's project, built in DuckDB over what its tables for users would hold. */

export const olistModels = (): Models => {
  const read = readModels(join(root, "schemas", "olist"), { datasets: olist.contracts.map(({ name }) => name) })
  if ("problems" in read) throw new Error(read.problems.map(({ file, line, problem }) => `${file}:${line}: ${problem}`).join("\n"))
  return read.models
}

/** The file of each dataset, without its endings. */
const fileOf: { readonly [dataset: string]: string } = {
  orders: "olist_orders_dataset",
  items: "olist_order_items_dataset",
  payments: "olist_order_payments_dataset",
  customers: "olist_customers_dataset",
  products: "olist_products_dataset",
  sellers: "olist_sellers_dataset",
  reviews: "olist_order_reviews_dataset",
  category_names: "product_category_name_translation"
}

/** A table of the data set as DuckDB reads its file, every value as text. */
const fileSql = (folder: string, dataset: string): string => {
  const file = [`${fileOf[dataset]}.csv`, `${fileOf[dataset]}.csv.gz`].map((name) => join(folder, name)).find(existsSync)
  return `SELECT * FROM read_csv(${literal(file ?? "")}, header = true, all_varchar = true)`
}

const typedSql = (column: Column): string => {
  const { name } = column
  const from = identifier(name.replace(/^(product_(name|description))_length$/, "$1_lenght"))
  const type = column.kind === "leaf" ? column.leaf.type : column.kind
  if (name.startsWith("review_comment")) return `NULL::VARCHAR AS ${name}`
  if (type === "timestamp") return `timezone('America/Sao_Paulo', ${from}::TIMESTAMP) AS ${name}`
  if (type === "date") return `${from}[1:10]::DATE AS ${name}`
  if (type === "integer") return `${from}::INTEGER AS ${name}`
  if (type === "decimal") return `${from}::DECIMAL(12, 2) AS ${name}`
  return `${from} AS ${name}`
}

/** A dataset's table for users, made of its file. */
const consumableSql = ({ contract, consumableColumns }: CompiledContract): string =>
  `CREATE TABLE consumable_${contract.name} AS
   SELECT ${consumableColumns.map(typedSql).join(", ")}, timestamptz '2018-11-01 08:30:15Z' AS _arrived_at FROM csv_${contract.name}`

const typeOf = (column: Column): string => {
  if (column.kind !== "leaf") return "JSON"
  return { text: "VARCHAR", long: "BIGINT", timestamp: "TIMESTAMPTZ" }[String(column.leaf.type)] ?? "VARCHAR"
}

/** Makes the tables for users of the files of a folder, which stand as they are in `csv_…`, and a table of no runs. */
export const loadConsumables = (db: DuckDB, folder: string) =>
  Effect.gen(function* () {
    for (const contract of olist.contracts) {
      yield* db.run(`CREATE TABLE csv_${contract.name} AS ${fileSql(folder, contract.name)}`)
      yield* db.run(consumableSql(compileContract(contract)))
    }
    yield* db.run(`CREATE TABLE runs (${runColumns.map((column) => `${identifier(column.name)} ${typeOf(column)}`).join(", ")})`)
  })

/** The SELECT of what a model's table holds. */
export const tableSql = (model: Model, models: Models): string => {
  const select = selectOf(model, models)
  return model.materialization.kind === "history" ? historySql(model.materialization.history, `(${select})`, true) : select
}

/** Builds all models, each as a table of its name, each after those that it reads. */
export const buildOlist = (db: DuckDB, models: Models) =>
  Effect.forEach(models.models, (model) => db.run(`CREATE OR REPLACE TABLE ${model.name} AS ${tableSql(model, models)}`), { discard: true })

/** What a source's table is called. */
export const viewOfSource = (source: string, table: string): string => identifier(source === "lake" ? table : `consumable_${table}`)

export const olistAudit = (models: Models): Audit =>
  auditOf(models, {
    ref: identifier,
    source: viewOfSource,
    var: variables(models.vars),
    sensitive: new Set()
  })
