import { existsSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import type { LoadedProject } from "../contract/load.ts"
import type { BuildOptions, ModelOutcome } from "../models/build.ts"
import type { BuilderOptions } from "../models/builder.ts"
import type { Model, Models } from "../models/model.ts"
import { ModelsError } from "../models/models-error.ts"
import type { ReadError } from "../models/sources.ts"
import { type Column, holdsSensitive } from "../record/column.ts"
import type { Store } from "../store/store.ts"
import { UsageError } from "./failures.ts"
import type { Values } from "./settings.ts"

/** Of a project that has none. */
export const noModels: Models = { models: [], tests: [], unitTests: [], freshness: [], exposures: [], vars: {} }

/** The models of a project. Fails with all that is wrong with them. */
export const modelsOf = ({ folder, datasets, lookups }: LoadedProject): Effect.Effect<Models, ModelsError> =>
  Effect.gen(function* () {
    if (!existsSync(join(folder, "models")) && !existsSync(join(folder, "dbt_project.yml"))) return noModels
    // With it comes the library that reads YAML, which most commands do without.
    const { readModels } = yield* Effect.promise(() => import("../models/read.ts"))
    const read = readModels(folder, { datasets, lookups })
    return "problems" in read ? yield* new ModelsError(read) : read.models
  })

/** The models that `--select` names, in their order; all where it names none. */
export const selectedOf = (models: Models, select: string | null): Effect.Effect<ReadonlyArray<Model>, UsageError> =>
  Effect.gen(function* () {
    if (select === null) return models.models
    const graph = yield* Effect.promise(() => import("../models/graph.ts"))
    const selected = graph.select(models.models, select)
    return "problem" in selected ? yield* new UsageError(selected) : selected.models
  })

/** What building and testing a project's models need, whoever asks for it. */
export const builderOptions = (
  project: LoadedProject,
  models: Models,
  { memoryLimit, threads }: Values<"memoryLimit" | "threads">
): BuilderOptions => ({
  models,
  contracts: [...project.compiled.values()],
  sensitive: sensitiveColumns(project),
  memoryLimit,
  threads
})

/** Builds models of a project. What builds them is loaded when something is to be built. */
export const buildMarts = (options: BuildOptions): Effect.Effect<ReadonlyArray<ModelOutcome>, ReadError, Store> =>
  Effect.flatMap(
    Effect.promise(() => import("../models/build.ts")),
    ({ buildModels }) => buildModels(options)
  )

/** Names of the columns that a project's contracts call sensitive, in lower case. */
export const sensitiveColumns = ({ compiled }: LoadedProject): ReadonlySet<string> =>
  new Set([...compiled.values()].flatMap(({ columns, consumableColumns }) => [...columns, ...consumableColumns].flatMap(sensitiveNames)))

const sensitiveNames = (column: Column): ReadonlyArray<string> => (holdsSensitive(column) ? [column.name.toLowerCase()] : [])
