import { emptyScope, type Found, lookUp, type Relation, rowOf, type Scope } from "./lineage-scope.ts"
import { all, direct, fieldOf, indirect, nothing, type Value } from "./lineage-value.ts"
import { type Node, nodeOf, nodesOf, saysOnly, textOf, textsOf, walk } from "./parse-tree.ts"

export type FunctionKind = "scalar" | "aggregate"

/** Where an expression stands. */
export interface Place {
  /** What its FROM makes visible. */
  readonly scope: Scope
  /** What the SELECT calls its columns, by name in lower case, as far as they can be named here. */
  readonly aliases: ReadonlyMap<string, Value>
  /**
   * Which is meant where a name is both a column's and what the SELECT calls another. Of a HAVING that depends on what the groups are, which is
   * not looked at: nothing is claimed.
   */
  readonly first: "column" | "alias" | "neither"
  /** Scopes of the SELECTs around it, the nearest first. */
  readonly outer: ReadonlyArray<Scope>
  /** Names that a lambda gives, in lower case. */
  readonly parameters: ReadonlySet<string>
  /** The relation of a SELECT that stands in the expression. */
  readonly subquery: (select: Node, outer: ReadonlyArray<Scope>) => Relation
  readonly functionKind: (name: string) => FunctionKind | undefined
}

/** What DuckDB takes for a function's call where no column is called so. */
const calls = new Set([
  "current_date",
  "current_time",
  "current_timestamp",
  "localtime",
  "localtimestamp",
  "current_catalog",
  "current_schema",
  "current_role",
  "current_user",
  "session_user",
  "user"
])

/** Functions that take lambdas. Anywhere else an arrow takes something out of JSON. */
const takesLambda = /^(?:(?:list|array)_(?:transform|apply|filter|reduce)|apply|filter|reduce|list_transform|list_apply)$/

/** Aggregates whose values are what they are ordered by: `percentile_cont(0.5) within group (order by x)`. */
const ofOrder = /^(?:quantile|quantile_cont|quantile_disc|mode)$/

const operators = new Set([
  "OPERATOR_IS_NULL",
  "OPERATOR_IS_NOT_NULL",
  "OPERATOR_NOT",
  "OPERATOR_COALESCE",
  "OPERATOR_TRY",
  "COMPARE_IN",
  "COMPARE_NOT_IN",
  "ARRAY_EXTRACT",
  "ARRAY_SLICE",
  "ARRAY_CONSTRUCTOR",
  "STRUCT_EXTRACT",
  "GROUPING_FUNCTION"
])

const named = ["class", "alias"]

/** What an expression's value is made of. */
export const madeOf = (node: Node | undefined, place: Place): Value => {
  if (node === undefined) return nothing
  const values = (of: unknown): Value => all(nodesOf(of).map((each) => madeOf(each, place)))
  const value = (of: unknown): Value => madeOf(nodeOf(of), place)
  const made = (...of: ReadonlyArray<Value>): Value => direct(all(of), "TRANSFORMATION")
  switch (node["class"]) {
    case "CONSTANT":
      return nothing
    case "COLUMN_REF":
      return saysOnly(node, ...named, "column_names") ? columnOf(textsOf(node["column_names"]), place).value : null
    case "POSITIONAL_REFERENCE":
      return place.scope.visible?.[Number(node["index"]) - 1]?.value ?? null
    case "CAST":
      return saysOnly(node, ...named, "child", "cast_type", "try_cast") ? made(value(node["child"])) : null
    case "COLLATE":
      return saysOnly(node, ...named, "child", "collation") ? made(value(node["child"])) : null
    case "COMPARISON":
      return saysOnly(node, ...named, "left", "right") ? made(value(node["left"]), value(node["right"])) : null
    case "CONJUNCTION":
      return saysOnly(node, ...named, "children") ? made(values(node["children"])) : null
    case "BETWEEN":
      return saysOnly(node, ...named, "input", "lower", "upper")
        ? made(value(node["input"]), value(node["lower"]), value(node["upper"]))
        : null
    case "OPERATOR":
      return saysOnly(node, ...named, "children") && operators.has(String(node["type"])) ? operation(node, place) : null
    case "CASE": {
      const checks = nodesOf(node["case_checks"])
      if (!saysOnly(node, ...named, "case_checks", "else_expr") || !checks.every((check) => saysOnly(check, "when_expr", "then_expr")))
        return null
      return all([
        ...checks.map((check) => indirect(value(check["when_expr"]), "CONDITIONAL")),
        made(...checks.map((check) => value(check["then_expr"])), value(node["else_expr"]))
      ])
    }
    case "FUNCTION":
      return call(node, place)
    case "LAMBDA":
      return saysOnly(node, ...named, "lhs", "expr") ? made(value(node["lhs"]), value(node["expr"])) : null
    case "WINDOW":
      return overWindow(node, place)
    case "SUBQUERY":
      return ofSubquery(node, place)
    default:
      return null
  }
}

