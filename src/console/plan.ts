import { utc, type Zone, zoneOf } from "../contract/zone.ts"
import { identifier } from "../duckdb/sql.ts"
import { isDay } from "../record/day.ts"
import { type Comparison, type Grain, grains, type ParameterDefinition, type ParameterType } from "./api.ts"
import type { StoredDashboard, StoredQuery } from "./dashboard.ts"
import { type AskedPeriod, datesOf, earlierSpan, type Span, spanOf } from "./period.ts"
import type { BoundValue, BoundValues } from "./query-messages.ts"
import { withParameters, withTables } from "./sql-text.ts"

/** Columns of the tables that can be asked, by the names of both in lower case; with each column's own name. */
export type Tables = ReadonlyMap<string, ReadonlyMap<string, string>>

/** A named query, ready to be asked: its own text, and what a request says bound to it. */
export interface Plan {
  readonly sql: string
  readonly values: BoundValues
  readonly span: Span | null
  /** The same for the earlier period. */
  readonly earlier: { readonly span: Span; readonly values: BoundValues } | null
  readonly filtered: ReadonlyArray<string>
  readonly ignoredFilters: ReadonlyArray<string>
  /** From 1; null: not by pages. */
  readonly page: number | null
}

export interface BadRequest {
  readonly problem: string
  readonly hint: string
}

const sqlTypes: { readonly [type in ParameterType]: string } = {
  integer: "BIGINT",
  number: "DOUBLE",
  text: "VARCHAR",
  date: "DATE",
  boolean: "BOOLEAN"
}

/** Values of one filter at most. */
const mostValues = 200
/** Pages that are leafed through: further ones are found by a filter. */
const mostPages = 10_000

/**
 * Plans a request. What it says becomes values and never a part of the text: filters are conditions on the tables that the query reads, before
 * anything is made of their rows.
 *
 * @param reads tables of the query, in lower case
 * @param now milliseconds since 1970
 */
export const planQuery = (
  dashboard: StoredDashboard,
  query: StoredQuery,
  reads: ReadonlyArray<string>,
  tables: Tables,
  asked: URLSearchParams,
  now: number
): Plan | BadRequest => {
  const zone = zoneOf(dashboard.timezone) ?? utc
  const values: Record<string, BoundValue> = {}
  const grain = asked.get("grain") ?? dashboard.grain
  if (!isGrain(grain)) return bad(`grain is ${JSON.stringify(grain)}`, `Give one of ${grains.join(", ")}.`)
  if (query.grained) values["grain"] = { kind: "text", value: grain }
  for (const definition of dashboard.parameters) {
    const text = asked.get(`p.${definition.name}`)
    const value = text === null ? ofDefault(definition) : readValue(definition.type, text)
    if (value === null) return bad(`${definition.name} is ${JSON.stringify(text)}`, `Give a value of type ${definition.type}.`)
    if (query.parameters.includes(definition.name)) values[definition.name] = value
  }
  const known = new Set(dashboard.parameters.map(({ name }) => `p.${name}`))
  const strange = [...asked.keys()].find((key) => key.startsWith("p.") && !known.has(key))
  if (strange !== undefined) return bad(`there is no parameter ${strange.slice(2)}`, "The dashboard's file declares parameters.")
  const filters = filtersOf(dashboard, query, reads, tables, asked, values)
  if ("problem" in filters) return filters
  const page = asked.get("page")
  if (page !== null && !(/^\d{1,5}$/.test(page) && Number(page) >= 1 && Number(page) <= mostPages))
    return bad(`page is ${JSON.stringify(page)}`, `Give a number from 1 to ${mostPages}.`)
  const times = timesOf(dashboard, query, asked, zone, now)
  if ("problem" in times) return times
  const { span, earlier } = times
  const withMoments = (of: Span | null): BoundValues => (of === null ? values : { ...values, ...momentsOf(of, zone) })
  return {
    sql: withTables(withParameters(query.sql, codeOf(dashboard.parameters)), filters.tables),
    values: withMoments(span),
    span,
    earlier: earlier === null ? null : { span: earlier, values: withMoments(earlier) },
    filtered: filters.filtered,
    ignoredFilters: filters.ignored,
    page: page === null ? null : Number(page)
  }
}

const bad = (problem: string, hint: string): BadRequest => ({ problem, hint })

const isGrain = (text: string): text is Grain => grains.some((grain) => grain === text)

const comparisons: ReadonlyArray<Comparison> = ["previous", "year", "none"]

