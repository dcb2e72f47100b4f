import { byPlace, columnOf, type FunctionKind, isAggregated, isMany, madeOf, nowhere, type Place, sortOf } from "./lineage-expression.ts"
import {
  apart,
  emptyScope,
  joined,
  type LineageColumn,
  type Relation,
  type Scope,
  same,
  unknownRelation,
  visibleNames
} from "./lineage-scope.ts"
import { all, indirect, nothing, type Value } from "./lineage-value.ts"
import { type Node, nodeOf, nodesOf, saysOnly, textOf, textsOf } from "./parse-tree.ts"
import { lakeSchema } from "./relations.ts"

/** What must be known beside the tree. */
export interface Known {
  /** The columns of a relation that is read; undefined: it is not known. */
  readonly relation: (name: string) => { readonly name: string; readonly columns: ReadonlyArray<string> } | undefined
  readonly functionKind: (name: string) => FunctionKind | undefined
  /** What DuckDB calls a column that has no name. */
  readonly nameOf: (item: Node) => string | undefined
}

/** Where a SELECT stands: what its WITH and those around it name, and what the SELECTs around it make visible. */
interface Around {
  readonly ctes: ReadonlyMap<string, () => Relation>
  readonly outer: ReadonlyArray<Scope>
}

/** What the SELECT of a parse tree gives, by what is known of what it reads. Of whatever is not understood nothing is claimed. */
export const relationOf = (select: Node, known: Known): Relation => renamed(query(select, { ctes: new Map(), outer: [] }, known), [])

const query = (node: Node, around: Around, known: Known): Relation => {
  const within = withCtes(node["cte_map"], around, known)
  if (within === null) return unknownRelation
  if (node["type"] === "SELECT_NODE") return selectNode(node, within, known)
  return node["type"] === "SET_OPERATION_NODE" ? setOperation(node, within, known) : unknownRelation
}

/** Of the queries of a WITH each sees those before it. */
const withCtes = (map: unknown, around: Around, known: Known): Around | null => {
  let within = around
  for (const entry of nodesOf(nodeOf(map)?.["map"])) {
    const [key, value] = [textOf(entry["key"]), nodeOf(entry["value"])]
    const inner = nodeOf(nodeOf(value?.["query"])?.["node"])
    if (key === undefined || value === undefined || inner === undefined) return null
    const before = within
    let made: Relation | undefined
    const relation = (): Relation => {
      made ??= saysOnly(value, "aliases", "query", "materialized")
        ? renamed(query(inner, before, known), textsOf(value["aliases"]))
        : unknownRelation
      return made
    }
    within = { ...within, ctes: new Map([...within.ctes, [key.toLowerCase(), relation]]) }
  }
  return within
}

const renamed = ({ columns, whole }: Relation, names: ReadonlyArray<string>): Relation => ({
  columns: columns === null ? null : apart(columns.map((column, i) => ({ ...column, name: names[i] ?? column.name }))),
  whole
})

const toolsOf = (around: Around, known: Known): Pick<Place, "subquery" | "functionKind"> => ({
  functionKind: known.functionKind,
  subquery: (select, outer) => query(select, { ...around, outer }, known)
})

const selectNode = (node: Node, around: Around, known: Known): Relation => {
  const clauses = ["where_clause", "group_expressions", "group_sets", "aggregate_handling", "having", "qualify"]
  const from = nodeOf(node["from_table"])
  if (from === undefined || !saysOnly(node, "cte_map", "modifiers", "select_list", "from_table", ...clauses)) return unknownRelation
  const scope = fromOf(from, around, known)
  const bare: Place = { ...nowhere(toolsOf(around, known), around.outer), scope }
  const { items, columns, aliases } = selectList(nodesOf(node["select_list"]), bare, known)
  const place: Place = { ...bare, aliases }
  const clause = (key: string, first: Place["first"] = "column"): Value =>
    indirect(madeOf(nodeOf(node[key]), { ...place, first }), "FILTER")
  const groups = nodesOf(node["group_expressions"]).map((each) => byPlace(each, columns) ?? madeOf(each, place))
  if (node["aggregate_handling"] === "FORCE_AGGREGATES")
    groups.push(columns === null ? null : all(items.flatMap(({ isGroup, value }) => (isGroup ? [value] : []))))
  return {
    columns,
    whole: all([
      scope.whole,
      // What makes several rows of one is not followed.
      items.some(({ isMade }) => !isMade) ? null : nothing,
      clause("where_clause"),
      indirect(all(groups), "GROUP_BY"),
      clause("having", "neither"),
      clause("qualify"),
      modifiers(node["modifiers"], columns, place)
    ])
  }
}

