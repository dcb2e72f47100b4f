/** A node of the tree that DuckDB's `json_serialize_sql` gives, with defaults left out. */
export interface Node {
  readonly [key: string]: unknown
}

/** SQL that gives, as `tree`, the tree of the statement that a literal holds, with defaults left out. */
export const treeSql = (literal: string): string =>
  `SELECT json_serialize_sql(${literal}, skip_default := true, skip_empty := true, skip_null := true)::VARCHAR AS tree`

export const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value)

export const nodeOf = (value: unknown): Node | undefined => (isNode(value) ? value : undefined)
export const nodesOf = (value: unknown): ReadonlyArray<Node> => (Array.isArray(value) ? value.filter(isNode) : [])
export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)
export const textsOf = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : []

/**
 * Does a node say nothing beyond these keys? Whatever else it says is something that is not understood here, and nothing is claimed of it.
 */
export const saysOnly = (node: Node, ...keys: ReadonlyArray<string>): boolean =>
  Object.keys(node).every((key) => key === "query_location" || key === "type" || keys.includes(key))

/** A node and all below it, without the insides of subqueries that stand in expressions. */
export function* walk(node: unknown): Generator<Node> {
  if (Array.isArray(node)) for (const each of node) yield* walk(each)
  if (!isNode(node)) return
  yield node
  for (const [key, value] of Object.entries(node)) if (key !== "subquery") yield* walk(value)
}

/** All nodes, those of subqueries too. */
export function* walkAll(node: unknown): Generator<Node> {
  if (Array.isArray(node)) for (const each of node) yield* walkAll(each)
  if (!isNode(node)) return
  yield node
  for (const value of Object.values(node)) yield* walkAll(value)
}
