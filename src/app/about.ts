import { Effect } from "effect"
import type { LoadedProject } from "../contract/load.ts"
import { aboutTables, type TableAbout } from "../docs/about.ts"
import type { ProjectText } from "../docs/entries.ts"
import { readLakeFacts } from "../docs/lake-facts.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { openDuckDB } from "../duckdb/open.ts"
import type { Models } from "../models/model.ts"
import { trace } from "../models/traced.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { sensitiveColumns } from "./models.ts"
import type { Values } from "./settings.ts"

/** What pages, the console and the catalog are made of, of a project whose models are read. */
export const projectText = (project: LoadedProject, models: Models): ProjectText => ({
  name: project.name,
  contracts: [...project.compiled.values()],
  models,
  sensitive: sensitiveColumns(project)
})

/** What is known of each table of a project, with what the lake recorded of it. */
export const aboutLake = (
  project: LoadedProject,
  models: Models,
  values: Values<"memoryLimit" | "threads">
): Effect.Effect<ReadonlyMap<string, TableAbout>, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const text = projectText(project, models)
    const facts = yield* readLakeFacts({ datasets: project.datasets, models: models.models.map(({ name }) => name) }, values)
    const db = yield* openDuckDB(values)
    return aboutTables(text, facts, yield* trace(db, models, text.contracts))
  }).pipe(Effect.scoped)
