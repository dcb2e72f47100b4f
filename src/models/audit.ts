import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import type { Plain } from "../duckdb/plain.ts"
import { jsonText } from "../record/json-text.ts"
import type { AuditResult, TestResult, TestStatus } from "./audit-result.ts"
import { sqlProblem } from "./build-error.ts"
import type { DataTest, Model, Models } from "./model.ts"
import { referencesOf } from "./references.ts"
import type { Names } from "./render.ts"
import { countFailures, failingKeys, type TestNames } from "./test-sql.ts"

/** What the tests of models need to know beside the models. */
export interface AuditSettings extends Pick<Names, "ref" | "source" | "var"> {
  /**
   * Columns that are sensitive wherever they stand, whatever the case: those of the contracts. A model that passes one on under its name need not
   * say so again.
   */
  readonly sensitive: ReadonlySet<string>
}

/** Tests the rows of a model before they are seen. @param relation what the rows are called in this DuckDB */
export type Audit = (db: DuckDB, model: Model, relation: string) => Effect.Effect<AuditResult, LakeError>

/** Failing keys that are shown of a test. */
const shownKeys = 5

/** The audit of a project's models. A test that cannot run is an error that names its file and line, and no value. */
export const auditOf = (models: Models, settings: AuditSettings): Audit => {
  const hidden = new Set([...[...settings.sensitive].map((name) => name.toLowerCase()), ...sensitiveColumns(models)])
  return (db, model, relation) =>
    Effect.map(
      Effect.forEach(testsOf(models, model), (test) => {
        const other = test.model === null || test.model === model.name ? null : test.model
        const names: TestNames = {
          relation: other === null ? relation : settings.ref(other),
          ref: (name) => (name === model.name ? relation : settings.ref(name)),
          source: settings.source,
          var: settings.var
        }
        const keys = keysOf(other === null ? model : modelNamed(models, other), models.tests)
        return run(db, test, model.name, names, shownOf(test, keys, hidden))
      }),
      (tests) => ({ tests })
    )
}

/**
 * The tests to run once a model is built: those that look at it and at nothing that is built after it. A test that looks at two models
 * belongs to the later one, as the other's rows may not be there yet.
 */
export const testsOf = ({ models, tests }: Models, model: Model): ReadonlyArray<DataTest> => {
  const place = new Map(models.map(({ name }, i) => [name, i]))
  return tests.filter((test) => {
    const looked = modelsOf(test).flatMap((name) => place.get(name) ?? [])
    return looked.length > 0 && Math.max(...looked) === place.get(model.name)
  })
}

/** Models whose rows a test looks at. */
const modelsOf = ({ model, check }: DataTest): ReadonlyArray<string> => {
  const own = model === null ? [] : [model]
  if (check.kind === "relationships") return [...own, ...(check.to.kind === "model" ? [check.to.name] : [])]
  if (check.kind !== "singular") return own
  return [...own, ...referencesOf(check.text, "", []).flatMap(({ input }) => (input.kind === "model" ? [input.name] : []))]
}

/** Columns that say which row of a model: those that it is merged by, or else the first one that is tested to be unique. */
export const keysOf = (model: Model | undefined, tests: ReadonlyArray<DataTest>): ReadonlyArray<string> => {
  if (model === undefined) return []
  const { materialization } = model
  if (materialization.kind === "history") return [...materialization.history.key, materialization.history.effective]
  if (materialization.kind === "incremental" && materialization.uniqueKey.length > 0) return materialization.uniqueKey
  const unique = tests.find((test) => test.model === model.name && test.check.kind === "unique" && test.column !== null)
  return unique?.column == null ? [] : [unique.column]
}

const modelNamed = ({ models }: Models, wanted: string): Model | undefined => models.find(({ name }) => name === wanted)

const sensitiveColumns = ({ models }: Models): ReadonlyArray<string> =>
  models.flatMap(({ columns }) => columns.flatMap(({ name, isSensitive }) => (isSensitive ? [name.toLowerCase()] : [])))

/** Keys to show of a test's failing rows: of `unique` what is there twice, else the model's. None where one of them is sensitive, or is not just a column. */
const shownOf = (test: DataTest, keys: ReadonlyArray<string>, hidden: ReadonlySet<string>): ReadonlyArray<string> => {
  const wanted = test.check.kind === "unique" && test.column !== null ? [test.column] : keys
  return wanted.every((name) => /^[a-z_]\w*$/i.test(name) && !hidden.has(name.toLowerCase())) ? wanted : []
}

const run = (
  db: DuckDB,
  test: DataTest,
  model: string,
  names: TestNames,
  keys: ReadonlyArray<string>
): Effect.Effect<TestResult, LakeError> =>
  Effect.gen(function* () {
    const [row] = yield* db.rows(countFailures(test, names))
    const status = statusOf(test, row?.["should_warn"] === true, row?.["should_error"] === true)
    const select = status === "pass" ? null : failingKeys(test, keys, shownKeys, names)
    const failing = select === null ? [] : yield* db.rows(select)
    return {
      name: test.name,
      model,
      column: test.column,
      check: test.check.kind,
      severity: test.severity,
      status,
      failures: Number(row?.["failures"] ?? 0),
      // By place: a table may write the name in another case.
      keys: failing.map((row) =>
        Object.values(row)
          .map((value, i) => `${keys[i]} = ${shown(value)}`)
          .join(", ")
      ),
      file: test.file,
      line: test.line
    }
  }).pipe(Effect.mapError(cannotRun(test)))

/** As in dbt: a test of severity `warn` never fails, and one of severity `error` warns where only `warn_if` holds. */
export const statusOf = ({ severity }: Pick<DataTest, "severity">, shouldWarn: boolean, shouldError: boolean): TestStatus => {
  if (severity === "error" && shouldError) return "fail"
  return shouldWarn ? "warn" : "pass"
}

const shown = (value: Plain): string => (typeof value === "string" ? value : jsonText(value))

const cannotRun =
  (test: DataTest) =>
  (error: LakeError): LakeError => {
    const { said, isOfText } = sqlProblem(error)
    return new LakeError({
      reason: error.reason,
      problem: `${test.file}:${test.line}: the test ${test.name} cannot run: ${said}`,
      hint: isOfText ? "Correct the test, or the model that it looks at." : hintOf(error)
    })
  }

const hintOf = (error: LakeError): string =>
  error.reason === "Invalid"
    ? "A value does not fit what the test does with it: use try_cast, or a `where` that leaves such rows out."
    : error.hint
