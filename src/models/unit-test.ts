import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import { duckdbText, LakeError } from "../duckdb/errors.ts"
import { identifier, literal } from "../duckdb/sql.ts"
import { jsonText } from "../record/json-text.ts"
import type { Input, Literal, Model, UnitTest } from "./model.ts"
import { inputKey } from "./references.ts"
import { type Names, render } from "./render.ts"

/** What came of a unit test. Its rows are the project's own, so they may be shown. */
export interface UnitTestResult {
  readonly name: string
  readonly model: string
  readonly status: "pass" | "fail"
  /** Of a test that fails: rows that came and were not expected (`+`), and rows that were expected and did not come (`-`), each as JSON. */
  readonly difference: ReadonlyArray<string>
  readonly file: string
  readonly line: number
}

type Rows = ReadonlyArray<{ readonly [column: string]: Literal }>

interface TypedColumn {
  readonly name: string
  /** As DuckDB calls it. */
  readonly type: string
}

/** Rows of a difference that are shown, of each sign. */
const shownRows = 20

/**
 * Runs a model's SELECT on given rows and compares what comes with what is expected, as dbt does: as many of each row, in any order, and only the columns that
 * the expected rows name. A given row's columns have the types of the real input, those that it does not name are null. Fails where the
 * test itself cannot be run: an input without rows, a column that is not there, a value that does not fit its column.
 *
 * @param names how the real inputs are called here; they must be there, as their columns are looked at. The model's own table need not.
 */
export const runUnitTest = (
  db: DuckDB,
  model: Model,
  test: UnitTest,
  names: Pick<Names, "ref" | "source" | "var">
): Effect.Effect<UnitTestResult, LakeError> =>
  Effect.gen(function* () {
    const given = new Map(test.given.map(({ input, rows }, i) => [keyOf(input), { input, rows, view: `sluice_given_${i}` }]))
    const lacking = model.inputs.find((input) => !given.has(keyOf(input)))
    if (lacking !== undefined) return yield* cannotRun(test, `it gives no rows for ${said(lacking)}`, "Give some, or none: `rows: []`.")
    const unread = test.given.find(({ input }) => input !== "this" && !model.inputs.some((each) => keyOf(each) === keyOf(input)))?.input
    if (unread !== undefined && unread !== "this")
      return yield* cannotRun(test, `it gives rows for ${said(unread)}, which ${model.name} does not read`, "Take them away.")
    if (test.isIncremental && !given.has(ownKey)) {
      return yield* cannotRun(test, "it is incremental and gives no rows for `this`", "Give the rows that the model has already, or none.")
    }

    const viewOf = (input: Input | "this"): string => given.get(keyOf(input))?.view ?? "sluice_not_given"
    const textOf = (isIncremental: boolean): string =>
      render(model.text, {
        ref: (name) => viewOf({ kind: "model", name }),
        source: (source, table) => given.get(`source ${source}.${table}`)?.view ?? "sluice_not_given",
        this: viewOf("this"),
        var: (name, fallback) => test.vars[name] ?? names.var(name, fallback),
        isIncremental
      })

    const inputs = [...given.values()].filter(({ input }) => input !== "this")
    for (const { input, rows, view } of inputs) {
      const relation = input === "this" ? "" : input.kind === "model" ? names.ref(input.name) : names.source(input.source, input.table)
      yield* makeView(db, test, view, yield* columnsOf(db, `select * from ${relation}`), rows)
    }
    const own = given.get(ownKey)
    // What the model gives of a whole build tells the columns of its own table, which may not be there yet.
    if (own !== undefined) yield* makeView(db, test, own.view, yield* columnsOf(db, textOf(false)), own.rows)

    const select = textOf(test.isIncremental)
    const difference = yield* differenceOf(db, test, select)
    for (const { view } of given.values()) yield* db.run(`drop view if exists ${view}`)
    return {
      name: test.name,
      model: test.model,
      status: difference.length === 0 ? ("pass" as const) : ("fail" as const),
      difference,
      file: test.file,
      line: test.line
    }
  }).pipe(
    Effect.mapError((error) => {
      if (error.problem.startsWith(placeOf(test))) return error
      // What does not fit is a value that the project gives, or its text.
      const [told = error.problem] = duckdbText(error.cause ?? error.problem).split("\n")
      return cannotRun(test, told.trim().replace(/[.!]$/, ""), error.reason === "Invalid" ? "Correct its rows, or the model." : error.hint)
    })
  )

