import { stringify } from "yaml"
import type { CompiledContract } from "../contract/compile.ts"
import { consumablePath, deadLettersPath, martPath, runsPath, stagePath } from "../lake/layout.ts"
import { selectNoRow } from "../lake/views.ts"
import { type Column, holdsSensitive } from "../record/column.ts"
import { deltaSchema } from "../table/schema.ts"
import { dbtMacros } from "./dbt-macros.ts"
import type { Input, Models } from "./model.ts"
import { isElements, type lookups } from "./pieces.ts"
import { dbtFolder } from "./project-file.ts"
import { elementsSql } from "./relations.ts"
import { listsOf, sourceColumns } from "./source-columns.ts"

/** What makes a project's folder a dbt project, worked out of its contracts. */

/** A file, by its path below the project's folder. */
export interface DbtFile {
  readonly path: string
  readonly text: string
}

export interface DbtProject {
  /** As the project is called. */
  readonly name: string
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly models: Models
  /** What a table is called in the catalog, by its path in the lake: for Athena and Spark. */
  readonly catalogName: (path: string) => string
  /** SQL with which DuckDB reads a table as of one version of the lake, by its path in it. A table that is not among them has no rows. Null: DuckDB reaches none. */
  readonly selects: ReadonlyMap<string, string> | null
}

/** All files of a dbt project but the models and tests themselves. */
export const dbtFiles = (project: DbtProject): ReadonlyArray<DbtFile> => [
  { path: "dbt_project.yml", text: projectFile(project) },
  { path: `${dbtFolder}/sources/sources.yml`, text: sourcesFile(project) },
  { path: `${dbtFolder}/profiles.yml`, text: profilesFile(project.name) },
  ...Object.entries(dbtMacros(project.models.models)).map(([file, text]) => ({ path: `${dbtFolder}/macros/${file}`, text }))
]

/** dbt's names have no hyphen. */
const snakeName = (name: string): string => name.replaceAll("-", "_")

const projectFile = ({ name, models: { vars } }: DbtProject): string =>
  head("What dbt has to know of this project.") +
  stringify({
    name: snakeName(name),
    version: "1.0.0",
    "config-version": 2,
    profile: snakeName(name),
    "model-paths": ["models", `${dbtFolder}/sources`],
    "macro-paths": [`${dbtFolder}/macros`],
    "test-paths": ["tests"],
    flags: { send_anonymous_usage_stats: false },
    ...(Object.keys(vars).length === 0 ? {} : { vars })
  })

type SourceName = Extract<Input, { readonly kind: "source" }>["source"] | typeof lookups

interface Source {
  readonly path: string
  readonly name: string
  readonly description: string
  readonly columns: ReadonlyArray<Column>
}

/** The tables that models may read, by the source that they name. */
const sourcesOf = (
  contracts: ReadonlyArray<CompiledContract>,
  models: Models["models"]
): { readonly [source in SourceName]: ReadonlyArray<Source> } => {
  const columns = sourceColumns(contracts)
  const source = (path: string, name: string, description: string): Source => ({
    path,
    name,
    description,
    columns: columns.get(path) ?? []
  })
  const consumable = contracts.map(({ contract: { name, description } }) => source(consumablePath(name), name, description))
  const stage = contracts.map(({ contract: { name, description } }) => source(stagePath(name), name, `As it arrived: ${description}`))
  return {
    consumable,
    // A build here reads of it what has changed. dbt reads all, so models say which rows they want by a condition that both can hold.
    changes: consumable,
    elements: consumable.flatMap(elementsOf),
    stage_elements: stage.flatMap(elementsOf),
    // What a program makes here, and dbt has no program for.
    lookups: models.flatMap(({ name, description, materialization }) =>
      materialization.kind === "lookup" ? [{ path: martPath(name), name, description, columns: materialization.lookup.columns }] : []
    ),
    stage,
    lake: [
      source(deadLettersPath, deadLettersPath, "Records that could not become rows."),
      source(runsPath, runsPath, "What was run on the lake.")
    ]
  }
}

const elementsOf = ({ path, name, description, columns }: Source): ReadonlyArray<Source> =>
  listsOf(columns).map((of) => ({
    path,
    name: `${name}.${of.list}`,
    description: `${of.description} Of: ${description}`,
    columns: of.columns
  }))

const sourcesFile = ({ contracts, models, catalogName, selects }: DbtProject): string => {
  const known = sourceColumns(contracts)
  return (
    head("The lake's tables, as of one version of it.") +
    stringify(
      {
        version: 2,
        sources: Object.entries(sourcesOf(contracts, models.models)).map(([name, tables]) => ({
          name,
          schema: "{{ target.schema }}",
          tables: tables.map((table) => {
            const ofElements = isElements(name)
            const select = selects?.get(table.path) ?? selectNoRow(deltaSchema(known.get(table.path) ?? table.columns))
            return {
              name: table.name,
              // What makes rows of lists is no table of the catalog: a view of this name does for other engines than DuckDB.
              identifier: ofElements ? `${catalogName(table.path)}_${table.name.split(".").slice(1).join("_")}` : catalogName(table.path),
              description: plainText(table.description),
              ...(selects === null ? {} : { config: configOf(ofElements ? elementsSql(table.name, `(${select})`) : select) }),
              columns: table.columns.map(columnOf)
            }
          })
        }))
      },
      { lineWidth: 0, aliasDuplicateObjects: false }
    )
  )
}

/** DuckDB reads a table where its files are. The text goes through Python's `%`, as its braces would mean something to `format`. */
const configOf = (select: string): object => ({ external_location: rawText(`(${select.replaceAll("%", "%%")})`), formatter: "oldstyle" })

const columnOf = (column: Column): object => ({
  name: column.name,
  description: plainText(column.description),
  ...(holdsSensitive(column) ? { config: { meta: { sensitive: true } } } : {})
})

/** dbt takes braces for Jinja, in descriptions too. */
const plainText = (text: string): string => (/\{[{%#]/.test(text) ? rawText(text) : text)

const rawText = (text: string): string => `{% raw %}${text}{% endraw %}`

const profilesFile = (name: string): string =>
  `${head("How dbt reaches an engine: `dbt build --profiles-dir dbt`, and `--target athena` or `--target spark` for the others.")}${stringify(
    {
      [snakeName(name)]: {
        target: "duckdb",
        outputs: {
          // One file has one writer: dbt's is its own.
          duckdb: { type: "duckdb", path: `${dbtFolder}/dbt.duckdb`, schema: "marts", threads: 2, settings: { TimeZone: "UTC" } },
          athena: {
            type: "athena",
            region_name: "{{ env_var('AWS_REGION', '') }}",
            // The catalog's database of the lake, and where what dbt makes of it lies.
            database: "awsdatacatalog",
            schema: "{{ env_var('SLUICE_CATALOG_DATABASE', '') }}",
            s3_staging_dir: "{{ env_var('SLUICE_ATHENA_RESULTS', '') }}",
            s3_data_dir: "{{ env_var('SLUICE_ATHENA_DATA', '') }}",
            threads: 4
          },
          spark: {
            type: "spark",
            method: "session",
            host: "localhost",
            schema: "{{ env_var('SLUICE_CATALOG_DATABASE', 'default') }}",
            // Times are UTC in every engine.
            server_side_parameters: { "spark.sql.session.timeZone": "UTC" }
          }
        }
      }
    }
  )}`

const head = (what: string): string => `# ${what} Made by Sluice from the contracts: changes here are lost.\n`
