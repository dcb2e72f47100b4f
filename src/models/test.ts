import { Effect } from "effect"
import { identifier } from "../duckdb/sql.ts"
import type { Store } from "../store/store.ts"
import { testsOf } from "./audit.ts"
import type { TestResult } from "./audit-result.ts"
import { BuildError } from "./build-error.ts"
import { type BuilderOptions, builderOf } from "./builder.ts"
import type { Model, Models } from "./model.ts"
import { auditRows, freshInputs, showInputs, unitTests } from "./model-tests.ts"
import { inputKey } from "./references.ts"
import type { ReadError } from "./sources.ts"

export interface TestOptions extends BuilderOptions {
  /** Whose tests are run, in their order. */
  readonly selected: ReadonlyArray<Model>
  /** Told as each model begins. */
  readonly onModel?: ((model: string, i: number) => void) | undefined
}

/** What the tests of a model found. */
export type ModelTests =
  | { readonly kind: "tested"; readonly model: string; readonly tests: ReadonlyArray<TestResult> }
  /** It was never built. */
  | { readonly kind: "absent"; readonly model: string }
  /** A test could not be run. */
  | { readonly kind: "failed"; readonly model: string; readonly error: BuildError }

/** Runs the tests of models on their marts as they stand. Changes nothing. */
export const testModels = (options: TestOptions): Effect.Effect<ReadonlyArray<ModelTests>, ReadError, Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { selected, models, onModel = () => {} } = options
      const builder = yield* builderOf(options)
      const tested = (model: Model): Effect.Effect<ModelTests, BuildError | ReadError, Store> =>
        Effect.gen(function* () {
          const { name } = model
          if (!hasTests(models, model)) return { kind: "tested", model: name, tests: [] }
          if ((yield* builder.sources.mart(name)) === null) return { kind: "absent", model: name }
          yield* showInputs(builder, model)
          const tests = [
            ...(yield* freshInputs(builder, model)),
            ...(yield* unitTests(builder, model)),
            ...(yield* auditRows(builder, model, () => identifier(name)))
          ]
          return { kind: "tested", model: name, tests }
        })
      return yield* Effect.forEach(selected, (model, i) => {
        onModel(model.name, i)
        return Effect.catchIf(
          tested(model),
          (error) => error instanceof BuildError,
          (error) => Effect.succeed<ModelTests>({ kind: "failed", model: model.name, error })
        )
      })
    })
  )

const hasTests = (models: Models, model: Model): boolean => {
  const keys = model.inputs.map(inputKey)
  return (
    testsOf(models, model).length > 0 ||
    models.unitTests.some((test) => test.model === model.name) ||
    models.freshness.some(({ input }) => keys.includes(inputKey(input)))
  )
}