interface Item {
  readonly value: Value
  /** By a GROUP BY ALL. */
  readonly isGroup: boolean
  /** false: what it gives is not followed, nor how many columns or rows that is. */
  readonly isMade: boolean
}

/** The columns of a SELECT. Each may use what those before it are called. */
const selectList = (list: ReadonlyArray<Node>, bare: Place, known: Known) => {
  const items: Array<Item> = []
  const aliases = new Map<string, Value>()
  let columns: Array<LineageColumn> | null = []
  for (const item of list) {
    const star = item["class"] === "STAR" ? starColumns(item, bare) : undefined
    if (star === null || (star === undefined && isMany(item))) {
      columns = null
      items.push({ value: null, isGroup: true, isMade: item["class"] === "STAR" })
    } else if (star !== undefined) {
      columns?.push(...star)
      items.push(...star.map(({ value }) => ({ value, isGroup: true, isMade: true })))
    } else {
      const place = { ...bare, aliases }
      const value = madeOf(item, place)
      const alias = textOf(item["alias"])
      const name = alias ?? (item["class"] === "COLUMN_REF" ? columnOf(textsOf(item["column_names"]), place).name : known.nameOf(item))
      if (name === undefined) columns = null
      else columns?.push({ name, value })
      items.push({ value, isGroup: !isAggregated(item, place), isMade: true })
      // Which of two columns of one name is meant is not decided here.
      if (alias !== undefined) aliases.set(alias.toLowerCase(), aliases.has(alias.toLowerCase()) ? null : value)
    }
  }
  return { items, columns, aliases }
}

/** What `*` and `t.*` give; null: that is not decided. */
const starColumns = (star: Node, place: Place): ReadonlyArray<LineageColumn> | null => {
  const keys = ["class", "relation_name", "exclude_list", "qualified_exclude_list", "replace_list", "rename_list"]
  if (!saysOnly(star, ...keys) || star["qualified_exclude_list"] !== undefined) return null
  const relation = textOf(star["relation_name"])
  const named = place.scope.sources.filter(({ name }) => relation !== undefined && same(name, relation))
  const columns = relation === undefined ? place.scope.visible : named.length === 1 ? (named[0]?.columns ?? null) : null
  if (columns === null) return null
  const excluded = textsOf(star["exclude_list"])
  const replaced = nodesOf(star["replace_list"])
  const names = nodesOf(star["rename_list"]).map((each) => ({ from: textOf(nodeOf(each["key"])?.["column"]), to: textOf(each["value"]) }))
  const changed = [...replaced.map((each) => textOf(each["key"]) ?? ""), ...names.map(({ from }) => from ?? "")]
  // Of two columns of one name DuckDB leaves one out.
  if (changed.some((name) => columns.filter((column) => same(column.name, name)).length > 1)) return null
  return columns.flatMap(({ name, value }): ReadonlyArray<LineageColumn> => {
    if (excluded.some((each) => same(each, name))) return []
    const other = replaced.find((each) => same(textOf(each["key"]) ?? "", name))
    if (other !== undefined) return [{ name: textOf(other["key"]) ?? name, value: madeOf(nodeOf(other["value"]), place) }]
    return [{ name: names.find(({ from }) => same(from ?? "", name))?.to ?? name, value }]
  })
}

