import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { literal } from "../duckdb/sql.ts"
import type { SelectLineage } from "../record/column-lineage.ts"
import type { FunctionKind } from "./lineage-expression.ts"
import { relationOf } from "./lineage-select.ts"
import type { Model } from "./model.ts"
import { type Node, nodeOf, nodesOf, treeSql, walkAll } from "./parse-tree.ts"
import { martSql } from "./relations.ts"

/** Columns of the relations that a SELECT may read, by the name that it calls them, without quotes. */
export type Relations = ReadonlyMap<string, ReadonlyArray<string>>

const undecided: SelectLineage = { columns: null, whole: null }

/**
 * Of which columns of which relations the columns of SELECTs are made: worked out of the tree that DuckDB itself reads a text as. Of what is not
 * understood, or of a name that could mean several things, nothing is claimed. What is read need not be there.
 */
export interface ColumnLineage {
  readonly ofSelect: (select: string, relations: Relations) => Effect.Effect<SelectLineage, LakeError>
  /** Of what a model's table holds: of a history the rows that are made of its SELECT's. @param select see `selectOf` */
  readonly ofTable: (model: Model, select: string, relations: Relations) => Effect.Effect<SelectLineage, LakeError>
}

/** Asks DuckDB once for its functions, which takes longer than all else. */
export const columnLineage = (db: DuckDB): Effect.Effect<ColumnLineage, LakeError> =>
  Effect.map(functionKinds(db), (kinds) => {
    const ofSelect: ColumnLineage["ofSelect"] = (select, relations) => lineageOf(db, kinds, select, relations)
    return { ofSelect, ofTable: (model, select, relations) => ofSelect(martSql(model, select, true), relations) }
  })

type FunctionKinds = ReadonlyMap<string, FunctionKind>

const lineageOf = (db: DuckDB, kinds: FunctionKinds, select: string, relations: Relations): Effect.Effect<SelectLineage, LakeError> =>
  Effect.gen(function* () {
    const text = literal(select)
    const [row] = yield* db.rows(`${treeSql(text)}, json_serialize_sql(${text})::VARCHAR AS full_tree`)
    const [node, full] = [statementOf(row?.["tree"]), statementOf(row?.["full_tree"])]
    if (node === undefined || full === undefined) return undecided
    const names = yield* namesOf(db, node, full)
    const byName = new Map([...relations].map(([name, columns]) => [name.toLowerCase(), { name, columns }]))
    const { columns, whole } = relationOf(node, {
      relation: (name) => byName.get(name.toLowerCase()),
      functionKind: (name) => kinds.get(name),
      nameOf: (item) => names.get(item)
    })
    return { columns: columns === null ? null : columns.map(({ name, value }) => ({ output: name, inputs: value })), whole }
  })

/** Macros of DuckDB's own that make one value of many rows. All others make one of one, but for those of {@link ofManyRows}. */
const aggregateMacros = /^(?:wavg|weighted_avg|geomean|geometric_mean|json_group_\w+)$/
const ofManyRows = /^(?:regexp_split_to_table|generate_subscripts)$/

/** What functions are, by name in lower case. What somebody else has defined may be anything, and is left out. */
const functionKinds = (db: DuckDB): Effect.Effect<FunctionKinds, LakeError> =>
  Effect.map(
    db.rows("SELECT DISTINCT lower(function_name) AS name, function_type AS type, internal AS is_own FROM duckdb_functions()"),
    (rows) => {
      const kinds = new Map<string, FunctionKind>()
      const unclear = new Set<string>()
      for (const { name, type, is_own } of rows) {
        if (typeof name !== "string" || (type !== "scalar" && type !== "aggregate" && type !== "macro")) continue
        const kind = type === "aggregate" || (type === "macro" && aggregateMacros.test(name)) ? "aggregate" : "scalar"
        if (is_own !== true || ofManyRows.test(name) || (kinds.get(name) ?? kind) !== kind) unclear.add(name)
        kinds.set(name, kind)
      }
      for (const name of unclear) kinds.delete(name)
      return kinds
    }
  )

/** The only statement of a text, where it is one that DuckDB gives as a tree. */
const statementOf = (text: unknown): Node | undefined => {
  const tree: unknown = JSON.parse(String(text))
  const [statement, ...more] = nodesOf(nodeOf(tree)?.["statements"])
  return more.length > 0 ? undefined : nodeOf(statement?.["node"])
}

/**
 * What DuckDB calls columns that are given no name: their text, as it writes it.
 * @param full the same tree with what is empty: DuckDB reads back no other
 */
const namesOf = (db: DuckDB, tree: Node, full: Node): Effect.Effect<ReadonlyMap<Node, string>, LakeError> =>
  Effect.gen(function* () {
    const [items, fullItems] = [itemsOf(tree), itemsOf(full)]
    const unnamed = items.flatMap((item, i) => {
      const whole = items.length === fullItems.length ? fullItems[i] : undefined
      const isNamed = item["alias"] !== undefined || item["class"] === "COLUMN_REF" || item["class"] === "STAR"
      return isNamed || whole === undefined || !isExact(whole) ? [] : [{ item, whole }]
    })
    if (unnamed.length === 0) return new Map()
    const texts = unnamed.map(({ whole }) => `json_deserialize_sql(${literal(JSON.stringify(selecting(whole), withoutPlace))})`)
    const [row] = yield* db.rows(`SELECT ${texts.map((text, i) => `${text} AS n${i}`).join(", ")}`)
    return new Map(unnamed.map(({ item }, i) => [item, String(row?.[`n${i}`]).replace(/^SELECT /, "")]))
  })

/** What is selected anywhere in a tree. */
const itemsOf = (tree: Node): ReadonlyArray<Node> => [...walkAll(tree)].flatMap((node) => nodesOf(node["select_list"]))

/** The tree of a SELECT of one expression. */
const selecting = (item: Node): Node => {
  const from_table = { type: "EMPTY", alias: "", sample: null }
  const node = {
    type: "SELECT_NODE",
    modifiers: [],
    cte_map: { map: [] },
    select_list: [item],
    from_table,
    aggregate_handling: "STANDARD_HANDLING"
  }
  return { error: false, statements: [{ node, named_param_map: [] }] }
}

/** Where something stands in the text is a number that JavaScript may round beyond what DuckDB reads. */
const withoutPlace = (key: string, value: unknown): unknown => (key === "query_location" ? 0 : value)

/** Does a tree hold no number that JavaScript has rounded, but for places? */
const isExact = (item: Node): boolean =>
  [...walkAll(item)].every((node) =>
    Object.entries(node).every(
      ([key, value]) => key === "query_location" || typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value)
    )
  )
