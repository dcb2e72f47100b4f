import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { UsageError } from "../app/failures.ts"
import { modelsOf, selectedOf } from "../app/models.ts"
import { lakeNames } from "../app/settings.ts"
import { mermaid } from "../models/graph.ts"
import type { Model, Models } from "../models/model.ts"
import { inputKey } from "../models/references.ts"
import { selectOf } from "../models/relations.ts"
import { count } from "../record/count.ts"
import { nearestOr } from "../record/nearest.ts"
import { json, selectFlag, toggle } from "./common.ts"
import { print, table } from "./output.ts"
import { project, warnOfContracts } from "./project.ts"
import { use } from "./settings.ts"

const settings = use(...lakeNames)

/** A model for people: how it is made, what it reads, how many tests look at its rows. */
const rowOf = ({ name, materialization, inputs }: Model, tests: number): ReadonlyArray<string> => [
  name,
  materialization.kind === "incremental" ? `incremental, ${materialization.strategy}` : materialization.kind,
  `of ${inputs.length === 0 ? "nothing" : inputs.map(inputKey).join(", ")}`,
  tests === 0 ? "no test" : count(tests, "test")
]

const namedIn = ({ models }: Models, name: string): Effect.Effect<Model, UsageError> => {
  const names = models.map((model) => model.name)
  const found = models.find((model) => model.name === name)
  const none = names.length === 0 ? "The project has none: write one in its folder models/." : undefined
  const hint = nearestOr(name, names, none)
  return found === undefined ? Effect.fail(new UsageError({ problem: `there is no model ${name}`, hint })) : Effect.succeed(found)
}

export const models = Command.make(
  "models",
  {
    model: Argument.String("model").pipe(
      Argument.withDescription("A model, whose SQL is printed as it runs on a lake."),
      Argument.optional
    ),
    select: selectFlag,
    graph: toggle("graph", "Print the graph of what is made of what, as Mermaid text."),
    dbt: toggle("dbt", "Make the project's folder a dbt project as well, whose sources are the lake's tables as they are now."),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    yield* warnOfContracts
    const all = yield* modelsOf(project)
    if (Option.isSome(flags.model)) {
      const model = yield* namedIn(all, flags.model.value)
      const sql = selectOf(model, all).trim()
      return yield* print(flags.json, { name: model.name, file: model.file, sql }, () => sql)
    }
    if (flags.dbt) {
      const { writeDbtProject } = yield* Effect.promise(() => import("./models-dbt.ts"))
      const files = yield* writeDbtProject(all, yield* settings.read(flags.settings))
      return yield* print(flags.json, { files }, () => [...files, `Now, in ${project.folder}: dbt build --profiles-dir dbt`].join("\n"))
    }
    const selected = yield* selectedOf(all, Option.getOrNull(flags.select))
    if (flags.graph) {
      const names = new Set(selected.map(({ name }) => name))
      const looking = all.exposures.filter(({ inputs }) => inputs.every((input) => input.kind === "source" || names.has(input.name)))
      const text = mermaid({ models: selected, exposures: looking })
      return yield* print(flags.json, { mermaid: text }, () => text.trimEnd())
    }
    const testsOf = (name: string): number => all.tests.filter(({ model }) => model === name).length
    const listed = selected.map(({ name, file, description, materialization, partitionBy, tags, inputs }) => ({
      name,
      file,
      description,
      materialization: materialization.kind,
      partitionBy,
      tags,
      inputs: inputs.map(inputKey),
      tests: testsOf(name)
    }))
    yield* print(flags.json, listed, () =>
      listed.length === 0
        ? `${project.name} has no models: write one in ${project.folder}/models/, a SELECT in a file of its name.`
        : table(selected.map((model) => rowOf(model, testsOf(model.name))))
    )
  })
).pipe(
  Command.withDescription("What a project's models make of its tables: each after those that it reads."),
  Command.withExamples([
    { description: "All of a project's", command: "sluice models" },
    { description: "What would change with one, as a picture", command: "sluice models --select sales_by_day+ --graph" },
    { description: "The SQL of one, as it runs", command: "sluice models sales_by_day" },
    { description: "For dbt", command: "sluice models --dbt --lake lake" }
  ])
)
