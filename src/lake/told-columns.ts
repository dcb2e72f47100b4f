import { Effect } from "effect"
import { ColumnBuilders } from "../columns/builders.ts"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { RowGroups } from "../duckdb/row-groups.ts"
import type { Column } from "../record/column.ts"

/**
 * What may be told of columns when files are rewritten by somebody who does not know which are sensitive. Of a sensitive column a log says nothing, of every other one at
 * least how many are null. So what may be told is what the log tells already of every file that has the column.
 */

/** Columns of which a file's statistics say something, by path, names joined by dots. */
export const toldColumns = (stats: string | null): ReadonlySet<string> => {
  const tree = stats === null ? null : parse(stats)
  return new Set(isTree(tree) ? leavesOf(tree["nullCount"]) : [])
}

/**
 * The columns of some files, as they may be written: those that may not be told are marked as sensitive, for log and footer alike. What a file lacks, as it was
 * written before there was such a column, is no secret.
 *
 * @param columns as they stand in the files
 * @param stats of the files, as the log has them
 * @param paths where the files can be opened; a footer is read only where one file tells what another does not
 */
export const withoutSecrets = (
  db: DuckDB,
  columns: ReadonlyArray<Column>,
  stats: ReadonlyArray<string | null>,
  paths: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<Column>, LakeError> =>
  Effect.gen(function* () {
    const told = stats.map(toldColumns)
    const shown = new Set(told.flatMap((each) => [...each]))
    const builders = new ColumnBuilders(columns)
    const finder = new RowGroups(builders, db)
    for (const [i, path] of paths.entries()) {
      const untold = [...shown].filter((name) => told[i]?.has(name) !== true)
      if (untold.length === 0) continue
      const shape = yield* finder.shapeOf(path)
      const lacks = new Set(builders.leaves.flatMap((leaf, number) => (shape?.sources[number]?.add === null ? [leaf.path.join(".")] : [])))
      for (const name of untold) if (!lacks.has(name)) shown.delete(name)
    }
    return marked(columns, shown)
  })

const marked = (columns: ReadonlyArray<Column>, shown: ReadonlySet<string>, above = ""): ReadonlyArray<Column> =>
  columns.map((column) => {
    const path = above + column.name
    if (column.kind === "struct") return { ...column, fields: marked(column.fields, shown, `${path}.`) }
    return column.kind === "leaf" && !shown.has(path) ? { ...column, sensitive: "keep" } : column
  })

interface Tree {
  readonly [name: string]: unknown
}

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value)

/** What is no JSON tells nothing. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const leavesOf = (tree: unknown, path = ""): ReadonlyArray<string> =>
  isTree(tree)
    ? Object.entries(tree).flatMap(([name, below]) => leavesOf(below, path === "" ? name : `${path}.${name}`))
    : typeof tree === "number"
      ? [path]
      : []
