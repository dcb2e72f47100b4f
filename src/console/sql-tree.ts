import { isNode, type Node, nodeOf, nodesOf, walkAll } from "../models/parse-tree.ts"

/** Looks at statements as the tree that DuckDB itself reads them as: what a text names is not guessed. */

/** What a statement reads. */
export interface Reads {
  /** Tables of its FROMs, in lower case; what a WITH around a FROM calls so is none. */
  readonly tables: ReadonlyArray<string>
  /** Those that no WITH put before the statement can stand for: said with their schema, or a WITH of its own has the name. */
  readonly fixed: ReadonlyArray<string>
  /** Whatever it names, in lower case: every column that it can read is among it. Null: it may read all columns. */
  readonly names: ReadonlySet<string> | null
}

/** Functions that give rows and know nothing but their arguments. */
const rowFunctions: ReadonlySet<string> = new Set(["range", "generate_series", "unnest"])
/** Functions that tell of the process, its files or its settings, or run a text. */
const refusedFunctions =
  /^(?:current_setting|getvariable|getenv|query|query_table|read_\w+|parquet_\w+|duckdb_\w+|pragma_\w+|glob|sniff_csv|which_secret|txid_current|write_log|in_search_path|current_schemas|current_database|current_catalog|json_execute_serialized_sql|from_substrait\w*)$/

/** What a tree reads, or why it may not be run: only one SELECT may, on tables, and nothing that tells of the process. */
export const readsOf = (tree: unknown): Reads | { readonly problem: string } => {
  const parsed: unknown = typeof tree === "string" ? JSON.parse(tree) : null
  if (!isNode(parsed) || parsed["error"] === true) return { problem: "it is no SELECT, or cannot be read" }
  const statements = parsed["statements"]
  if (!Array.isArray(statements) || statements.length !== 1) return { problem: "there is not one statement, but several or none" }
  const tables = new Set<string>()
  const fixed = new Set<string>()
  const withs = new Set<string>()
  for (const problem of read(parsed, new Set(), { tables, fixed, withs })) return { problem }
  for (const name of withs) if (tables.has(name)) fixed.add(name)
  return { tables: [...tables], fixed: [...fixed], names: namesIn(parsed) }
}

interface Found {
  readonly tables: Set<string>
  readonly fixed: Set<string>
  /** Names of all its WITHs. */
  readonly withs: Set<string>
}

/**
 * Reads a tree and gives what is wrong with it. A WITH counts from behind its own text to the end of the SELECT that it belongs to; in its own text only
 * where it is recursive. Elsewhere its name is a table's.
 *
 * @param around names of the WITHs that count here
 */
function* read(value: unknown, around: ReadonlySet<string>, found: Found): Generator<string> {
  if (Array.isArray(value)) for (const each of value) yield* read(each, around, found)
  if (!isNode(value)) return
  const problem = problemOf(value)
  if (problem !== null) yield problem
  if (value["type"] === "BASE_TABLE") {
    const name = String(value["table_name"]).toLowerCase()
    const isFixed = value["schema_name"] !== undefined
    if (isFixed) found.fixed.add(name)
    if (isFixed || !around.has(name)) found.tables.add(name)
  }
  const within = new Set(around)
  for (const each of nodesOf(nodeOf(value["cte_map"])?.["map"])) {
    const name = String(each["key"]).toLowerCase()
    found.withs.add(name)
    const isRecursive = nodeOf(nodeOf(nodeOf(each["value"])?.["query"])?.["node"])?.["type"] === "RECURSIVE_CTE_NODE"
    yield* read(each["value"], isRecursive ? new Set([...within, name]) : within, found)
    within.add(name)
  }
  for (const [key, each] of Object.entries(value)) if (key !== "cte_map") yield* read(each, within, found)
}

/** Every text of a tree, columns' names among them; null where a star, or a row as a whole, stands for columns that are not named. */
const namesIn = (tree: Node): ReadonlySet<string> | null => {
  const names = new Set<string>()
  const rows = new Set<string>()
  const alone = new Set<string>()
  for (const node of walkAll(tree)) {
    if (wholes.has(String(node["type"])) || node["ref_type"] === "NATURAL") return null
    if (node["type"] === "BASE_TABLE") for (const name of [node["alias"], node["table_name"]]) rows.add(String(name).toLowerCase())
    for (const [key, value] of Object.entries(node)) {
      const texts = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === "string").map((each) => each.toLowerCase())
      if (key === "column_names" && texts.length === 1) alone.add(texts[0] ?? "")
      for (const text of texts) names.add(text)
    }
  }
  return [...alone].some((name) => rows.has(name)) ? null : names
}

/** Kinds of nodes that stand for columns which they do not name. */
const wholes: ReadonlySet<string> = new Set(["STAR", "PIVOT", "SHOW_REF"])

const problemOf = (node: Node): string | null => {
  switch (node["type"]) {
    case "BASE_TABLE": {
      const { catalog_name = "", schema_name = "" } = node
      return catalog_name === "" && (schema_name === "" || schema_name === "main") ? null : "it names another schema than main"
    }
    case "TABLE_FUNCTION": {
      const { function: called } = node
      const name = isNode(called) ? String(called["function_name"]).toLowerCase() : ""
      return rowFunctions.has(name) ? null : `${name} cannot be read from here`
    }
    case "SHOW_REF":
      return node["query"] !== undefined && (node["show_type"] === "DESCRIBE" || node["show_type"] === "SUMMARY")
        ? null
        : "SHOW tells of more than tables: ask DESCRIBE and a table's name"
    case "FUNCTION": {
      const name = String(node["function_name"]).toLowerCase()
      return refusedFunctions.test(name) ? `${name} is not for statements here` : null
    }
    default:
      return null
  }
}
