import { all, direct, fieldOf, nothing, type Value } from "./lineage-value.ts"

export interface LineageColumn {
  readonly name: string
  readonly value: Value
}

/** What a SELECT, a table or a join gives. */
export interface Relation {
  /** null: their names are not decided. */
  readonly columns: ReadonlyArray<LineageColumn> | null
  /** What decides which rows there are. */
  readonly whole: Value
}

/** A relation of which nothing is known. */
export const unknownRelation: Relation = { columns: null, whole: null }

/** What a FROM makes visible. */
export interface Scope {
  /** What `name.column` may name. */
  readonly sources: ReadonlyArray<{ readonly name: string; readonly schema: string | undefined; readonly columns: Relation["columns"] }>
  /** What `*` gives, and names alone mean: the columns that a join is USING stand there once. */
  readonly visible: ReadonlyArray<LineageColumn> | null
  readonly whole: Value
}

export const emptyScope: Scope = { sources: [], visible: [], whole: nothing }

/** SQL's names are the same in any case. */
export const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** As a table or a subquery calls the columns of a SELECT: of those of one name, the second is `name_1`. */
export const apart = (columns: ReadonlyArray<LineageColumn>): ReadonlyArray<LineageColumn> => {
  const seen = new Map<string, number>()
  return columns.map(({ name, value }) => {
    const key = name.toLowerCase()
    let count = seen.get(key)
    let own = name
    if (count !== undefined) {
      while (seen.has(`${key}_${count}`)) count++
      own = `${name}_${count}`
      seen.set(`${key}_${count}`, 1)
    }
    seen.set(key, (count ?? 0) + 1)
    return { name: own, value }
  })
}

/** A name that a scope may hold: what it means; `unknown` where the scope might hold it; undefined where it does not. */
export type Found = LineageColumn | "unknown" | undefined

const among = (columns: ReadonlyArray<LineageColumn> | null, name: string): Found => {
  if (columns === null) return "unknown"
  const [found, ...more] = columns.filter((column) => same(column.name, name))
  return more.length > 0 ? "unknown" : found
}

/** An unqualified name among columns some of which may not be known: of a SELECT that DuckDB takes, what is known by the name is meant. */
const unqualified = ({ visible, sources }: Scope, name: string): Found => {
  if (visible !== null) return among(visible, name)
  const known = sources.flatMap(({ columns }) => columns ?? []).filter((column) => same(column.name, name))
  return known.length === 1 ? known[0] : "unknown"
}

const below = (found: Found, fields: ReadonlyArray<string>): Found =>
  found === undefined || found === "unknown"
    ? found
    : { name: fields.at(-1) ?? found.name, value: fields.reduce<Value>(fieldOf, found.value) }

/** What a name means in one scope, as DuckDB reads it: `schema.table.column`, else `table.column`, else `column`, each with fields of structs behind. */
export const lookUp = (scope: Scope, [first = "", ...rest]: ReadonlyArray<string>): Found => {
  const [second, third, ...others] = rest
  if (second !== undefined) {
    const ofSchema = scope.sources.filter(({ name, schema }) => schema !== undefined && same(schema, first) && same(name, second))
    if (third !== undefined && ofSchema.length > 0) {
      const found = ofSchema.length > 1 ? "unknown" : among(ofSchema[0]?.columns ?? null, third)
      if (found !== undefined) return below(found, others)
    }
    const named = scope.sources.filter(({ name }) => same(name, first))
    if (named.length > 0) {
      const found = named.length > 1 ? "unknown" : among(named[0]?.columns ?? null, second)
      if (found !== undefined) return below(found, rest.slice(1))
    }
  }
  return below(unqualified(scope, first), rest)
}

/** A table's name where a column could stand: its row as a struct. */
export const rowOf = ({ sources }: Scope, name: string): Found => {
  const [source, ...more] = sources.filter((each) => same(each.name, name))
  if (source === undefined) return undefined
  if (more.length > 0 || source.columns === null) return "unknown"
  return { name: source.name, value: direct(all(source.columns.map(({ value }) => value)), "TRANSFORMATION") }
}

/** What a side of a join shows of the columns that it is USING. */
export const visibleNames = ({ visible }: Scope): ReadonlyArray<string> | null =>
  visible === null ? null : visible.map(({ name }) => name)

/**
 * What a join makes visible: of columns that it is USING one each, at the place of the left one: the one that is there in every row, or where
 * each may lack, the first that does not.
 */
export const joined = (left: Scope, right: Scope, using: ReadonlyArray<string>, joinType: string, how: Value): Scope => {
  const whole = all([left.whole, right.whole, how])
  if (joinType === "SEMI" || joinType === "ANTI") return { ...left, whole }
  const sources = [...left.sources, ...right.sources]
  if (left.visible === null || right.visible === null) {
    // Which columns stand there once is not known where it is not known what the other side has.
    return { sources: using.length === 0 ? sources : sources.map((source) => ({ ...source, columns: null })), visible: null, whole }
  }
  const isUsed = ({ name }: LineageColumn): boolean => using.some((each) => same(each, name))
  const fromLeft = left.visible.map((column): LineageColumn => {
    const other = isUsed(column) ? right.visible?.find(({ name }) => same(name, column.name)) : undefined
    if (other === undefined || joinType === "INNER" || joinType === "LEFT") return column
    if (joinType === "RIGHT") return { name: column.name, value: other.value }
    return { name: column.name, value: direct(all([column.value, other.value]), "TRANSFORMATION") }
  })
  return { sources, visible: [...fromLeft, ...right.visible.filter((column) => !isUsed(column))], whole }
}
