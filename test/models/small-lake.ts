import { join } from "node:path"
import { Effect, Stream } from "effect"
import type { Lookup } from "../../src/contract/lookup.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import type { Plain } from "../../src/duckdb/plain.ts"
import { consumablePath } from "../../src/lake/layout.ts"
import { queryLake } from "../../src/lake/query.ts"
import { type BuildOptions, buildModels, type ModelOutcome } from "../../src/models/build.ts"
import { putFiles, writeLocal } from "../../src/models/mart-files.ts"
import type { Models } from "../../src/models/model.ts"
import { defaultProjectFile } from "../../src/models/project-file.ts"
import { modelsOf, type ProjectText } from "../../src/models/put-together.ts"
import type { Column } from "../../src/record/column.ts"
import { randomUuid } from "../../src/record/random.ts"
import { createTable } from "../../src/table/table.ts"

/** A lake with tables for users that tests fill themselves, file by file, and models that are built of them. */

/** The models of texts: `{ "models/a.sql": "select …" }`. Throws what is wrong with them. */
export const modelsOfTexts = (
  texts: { readonly [file: string]: string },
  datasets: ReadonlyArray<string>,
  lookups: ReadonlyArray<Lookup> = []
): Models => {
  const files: ReadonlyArray<ProjectText> = Object.entries(texts).map(([file, text]) => ({ file, text }))
  const read = modelsOf(
    defaultProjectFile("shop"),
    files.filter(({ file }) => file.startsWith("models/")),
    files.filter(({ file }) => file.startsWith("tests/")),
    { datasets, lookups }
  )
  if ("problems" in read) throw new Error(read.problems.map(({ file, line, problem }) => `${file}:${line}: ${problem}`).join("\n"))
  return read.models
}

/**
 * Replaces files of a table for users. Each file's rows are what a SELECT gives; of no SELECT only the files go.
 *
 * @returns paths of the new files
 */
export const replaceFiles = (
  dataset: string,
  columns: ReadonlyArray<Column>,
  gone: ReadonlyArray<string>,
  selects: ReadonlyArray<string>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const path = consumablePath(dataset)
      const { table } = yield* createTable(path, { name: dataset, description: "", columns, partitions: [] })
      const read = yield* table.snapshot
      const local: Array<string> = []
      for (const select of selects) {
        const file = join(db.folder, `${yield* randomUuid}.parquet`)
        yield* writeLocal(db, select, file)
        local.push(file)
      }
      const put = yield* putFiles(db, { tablePath: path, columns, partitionBy: [] }, local)
      yield* table.commit({
        read,
        operation: "WRITE",
        parameters: {},
        metrics: {},
        isBlindAppend: false,
        actions: [
          ...gone.map((file) => ({
            remove: { path: file, deletionTimestamp: 1, dataChange: true, partitionValues: {}, size: read.files.get(file)?.size ?? 0 }
          })),
          ...put.map(({ add }) => ({ add: { ...add, modificationTime: 1, dataChange: true } }))
        ]
      })
      return put.map(({ add }) => add.path)
    })
  )

export const build = (models: Models, options: Partial<BuildOptions> = {}) =>
  buildModels({ models, selected: models.models, contracts: [], sensitive: new Set(), onEvent: () => Effect.void, ...options })

/** What became of each model, in a word. */
export const kindsOf = (outcomes: ReadonlyArray<ModelOutcome>): { readonly [model: string]: ModelOutcome["kind"] } =>
  Object.fromEntries(outcomes.map(({ model, kind }) => [model, kind]))

/** The rows of a statement on the lake. */
export const rowsOf = (sql: string) =>
  Effect.scoped(Effect.flatMap(queryLake(sql), ({ rows }) => Stream.runCollect(rows))).pipe(
    Effect.map((rows): ReadonlyArray<ReadonlyArray<Plain>> => rows)
  )

/** The rows of marts, each row as text, in an order of their own. */
export const martRows = (models: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(models, (name) =>
      Effect.map(rowsOf(`SELECT * FROM ${name}`), (rows) => [name, rows.map((row) => JSON.stringify(row)).sort()] as const)
    ),
    Object.fromEntries
  )