/** What DISTINCT, ORDER BY and LIMIT make of the rows. */
const modifiers = (list: unknown, columns: Relation["columns"], place: Place): Value =>
  all(
    nodesOf(list).map((modifier) => {
      switch (modifier["type"]) {
        case "DISTINCT_MODIFIER": {
          const targets = nodesOf(modifier["distinct_on_targets"])
          if (!saysOnly(modifier, "distinct_on_targets")) return null
          if (targets.length === 0) return distinct(columns)
          return indirect(all(targets.map((each) => byPlace(each, columns) ?? madeOf(each, { ...place, first: "neither" }))), "GROUP_BY")
        }
        case "ORDER_MODIFIER":
          return saysOnly(modifier, "orders") ? indirect(sortOf(modifier["orders"], columns, place), "SORT") : null
        case "LIMIT_MODIFIER":
        case "LIMIT_PERCENT_MODIFIER":
          if (!saysOnly(modifier, "limit", "offset")) return null
          return indirect(all([madeOf(nodeOf(modifier["limit"]), place), madeOf(nodeOf(modifier["offset"]), place)]), "FILTER")
        default:
          return null
      }
    })
  )

/** Rows are put together by all that they hold. */
const distinct = (columns: Relation["columns"]): Value => columns && indirect(all(columns.map(({ value }) => value)), "GROUP_BY")

const setOperation = (node: Node, around: Around, known: Known): Relation => {
  const [leftNode, rightNode] = [nodeOf(node["left"]), nodeOf(node["right"])]
  if (leftNode === undefined || rightNode === undefined) return unknownRelation
  if (!saysOnly(node, "cte_map", "modifiers", "setop_type", "setop_all", "left", "right")) return unknownRelation
  const [left, right] = [query(leftNode, around, known), query(rightNode, around, known)]
  const type = String(node["setop_type"])
  const columns = putTogether(type, left.columns, right.columns)
  const place: Place = { ...nowhere(toolsOf(around, known), around.outer), scope: { ...emptyScope, visible: columns } }
  const both = [left.columns, right.columns].map((each) => each && all(each.map(({ value }) => value)))
  return {
    columns,
    whole: all([
      left.whole,
      right.whole,
      type === "UNION" || type === "UNION_BY_NAME" ? nothing : indirect(all(both), "FILTER"),
      node["setop_all"] === false ? distinct(columns) : nothing,
      modifiers(node["modifiers"], columns, place)
    ])
  }
}

/** The columns of two SELECTs that are put together; names are the first one's. */
const putTogether = (type: string, left: Relation["columns"], right: Relation["columns"]): Relation["columns"] => {
  if (left === null || right === null) return null
  switch (type) {
    case "UNION":
      return left.length !== right.length
        ? null
        : left.map(({ name, value }, i) => ({ name, value: all([value, right[i]?.value ?? null]) }))
    case "UNION_BY_NAME": {
      const of = (columns: ReadonlyArray<LineageColumn>, name: string): Value =>
        all(columns.flatMap((column) => (same(column.name, name) ? [column.value] : [])))
      const more = right.filter(({ name }) => !left.some((column) => same(column.name, name)))
      return [...left, ...more].map(({ name }) => ({ name, value: all([of(left, name), of(right, name)]) }))
    }
    case "INTERSECT":
    case "EXCEPT":
      return left
    default:
      return null
  }
}

