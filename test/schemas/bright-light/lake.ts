import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import type { Company } from "../../../schemas/bright-light/generate/company.ts"
import { warehouseRows } from "../../../schemas/bright-light/generate/files.ts"
import { toldOf } from "../../../schemas/bright-light/generate/logs.ts"
import { finalRows } from "../../../schemas/bright-light/generate/replicas.ts"
import { tablesOf } from "../../../schemas/bright-light/generate/tables.ts"
import { type Row as TableRow, timeText } from "../../../schemas/bright-light/generate/text.ts"
import { type Request, visitsOf } from "../../../schemas/bright-light/generate/visits.ts"
import { finalObserved, forecast } from "../../../schemas/bright-light/generate/weather.ts"
import project from "../../../schemas/bright-light/project.ts"
import { compileContract } from "../../../src/contract/compile.ts"
import type { DuckDB } from "../../../src/duckdb/duckdb.ts"
import { identifier, literal } from "../../../src/duckdb/sql.ts"
import { type Audit, auditOf } from "../../../src/models/audit.ts"
import type { Models } from "../../../src/models/model.ts"
import { readModels } from "../../../src/models/read.ts"
import { selectOf } from "../../../src/models/relations.ts"
import { variables } from "../../../src/models/render.ts"
import type { Column } from "../../../src/record/column.ts"
import { stageColumns } from "../../../src/record/system-columns.ts"
import { root } from "../../cli/sluice.ts"

/** The models of the company's project, built in DuckDB over what its tables for users hold once all has arrived. */

/** What is known: rows of tables for users, as texts by column, and the requests that the logs are of. */
export interface Known {
  readonly tables: { readonly [dataset: string]: ReadonlyArray<TableRow> }
  readonly requests: ReadonlyArray<Request>
}

/** @param until what the databases are told later is not known of */
export const knownOf = (company: Company, until = Number.POSITIVE_INFINITY): Known => ({
  tables: {
    ...Object.fromEntries(
      tablesOf(company).map((table) => [table.name, finalRows({ ...table, changes: table.changes.filter(({ at }) => at <= until) })])
    ),
    weather_observed: finalObserved(company),
    weather_forecast: forecast(company).flatMap(({ rows }) => rows),
    warehouses: warehouseRows(company)
  },
  requests: visitsOf(company)
})

export const contracts = project.contracts.map(compileContract)

export const brightModels = (vars: Models["vars"] = {}): Models => {
  const read = readModels(join(root, "schemas", "bright-light"), { datasets: project.contracts.map(({ name }) => name) })
  if ("problems" in read) throw new Error(read.problems.map(({ file, line, problem }) => `${file}:${line}: ${problem}`).join("\n"))
  return { ...read.models, vars: { ...read.models.vars, ...vars } }
}

/** A request as the contract reads its line. */
const logRow = (request: Request, i: number): TableRow => {
  const { at, address, user, method, target, status, bytes, referer, agent } = request
  const { server, vhost, duration } = toldOf(request)
  const [path = "", query = null] = target.split("?")
  return {
    server,
    vhost,
    duration_micros: duration,
    datetime: timeText(at),
    host: address,
    authuser: user,
    request: `${method} ${target} HTTP/1.1`,
    method,
    path,
    query,
    protocol: "HTTP/1.1",
    status,
    bytes,
    referer,
    agent,
    _source: "files",
    _shard: request.server,
    _sequence_number: i + 1,
    _sub_sequence_number: 0
  }
}

const typeOf = (column: Column): string => {
  if (column.kind !== "leaf") return "VARCHAR"
  const { type } = column.leaf
  const plain: { readonly [type: string]: string } = {
    text: "VARCHAR",
    integer: "INTEGER",
    long: "BIGINT",
    timestamp: "TIMESTAMPTZ",
    date: "DATE"
  }
  return plain[type] ?? (type === "decimal" ? `DECIMAL(${column.leaf.precision}, ${column.leaf.scale})` : "VARCHAR")
}

