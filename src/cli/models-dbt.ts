import { existsSync, readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { Failed } from "../app/failures.ts"
import { existingLakeOf } from "../app/lake.ts"
import type { LakeName, Values } from "../app/settings.ts"
import { catalogName } from "../catalog/names.ts"
import { shortPath } from "../contract/file-of-caller.ts"
import { selectsInPlace } from "../lake/views.ts"
import { dbtFiles } from "../models/dbt.ts"
import type { Models } from "../models/model.ts"
import { makeFolders } from "../store/local-files.ts"
import { allContracts, project } from "./project.ts"

/** Writes what makes a dbt project of the project's folder, about the lake as it is now. Gives the files that were written: a `dbt_project.yml` that people wrote stays. */
export const writeDbtProject = (models: Models, values: Values<LakeName>) =>
  Effect.gen(function* () {
    const contracts = yield* allContracts
    const selects = yield* Effect.provide(selectsInPlace, existingLakeOf(values, "read"))
    const files = dbtFiles({ name: project.name, contracts, models, catalogName, selects })
      .map(({ path, text }) => ({ file: join(project.folder, path), text }))
      .filter(({ file, text }) => !isOfPeople(file, text))
    yield* Effect.tryPromise({
      try: async () => {
        for (const { file, text } of files) {
          await makeFolders(dirname(file))
          await writeFile(file, text)
        }
      },
      catch: (cause) =>
        new Failed({
          problem: `the files for dbt cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
          hint: "Check that the folder of the project can be written."
        })
    })
    return files.map(({ file }) => shortPath(file))
  })

/** What is derived begins by saying so. */
const isOfPeople = (file: string, derived: string): boolean =>
  existsSync(file) && readFileSync(file, "utf8").split("\n", 1)[0] !== derived.split("\n", 1)[0] && file.endsWith("dbt_project.yml")