/** What a name means here, and how the column is spelled where it is made. */
export const columnOf = (names: ReadonlyArray<string>, place: Place): { readonly name: string; readonly value: Value } => {
  const [only = ""] = names
  const spelled = { name: names.at(-1) ?? "", value: null }
  if (place.parameters.has(only.toLowerCase())) return { ...spelled, value: nothing }
  const column = lookUp(place.scope, names)
  const alias = names.length === 1 ? place.aliases.get(only.toLowerCase()) : undefined
  if (alias !== undefined && (column === undefined || place.first === "alias")) return { ...spelled, value: alias }
  if (alias !== undefined && place.first === "neither") return spelled
  const row = (scope: Scope): Found => (names.length === 1 ? rowOf(scope, only) : undefined)
  let found = column ?? row(place.scope)
  for (const scope of place.outer) found ??= lookUp(scope, names) ?? row(scope)
  if (found === undefined && names.length === 1 && calls.has(only.toLowerCase())) return { ...spelled, value: nothing }
  return found === undefined || found === "unknown" ? spelled : found
}

const operation = (node: Node, place: Place): Value => {
  const [child, ...others] = nodesOf(node["children"])
  const name = node["type"] === "STRUCT_EXTRACT" ? constantText(others[0]) : undefined
  const value = madeOf(child, place)
  if (name !== undefined) return fieldOf(value, name)
  return direct(all([value, ...others.map((each) => madeOf(each, place))]), "TRANSFORMATION")
}

const constantText = (node: Node | undefined): string | undefined =>
  node?.["class"] === "CONSTANT" ? textOf(nodeOf(node["value"])?.["value"]) : undefined

/** What orders: by places and names in the ORDER BY of a SELECT see {@link sortOf}. */
const ordersOf = (orders: unknown, place: Place): Value =>
  all(nodesOf(orders).map((order) => (saysOnly(order, "null_order", "expression") ? madeOf(nodeOf(order["expression"]), place) : null)))

const call = (node: Node, place: Place): Value => {
  const keys = ["function_name", "schema", "children", "filter", "order_bys", "distinct", "is_operator"]
  if (!saysOnly(node, ...named, ...keys)) return null
  const name = String(node["function_name"]).toLowerCase()
  const kind = place.functionKind(name)
  const children = nodesOf(node["children"])
  if (kind === undefined) return null
  const given = all(
    children.map((child) => (takesLambda.test(name) && child["class"] === "LAMBDA" ? lambda(child, place) : madeOf(child, place)))
  )
  if (kind === "scalar") return direct(given, "TRANSFORMATION")
  const ordered = ordersOf(nodeOf(node["order_bys"])?.["orders"], place)
  return all([
    direct(given, "AGGREGATION"),
    ofOrder.test(name) ? direct(ordered, "AGGREGATION") : indirect(ordered, "SORT"),
    indirect(madeOf(nodeOf(node["filter"]), place), "FILTER")
  ])
}

/** What a lambda's parameters are made of are the function's other arguments. */
const lambda = (node: Node, place: Place): Value => {
  const left = nodeOf(node["lhs"])
  const parameters = left?.["class"] === "FUNCTION" ? nodesOf(left["children"]) : left === undefined ? [] : [left]
  const names = parameters.map((each) => textsOf(each["column_names"]))
  if (!saysOnly(node, ...named, "lhs", "expr") || !names.every((each) => each.length === 1)) return null
  const within = new Set([...place.parameters, ...names.flat().map((name) => name.toLowerCase())])
  return madeOf(nodeOf(node["expr"]), { ...place, parameters: within })
}

