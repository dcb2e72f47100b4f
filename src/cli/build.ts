import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { Failed } from "../app/failures.ts"
import { existingLakeOf } from "../app/lake.ts"
import { builderOptions, buildMarts, modelsOf, selectedOf } from "../app/models.ts"
import { runListener } from "../app/run-listener.ts"
import { catalogNames, lakeNames, lineageNames } from "../app/settings.ts"
import { timed } from "../app/timed.ts"
import type { ModelOutcome } from "../models/build.ts"
import { countTests } from "../models/test-results.ts"
import { count } from "../record/count.ts"
import { json, selectFlag, toggle } from "./common.ts"
import { bytes, print, seconds, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { allContracts, project, withDatabase } from "./project.ts"
import { use } from "./settings.ts"

const settings = use(...lakeNames, ...catalogNames, "memoryLimit", "threads", ...lineageNames)

export const build = Command.make(
  "build",
  {
    select: selectFlag,
    fullRefresh: toggle("full-refresh", "Make all of each model anew, where else only what changed would be."),
    dryRun: toggle("dry-run", "Say what would be built, and why. Change nothing."),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const contracts = yield* allContracts
    const models = yield* modelsOf(project)
    const selected = yield* selectedOf(models, Option.getOrNull(flags.select))
    const [outcomes, millis] = yield* timed(
      Effect.gen(function* () {
        const progress = yield* makeProgress("build", !flags.json)
        const onEvent = yield* runListener(flags.dryRun ? { ...values, lineage: "none" } : withDatabase(values), contracts)
        return yield* buildMarts({
          ...builderOptions(project, models, values),
          selected,
          fullRefresh: flags.fullRefresh,
          dryRun: flags.dryRun,
          onEvent,
          onModel: (model, i) => progress.show(i / selected.length, model)
        })
      }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, flags.dryRun ? "read" : "write")))
    )
    yield* print(flags.json, { models: outcomes.map(outcomeJson), millis }, () => buildText(outcomes, millis, project.name))
    const failure = buildFailure(outcomes)
    if (failure !== null) return yield* failure
  })
).pipe(
  Command.withDescription("Make the marts of a project's models, each once its tests hold."),
  Command.withExamples([
    { description: "All that has changed", command: "sluice build --lake lake" },
    { description: "One model and all that is made of it", command: "sluice build --lake lake --select sales_by_day+" },
    { description: "What would be built, and why", command: "sluice build --lake lake --dry-run" }
  ])
)

/** A model's outcome for programs. */
export const outcomeJson = (outcome: ModelOutcome) => {
  if (outcome.kind !== "failed") return outcome
  const { kind, model, error } = outcome
  return { kind, model, problem: error.problem, hint: error.hint, tests: error.tests }
}

/** Why a build is not whole; null: it is. */
export const buildFailure = (outcomes: ReadonlyArray<ModelOutcome>): Failed | null => {
  const failed = outcomes.flatMap((outcome) => (outcome.kind === "failed" ? [outcome] : []))
  const skipped = outcomes.filter(({ kind }) => kind === "skipped").length
  const last = failed.at(-1)
  if (last === undefined) return null
  const told = [
    ...(skipped === 0
      ? []
      : [
          `${count(skipped, "model that reads", "models that read")} what failed ${skipped === 1 ? "was" : "were"} left as ${skipped === 1 ? "it was" : "they were"}.`
        ]),
    // Each with its own hint.
    ...failed.slice(0, -1).map(({ model, error }) => `${model}: ${error.message}`),
    `${last.model}: ${last.error.problem}`
  ]
  return new Failed({ problem: told.join(" "), hint: last.error.hint })
}

/** A line for each model, and one for all. */
export const buildText = (outcomes: ReadonlyArray<ModelOutcome>, millis: number, name: string): string => {
  if (outcomes.length === 0) return `${name} has no models.`
  const built = outcomes.flatMap((outcome) => (outcome.kind === "built" ? [outcome.report] : []))
  const unchanged = outcomes.filter(({ kind }) => kind === "unchanged").length
  const tests = countTests(built.flatMap((report) => report.tests))
  const lines = outcomes.filter(({ kind }) => kind !== "unchanged").map(rowOf)
  const isPlan = outcomes.some(({ kind }) => kind === "planned")
  return [
    ...(lines.length === 0 ? [] : [table(lines)]),
    isPlan
      ? "Nothing was changed."
      : built.length === 0 && unchanged === outcomes.length
        ? `${count(unchanged, "model")} unchanged, since nothing they are made of changed.`
        : `${count(built.length, "model")} built${unchanged === 0 ? "" : `, ${unchanged} unchanged`}, ${count(tests.passed, "test")} passed${tests.warned === 0 ? "" : `, ${tests.warned} warned`}, in ${seconds(millis)}.`
  ].join("\n")
}

const rowOf = (outcome: ModelOutcome): ReadonlyArray<string> => {
  const { model } = outcome
  switch (outcome.kind) {
    case "built": {
      const { materialization, full, rowsAdded, files, fileBytes, tests } = outcome.report
      const counts = countTests(tests)
      return [
        model,
        materialization === "view" ? "view" : full ? "table" : "what changed",
        materialization === "view" ? "" : count(rowsAdded, "row"),
        materialization === "view" ? "" : `${count(files, "file")}, ${bytes(fileBytes)}`,
        tests.length === 0 ? "no test" : `${count(counts.passed, "test")} passed${counts.warned === 0 ? "" : `, ${counts.warned} warned`}`
      ]
    }
    case "unchanged":
      return [model, "unchanged", "", "", ""]
    case "planned":
      return [model, outcome.full ? "all of it" : "what changed", outcome.why]
    case "failed":
      return [model, "FAILED", "", "", "its mart is as it was"]
    case "skipped":
      return [model, "skipped", "", "", `${outcome.because} failed`]
  }
}
