import { Effect, Option, Result } from "effect"
import { Command, Flag } from "effect/cli"
import { aboutLake } from "../app/about.ts"
import { glueOf, problemForGlue } from "../app/catalog.ts"
import { Failed, UsageError } from "../app/failures.ts"
import { existingLakeOf } from "../app/lake.ts"
import { modelsOf } from "../app/models.ts"
import { lakeNames } from "../app/settings.ts"
import type { Synced } from "../catalog/plan.ts"
import { type SyncReport, syncCatalog } from "../catalog/sync.ts"
import type { TableExtra } from "../catalog/wanted.ts"
import { stepWords } from "../catalog/words.ts"
import { parametersOf, type TableAbout } from "../docs/about.ts"
import { count } from "../record/count.ts"
import { roles } from "./catalog-roles.ts"
import { json, toggle } from "./common.ts"
import { print, table } from "./output.ts"
import { allContracts, contractOf, datasetText, project, withDatabase } from "./project.ts"
import { use } from "./settings.ts"

const settings = use(...lakeNames, "glueDatabase", "glueEndpoint", "memoryLimit", "threads")

/** What became of a table, for a program. The input of the call is the catalog's own affair. */
const syncedJson = ({ step, failure }: Synced) => {
  const { name, path, action } = step
  return {
    table: name,
    path,
    action,
    ...("changes" in step ? { changes: step.changes } : {}),
    ...("kept" in step ? { kept: step.kept } : {}),
    ...("problem" in step ? { problem: step.problem } : {}),
    failure: failure?.message ?? null
  }
}

const extrasOf = (about: ReadonlyMap<string, TableAbout>): ReadonlyMap<string, TableExtra> =>
  new Map(
    [...about].map(([path, table]) => [path, { owner: table.owner, description: table.description, parameters: parametersOf(table) }])
  )

const reportText = ({ database, databaseCreated, tables }: SyncReport, isDone: boolean): string =>
  [
    databaseCreated ? `Database ${database}: ${isDone ? "created" : "would be created"}.` : `Database ${database}:`,
    table(
      tables.map(({ step, failure }) => [
        step.name,
        step.path,
        failure === null ? stepWords(step, isDone) : `failed: ${"detail" in failure ? failure.detail : failure.problem}`
      ])
    ),
    ...(tables.some(({ step, failure }) => failure !== null || step.action !== "nothing") ? [] : ["Nothing to do."]),
    ...(isDone ? [] : ["Nothing was changed."])
  ].join("\n")

const sync = Command.make(
  "sync",
  {
    dataset: Flag.String("dataset").pipe(Flag.withDescription(`${datasetText} Without it, all tables of the lake.`), Flag.optional),
    dryRun: toggle("dry-run", "Say what would be done. Change nothing."),
    allowDrop: toggle("allow-drop", "Take columns out of the catalog that a table has no longer. Without it they stay, and are told."),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* ({ dataset, dryRun, allowDrop, json, ...flags }) {
    const values = withDatabase(yield* settings.read(flags.settings))
    const problem = problemForGlue(values)
    if (problem !== null) return yield* new UsageError({ problem, hint: "Give --lake s3://bucket/prefix." })
    // A project that cannot be read has no dataset whose name the database could have.
    if (values.glueDatabase === "") yield* allContracts
    const named = Option.isSome(dataset) ? yield* contractOf(dataset.value) : null
    const models = yield* Effect.result(modelsOf(project))
    const report = yield* Effect.gen(function* () {
      const api = yield* glueOf(values)
      // What models say stays as it is where they cannot be read, which is told at the end.
      const about = Result.isSuccess(models) ? extrasOf(yield* aboutLake(project, models.success, values)) : null
      return yield* syncCatalog(api, {
        database: values.glueDatabase,
        contracts: project.compiled,
        about,
        datasets: named === null ? null : new Set([named.contract.name]),
        shared: named === null,
        dryRun,
        allowDrop
      })
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, "read")))
    yield* print(json, { dryRun, ...report, tables: report.tables.map(syncedJson) }, () => reportText(report, !dryRun))
    const [failed] = report.tables.flatMap(({ failure }) => failure ?? [])
    if (failed !== undefined) return yield* failed
    const refused = report.tables.filter(({ step }) => step.action === "refused")
    if (refused.length > 0 && !dryRun) {
      return yield* new Failed({
        problem: `${count(refused.length, "table is", "tables are")} not in the catalog, where the name is somebody else's: ${refused.map(({ step }) => step.name).join(", ")}`,
        hint: "Rename or drop in Glue what has the name, or give the lake a database of its own: --glue-database."
      })
    }
    // What cannot be used is told, once the others are in step.
    if (named === null) yield* allContracts
    yield* Effect.fromResult(models)
  })
).pipe(
  Command.withDescription(
    "Bring the AWS Glue Data Catalog in step with the lake: tables that it lacks, columns that were added, what the contracts say. Nothing is dropped."
  ),
  Command.withExamples([
    { description: "What would be done", command: "sluice catalog sync --lake s3://my-lake/shop --dry-run" },
    { description: "Do it, in a database of its own", command: "sluice catalog sync --lake s3://my-lake/shop --glue-database shop" }
  ])
)

export const catalog = Command.make("catalog").pipe(
  Command.withDescription(
    "Keep the catalog of AWS Glue, which Athena, Spark and Trino ask for tables, in step with the lake, and say who may read what."
  ),
  Command.withExamples([{ description: "Bring it in step", command: "sluice catalog sync" }]),
  Command.withSubcommands([sync, roles])
)
