import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Problem } from "../models/model.ts"
import { errorCode } from "../store/local-files.ts"
import { parseDashboard, type StoredDashboard } from "./dashboard.ts"

export interface Dashboards {
  readonly dashboards: ReadonlyArray<StoredDashboard>
  readonly problems: ReadonlyArray<Problem>
}

/** Folder of a project's dashboards. */
export const dashboardsFolder = "dashboards"

/** Reads all of a project. One that cannot be used is left out, and told; names of queries are addresses, each of one query. */
export const readDashboards = async (project: string): Promise<Dashboards> => {
  const folder = join(project, dashboardsFolder)
  const names = await readdir(folder).catch((cause: unknown) => {
    if (errorCode(cause) === "ENOENT") return []
    throw cause
  })
  const problems: Array<Problem> = []
  const dashboards: Array<StoredDashboard> = []
  const queries = new Map<string, string>()
  for (const name of names.filter((each) => /\.ya?ml$/.test(each)).sort()) {
    const file = `${dashboardsFolder}/${name}`
    const found = parseDashboard(name.replace(/\.ya?ml$/, ""), file, await readFile(join(folder, name), "utf8"), problems)
    if (found === null) continue
    const twice = found.queries.filter((query) => queries.has(query.name))
    for (const query of twice)
      problems.push({
        file,
        line: query.line,
        problem: `${queries.get(query.name)} has a query ${query.name} already`,
        hint: "It is an address: call one of them otherwise."
      })
    if (twice.length > 0) continue
    for (const query of found.queries) queries.set(query.name, file)
    dashboards.push(found)
  }
  return { dashboards, problems }
}

export const problemText = ({ file, line, problem, hint }: Problem): string => `${file}:${line}: ${problem}. ${hint}`

/** What of a dashboard its pages are told: no SQL. */
export const shownDashboard = ({ file: _, queries, ...dashboard }: StoredDashboard) => ({
  ...dashboard,
  queries: queries.map(({ sql: _sql, line: _line, ...query }) => query)
})
