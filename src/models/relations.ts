import { identifier } from "../duckdb/sql.ts"
import { consumablePath, stagePath, viewName } from "../lake/layout.ts"
import type { Input, Model, Models } from "./model.ts"
import { render, variables } from "./render.ts"

/**
 * What the SELECT of a model calls what it reads, without quotes: a model by its name, a source as `sluice query` names its view. What changed is,
 * of a build of the whole, all there is.
 */
export const relationName = (input: Input): string => (input.kind === "model" ? input.name : viewOf(input.source, input.table))

const viewOf = (source: string, table: string): string =>
  viewName(source === "lake" ? table : source === "stage" ? stagePath(table) : consumablePath(table))

/** The SELECT of a model as DuckDB runs it on a lake, when the whole of the model is made. */
export const selectOf = ({ name, text }: Model, { vars }: Models): string =>
  render(text, {
    ref: identifier,
    source: (source, table) => identifier(viewOf(source, table)),
    this: identifier(name),
    var: variables(vars),
    isIncremental: false
  })
