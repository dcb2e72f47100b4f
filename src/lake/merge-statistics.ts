import { Decimal } from "../duckdb/plain.ts"
import { compareText } from "../parquet/bounds.ts"

/**
 * Statistics of the rows of several files, from the statistics that the log has of each: what a compaction can say of its file without
 * knowing which columns are sensitive, since it says nothing that was not said before. Null where a file has none.
 *
 * Bounds stay true: the smallest of exact minima is exact, of shortened ones it is a lower bound still. Where some files tell a column's
 * bounds and others do not, no bounds are told at all, see `formatStatistics`.
 */
export const mergeStatistics = (texts: ReadonlyArray<string | null>): string | null => {
  const all: Array<Tree> = []
  for (const text of texts) {
    const tree = text === null ? null : parse(text)
    if (tree === null || !(tree["numRecords"] instanceof Decimal)) return null
    all.push(tree)
  }
  const minValues: Tree = {}
  const maxValues: Tree = {}
  const nullCount: Tree = {}
  const rows = all.map((tree) => Number(tree["numRecords"]))
  let isWhole = true
  const paths = new Map(all.flatMap((tree) => leavesOf(tree["nullCount"])).map((path) => [path.join("."), path]))
  for (const path of paths.values()) {
    const nulls = all.map((tree) => at(tree["nullCount"], path))
    const bounds = (name: "minValues" | "maxValues") =>
      all.flatMap((tree, i) => (nulls[i] instanceof Decimal && Number(nulls[i]) >= (rows[i] ?? 0) ? [] : [at(tree[name], path)]))
    const [mins, maxs] = [bounds("minValues"), bounds("maxValues")]
    const [min, max] = [extreme(mins, -1), extreme(maxs, 1)]
    const counted = nulls.every((n) => n instanceof Decimal)
    if (counted) put(nullCount, path, new Decimal(String(nulls.reduce((total, n) => total + BigInt(n.text), 0n))))
    if (counted && min !== null && max !== null) {
      put(minValues, path, min)
      put(maxValues, path, max)
    } else if ([...mins, ...maxs].some((bound) => bound !== undefined)) isWhole = false
  }
  const numRecords = rows.reduce((total, n) => total + n, 0)
  return JSON.stringify({ numRecords, ...(isWhole ? { minValues, maxValues } : {}), nullCount })
}

/** Columns of which statistics tell bounds, by path, names joined by dots. */
export const toldColumns = (text: string | null): ReadonlySet<string> =>
  new Set(leavesOf((text === null ? null : parse(text))?.["minValues"]).map((path) => path.join(".")))

type Bound = string | boolean | Decimal
interface Tree {
  [name: string]: unknown
}

/** The reviver's third argument is of ES2026, which the TypeScript library does not declare yet. */
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown
) => unknown

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Decimal)

const parse = (text: string): Tree | null => {
  try {
    const value = parseWithSource(text, (_, value, { source }) =>
      typeof value === "number" && source !== undefined ? new Decimal(source) : value
    )
    return isTree(value) ? value : null
  } catch {
    return null
  }
}

const leavesOf = (tree: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> =>
  isTree(tree) ? Object.entries(tree).flatMap(([name, below]) => leavesOf(below, [...path, name])) : path.length === 0 ? [] : [path]

const at = (tree: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((below, name) => (isTree(below) && Object.hasOwn(below, name) ? below[name] : undefined), tree)

const put = (tree: Tree, path: ReadonlyArray<string>, value: Bound): void => {
  const last = path.length - 1
  let node = tree
  for (const [i, name] of path.entries()) {
    if (i === last) node[name] = value
    else {
      const below = node[name]
      const next = isTree(below) ? below : {}
      node[name] = next
      node = next
    }
  }
}

/** The smallest (-1) or largest (1) of bounds of one column; null where there is none, one is missing or they are of different kinds. */
const extreme = (bounds: ReadonlyArray<unknown>, side: -1 | 1): Bound | null => {
  let found: Bound | null = null
  for (const bound of bounds) {
    if (!isBound(bound)) return null
    const order = found === null ? side : compareBounds(bound, found)
    if (order === null) return null
    if (Math.sign(order) === side) found = bound
  }
  return found
}

const isBound = (value: unknown): value is Bound => typeof value === "string" || typeof value === "boolean" || value instanceof Decimal

const compareBounds = (a: Bound, b: Bound): number | null => {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b)
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b)
  return a instanceof Decimal && b instanceof Decimal ? compareNumbers(a.text, b.text) : null
}

/** Exact for integers and decimals of any length; numbers with an exponent are doubles and compare as such. */
const compareNumbers = (a: string, b: string): number => {
  if (/e/i.test(a + b)) return Number(a) - Number(b)
  const scale = Math.max(fraction(a).length, fraction(b).length)
  const [x, y] = [unscaled(a, scale), unscaled(b, scale)]
  return x < y ? -1 : x > y ? 1 : 0
}

const fraction = (text: string): string => text.split(".")[1] ?? ""
const unscaled = (text: string, scale: number): bigint => BigInt((text.split(".")[0] ?? "") + fraction(text).padEnd(scale, "0"))
