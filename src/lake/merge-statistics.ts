import { compareText } from "../parquet/bounds.ts"
import { rawJson } from "../record/json-text.ts"

/**
 * Statistics of the rows of several files, from the statistics that the log has of each: what a compaction can say of its file without
 * knowing which columns are sensitive, since it says nothing that was not said before. Null where a file has none.
 *
 * Bounds stay true: the smallest of exact minima is exact, of shortened ones it is a lower bound still.
 */
export const mergeStatistics = (texts: ReadonlyArray<string | null>): string | null => {
  const all: Array<Tree> = []
  for (const text of texts) {
    const tree = text === null ? null : parse(text)
    if (tree === null || !(tree["numRecords"] instanceof Digits)) return null
    all.push(tree)
  }
  const minValues: Tree = {}
  const maxValues: Tree = {}
  const nullCount: Tree = {}
  const rows = all.map((tree) => Number(tree["numRecords"]))
  for (const path of leavesOf(all[0]?.["nullCount"])) {
    const nulls = all.map((tree) => at(tree["nullCount"], path))
    // A file that does not say: of an older schema, or of another writer.
    if (!nulls.every((n) => n instanceof Digits)) continue
    put(nullCount, path, new Digits(String(nulls.reduce((total, n) => total + BigInt(n.text), 0n))))
    const telling = all.filter((_, i) => Number(nulls[i]) < (rows[i] ?? 0))
    const min = extreme(
      telling.map((tree) => at(tree["minValues"], path)),
      -1
    )
    const max = extreme(
      telling.map((tree) => at(tree["maxValues"], path)),
      1
    )
    if (min !== null) put(minValues, path, min)
    if (max !== null) put(maxValues, path, max)
  }
  return JSON.stringify({ numRecords: rows.reduce((total, n) => total + n, 0), minValues, maxValues, nullCount })
}

/** Columns of which statistics tell bounds, by path, names joined by dots. */
export const toldColumns = (text: string | null): ReadonlySet<string> =>
  new Set(leavesOf((text === null ? null : parse(text))?.["minValues"]).map((path) => path.join(".")))

/** A number as its digits: statistics hold integers beyond 2^53 and exact decimals. */
class Digits {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
  toJSON(): unknown {
    return rawJson(this.text)
  }
}

type Bound = string | Digits
interface Tree {
  [name: string]: unknown
}

/** The reviver's third argument is of ES2026, which the TypeScript library does not declare yet. */
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown
) => unknown

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Digits)

const parse = (text: string): Tree | null => {
  try {
    const value = parseWithSource(text, (_, value, { source }) =>
      typeof value === "number" && source !== undefined ? new Digits(source) : value
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

/** The smallest (-1) or largest (1) of bounds of one column; null where one is missing or they are of different kinds. */
const extreme = (bounds: ReadonlyArray<unknown>, side: -1 | 1): Bound | null => {
  let found: Bound | null = null
  for (const bound of bounds) {
    if (typeof bound !== "string" && !(bound instanceof Digits)) return null
    if (found === null) found = bound
    else if (typeof bound === "string") {
      if (typeof found !== "string") return null
      if (Math.sign(compareText(bound, found)) === side) found = bound
    } else {
      if (typeof found === "string") return null
      if (Math.sign(compareNumbers(bound.text, found.text)) === side) found = bound
    }
  }
  return found
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
