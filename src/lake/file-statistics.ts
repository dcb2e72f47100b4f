import { Effect } from "effect"
import {
  type ColumnStatistics,
  type FileStatistics,
  formatStatistics,
  type StatisticsColumn,
  statisticsColumns
} from "../parquet/statistics.ts"
import type { Column, LeafType, Value } from "../record/column.ts"
import type { DuckDB, Row } from "./duckdb.ts"
import type { LakeError } from "./errors.ts"
import { Decimal, type Plain } from "./plain.ts"
import { filenameColumn, identifier, parquetFiles } from "./sql.ts"

/**
 * The statistics of local Parquet files as a Delta log says them, computed from all of their rows: exact, and none of sensitive columns. All
 * files are asked in one statement, since planning one takes longer than reading a small file.
 *
 * @param columns of the files
 * @returns in the order of the files
 */
export const fileStatistics = (
  db: DuckDB,
  files: ReadonlyArray<string>,
  columns: ReadonlyArray<Column>
): Effect.Effect<ReadonlyArray<{ readonly rows: number; readonly text: string }>, LakeError> =>
  Effect.map(db.rows(statisticsSql(files, statisticsColumns(columns))), (found) => {
    const byFile = new Map(found.map((row) => [row["filename"], row]))
    return files.map((file) => {
      const statistics = read(byFile.get(file) ?? { rows: 0 }, statisticsColumns(columns))
      return { rows: statistics.rows, text: formatStatistics(columns, statistics) }
    })
  })

const statisticsSql = (files: ReadonlyArray<string>, columns: ReadonlyArray<StatisticsColumn>): string => {
  const aggregates = columns.flatMap(({ path, leaf, bounds }, i) => {
    const value = `t.${path.map(identifier).join(".")}`
    const nulls = `count(*) - count(${value}) AS n${i}`
    if (!bounds || leaf === null) return [nulls]
    const whole = wholeNumber(leaf.leaf)
    return [nulls, `${whole(`min(${value})`)} AS a${i}`, `${whole(`max(${value})`)} AS z${i}`]
  })
  return `SELECT filename, count(*) AS rows, ${aggregates.join(", ")} FROM ${parquetFiles(files, filenameColumn)} AS t GROUP BY filename`
}

/** Times as the whole numbers that statistics hold. */
const wholeNumber = (leaf: LeafType): ((sql: string) => string) =>
  leaf.type === "timestamp" ? (sql) => `epoch_us(${sql})` : leaf.type === "date" ? (sql) => `${sql} - DATE '1970-01-01'` : (sql) => sql

const read = (row: Row, columns: ReadonlyArray<StatisticsColumn>): FileStatistics => ({
  rows: Number(row["rows"]),
  columns: new Map(
    columns.map(({ path, leaf, bounds }, i): readonly [string, ColumnStatistics] => {
      const nulls = Number(row[`n${i}`] ?? 0)
      const told = bounds && leaf !== null
      const min = told ? bound(leaf.leaf, row[`a${i}`] ?? null) : null
      const max = told ? bound(leaf.leaf, row[`z${i}`] ?? null) : null
      // A bound that cannot be told (NaN, which DuckDB puts last, or infinity) takes the other with it.
      return [path.join("."), min === null || max === null ? { nulls, min: null, max: null } : { nulls, min, max }]
    })
  )
})

/** A value of a result as a {@link Value} of its column. */
const bound = (leaf: LeafType, value: Plain): Value => {
  if (value === null) return null
  switch (leaf.type) {
    case "long":
    case "timestamp":
      return typeof value === "number" || typeof value === "bigint" ? BigInt(value) : null
    case "decimal":
      return value instanceof Decimal ? BigInt(value.text.replace(".", "")) : null
    case "text":
      return typeof value === "string" ? value : null
    case "boolean":
      return typeof value === "boolean" ? value : null
    default:
      return typeof value === "number" ? value : null
  }
}
