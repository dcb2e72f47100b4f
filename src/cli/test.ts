import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { Failed } from "../app/failures.ts"
import { existingLakeOf } from "../app/lake.ts"
import { builderOptions, modelsOf, selectedOf } from "../app/models.ts"
import { lakeNames } from "../app/settings.ts"
import { toldOf } from "../models/build-error.ts"
import { type ModelTests, testModels } from "../models/test.ts"
import { countTests } from "../models/test-results.ts"
import { count } from "../record/count.ts"
import { json, selectFlag } from "./common.ts"
import { print, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { allContracts, project } from "./project.ts"
import { use } from "./settings.ts"

const settings = use(...lakeNames, "memoryLimit", "threads")

export const test = Command.make(
  "test",
  { select: selectFlag, settings: settings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    yield* allContracts
    const models = yield* modelsOf(project)
    const selected = yield* selectedOf(models, Option.getOrNull(flags.select))
    const results = yield* Effect.gen(function* () {
      const progress = yield* makeProgress("test", !flags.json)
      return yield* testModels({
        ...builderOptions(project, models, values),
        selected,
        onModel: (model, i) => progress.show(i / selected.length, model)
      })
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, "read")))
    yield* print(flags.json, { models: results.map(resultJson) }, () => testText(results))
    const failure = testFailure(results)
    if (failure !== null) return yield* failure
  })
).pipe(
  Command.withDescription(
    "Run the tests of a project's models on its marts as they stand. A build runs them by itself, before it commits."
  ),
  Command.withExamples([
    { description: "All tests", command: "sluice test --lake lake" },
    { description: "Those of one model", command: "sluice test --lake lake --select sales_by_day" }
  ])
)

const resultJson = (result: ModelTests) => {
  if (result.kind !== "failed") return result
  const { kind, model, error } = result
  return { kind, model, problem: error.problem, hint: error.hint }
}

const testsIn = (results: ReadonlyArray<ModelTests>) => results.flatMap((result) => (result.kind === "tested" ? result.tests : []))

/** A line for each test that does not pass, and one for all. */
const testText = (results: ReadonlyArray<ModelTests>): string => {
  const tests = testsIn(results)
  const { passed, warned, failed } = countTests(tests)
  const absent = results.flatMap(({ kind, model }) => (kind === "absent" ? [model] : []))
  const unrun = results.flatMap((result) => (result.kind === "failed" ? [result.error.problem] : []))
  const found = [`${passed} passed`, ...(warned === 0 ? [] : [`${warned} warned`]), ...(failed === 0 ? [] : [`${failed} failed`])]
  return [
    ...(absent.length === 0 ? [] : [`Not built yet, and so not tested: ${absent.join(", ")}.`]),
    ...unrun.map((problem) => `Cannot run: ${problem}.`),
    ...(passed === tests.length
      ? []
      : [table(tests.flatMap((each) => (each.status === "pass" ? [] : [[each.status === "warn" ? "warns" : "FAILS", toldOf(each)]])))]),
    `${count(tests.length, "test")}: ${found.join(", ")}.`
  ].join("\n")
}

const testFailure = (results: ReadonlyArray<ModelTests>): Failed | null => {
  const failed = testsIn(results).filter(({ status }) => status === "fail").length
  const [unrun] = results.flatMap((result) => (result.kind === "failed" ? [result.error] : []))
  if (unrun !== undefined) return new Failed({ problem: unrun.problem, hint: unrun.hint })
  if (failed === 0) return null
  return new Failed({
    problem: `${count(failed, "test does", "tests do")} not hold`,
    hint: "The lines above say which rows, and where the tests stand."
  })
}
