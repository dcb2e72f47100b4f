import { literal } from "../duckdb/sql.ts"
import type { Check, DataTest, Literal, Piece } from "./model.ts"
import { jinjaText, type Names, render } from "./render.ts"

/** The SQL of tests. A test's SELECT gives the rows that fail, as dbt has it, so that both count the same. */

/** What a test's SQL is made of: how tables are called, and the one that is tested. */
export interface TestNames extends Omit<Names, "isIncremental" | "this"> {
  /** The rows of the model that is tested. Singular tests have none. */
  readonly relation: string
}

/**
 * The rows that fail. As in dbt, `unique`, `accepted_values` and `relationships` pass over nulls, and `unique` and `accepted_values` give one row a value. An end of a
 * `range` belongs to it. What a `range` or an `expression` makes of a null is null, which does not fail.
 */
export const failingRows = (test: DataTest, names: TestNames): string => {
  const { check } = test
  switch (check.kind) {
    case "unique":
      return `select ${column(test)} as unique_field, count(*) as n_records from ${rowsOf(test, names)} where ${column(test)} is not null group by ${column(test)} having count(*) > 1`
    case "accepted_values":
      return `select ${column(test)} as value_field, count(*) as n_records from ${rowsOf(test, names)} where ${condition(test, check, names)} group by ${column(test)}`
    case "singular":
      return singularText(check.text, names)
    default:
      return `select * from ${rowsOf(test, names)} where ${condition(test, check, names)}`
  }
}

/** Counts the rows that fail, and says whether that is what `warn_if` and `error_if` speak of: `failures`, `should_warn`, `should_error`. */
export const countFailures = (test: DataTest, names: TestNames): string =>
  `select count(*) as failures, count(*) ${test.warnIf ?? anyRow} as should_warn, count(*) ${test.errorIf ?? anyRow} as should_error from (\n${failingRows(test, names)}\n) as dbt_internal_test`

const anyRow = "!= 0"

/**
 * Keys of rows that fail, in the order of the keys, so that the same rows fail with the same words.
 *
 * @param keys columns that say which row
 * @param most rows to give
 * @returns null for a singular test: what its columns hold cannot be told from their names
 */
export const failingKeys = (test: DataTest, keys: ReadonlyArray<string>, most: number, names: TestNames): string | null => {
  const { check } = test
  if (check.kind === "singular" || keys.length === 0) return null
  const columns = keys.join(", ")
  const failing =
    check.kind === "unique"
      ? `${column(test)} in (select unique_field from (${failingRows(test, names)}) as dbt_internal_test)`
      : condition(test, check, names)
  return `select distinct ${columns} from ${rowsOf(test, names)} where ${failing} order by ${keys.map((key) => `${key} nulls last`).join(", ")} limit ${most}`
}

/** The table that is tested has the name of the tests' own, so that what is compared with another table is told apart. */
const tested = "dbt_tested"

/** The rows that a test looks at. */
const rowsOf = ({ where }: DataTest, { relation }: TestNames): string =>
  where === null ? `${relation} as ${tested}` : `(select * from ${relation} where ${where}) as ${tested}`

const column = (test: DataTest): string => {
  // A test without a column that needs one is refused where it is read.
  if (test.column === null) throw new RangeError(`test ${test.name} (${test.file}:${test.line}) has no column`)
  return test.column
}

/** What is true of a row that fails. */
const condition = (test: DataTest, check: Exclude<Check, { readonly kind: "unique" | "singular" }>, names: TestNames): string => {
  switch (check.kind) {
    case "not_null":
      return `${column(test)} is null`
    case "accepted_values":
      // None is accepted of an empty list, which SQL does not write.
      return check.values.length === 0
        ? `${column(test)} is not null`
        : `${column(test)} not in (${check.values.map((value) => (check.quote ? literal(jinjaText(value)) : jinjaText(value))).join(", ")})`
    case "relationships": {
      const { to, field } = check
      const parent = to.kind === "model" ? names.ref(to.name) : names.source(to.source, to.table)
      // Without the name of the table before it, a field that is not there would be looked for in the rows that are tested, and be found there.
      return `${column(test)} is not null and ${column(test)} not in (select dbt_parent.${field} from ${parent} as dbt_parent where dbt_parent.${field} is not null)`
    }
    case "range": {
      const ends = [
        ...(check.min === undefined ? [] : [`${column(test)} >= ${end(check.min)}`]),
        ...(check.max === undefined ? [] : [`${column(test)} <= ${end(check.max)}`])
      ]
      return ends.length === 0 ? "false" : `not (${ends.join(" and ")})`
    }
    case "expression":
      return `not (${check.expression})`
  }
}

const end = (value: Literal): string => (typeof value === "number" ? String(value) : literal(jinjaText(value)))

const singularText = (text: ReadonlyArray<Piece>, names: TestNames): string =>
  render(text, { ...names, this: names.relation, isIncremental: false })
