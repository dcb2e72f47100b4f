import { zoneOf } from "../contract/zone.ts"
import type { Problem } from "../models/model.ts"
import { isNothing, itemsOf, mapOf, type Node, type NodeMap, neededText, parseYaml, Told, textOf } from "../models/yaml.ts"
import { isDay } from "../record/day.ts"
import {
  type ChartDefinition,
  chartKinds,
  type Dashboard,
  type FilterDefinition,
  type Grain,
  grains,
  type ParameterDefinition,
  type ParameterType,
  type ParameterValue,
  type Preset,
  parameterTypes,
  presets,
  type QueryDefinition
} from "./api.ts"
import { namesIn } from "./sql-text.ts"

/** A query with its text, which stays on the server. */
export interface StoredQuery extends QueryDefinition {
  readonly sql: string
  /** Where it stands, for what is found wrong with it later. */
  readonly line: number
}

export interface StoredDashboard extends Omit<Dashboard, "queries"> {
  readonly file: string
  readonly queries: ReadonlyArray<StoredQuery>
}

const geographies = ["us-states", "us-zip", "br-states", "world"] as const

/** Parameters that every query has. */
const given: ReadonlySet<string> = new Set(["from", "to", "grain"])

/** Reads a dashboard; null: it cannot be used, which is told. @param name of its file, without `.yaml` */
export const parseDashboard = (name: string, file: string, text: string, problems: Array<Problem>): StoredDashboard | null => {
  const told = new Told(file, problems)
  const before = problems.length
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name))
    told.add(1, `${name} is no name for an address`, "Call the file by small letters, digits, _ and -.")
  const node = parseYaml(text, told)
  if (node === null) {
    if (problems.length === before) told.add(1, "the file is empty", "Give a title, queries and charts.")
    return null
  }
  const keys = ["title", "description", "timezone", "period", "grain", "parameters", "filters", "queries", "charts"]
  const map = mapOf(node, "a dashboard", keys, told)
  if (map === null) return null
  const title = neededText(map, "title", "a dashboard", told) ?? ""
  const timezone = textOf(map, "timezone", told) ?? "UTC"
  if (zoneOf(timezone) === null || /^[+-]/.test(timezone))
    told.add(lineOf(map, "timezone"), `there is no time zone ${timezone}`, "Give UTC, or a name such as America/New_York.")
  const parameters = parametersOf(map, told)
  const queries = queriesOf(map, parameters, told)
  const dashboard: StoredDashboard = {
    name,
    file,
    title,
    description: textOf(map, "description", told) ?? "",
    timezone,
    period: { default: presetOf(map, told) },
    grain: wordOf(map, "grain", grains, told) ?? ("day" satisfies Grain),
    parameters,
    filters: filtersOf(map, told),
    queries,
    charts: chartsOf(map, queries, told)
  }
  return problems.length === before ? dashboard : null
}

const lineOf = (map: NodeMap, key: string): number => map.entries.get(key)?.line ?? map.line

/** One of some words. Null: it is missing, or another, which is told. */
const wordOf = <const W extends string>(map: NodeMap, key: string, words: ReadonlyArray<W>, told: Told): W | null => {
  const text = textOf(map, key, told)
  if (text === null) return null
  const found = words.find((word) => word === text)
  return found ?? told.add(lineOf(map, key), `${key} is ${JSON.stringify(text)}`, `Give one of ${words.join(", ")}.`)
}

const presetOf = (map: NodeMap, told: Told): Preset => {
  const node = map.entries.get("period")?.value
  if (isNothing(node)) return "last-30-days"
  const period = mapOf(node, "period", ["default"], told)
  return period === null ? "last-30-days" : (wordOf(period, "default", presets, told) ?? "last-30-days")
}

/** The entries of a mapping that may be missing. */
const entriesOf = (map: NodeMap, key: string, told: Told): ReadonlyArray<readonly [name: string, node: Node, line: number]> => {
  const node = map.entries.get(key)?.value
  if (isNothing(node)) return []
  if (node.kind !== "map") {
    told.add(node.line, `${key} is no mapping`, "Give a mapping of names.")
    return []
  }
  return [...node.entries].map(([name, { line, value }]) => [name, value, line] as const)
}

const isName = (text: string): boolean => /^[a-z_][a-z0-9_]*$/.test(text)

const fits = (type: ParameterType, value: ParameterValue): boolean => {
  switch (type) {
    case "integer":
      return typeof value === "number" && Number.isSafeInteger(value)
    case "number":
      return typeof value === "number"
    case "boolean":
      return typeof value === "boolean"
    case "date":
      return typeof value === "string" && isDay(value)
    case "text":
      return typeof value === "string"
  }
}

