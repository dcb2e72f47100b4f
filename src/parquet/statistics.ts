import { formatMicros, maxTimestamp, minTimestamp } from "../contract/timestamp.ts"
import type { Column, Leaf, LeafType, Value } from "../record/column.ts"
import { decimalText } from "../record/decimal-text.ts"
import { type RawJson, rawJson } from "../record/json-text.ts"
import { type Bounds, hasBounds, lowerBound, upperBound, widen } from "./bounds.ts"

/**
 * What a table's log says of a file, so that readers can skip it or answer from it: the number of rows, and by column path (names joined by
 * dots) how many are null, and the smallest and largest value. Values are exact, of the column's own type ({@link Value}); `null` where there
 * is none to tell. {@link formatStatistics} makes a log's text of it.
 */
export interface FileStatistics {
  readonly rows: number
  readonly columns: ReadonlyMap<string, ColumnStatistics>
}

export interface ColumnStatistics {
  readonly nulls: number
  readonly min: Value
  readonly max: Value
}

/** A column of which statistics are kept: `leaf` is null for a list, of which only nulls are counted. */
export interface StatisticsColumn {
  readonly path: ReadonlyArray<string>
  readonly leaf: Leaf | null
  /** Whether the smallest and the largest value are told, and not the number of nulls alone. */
  readonly bounds: boolean
}

/** How many columns inside of structs have statistics: each commit carries them for each file. */
const nestedLimit = 32

/**
 * The columns of which statistics are kept: all at the top level (the key, the version, the event time and the coordinates are among them)
 * and the first 32 within structs. Nothing within lists, and nothing at all of sensitive columns, whose values must not reach a log.
 */
export const statisticsColumns = (columns: ReadonlyArray<Column>): ReadonlyArray<StatisticsColumn> => {
  const known = columnsKnown.get(columns)
  if (known !== undefined) return known
  const found: Array<StatisticsColumn> = []
  let nested = 0
  const visit = (column: Column, path: ReadonlyArray<string>) => {
    if (column.kind === "struct") {
      for (const field of column.fields) visit(field, [...path, field.name])
      return
    }
    if (column.kind === "leaf" && column.sensitive !== undefined) return
    if (path.length > 1 && ++nested > nestedLimit) return
    found.push({ path, leaf: column.kind === "leaf" ? column : null, bounds: column.kind === "leaf" && hasBounds(column.leaf) })
  }
  for (const column of columns) visit(column, [column.name])
  columnsKnown.set(columns, found)
  return found
}

/** A repartition writes thousands of files of the same columns. */
const columnsKnown = new WeakMap<ReadonlyArray<Column>, ReadonlyArray<StatisticsColumn>>()

/** Statistics of a part of the file: one per column that {@link statisticsColumns} names, in its order. */
export interface PartStatistics {
  readonly rows: number
  readonly statistics: ReadonlyArray<ColumnStatistics>
}

/** Gathers a file's statistics from those of its row groups. */
export class StatisticsBuilder {
  readonly #states: ReadonlyArray<{ readonly column: StatisticsColumn; nulls: number; bounds: Bounds | null }>
  #rows = 0

  constructor(columns: ReadonlyArray<Column>) {
    this.#states = statisticsColumns(columns).map((column) => ({
      column,
      nulls: 0,
      bounds: column.bounds ? { min: null, max: null } : null
    }))
  }

  add({ rows, statistics }: PartStatistics): void {
    this.#rows += rows
    for (const [i, state] of this.#states.entries()) {
      const part = statistics[i]
      if (part === undefined) throw new RangeError(`a row group has no statistics of ${state.column.path.join(".")}`)
      state.nulls += part.nulls
      // Values without bounds: what they are part of has none either.
      if (part.nulls < rows && (part.min === null || part.max === null)) state.bounds = null
      if (state.bounds !== null) widen(state.bounds, part)
    }
  }

  get statistics(): FileStatistics {
    const columns = this.#states.map(
      ({ column, nulls, bounds }) => [column.path.join("."), { nulls, min: bounds?.min ?? null, max: bounds?.max ?? null }] as const
    )
    return { rows: this.#rows, columns: new Map(columns) }
  }
}