/** What a FROM makes visible. */
const fromOf = (node: Node, around: Around, known: Known): Scope => {
  const alias = textOf(node["alias"])
  const source = (name: string | undefined, relation: Relation, schema?: string): Scope => {
    const { columns, whole } = renamed(relation, textsOf(node["column_name_alias"]))
    // What has no name can be reached by no name, but is one of those that a name could be in.
    return { sources: [{ name: name ?? "", schema, columns }], visible: columns, whole }
  }
  switch (node["type"]) {
    case "EMPTY":
      return emptyScope
    case "BASE_TABLE": {
      const name = textOf(node["table_name"]) ?? ""
      const schema = textOf(node["schema_name"])
      if (!saysOnly(node, "alias", "table_name", "schema_name", "catalog_name", "column_name_alias"))
        return source(alias ?? name, unknownRelation)
      const cte = schema === undefined ? around.ctes.get(name.toLowerCase()) : undefined
      const catalog = textOf(node["catalog_name"])
      const path = catalog === undefined && schema === lakeSchema ? [name] : [catalog, schema, name].filter((part) => part !== undefined)
      return source(alias ?? name, cte?.() ?? tableOf(path.join("."), known), alias === undefined ? schema : undefined)
    }
    case "SUBQUERY": {
      const inner = nodeOf(node["subquery"])
      const select = nodeOf(inner?.["node"])
      const isKnown = saysOnly(node, "alias", "subquery", "column_name_alias") && inner !== undefined && saysOnly(inner, "node")
      return source(alias, isKnown && select !== undefined ? query(select, around, known) : unknownRelation)
    }
    case "EXPRESSION_LIST":
      return source(alias, valuesOf(node, around, known))
    case "JOIN":
      return joinOf(node, around, known)
    default:
      return source(alias, unknownRelation)
  }
}

const tableOf = (name: string, known: Known): Relation => {
  const table = known.relation(name)
  if (table === undefined) return unknownRelation
  return {
    columns: table.columns.map((column) => ({
      name: column,
      value: [{ relation: table.name, column, type: "DIRECT", kind: "IDENTITY" }]
    })),
    whole: nothing
  }
}

const valuesOf = (node: Node, around: Around, known: Known): Relation => {
  const rows = Array.isArray(node["values"]) ? node["values"].map(nodesOf) : []
  if (!saysOnly(node, "alias", "values", "column_name_alias")) return unknownRelation
  const place = nowhere(toolsOf(around, known), around.outer)
  const width = rows[0]?.length ?? 0
  return {
    columns: Array.from({ length: width }, (_, i) => ({ name: `col${i}`, value: all(rows.map((row) => madeOf(row[i], place))) })),
    whole: nothing
  }
}

const joinOf = (node: Node, around: Around, known: Known): Scope => {
  const [leftNode, rightNode] = [nodeOf(node["left"]), nodeOf(node["right"])]
  if (leftNode === undefined || rightNode === undefined) return { ...emptyScope, visible: null, whole: null }
  const left = fromOf(leftNode, around, known)
  // What stands to the right may use what stands to the left.
  const right = fromOf(rightNode, { ...around, outer: [left, ...around.outer] }, known)
  const type = String(node["join_type"])
  const how = String(node["ref_type"])
  const isKnown =
    saysOnly(node, "left", "right", "condition", "join_type", "ref_type", "using_columns") &&
    ["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"].includes(type) &&
    ["REGULAR", "CROSS", "NATURAL", "ASOF"].includes(how)
  const both = joined(left, right, [], "INNER", nothing)
  if (!isKnown) return { ...both, sources: both.sources.map((each) => ({ ...each, columns: null })), visible: null, whole: null }
  const using = how === "NATURAL" ? sharedNames(left, right) : textsOf(node["using_columns"])
  if (using === null) return { ...both, sources: both.sources.map((each) => ({ ...each, columns: null })), visible: null, whole: null }
  const place: Place = { ...nowhere(toolsOf(around, known), around.outer), scope: both }
  const sides = using.flatMap((name) => [left, right].map((scope) => columnOf([name], { ...place, scope, outer: [] }).value))
  return joined(left, right, using, type, indirect(all([madeOf(nodeOf(node["condition"]), place), ...sides]), "JOIN"))
}

const sharedNames = (left: Scope, right: Scope): ReadonlyArray<string> | null => {
  const [ours, theirs] = [visibleNames(left), visibleNames(right)]
  return ours === null || theirs === null ? null : ours.filter((name) => theirs.some((each) => same(each, name)))
}
