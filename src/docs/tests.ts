import type { Check, DataTest, Literal, Models, UnitTest } from "../models/model.ts"
import { ofBothBranches } from "../models/pieces.ts"
import { inputKey } from "../models/references.ts"
import type { LakeFacts, TestFacts } from "./lake-facts.ts"

/** A test of a model, and what it found when it was run last. */
export interface TestEntry {
  readonly name: string
  /** Is the model made of given rows, or are its own looked at? */
  readonly isUnit: boolean
  /** Models that it looks at; of a singular test those that it refers to. */
  readonly models: ReadonlyArray<string>
  readonly column: string | null
  /** What must hold, with names between backticks. */
  readonly holds: string
  readonly severity: DataTest["severity"]
  /** Null: it was not run yet, or nobody knows. */
  readonly last: TestFacts | null
  readonly file: string
  readonly line: number
}

/** The tests of a project's models. @param sensitive names of columns, in small letters, of which it is not told what is accepted */
export const testEntries = (
  { tests, unitTests }: Models,
  facts: LakeFacts | null,
  sensitive: ReadonlySet<string>
): ReadonlyArray<TestEntry> => [
  ...tests.map((test): TestEntry => {
    const { column, severity, file, line } = test
    const hides = column !== null && sensitive.has(column.toLowerCase())
    const last = facts?.tests.get(test.name) ?? null
    const name = hides ? withoutArguments(test) : test.name
    return { name, isUnit: false, models: modelsOf(test), column, holds: holds(test, hides), severity, last, file, line }
  }),
  ...unitTests.map((test): TestEntry => {
    const { name, model, file, line } = test
    const last = facts?.unitTests.get(name) ?? null
    return { name, isUnit: true, models: [model], column: null, holds: unitTestWords(test), severity: "error", last, file, line }
  })
]

/** The name that a test has where nobody gives it one says what is accepted. */
const withoutArguments = ({ name, check, model, column }: DataTest): string => {
  const first = `${check.kind}_${model}_${column}`
  return (check.kind === "accepted_values" || check.kind === "range") && name.startsWith(`${first}__`) ? first : name
}

const modelsOf = ({ model, check }: DataTest): ReadonlyArray<string> => {
  if (model !== null || check.kind !== "singular") return model === null ? [] : [model]
  return [...new Set(ofBothBranches(check.text).flatMap((piece) => (piece.kind === "ref" ? [piece.model] : [])))]
}

const code = (text: string): string => `\`${text}\``
const literal = (value: Literal | undefined): string => code(typeof value === "string" ? value : JSON.stringify(value ?? null))

const holds = ({ check, where, warnIf, errorIf }: DataTest, hides: boolean): string =>
  [
    checkWords(check, hides),
    ...(where === null ? [] : [hides ? "Of some rows." : `Of rows where ${code(where)}.`]),
    ...(warnIf === null ? [] : [`Warns if the failing rows are ${code(warnIf)}.`]),
    ...(errorIf === null ? [] : [`Fails if the failing rows are ${code(errorIf)}.`])
  ].join(" ")

const checkWords = (check: Check, hides: boolean): string => {
  switch (check.kind) {
    case "unique":
      return "No value is there twice."
    case "not_null":
      return "A value is there."
    case "accepted_values":
      return hides ? `One of ${check.values.length} values.` : `One of ${check.values.map(literal).join(", ")}.`
    case "relationships":
      return `A ${code(check.field)} of ${code(inputKey(check.to))}.`
    case "range": {
      if (hides) return "Within a range."
      const ends = [
        ...(check.min === undefined ? [] : [`not below ${literal(check.min)}`]),
        ...(check.max === undefined ? [] : [`not above ${literal(check.max)}`])
      ]
      return ends.length === 0 ? "Anything." : `Is ${ends.join(", and ")}.`
    }
    case "expression":
      return hides ? "A condition holds." : `${code(check.expression)}.`
    case "singular":
      return "The test's SELECT gives no row."
  }
}

/** How many tests passed when they were run last, and so on. */
export interface TestTotals {
  readonly pass: number
  readonly warn: number
  readonly fail: number
  readonly notRun: number
}

export const totalsOf = (tests: ReadonlyArray<Pick<TestEntry, "last">>): TestTotals => {
  const of = (status: TestFacts["status"] | undefined) => tests.filter(({ last }) => last?.status === status).length
  return { pass: of("pass"), warn: of("warn"), fail: of("fail"), notRun: of(undefined) }
}

/** What a unit test does, in words: its rows are nobody's data, but may look like somebody's. */
const unitTestWords = ({ given, expect, isIncremental }: UnitTest): string => {
  const rows = (n: number) => `${n} ${n === 1 ? "row" : "rows"}`
  const inputs = given.map(({ input, rows: there }) => `${rows(there.length)} of ${code(input === "this" ? "this" : inputKey(input))}`)
  return `${inputs.length === 0 ? "Nothing" : inputs.join(", ")} ${inputs.length === 1 && given[0]?.rows.length === 1 ? "makes" : "make"} ${rows(expect.length)}${isIncremental ? " of an increment" : ""}.`
}