/**
 * The text of a file's statistics in a Delta log. Columns that may have none there (sensitive, or beyond the limit) are left out even if the
 * statistics tell them. Texts are cut to 32 code units, timestamps to milliseconds, minima down and maxima up, so that what a reader concludes
 * is true; all other bounds are exact.
 *
 * A file tells the bounds of all columns that have some, or of none: where it tells others, delta-rs takes a bound that is missing for one
 * that no value is within, and passes over the file. So a bound that the log cannot say takes all others with it.
 */
export const formatStatistics = (columns: ReadonlyArray<Column>, statistics: FileStatistics): string => {
  const minValues: Tree = {}
  const maxValues: Tree = {}
  const nullCount: Tree = {}
  let isWhole = true
  for (const { path, leaf, bounds } of statisticsColumns(columns)) {
    const found = statistics.columns.get(path.join("."))
    if (found === undefined) continue
    put(nullCount, path, found.nulls)
    if (!bounds || leaf === null) continue
    const min = formatBound(leaf.leaf, found.min, "min")
    const max = formatBound(leaf.leaf, found.max, "max")
    if (min !== null && max !== null) {
      put(minValues, path, min)
      put(maxValues, path, max)
    } else if (found.nulls < statistics.rows) isWhole = false
  }
  return JSON.stringify({ numRecords: statistics.rows, ...(isWhole ? { minValues, maxValues } : {}), nullCount })
}

/**
 * The columns by whose bounds files may be skipped, as the table property `delta.dataSkippingStatsColumns` names them. Without it, a reader
 * expects bounds of the first 32 columns whatever they are, and delta-rs finds no row by one that has none: sensitive ones have none.
 * Booleans are not among them: Spark permits none there, and files of old lakes tell no bounds of theirs.
 */
export const skippingColumns = (columns: ReadonlyArray<Column>): string =>
  statisticsColumns(columns)
    .flatMap(({ path, leaf, bounds }) => (bounds && leaf !== null && leaf.leaf.type !== "boolean" ? [path.join(".")] : []))
    .join(",")

/** JSON with numbers that keep all their digits. */
type Json = string | number | boolean | RawJson | Tree
interface Tree {
  [name: string]: Json
}

const put = (tree: Tree, path: ReadonlyArray<string>, value: Json): void => {
  let node = tree
  for (const name of path.slice(0, -1)) {
    const below = Object.hasOwn(node, name) ? node[name] : undefined
    // A name that has something below it is a struct's, and never a leaf's.
    const next = (below as Tree | undefined) ?? {}
    node[name] = next
    node = next
  }
  node[path.at(-1) ?? ""] = value
}

const formatBound = (leaf: LeafType, value: Value, side: "min" | "max"): Json | null => {
  switch (leaf.type) {
    case "text":
      return typeof value !== "string" ? null : side === "min" ? lowerBound(value.toWellFormed()) : upperBound(value.toWellFormed())
    case "integer":
    case "double":
      return typeof value === "number" && Number.isFinite(value) ? value : null
    case "boolean":
      return typeof value === "boolean" ? value : null
    case "long":
      return typeof value === "bigint" ? rawJson(String(value)) : null
    case "decimal":
      return typeof value === "bigint" ? rawJson(decimalText(value, leaf.scale)) : null
    case "date":
      return typeof value === "number" ? (isoText(value * 86_400_000)?.slice(0, 10) ?? null) : null
    case "timestamp":
      return typeof value === "bigint" ? timestampText(value, side) : null
    default:
      return null
  }
}

/** Of the last millisecond that there is, microseconds are told: the next one has no text. */
const timestampText = (micros: bigint, side: "min" | "max"): string | null =>
  isoText(Number(side === "min" ? floorDiv(micros, 1000n) : -floorDiv(-micros, 1000n))) ??
  (micros <= maxTimestamp && micros > minTimestamp ? formatMicros(micros) : null)

const floorDiv = (value: bigint, by: bigint): bigint => (value < 0n && value % by !== 0n ? value / by - 1n : value / by)

const earliest = Date.parse("0001-01-01T00:00:00.000Z")
const latest = Date.parse("9999-12-31T23:59:59.999Z")

/** `2026-11-20T07:00:00.123Z`; null outside of the years 1 to 9999, which have no text that all readers take. */
const isoText = (millis: number): string | null => (millis >= earliest && millis <= latest ? new Date(millis).toISOString() : null)