/** Makes the tables for users. */
export const loadKnown = (db: DuckDB, { tables, requests }: Known) =>
  Effect.gen(function* () {
    const all: Known["tables"] = { ...tables, web_logs: requests.map(logRow) }
    yield* db.run("SET TimeZone = 'UTC'")
    for (const { contract, columns: own } of contracts) {
      const columns = stageColumns(own)
      const rows = all[contract.name] ?? []
      const names = new Set(rows.flatMap((row) => Object.keys(row)))
      const file = join(db.folder, `${contract.name}.ndjson`)
      writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
      const given = columns.filter(({ name }) => names.has(name)).map(({ name }) => `${literal(name)}: 'VARCHAR'`)
      const select = columns.map((column) => {
        const value = names.has(column.name) ? identifier(column.name) : "NULL"
        return `${value}::${typeOf(column)} AS ${identifier(column.name)}`
      })
      const from =
        given.length === 0
          ? "(SELECT 1) WHERE false"
          : `read_json(${literal(file)}, format = 'newline_delimited', columns = {${given.join(", ")}})`
      yield* db.run(`CREATE OR REPLACE TABLE consumable_${contract.name} AS SELECT ${select.join(", ")} FROM ${from}`)
    }
  })

/** Builds all models, each as a table of its name, each after those that it reads. */
export const buildKnown = (db: DuckDB, models: Models) =>
  Effect.forEach(models.models, (model) => db.run(`CREATE OR REPLACE TABLE ${model.name} AS ${selectOf(model, models)}`), { discard: true })

export const brightAudit = (models: Models): Audit =>
  auditOf(models, {
    ref: identifier,
    source: (_, table) => identifier(`consumable_${table}`),
    var: variables(models.vars),
    sensitive: new Set()
  })

/** Columns of a mart as texts, by its own types: times in milliseconds, numbers with a point in twelve places. */
const textSql = (column: string, type: string): string => {
  const name = identifier(column)
  if (type === "DOUBLE") return `coalesce(printf('%.12f', ${name}), '') AS ${name}`
  return `coalesce(${type.startsWith("TIMESTAMP") ? `epoch_ms(${name})` : name}::VARCHAR, '') AS ${name}`
}

/** Asks for rows, each as a list of its values. */
type Ask<E, R> = (sql: string) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, E, R>

/** Rows of a mart as lines, see {@link lineOf}. */
export const martLines = <E, R>(ask: Ask<E, R>, name: string) =>
  Effect.gen(function* () {
    const columns = (yield* ask(`DESCRIBE ${identifier(name)}`)).map(([column, type]) => [String(column), String(type)] as const)
    const rows = yield* ask(`SELECT ${columns.map(([column, type]) => textSql(column, type)).join(", ")} FROM ${identifier(name)}`)
    return rows.map((row) => lineOf(Object.fromEntries(columns.map(([column], i) => [column, row[i]])))).sort()
  })

/** The same of a mart in a DuckDB. */
export const martOf = (db: DuckDB, name: string) => martLines((sql) => Effect.map(db.rows(sql), (rows) => rows.map(Object.values)), name)

/** A row as a line, its columns by name. */
export const lineOf = (row: { readonly [column: string]: unknown }): string =>
  Object.entries(row)
    .map(([column, value]) => `${column}=${value ?? ""}`)
    .sort()
    .join(" ")

/** What differs between a mart and what it should be: the first few lines that are not there, and those that should not be. */
export const differenceOf = (found: ReadonlyArray<string>, expected: ReadonlyArray<string>) => {
  const without = (lines: ReadonlyArray<string>, others: ReadonlyArray<string>): ReadonlyArray<string> => {
    const counts = new Map<string, number>()
    for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1)
    return lines.filter((line) => {
      const left = counts.get(line) ?? 0
      counts.set(line, left - 1)
      return left <= 0
    })
  }
  return { missing: without(expected, found).slice(0, 3), unexpected: without(found, expected).slice(0, 3) }
}

export const noDifference = { missing: [], unexpected: [] }
