import { readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { projectText } from "../app/about.ts"
import { Failed } from "../app/failures.ts"
import { existingLakeOf, lakeUrl } from "../app/lake.ts"
import { modelsOf } from "../app/models.ts"
import { lakeNames, type Values } from "../app/settings.ts"
import { pageMark, styleMark } from "../docs/frame.ts"
import { type LakeFacts, readLakeFacts } from "../docs/lake-facts.ts"
import { totalsText } from "../docs/parts.ts"
import { siteOf } from "../docs/site.ts"
import type { LakeError } from "../duckdb/errors.ts"
import type { Models } from "../models/model.ts"
import { count } from "../record/count.ts"
import { errorCode, makeFolders } from "../store/local-files.ts"
import type { StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { json, withDefault } from "./common.ts"
import { print } from "./output.ts"
import { allContracts, project } from "./project.ts"
import { use } from "./settings.ts"
import { writeWhole } from "./whole-file.ts"

const settings = use(...lakeNames, "memoryLimit", "threads")

/** What the lake says; null where there is none. */
const factsOf = (
  values: Values<(typeof lakeNames)[number] | "memoryLimit" | "threads">,
  { models }: Models
): Effect.Effect<LakeFacts | null, LakeError | TableError | StoreError> =>
  readLakeFacts({ datasets: project.datasets, models: models.map(({ name }) => name) }, values).pipe(
    Effect.provide(existingLakeOf(values, "read")),
    Effect.catchTag("LakeError", (error) => (error.reason === "NoLake" ? Effect.succeed(null) : Effect.fail(error)))
  )

const notWritten = (folder: string) => (cause: unknown) =>
  new Failed({
    problem: `${folder} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Name a folder that can be, with --output."
  })

/** Whether a file is of an earlier site: it begins as ours do. Null: there is none. */
const isOurs = async (path: string): Promise<boolean | null> => {
  try {
    const text = await readFile(path, "utf8")
    return text.startsWith(pageMark) || text.startsWith(styleMark)
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return null
    throw cause
  }
}

/** Puts a site in the place of an earlier one. A file that is of no site stays, and where one is in the way nothing is written. */
const writeSite = (folder: string, files: ReadonlyMap<string, string>) =>
  Effect.gen(function* () {
    const inTheWay = yield* Effect.tryPromise({
      try: async () => {
        await makeFolders(resolve(folder))
        const found = await Promise.all([...files.keys()].map(async (name) => ((await isOurs(join(folder, name))) === false ? [name] : [])))
        return found.flat()
      },
      catch: notWritten(folder)
    })
    if (inTheWay.length > 0) {
      return yield* new Failed({
        problem: `${folder} has ${inTheWay.join(", ")} already, which sluice docs has not made`,
        hint: "Nothing was written. Name another folder with --output."
      })
    }
    for (const [name, text] of files)
      yield* writeWhole(join(folder, name), (path) => Effect.tryPromise({ try: () => writeFile(path, text), catch: notWritten(folder) }))
    // Last, so that no page leads to one that is gone.
    yield* Effect.tryPromise({
      try: async () => {
        const gone = (await readdir(folder)).filter((name) => /^(?:dataset|model)\..*\.html$/.test(name) && !files.has(name))
        for (const name of gone) if (await isOurs(join(folder, name))) await rm(join(folder, name))
      },
      catch: notWritten(folder)
    })
  })

export const docs = Command.make(
  "docs",
  {
    output: withDefault(
      Flag.String("output").pipe(Flag.withMetavar("DIR")),
      "Folder for the site; made where it is not there. Pages of an earlier site that nothing is behind any more are removed.",
      "site"
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* ({ output, settings: given, json }) {
    const values = yield* settings.read(given)
    const contracts = yield* allContracts
    const models = yield* modelsOf(project)
    const facts = yield* factsOf(values, models)
    const { files, tests } = siteOf(projectText(project, models), facts)
    yield* writeSite(output, files)
    const lake = facts === null ? null : lakeUrl(values)
    const counts = { datasets: contracts.length, models: models.models.length, tests }
    yield* print(json, { output: resolve(output), files: [...files.keys()].sort(), lake, ...counts }, () =>
      [
        `${join(output, "index.html")}: ${count(counts.datasets, "dataset")}, ${count(counts.models, "model")}, tests: ${totalsText(tests)}`,
        lake === null ? `  There is no lake at ${values.lake}: it has what the project says alone.` : `  With the numbers of ${lake}`
      ].join("\n")
    )
  })
).pipe(
  Command.withDescription("Write the pages of a project, to be read in a browser: datasets, models, columns, owners, tests, lineage."),
  Command.withExamples([
    { description: "What the project says, in the folder site", command: "sluice docs" },
    { description: "With rows, runs and results of tests of a lake", command: "sluice docs --lake lake --output public" }
  ])
)