const timesOf = (
  dashboard: StoredDashboard,
  query: StoredQuery,
  asked: URLSearchParams,
  zone: Zone,
  now: number
): { readonly span: Span | null; readonly earlier: Span | null } | BadRequest => {
  const text = asked.get("compare") ?? "none"
  const compare = comparisons.find((each) => each === text)
  if (compare === undefined) return bad(`compare is ${JSON.stringify(text)}`, `Give one of ${comparisons.join(", ")}.`)
  const period: AskedPeriod = { preset: asked.get("preset"), from: asked.get("from"), to: asked.get("to") }
  const span = spanOf(period, dashboard.period.default, zone, now)
  if (typeof span === "string") return bad(span, "See docs/console.md for periods.")
  if (!query.periodic) return { span: null, earlier: null }
  return { span, earlier: compare === "none" ? null : earlierSpan(span, compare, zone) }
}

/** What a parameter is in the text: with its type, where nothing else says it. A moment's is that of what it is compared with. */
const codeOf =
  (parameters: ReadonlyArray<ParameterDefinition>) =>
  (name: string): string => {
    const type = name === "grain" ? "text" : parameters.find((each) => each.name === name)?.type
    return type === undefined ? `$${name}` : `CAST($${name} AS ${sqlTypes[type]})`
  }

const momentsOf = (span: Span, zone: Zone): BoundValues => {
  const dates = datesOf(span, zone)
  return {
    from: { kind: "moment", millis: span.from, date: dates.from },
    to: { kind: "moment", millis: span.to, date: dates.to }
  }
}

const ofDefault = ({ default: value, type }: ParameterDefinition): BoundValue | null => readValue(type, String(value))

const readValue = (type: ParameterType, text: string): BoundValue | null => {
  switch (type) {
    case "integer":
      return /^-?\d{1,18}$/.test(text) ? { kind: "integer", value: text } : null
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? { kind: "number", value: Number(text) } : null
    case "boolean":
      return text === "true" || text === "false" ? { kind: "boolean", value: text === "true" } : null
    case "date":
      return isDay(text) ? { kind: "date", value: text } : null
    case "text":
      return text.length <= 1000 ? { kind: "text", value: text } : null
  }
}

/** Fields by which a query can be filtered: those of its dashboard and its own that a table has which it reads. */
export const filterableOf = (
  dashboard: StoredDashboard,
  query: StoredQuery,
  reads: ReadonlyArray<string>,
  tables: Tables
): ReadonlyArray<string> => {
  const fields = [...new Set([...dashboard.filters.map(({ field }) => field), ...query.filterable])]
  return fields.filter((field) => reads.some((name) => tables.get(name)?.has(field.toLowerCase()) === true))
}

interface Filters {
  readonly tables: ReadonlyArray<readonly [name: string, select: string]>
  readonly filtered: ReadonlyArray<string>
  readonly ignored: ReadonlyArray<string>
}

/** @param values what is filtered by is added here */
const filtersOf = (
  dashboard: StoredDashboard,
  query: StoredQuery,
  reads: ReadonlyArray<string>,
  tables: Tables,
  asked: URLSearchParams,
  values: Record<string, BoundValue>
): Filters | BadRequest => {
  const declared = new Set([...dashboard.filters.map(({ field }) => field), ...dashboard.queries.flatMap(({ filterable }) => filterable)])
  const fields = [...new Set([...asked.keys()].flatMap((key) => (key.startsWith("f.") ? [key.slice(2)] : [])))]
  const strange = fields.find((field) => !declared.has(field))
  if (strange !== undefined) return bad(`${strange} is no field to filter by`, `There are ${[...declared].join(", ") || "none"}.`)
  const usable = filterableOf(dashboard, query, reads, tables)
  const filtered = fields.filter((field) => usable.includes(field))
  const names = new Map<string, ReadonlyArray<string>>()
  for (const [i, field] of filtered.entries()) {
    const texts = asked.getAll(`f.${field}`)
    if (texts.length > mostValues) return bad(`${field} has ${texts.length} values`, `Give ${mostValues} at most.`)
    for (const [j, value] of texts.entries()) values[`filter_${i}_${j}`] = { kind: "text", value }
    names.set(
      field,
      texts.map((_, j) => `$filter_${i}_${j}`)
    )
  }
  const filteredTables = reads.flatMap((name): ReadonlyArray<readonly [string, string]> => {
    const conditions = filtered.flatMap((field) => {
      const column = tables.get(name)?.get(field.toLowerCase())
      return column === undefined ? [] : [`CAST(${identifier(column)} AS VARCHAR) IN (${names.get(field)?.join(", ")})`]
    })
    // With its schema it is the table, and not the WITH that takes its name.
    return conditions.length === 0 ? [] : [[identifier(name), `SELECT * FROM main.${identifier(name)} WHERE ${conditions.join(" AND ")}`]]
  })
  return { tables: filteredTables, filtered, ignored: fields.filter((field) => !filtered.includes(field)) }
}
