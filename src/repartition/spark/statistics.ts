import { statisticsColumns } from "../../parquet/statistics.ts"
import type { Column } from "../../record/column.ts"
import { type RawJson, rawJson } from "../../record/json-text.ts"

type Json = null | boolean | string | RawJson | ReadonlyArray<Json> | { [name: string]: Json }

/** The reviver's third argument is of ES2026, which the TypeScript library does not declare yet. */
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown
) => Json // every number becomes a RawJson, and nothing else is changed

const isTree = (value: Json | undefined): value is { [name: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("rawJSON" in value)

const at = (tree: Json | undefined, path: ReadonlyArray<string>): Json =>
  path.reduce<Json>((below, name) => (isTree(below) && Object.hasOwn(below, name) ? (below[name] ?? null) : null), tree ?? null)

const put = (tree: { [name: string]: Json }, path: ReadonlyArray<string>, value: Json): void => {
  const [name = "", ...below] = path
  if (below.length === 0) tree[name] = value
  else {
    const next = tree[name]
    const node = isTree(next) ? next : {}
    tree[name] = node
    put(node, below, value)
  }
}

/**
 * The statistics of a file that Spark wrote, as this writer would say them (`formatStatistics`): none of columns that may have none, timestamps' maxima a millisecond up, since Spark
 * cuts what is behind it, and no bounds at all where one of them is nothing that a log can say. Null where there are none.
 *
 * @returns their text, and how many rows the file has
 */
export const asOurs = (columns: ReadonlyArray<Column>, text: string | null): { readonly stats: string; readonly rows: number } | null => {
  if (text === null) return null
  const told = parseWithSource(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined ? rawJson(source) : value
  )
  const numRecords = at(told, ["numRecords"])
  const rows = numberOf(numRecords)
  if (rows === null) return null
  const [minValues, maxValues, nullCount]: [{ [name: string]: Json }, { [name: string]: Json }, { [name: string]: Json }] = [{}, {}, {}]
  let isWhole = true
  for (const { path, leaf, bounds } of statisticsColumns(columns)) {
    const nulls = at(told, ["nullCount", ...path])
    if (nulls === null) continue
    put(nullCount, path, nulls)
    if (!bounds || leaf === null || leaf.leaf.type === "boolean" || numberOf(nulls) === rows) continue
    const isText = leaf.leaf.type === "text" || leaf.leaf.type === "date" || leaf.leaf.type === "timestamp"
    const [min, max] = (["minValues", "maxValues"] as const).map((side) => at(told, [side, ...path]))
    const upper = leaf.leaf.type === "timestamp" ? millisecondUp(max) : max
    // Not a number is told as text.
    const isBound = (value: Json | undefined) => value != null && (typeof value === "string") === isText
    if (min !== undefined && upper !== undefined && isBound(min) && isBound(upper)) {
      put(minValues, path, min)
      put(maxValues, path, upper)
    } else isWhole = false
  }
  return { rows, stats: JSON.stringify({ numRecords, ...(isWhole ? { minValues, maxValues } : {}), nullCount }) }
}

const numberOf = (value: Json): number | null =>
  typeof value === "object" && value !== null && "rawJSON" in value ? Number(value.rawJSON) : null

const millisecondUp = (value: Json | undefined): Json => {
  const millis = typeof value === "string" ? Date.parse(value) + 1 : Number.NaN
  const text = Number.isNaN(millis) ? "" : new Date(millis).toISOString()
  return text.length === "2026-11-20T00:00:00.000Z".length ? text : null
}
