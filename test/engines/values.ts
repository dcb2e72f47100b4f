import { decimalText } from "../../src/record/decimal-text.ts"
import type { ReadValue } from "../../src/table/partition-values.ts"
import type { Row } from "../../src/table/read.ts"

/**
 * One text for a value, whichever reader gave it: whole numbers are digits, fields of structs are sorted and absent when null, entries of
 * maps are sorted. Two rows are equal if their texts are.
 */
export const textOf = (value: ReadValue | undefined): string => {
  if (value === null || value === undefined) return "null"
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value)
  if (typeof value === "bigint" || typeof value === "boolean") return String(value)
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`
  if (value instanceof Map)
    return `map {${[...value]
      .map(([key, entry]) => `${textOf(key)}: ${textOf(entry)}`)
      .sort()
      .join(", ")}}`
  if (isList(value)) return `[${value.map(textOf).join(", ")}]`
  const fields = Object.entries(value).filter(([, field]) => field !== null)
  return `{${fields
    .map(([name, field]) => `${name}: ${textOf(field)}`)
    .sort()
    .join(", ")}}`
}

const isList = (value: ReadValue): value is ReadonlyArray<ReadValue> => Array.isArray(value)

/** The rows as texts, sorted, so that the order in which a reader gives them does not count. */
export const textsOf = (rows: Iterable<Row>): ReadonlyArray<string> => Array.from(rows, textOf).sort()

/** Null if the rows are the same, else what differs first, cut to a readable length. */
export const firstDifference = (ours: ReadonlyArray<string>, theirs: ReadonlyArray<string>): string | null => {
  const at = ours.findIndex((row, i) => row !== theirs[i])
  if (at < 0 && ours.length === theirs.length) return null
  const counts = ours.length === theirs.length ? `${ours.length} rows` : `${ours.length} rows here, ${theirs.length} there`
  const [here = "nothing", there = "nothing"] = [ours[at < 0 ? ours.length : at], theirs[at < 0 ? ours.length : at]]
  let same = 0
  while (same < here.length && here[same] === there[same]) same++
  const show = (text: string) => `${same > 60 ? "…" : ""}${text.slice(Math.max(0, same - 60), same + 200)}`
  return `${counts}; first difference:\n    here:  ${show(here)}\n    there: ${show(there)}`
}

/** A condition on a column, in SQL that both Spark and DataFusion take and in parts for readers that have no SQL, with the rows for which it holds. */
export interface Condition {
  readonly where: string
  readonly column: string
  /** `=`, `<=`, `>=`, `<`, `>`, `IS NULL` or `IS NOT NULL`. */
  readonly operator: string
  readonly type: string
  /** Of the value that is compared with, as a whole number or as what its literal holds; null for none. */
  readonly value: string | null
  /** Engines differ on what it means: 0 and -0 are the same to IEEE 754, and not to DataFusion. */
  readonly isDisputed: boolean
  readonly holds: (row: Row) => boolean
}

const operators: ReadonlyArray<readonly [string, (order: number) => boolean]> = [
  ["=", (order) => order === 0],
  ["<=", (order) => order <= 0],
  [">=", (order) => order >= 0],
  ["<", (order) => order < 0],
  [">", (order) => order > 0]
]

/**
 * Conditions that files are skipped by: a column against its smallest and largest value and one between, and nulls. If statistics were too narrow,
 * or told half, rows would be missing from the answer.
 */
export const conditionsOf = (column: string, type: string, rows: ReadonlyArray<Row>): ReadonlyArray<Condition> => {
  const found = rows.map((row) => row[column]).filter((value) => value !== null && value !== undefined && literalOf(type, value) !== null)
  const values = [...new Map(found.map((value) => [textOf(value), value])).values()].sort(compare)
  const picks = new Set([values[0], values[Math.floor(values.length / 2)], values.at(-1)])
  const about = { column, type, value: null, isDisputed: false }
  const conditions: Array<Condition> = [
    { ...about, operator: "IS NULL", where: `${column} IS NULL`, holds: (row) => !isThere(row[column]) },
    { ...about, operator: "IS NOT NULL", where: `${column} IS NOT NULL`, holds: (row) => isThere(row[column]) }
  ]
  for (const pick of picks) {
    const literal = pick === undefined ? null : literalOf(type, pick)
    if (pick === undefined || literal === null) continue
    for (const [operator, holds] of operators) {
      // Engines disagree with each other about where NaN stands: some have it above all.
      if (type === "double" && operator.startsWith(">")) continue
      conditions.push({
        column,
        operator,
        type,
        value: typeof pick === "string" ? pick : textOf(pick),
        isDisputed: pick === 0 && type === "double",
        where: `${column} ${operator} ${literal}`,
        holds: (row) => isThere(row[column]) && holds(compare(row[column], pick))
      })
    }
  }
  return conditions
}

const isThere = (value: ReadValue | undefined): boolean => value !== null && value !== undefined

const compare = (a: ReadValue | undefined, b: ReadValue | undefined): number => {
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b)
  if ((typeof a === "bigint" && typeof b === "bigint") || (typeof a === "number" && typeof b === "number")) {
    return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN
  }
  throw new TypeError(`no order between ${textOf(a)} and ${textOf(b)}`)
}

/** A literal of a Delta type; null where no text is the same in both dialects. */
const literalOf = (type: string, value: ReadValue): string | null => {
  if (type === "string") return typeof value === "string" && /^[^'\\\p{Cc}]*$/u.test(value) ? `'${value}'` : null
  if (type === "double") return typeof value === "number" && Number.isFinite(value) ? `CAST('${value}' AS DOUBLE)` : null
  if (type === "integer" || type === "boolean") return String(value)
  if (type === "long") return `CAST('${value}' AS BIGINT)`
  if (type === "date" && typeof value === "number") return `DATE '${new Date(value * 86_400_000).toISOString().slice(0, 10)}'`
  // Spark's name for it; a literal would be nanoseconds in DataFusion, which do not reach the year 1.
  if (type === "timestamp") return `timestamp_micros(${textOf(value)})`
  const decimal = /^decimal\((\d+),(\d+)\)$/.exec(type)
  if (decimal !== null && typeof value === "bigint") return `CAST('${decimalText(value, Number(decimal[2]))}' AS ${type.toUpperCase()})`
  return null
}