const overWindow = (node: Node, place: Place): Value => {
  const values = ["children", "default_expr"]
  const windows = ["partitions", "orders", "start", "end", "start_expr", "end_expr", "offset_expr", "exclude_clause"]
  const known = ["function_name", "schema", "filter_expr", "arg_orders", "ignore_nulls", "distinct"]
  if (!saysOnly(node, ...named, ...values, ...windows, ...known)) return null
  const isAggregate = node["type"] === "WINDOW_AGGREGATE"
  if (isAggregate && place.functionKind(String(node["function_name"]).toLowerCase()) !== "aggregate") return null
  const at = (key: string): Value => madeOf(nodeOf(node[key]), place)
  const listed = (key: string): Value => all(nodesOf(node[key]).map((each) => madeOf(each, place)))
  return all([
    direct(listed("children"), isAggregate ? "AGGREGATION" : "TRANSFORMATION"),
    direct(at("default_expr"), "TRANSFORMATION"),
    indirect(all([listed("partitions"), ordersOf(node["orders"], place), at("start_expr"), at("end_expr"), at("offset_expr")]), "WINDOW"),
    indirect(at("filter_expr"), "FILTER"),
    indirect(ordersOf(node["arg_orders"], place), "SORT")
  ])
}

/** What decides on the rows of a subquery decides on its value. */
const ofSubquery = (node: Node, place: Place): Value => {
  const inner = nodeOf(node["subquery"])
  const select = nodeOf(inner?.["node"])
  if (!saysOnly(node, ...named, "subquery_type", "subquery", "child", "comparison_type") || inner === undefined || select === undefined)
    return null
  if (!saysOnly(inner, "node") || place.parameters.size > 0) return null
  const { columns, whole } = place.subquery(select, [place.scope, ...place.outer])
  switch (node["subquery_type"]) {
    case "EXISTS":
      return whole
    case "SCALAR":
      return columns === null || columns.length !== 1 ? null : all([columns[0]?.value ?? null, whole])
    case "ANY":
      if (columns === null) return null
      return all([direct(all([madeOf(nodeOf(node["child"]), place), ...columns.map(({ value }) => value)]), "TRANSFORMATION"), whole])
    default:
      return null
  }
}

/** Does an expression make one value of many rows? */
export const isAggregated = (node: Node, place: Place): boolean =>
  [...walk(node)].some(
    (each) => each["class"] === "FUNCTION" && place.functionKind(String(each["function_name"]).toLowerCase()) === "aggregate"
  )

/** Does an expression make several columns or rows of one? */
export const isMany = (node: Node): boolean =>
  [...walk(node)].some(
    (each) => each["class"] === "STAR" || (each["class"] === "FUNCTION" && /^(?:unnest|unlist)$/i.test(String(each["function_name"])))
  )

/** The columns of a SELECT that a GROUP BY or ORDER BY names by place, or by ALL; undefined: it is an expression. */
export const byPlace = (node: Node, columns: ReadonlyArray<{ readonly value: Value }> | null): Value | undefined => {
  if (node["class"] === "STAR") {
    if (!saysOnly(node, "class", "columns") || columns === null) return null
    return all(columns.map(({ value }) => value))
  }
  if (node["class"] !== "CONSTANT") return undefined
  const place = nodeOf(node["value"])?.["value"]
  return typeof place === "number" ? (columns?.[place - 1]?.value ?? null) : nothing
}

/** What orders the rows of a SELECT, or of several put together. A name alone means what the SELECT calls so. */
export const sortOf = (orders: unknown, columns: ReadonlyArray<{ readonly value: Value }> | null, place: Place): Value =>
  all(
    nodesOf(orders).map((order) => {
      const by = nodeOf(order["expression"])
      if (by === undefined || !saysOnly(order, "null_order", "expression")) return null
      const first = by["class"] === "COLUMN_REF" ? "alias" : by["class"] === "COLLATE" ? "neither" : "column"
      return byPlace(by, columns) ?? madeOf(by, { ...place, first })
    })
  )

/** A place where nothing has a name. */
export const nowhere = (tools: Pick<Place, "subquery" | "functionKind">, outer: ReadonlyArray<Scope>): Place => ({
  ...tools,
  scope: emptyScope,
  aliases: new Map(),
  first: "column",
  outer,
  parameters: new Set()
})