const ownKey = "this"

const keyOf = (input: Input | "this"): string => (input === "this" ? ownKey : `${input.kind} ${inputKey(input)}`)

const said = (input: Input): string => (input.kind === "model" ? `ref('${input.name}')` : `source('${input.source}', '${input.table}')`)

const placeOf = ({ name, file, line }: UnitTest): string => `${file}:${line}: the unit test ${name} cannot run: `

const cannotRun = (test: UnitTest, problem: string, hint: string): LakeError =>
  new LakeError({ reason: "Invalid", problem: `${placeOf(test)}${problem}`, hint })

const columnsOf = (db: DuckDB, select: string): Effect.Effect<ReadonlyArray<TypedColumn>, LakeError> =>
  Effect.map(db.rows(`describe ${select}`), (rows) =>
    rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }))
  )

const makeView = (
  db: DuckDB,
  test: UnitTest,
  view: string,
  columns: ReadonlyArray<TypedColumn>,
  rows: Rows
): Effect.Effect<void, LakeError> =>
  Effect.flatMap(known(test, columns, rows), () => db.run(`create or replace temp view ${view} as ${valuesOf(columns, rows)}`))

/** Fails where rows name a column that is not there. */
const known = (test: UnitTest, columns: ReadonlyArray<TypedColumn>, rows: Rows): Effect.Effect<void, LakeError> => {
  const there = new Set(columns.map(({ name }) => name.toLowerCase()))
  const unknown = rows.flatMap((row) => Object.keys(row)).find((name) => !there.has(name.toLowerCase()))
  return unknown === undefined
    ? Effect.void
    : cannotRun(test, `there is no column ${unknown}`, `The columns are: ${columns.map(({ name }) => name).join(", ")}.`)
}

/** Rows as a SELECT with these columns. */
const valuesOf = (columns: ReadonlyArray<TypedColumn>, rows: Rows): string => {
  const select = (row: Rows[number] | null): string => {
    const byName = new Map(Object.entries(row ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
    return `select ${columns.map(({ name, type }) => `cast(${castable(byName.get(name.toLowerCase()) ?? null)} as ${type}) as ${identifier(name)}`).join(", ")}`
  }
  return rows.length === 0 ? `${select(null)} where false` : rows.map(select).join(" union all ")
}

const castable = (value: Literal): string => {
  if (value === null) return "null"
  if (typeof value === "string") return literal(value)
  // Lists and structs are read from JSON by the column's type.
  return typeof value === "object" ? `${literal(JSON.stringify(value))}::json` : String(value)
}

/** Columns are those that any expected row names: dbt takes the first row's, and so passes over what only a later one says. */
const differenceOf = (db: DuckDB, test: UnitTest, select: string): Effect.Effect<ReadonlyArray<string>, LakeError> =>
  Effect.gen(function* () {
    const all = yield* columnsOf(db, select)
    yield* known(test, all, test.expect)
    const named = new Set(test.expect.flatMap((row) => Object.keys(row).map((name) => name.toLowerCase())))
    const columns = named.size === 0 ? all : all.filter(({ name }) => named.has(name.toLowerCase()))
    const names = columns.map(({ name }) => identifier(name)).join(", ")
    const [came, expected] = [`select ${names} from (\n${select}\n)`, valuesOf(columns, test.expect)]
    const lines = (sign: string, of: string, without: string) =>
      Effect.map(db.rows(`(${of}) except all (${without}) order by all limit ${shownRows}`), (rows) =>
        rows.map((row) => `${sign} ${jsonText(row)}`)
      )
    return [...(yield* lines("-", expected, came)), ...(yield* lines("+", came, expected))]
  })
