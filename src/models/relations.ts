import { identifier } from "../duckdb/sql.ts"
import { consumablePath, stagePath, viewName } from "../lake/layout.ts"
import { historySql } from "./history-sql.ts"
import type { Input, Model, Models } from "./model.ts"
import { isElements } from "./pieces.ts"
import { type Names, render, variables } from "./render.ts"

/** Path of the table that a source names. What changed is changed in the table for users. */
export const sourcePath = (source: string, table: string): string =>
  source === "lake"
    ? table
    : source.startsWith("stage")
      ? stagePath(isElements(source) ? listOf(table).dataset : table)
      : consumablePath(isElements(source) ? listOf(table).dataset : table)

/** A list of a dataset, as `source('elements', 'orders.items')` names it, or one of a document in it: `orders.shipping.parcels`. */
const listOf = (table: string): { readonly dataset: string; readonly column: string } => {
  const [dataset = "", ...column] = table.split(".")
  return { dataset, column: column.join(".") }
}

/**
 * The elements of a list of documents, a row each: the coordinates of the row that it is in, the columns of the element, and its place, from 1. This is what
 * engines write each in its own way, and models cannot.
 *
 * @param rows the table, as it stands behind FROM
 */
export const elementsSql = (table: string, rows: string): string => {
  const column = listOf(table).column.split(".").map(identifier).join(".")
  const coordinates = "_source, _shard, _sequence_number, _sub_sequence_number"
  return `(SELECT ${coordinates}, unnest(sluice_element), _position FROM (SELECT ${coordinates}, unnest(${column}) AS sluice_element, generate_subscripts(${column}, 1) AS _position FROM ${rows}))`
}

/** Where DuckDB has the views of a lake. */
export const lakeSchema = "main"

/** A view of the lake in SQL: with its schema, since a WITH of the same SELECT may call something else by its name. */
export const inLake = (view: string): string => `${lakeSchema}.${identifier(view)}`

/** The view of a lake in which a source's rows stand, as `sluice query` names it. What changed is, of a build of the whole, all there is. */
const viewOf = (source: string, table: string): string => {
  const view = inLake(viewName(sourcePath(source, table)))
  return isElements(source) ? elementsSql(table, view) : view
}

/** What {@link selectOf} calls what a model reads, without quotes. */
export const relationName = (input: Input): string =>
  input.kind === "model" ? input.name : viewName(sourcePath(input.source, input.table))

/** What a model reads, as its lineage is worked out: elements of a list are a relation of their own, which no lake has. */
export const tracedName = (input: Input): string =>
  input.kind === "source" && isElements(input.source)
    ? elementsName(sourcePath(input.source, input.table), listOf(input.table).column)
    : relationName(input)

/** @param path of the table that has the list */
export const elementsName = (path: string, list: string): string => `${viewName(path)}.${list}`

/** The SELECT of a model with the names of {@link tracedName}. */
export const tracedSelectOf = ({ name, text }: Model, { vars }: Models): string => {
  const source = (source: string, table: string) =>
    isElements(source) ? inLake(elementsName(sourcePath(source, table), listOf(table).column)) : viewOf(source, table)
  return render(text, { ref: inLake, source, this: inLake(name), var: variables(vars), isIncremental: false })
}

/** The SELECT of a model as DuckDB runs it on a lake, when the whole of the model is made. */
export const selectOf = ({ name, text }: Model, { vars }: Models): string =>
  render(text, { ref: inLake, source: viewOf, this: inLake(name), var: variables(vars), isIncremental: false })

/** The rows of a mart, all of them or those of what is touched, of what its model's SELECT gives. */
export const martSql = ({ materialization }: Model, select: string, isFull: boolean): string => {
  if (materialization.kind === "history") return historySql(materialization.history, `(${select}\n)`, isFull)
  if (materialization.kind !== "incremental" || materialization.microbatch === null || !isFull) return select
  const { eventTime, begin } = materialization.microbatch
  return `select * from (${select}\n) where ${eventTime} >= timestamptz '${begin}'`
}

/** How tables are called, to who renders a model's text. */
export type RelationNames = Pick<Names, "ref" | "source" | "var">
