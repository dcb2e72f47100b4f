import { identifier } from "../duckdb/sql.ts"
import { consumablePath, stagePath, viewName } from "../lake/layout.ts"
import type { Model, Models } from "./model.ts"
import { render, variables } from "./render.ts"

/** The view of a lake in which a source's rows stand, as `sluice query` names it. What changed is, of a build of the whole, all there is. */
const viewOf = (source: string, table: string): string =>
  identifier(viewName(source === "lake" ? table : source === "stage" ? stagePath(table) : consumablePath(table)))

/** The SELECT of a model as DuckDB runs it on a lake, when the whole of the model is made. */
export const selectOf = ({ name, text }: Model, { vars }: Models): string =>
  render(text, { ref: identifier, source: viewOf, this: identifier(name), var: variables(vars), isIncremental: false })