const parametersOf = (map: NodeMap, told: Told): ReadonlyArray<ParameterDefinition> =>
  entriesOf(map, "parameters", told).flatMap(([name, node, line]) => {
    if (!isName(name) || given.has(name)) {
      told.add(line, `${name} is no name for a parameter`, `Give small letters, digits and _, and none of ${[...given].join(", ")}.`)
      return []
    }
    const entry = mapOf(node, `parameter ${name}`, ["type", "default", "label"], told)
    if (entry === null) return []
    const type = wordOf(entry, "type", parameterTypes, told) ?? "text"
    const fallback = entry.entries.get("default")?.value
    if (fallback === undefined || fallback.kind !== "scalar" || fallback.value === null || !fits(type, fallback.value)) {
      told.add(lineOf(entry, "default"), `parameter ${name} has no default that is of type ${type}`, "Give one.")
      return []
    }
    return [{ name, type, default: fallback.value, label: textOf(entry, "label", told) ?? name }]
  })

const filtersOf = (map: NodeMap, told: Told): ReadonlyArray<FilterDefinition> =>
  itemsOf(map, "filters", told).flatMap((item) => {
    const entry = mapOf(item, "a filter", ["field", "label"], told)
    const field = entry === null ? null : neededText(entry, "field", "a filter", told)
    return entry === null || field === null ? [] : [{ field, label: textOf(entry, "label", told) ?? field }]
  })

const textsOf = (map: NodeMap, key: string, told: Told): ReadonlyArray<string> =>
  itemsOf(map, key, told).flatMap((item) => {
    if (item.kind === "scalar" && typeof item.value === "string") return [item.value]
    told.add(item.line, `${key} has something that is no text`, "Give names.")
    return []
  })

const queriesOf = (map: NodeMap, parameters: ReadonlyArray<ParameterDefinition>, told: Told): ReadonlyArray<StoredQuery> => {
  const entries = entriesOf(map, "queries", told)
  if (entries.length === 0) told.add(map.line, "a dashboard without queries shows nothing", "Give queries: NAME: { sql: … }.")
  const names = entries.map(([name]) => name)
  return entries.flatMap(([name, node, line]) => {
    if (!isName(name)) told.add(line, `${name} is no name for a query`, "It is an address: give small letters, digits and _.")
    const entry = mapOf(node, `query ${name}`, ["sql", "description", "drill", "filterable"], told)
    const sql = entry === null ? null : neededText(entry, "sql", `query ${name}`, told)
    if (entry === null || sql === null) return []
    const drill = textOf(entry, "drill", told)
    if (drill !== null && !names.includes(drill))
      told.add(lineOf(entry, "drill"), `there is no query ${drill} here`, "Name one of this file.")
    const found = namesIn(sql)
    if ("problem" in found) {
      told.add(lineOf(entry, "sql"), `${name}: ${found.problem}`, "Write one SELECT, with parameters as $name.")
      return []
    }
    const known = new Set([...given, ...parameters.map((each) => each.name)])
    const unknown = found.names.find((each) => !known.has(each))
    if (unknown !== undefined)
      told.add(
        lineOf(entry, "sql"),
        `${name} has a parameter $${unknown} that is not declared`,
        "Add it to parameters, with its type and default."
      )
    const used = new Set(found.names)
    const stored: StoredQuery = {
      name,
      description: textOf(entry, "description", told) ?? "",
      drill,
      filterable: textsOf(entry, "filterable", told),
      periodic: used.has("from") || used.has("to"),
      grained: used.has("grain"),
      parameters: parameters.flatMap((each) => (used.has(each.name) ? [each.name] : [])),
      sql,
      line: lineOf(entry, "sql")
    }
    return [stored]
  })
}

const chartsOf = (map: NodeMap, queries: ReadonlyArray<StoredQuery>, told: Told): ReadonlyArray<ChartDefinition> =>
  itemsOf(map, "charts", told).flatMap((item) => {
    const keys = ["title", "description", "query", "kind", "x", "y", "series", "unit", "geography", "fill", "compare"]
    const entry = mapOf(item, "a chart", keys, told)
    if (entry === null) return []
    const query = neededText(entry, "query", "a chart", told)
    const found = queries.find(({ name }) => name === query)
    if (query !== null && found === undefined)
      told.add(lineOf(entry, "query"), `there is no query ${query} here`, `Name one of ${queries.map(({ name }) => name).join(", ")}.`)
    const compare = entry.entries.get("compare")?.value
    const isCompared = compare?.kind === "scalar" && compare.value === true
    if (isCompared && found !== undefined && !found.periodic)
      told.add(lineOf(entry, "compare"), `${found.name} is about no period, and cannot be compared`, "Use $from and $to in its SQL.")
    return [
      {
        title: neededText(entry, "title", "a chart", told) ?? "",
        description: textOf(entry, "description", told) ?? "",
        query: query ?? "",
        kind: wordOf(entry, "kind", chartKinds, told) ?? "table",
        x: textOf(entry, "x", told),
        y: textOf(entry, "y", told),
        series: textOf(entry, "series", told),
        unit: textOf(entry, "unit", told),
        geography: wordOf(entry, "geography", geographies, told),
        fillZero: wordOf(entry, "fill", ["zero"], told) !== null,
        compare: isCompared
      }
    ]
  })
