import { Effect } from "effect"
import type { LakeError } from "../duckdb/errors.ts"
import type { Store } from "../store/store.ts"
import { testsOf } from "./audit.ts"
import type { TestResult } from "./audit-result.ts"
import { BuildError, cannotRun } from "./build-error.ts"
import type { Builder } from "./builder.ts"
import { checkFreshness } from "./freshness.ts"
import type { DataTest, Input, Model } from "./model.ts"
import { inputKey, referencesOf } from "./references.ts"
import type { ReadError } from "./sources.ts"
import { runUnitTest } from "./unit-test.ts"

/** Makes a view of whatever the model and its tests read. */
export const showInputs = ({ sources, models }: Builder, model: Model): Effect.Effect<void, ReadError, Store> =>
  Effect.gen(function* () {
    yield* sources.showMart(model.name)
    const ofTests = testsOf(models, model).flatMap(
      ({ check, model: on, file }): ReadonlyArray<Input> => [
        ...(on === null || on === model.name ? [] : [{ kind: "model" as const, name: on }]),
        ...(check.kind === "relationships"
          ? [check.to]
          : check.kind === "singular"
            ? referencesOf(check.text, file, []).map(({ input }) => input)
            : [])
      ]
    )
    for (const input of [...model.inputs, ...ofTests]) yield* sources.show(input)
  })

/** Looks how old the inputs of a model are. Each is looked at once. */
export const freshInputs = (
  { db, models, names, fresh }: Builder,
  model: Model
): Effect.Effect<ReadonlyArray<TestResult>, BuildError | LakeError> =>
  Effect.gen(function* () {
    const keys = new Set(model.inputs.map(inputKey))
    const results: Array<TestResult> = []
    for (const each of models.freshness) {
      const { input, file, line } = each
      const key = inputKey(input)
      if (!keys.has(key) || input.kind !== "source") continue
      const looking = Effect.mapError(
        checkFreshness(db, each, names.source(input.source, input.table)),
        cannotRun(model.name, `${file}:${line}`)
      )
      const { status, ageMillis } = fresh.get(key) ?? (yield* looking)
      fresh.set(key, { input, status, ageMillis, file, line })
      results.push({
        name: `freshness_${key}`,
        model: model.name,
        column: each.loadedAt,
        check: "freshness",
        severity: "error",
        status,
        failures: status === "pass" ? 0 : 1,
        keys: [ageMillis === null ? `${key} has no row` : `the newest row of ${key} is ${hours(ageMillis)} old`],
        file,
        line
      })
    }
    return results
  })

const hours = (millis: number): string => `${(millis / 3_600_000).toFixed(1)} hours`

/** Runs the unit tests of a model. */
export const unitTests = ({ db, models, names }: Builder, model: Model): Effect.Effect<ReadonlyArray<TestResult>, BuildError> =>
  Effect.forEach(
    models.unitTests.filter((each) => each.model === model.name),
    (test) =>
      Effect.mapBoth(runUnitTest(db, model, test, names), {
        onFailure: ({ problem, hint }) => new BuildError({ model: model.name, problem, hint, tests: [] }),
        onSuccess: ({ name, status, difference, file, line }): TestResult => ({
          name,
          model: model.name,
          column: null,
          check: "unit",
          severity: "error",
          status,
          failures: difference.length,
          keys: difference,
          file,
          line
        })
      })
  )

/** Tests the rows of a model. @param relation what those that a test looks at are called here */
export const auditRows = (
  { db, audit }: Builder,
  model: Model,
  relation: (test: DataTest) => string
): Effect.Effect<ReadonlyArray<TestResult>, BuildError> =>
  Effect.mapBoth(
    Effect.flatMap(audit, (run) => run(db, model, relation)),
    {
      onFailure: ({ problem, hint }) => new BuildError({ model: model.name, problem, hint, tests: [] }),
      onSuccess: ({ tests }) => tests
    }
  )
