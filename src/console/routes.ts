import { randomUUID } from "node:crypto"
import { readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { isDeadLetterReason } from "../record/dead-letter-reasons.ts"
import type { Meta } from "./api.ts"
import { catalogOf, lineageOf } from "./catalog.ts"
import { asCsv } from "./csv.ts"
import type { StoredDashboard, StoredQuery } from "./dashboard.ts"
import { shownDashboard } from "./dashboards.ts"
import { filterableOf } from "./plan.ts"
import { QueryFailure } from "./query-pool.ts"
import { type Asked, etagOf, json, type Reply, type Routes } from "./server.ts"
import type { ConsoleOptions, State } from "./state.ts"
import { aged } from "./status.ts"

const file = (type: string, name: string, body: string | Uint8Array): Reply => ({
  type,
  body,
  // The name is ours: none that a request says.
  headers: { "content-disposition": `attachment; filename="${name}"` }
})
const csv = (name: string, text: string): Reply => file("text/csv; charset=utf-8", `${name}.csv`, text)

/** What there is below `/api/`. */
export const routesOf = (options: ConsoleOptions, state: State): Routes => ({
  get: (asked) => {
    const { path } = asked
    switch (path) {
      case "/api/meta":
        return Promise.resolve(json(metaOf(options, state)))
      case "/api/status":
        return state.status().then((status) => json(aged(status, state.now())))
      case "/api/catalog":
        return state.catalog().then((facts) => json(catalogOf(facts, state.now())))
      case "/api/lineage":
        return state.catalog().then((facts) => json(lineageOf(facts)))
    }
    const [, dashboard] = /^\/api\/dashboards\/([a-z0-9][a-z0-9_-]*)$/.exec(path) ?? []
    if (dashboard !== undefined) return dashboardOf(state, dashboard)
    const [, query, isCsv] = /^\/api\/q\/([a-z_][a-z0-9_]*)(\.csv)?$/.exec(path) ?? []
    return query === undefined ? null : queryOf(state, asked, query, isCsv !== undefined)
  },
  post: (asked) => {
    switch (asked.path) {
      case "/api/sql":
        return options.sql ? sqlPage(state, asked) : off("the SQL box", "--sql")
      case "/api/sql.csv":
        return options.sql ? sqlCsv(state, asked) : off("the SQL box", "--sql")
      case "/api/sql.parquet":
        return options.sql ? sqlParquet(state, asked) : off("the SQL box", "--sql")
      case "/api/replay":
        return state.replay !== null ? replay(options, state.replay, asked) : off("replay", "--allow-replay")
      default:
        return null
    }
  },
  events: (send, closed) => state.listen((event) => send(`data: ${JSON.stringify(event)}\n\n`), closed)
})

const off = (what: string, flag: string): Promise<Reply> =>
  Promise.resolve(json({ problem: `${what} is off`, hint: `Start the console with ${flag}.` }, 403))

const metaOf = ({ project, replay, sql }: ConsoleOptions, state: State): Meta => ({
  project: project.name,
  dashboards: state.dashboards().dashboards.map(({ description, name, title }) => ({ name, title, description })),
  features: { sql, replay: replay !== null },
  now: new Date(state.now()).toISOString(),
  problems: state.warnings()
})

const dashboardOf = async (state: State, name: string): Promise<Reply> => {
  await state.first
  const found = state.dashboards().dashboards.find((each) => each.name === name)
  if (found === undefined) return json({ problem: `there is no dashboard ${name}`, hint: "GET /api/meta names them." }, 404)
  const shown = shownDashboard(found)
  const { copy } = state.asked
  const queries = shown.queries.map((query, i) => {
    const stored = found.queries[i]
    return copy === null || stored === undefined
      ? query
      : { ...query, filterable: filterableOf(found, stored, copy.reads.get(query.name) ?? [], copy.tables) }
  })
  return json({ ...shown, queries })
}

const findQuery = (state: State, name: string): { readonly dashboard: StoredDashboard; readonly query: StoredQuery } | null => {
  for (const dashboard of state.dashboards().dashboards) {
    const query = dashboard.queries.find((each) => each.name === name)
    if (query !== undefined) return { dashboard, query }
  }
  return null
}

const queryOf = async (state: State, asked: Asked, name: string, isCsv: boolean): Promise<Reply> => {
  await state.first
  const found = findQuery(state, name)
  if (found === null) return json({ problem: `there is no query ${name}`, hint: "Dashboards name them." }, 404)
  const plan = state.asked.plan(found.dashboard, found.query, asked.search, state.now())
  // Of what goes on the period ends at another moment each time: what was answered stands for as long as nothing is committed.
  const moments = Object.fromEntries(Object.entries(plan.values).filter(([key]) => key !== "to" || plan.span?.partial !== true))
  const etag = etagOf(isCsv, plan.sql, moments, asked.search.get("compare"), plan.page, plan.asOf, state.asked.copy?.builtAt)
  if (asked.header("if-none-match") === etag) return { status: 304, type: "application/json", body: "", etag }
  const answer = await state.asked.query(found.dashboard, plan, isCsv, asked.signal)
  if (!isCsv) return { ...json(answer), etag }
  const names = answer.columns.map((column) => column.name)
  return { ...csv(name, asCsv(names, answer.rows)), etag }
}

const statementOf = ({ body }: Asked): string => {
  const sql = typeof body === "object" && body !== null && "sql" in body ? body.sql : null
  if (typeof sql !== "string" || sql.trim() === "" || sql.length > 100_000)
    throw new QueryFailure(400, "there is no statement", 'Send {"sql": "SELECT …"}.')
  return sql
}

const sqlPage = async (state: State, asked: Asked): Promise<Reply> => {
  const sql = statementOf(asked)
  await state.first
  return json(await state.asked.sql(sql, "page", asked.signal))
}

const sqlCsv = async (state: State, asked: Asked): Promise<Reply> => {
  const sql = statementOf(asked)
  await state.first
  const { columns, rows } = await state.asked.sql(sql, "file", asked.signal)
  return csv(
    "result",
    asCsv(
      columns.map(({ name }) => name),
      rows
    )
  )
}

/** Of a file of rows: it is held whole while it is sent. */
const mostParquetBytes = 128_000_000

const sqlParquet = async (state: State, asked: Asked): Promise<Reply> => {
  const sql = statementOf(asked)
  await state.first
  const parquet = join(state.folder, `result-${randomUUID()}.parquet`)
  try {
    await state.asked.sql(sql, { parquet }, asked.signal)
    if ((await stat(parquet)).size > mostParquetBytes)
      throw new QueryFailure(413, `the file would be larger than ${mostParquetBytes / 1e6} MB`, "Ask for fewer rows or columns.")
    return file("application/vnd.apache.parquet", "result.parquet", await readFile(parquet))
  } finally {
    await rm(parquet, { force: true })
  }
}

const replay = async ({ project }: ConsoleOptions, run: NonNullable<State["replay"]>, { body }: Asked): Promise<Reply> => {
  const said = typeof body === "object" && body !== null ? body : {}
  const dataset = "dataset" in said ? said.dataset : null
  const reason = "reason" in said ? said.reason : null
  const known = project.contracts.find(({ contract }) => contract.name === dataset)
  if (known === undefined) throw new QueryFailure(400, "there is no such dataset", 'Send {"dataset": NAME, "reason": null}.')
  if (reason !== null && (typeof reason !== "string" || !isDeadLetterReason(reason)))
    throw new QueryFailure(400, "there is no such reason of dead letters", "GET /api/status tells those that wait; null is any.")
  return json(await run(known.contract.name, reason))
}
