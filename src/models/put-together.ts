import { basename } from "node:path"
import type { Lookup } from "../contract/lookup.ts"
import { consumablePath, deadLettersPath, runsPath, stagePath, viewName } from "../lake/layout.ts"
import { checkNames, configOf, mergeSettings } from "./config.ts"
import { conditionsOf, configNames } from "./data-tests.ts"
import { circles, inOrder } from "./graph.ts"
import { lint } from "./lint.ts"
import { lookupModel, lookupsByRef, lookupTests, projectModule } from "./lookups.ts"
import type { DataTest, Literal, Model, Models, Piece, Problem } from "./model.ts"
import { ofBothBranches } from "./pieces.ts"
import { type ProjectFile, settingsBelow, unusedSettings } from "./project-file.ts"
import { type ModelProperties, noProperties, type Properties, readProperties } from "./properties.ts"
import { distinctInputs, type Known, type Reference, referencesOf, unknownReferences } from "./references.ts"
import { type ModelText, parseText } from "./text.ts"
import { type Node, Told } from "./yaml.ts"

export interface ReadOptions {
  /** Datasets of the project, which `source` may name. */
  readonly datasets: ReadonlyArray<string>
  /** Tables that a program of the project makes. */
  readonly lookups?: ReadonlyArray<Lookup>
  /** Values of variables that are stronger than those of `dbt_project.yml`. */
  readonly vars?: { readonly [name: string]: Literal }
}

/** The models of a folder, or all that is wrong with them. */
export type ReadModels = { readonly models: Models } | { readonly problems: ReadonlyArray<Problem> }

/** A file of a project, by its path below the project's folder, with `/`. */
export interface ProjectText {
  readonly file: string
  readonly text: string
}

export interface SqlFile {
  readonly name: string
  readonly file: string
  readonly source: string
  readonly text: ModelText
  readonly references: ReadonlyArray<Reference>
}

/** What texts of files say, put together. @param problems that there are already */
export const modelsOf = (
  project: ProjectFile,
  files: ReadonlyArray<ProjectText>,
  tests: ReadonlyArray<ProjectText>,
  { datasets, lookups = [], vars: given = {} }: ReadOptions,
  problems: Array<Problem> = []
): ReadModels => {
  const vars = { ...project.vars, ...given }
  const readSql = (from: ReadonlyArray<ProjectText>, of: "model" | "test"): ReadonlyArray<SqlFile> =>
    from.filter(({ file }) => file.endsWith(".sql")).map(({ file, text }) => sqlFile(file, text, of, project.name, vars, problems))
  const sql = readSql(files, "model")
  const looked = readSql(
    lookups.map(({ name, keys }) => ({ file: `${projectModule}#${name}.sql`, text: keys })),
    "model"
  )
  const singular = readSql(tests, "test")
  const properties = noProperties()
  for (const { file, text } of files) if (!file.endsWith(".sql")) readProperties(text, project.name, new Told(file, problems), properties)
  checkNamesOfFiles([...sql, ...looked], datasets, problems)
  const byName = propertiesByName(sql, properties, problems)
  const known: Known = { models: new Set([...sql, ...looked].map(({ name }) => name)), datasets }
  const references = [...sql, ...looked, ...singular].flatMap((each) => each.references)
  problems.push(...unknownReferences([...references, ...properties.references], known))
  problems.push(...lookupsByRef([...sql, ...looked, ...singular], lookups))
  const models = [
    ...sql.map((each) => modelOf(each, byName.get(each.name), project, problems)),
    ...looked.flatMap((each, i) => (lookups[i] === undefined ? [] : [lookupModel(each, lookups[i])]))
  ]
  problems.push(...unusedSettings(project.settings, placesOf(sql, project)), ...circles(models))
  const dataTests = [
    ...properties.models.flatMap(({ tests }) => tests.map(({ test }) => test)),
    ...lookups.flatMap(lookupTests),
    ...singular.map((each) => singularTest(each, problems))
  ]
  checkDistinct("tests", dataTests, problems)
  checkDistinct("unit tests", properties.unitTests, problems)
  checkDistinct("exposures", properties.exposures, problems)
  if (problems.length > 0) return { problems: sorted(problems) }
  const exposures = properties.exposures.map(({ file, line, ...exposure }) => exposure)
  return {
    models: { models: inOrder(models), tests: dataTests, unitTests: properties.unitTests, freshness: properties.freshness, exposures, vars }
  }
}

const sorted = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> =>
  [...new Map(problems.map((each) => [JSON.stringify(each), each])).values()].sort((a, b) =>
    a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1
  )

const sqlFile = (
  file: string,
  source: string,
  of: "model" | "test",
  project: string,
  vars: { readonly [name: string]: Literal },
  problems: Array<Problem>
): SqlFile => {
  const text = parseText(source, file, project)
  problems.push(...text.problems, ...lint(text.masked, file, of), ...unsetVars(text.pieces, file, vars))
  return { name: basename(file, ".sql").replace(/^.*#/, ""), file, source, text, references: referencesOf(text.pieces, file, problems) }
}

const unsetVars = (pieces: ReadonlyArray<Piece>, file: string, vars: { readonly [name: string]: Literal }): ReadonlyArray<Problem> =>
  ofBothBranches(pieces).flatMap((piece) => {
    if (piece.kind !== "var") return []
    const value = Object.hasOwn(vars, piece.name) ? vars[piece.name] : piece.fallback
    const { line, name } = piece
    if (value === undefined)
      return [
        {
          file,
          line,
          problem: `the variable ${name} has no value and no default`,
          hint: `Write {{ var('${name}', default) }}, or vars: { ${name}: … } in dbt_project.yml.`
        }
      ]
    return typeof value === "object"
      ? [{ file, line, problem: `the variable ${name} is no text, number or truth`, hint: "Give a value that is SQL as it stands." }]
      : []
  })

const checkNamesOfFiles = (sql: ReadonlyArray<SqlFile>, datasets: ReadonlyArray<string>, problems: Array<Problem>): void => {
  // As `query` calls the tables of the lake, and as a catalog does.
  const taken = new Set([
    deadLettersPath,
    runsPath,
    ...datasets.flatMap((name) => [viewName(stagePath(name)), viewName(consumablePath(name)), name, `raw_${name}`])
  ])
  for (const { name, file } of sql) {
    if (!/^[a-z][a-z0-9_]*$/.test(name))
      problems.push({
        file,
        line: 1,
        problem: `${name} is no name of a table`,
        hint: "Name the file by lower case letters, digits and _, a letter first."
      })
    else if (taken.has(name) || name.startsWith("sluice_"))
      problems.push({
        file,
        line: 1,
        problem: taken.has(name) ? `a table of the lake is called ${name}` : "names of models do not begin with sluice_",
        hint: "Name the file otherwise."
      })
    const first = sql.find((other) => other.name === name)
    if (first !== undefined && first.file !== file)
      problems.push({
        file,
        line: 1,
        problem: `there is a model ${name} already: ${first.file}`,
        hint: "Give the file another name: models of all folders are one list."
      })
  }
}

const propertiesByName = (
  sql: ReadonlyArray<SqlFile>,
  { models }: Properties,
  problems: Array<Problem>
): ReadonlyMap<string, ModelProperties> => {
  const byName = new Map<string, ModelProperties>()
  const names = new Set(sql.map(({ name }) => name))
  for (const properties of models) {
    const { name, file, line } = properties
    const first = byName.get(name)
    const reference: Reference = { input: { kind: "model", name }, file, line }
    problems.push(...unknownReferences([reference], { models: names, datasets: [] }))
    if (first === undefined) byName.set(name, properties)
    else
      problems.push({
        file,
        line,
        problem: `the model ${name} is described already: ${first.file}:${first.line}`,
        hint: "Write all of it in one place."
      })
  }
  return byName
}

/** Names from the project's to the model's. */
const pathOf = ({ file, name }: SqlFile, project: ProjectFile): ReadonlyArray<string> => {
  const root = project.modelPaths.find((path) => file.startsWith(`${path}/`)) ?? ""
  return [
    project.name,
    ...file
      .slice(root.length + 1)
      .split("/")
      .slice(0, -1),
    name
  ]
}

const placesOf = (sql: ReadonlyArray<SqlFile>, project: ProjectFile): ReadonlySet<string> =>
  new Set([project.name, ...sql.flatMap((each) => pathOf(each, project).map((_, i, path) => path.slice(0, i + 1).join("/")))])

const modelOf = (sql: SqlFile, properties: ModelProperties | undefined, project: ProjectFile, problems: Array<Problem>): Model => {
  const { name, file, source, text } = sql
  checkNames(text.config, problems)
  const own = mergeSettings([properties?.config ?? new Map(), text.config])
  const settings = mergeSettings([...settingsBelow(project.settings, pathOf(sql, project)), own])
  const config = configOf(settings, own, { file, line: 1 }, problems)
  const columns = properties?.columns ?? []
  if (config.isContractEnforced) {
    const place = properties ?? settings.get("contract") ?? { file, line: 1 }
    if (columns.length === 0)
      problems.push({
        file: place.file,
        line: place.line,
        problem: `the contract of ${name} has no columns`,
        hint: "Write columns, each with its name and data_type."
      })
    for (const column of columns)
      if (column.dataType === null)
        problems.push({
          file: place.file,
          line: column.line,
          problem: `data_type of ${column.name} is missing`,
          hint: "An enforced contract says the type of each column: data_type: bigint."
        })
  }
  const firstThis = thisLine(text.pieces)
  if (config.materialization.kind === "view" && firstThis !== null)
    problems.push({
      file,
      line: firstThis,
      problem: "{{ this }} of a view is the view itself",
      hint: "Write {{ config(materialized='incremental', …) }}."
    })
  return {
    name,
    file,
    description: properties?.description ?? "",
    columns: columns.map(({ line, ...column }) => column),
    ...config,
    text: text.pieces,
    source,
    inputs: distinctInputs(sql.references)
  }
}

const thisLine = (pieces: ReadonlyArray<Piece>): number | null =>
  ofBothBranches(pieces).flatMap((piece) => (piece.kind === "this" ? [piece.line] : []))[0] ?? null

const singularTest = ({ name, file, text, references }: SqlFile, problems: Array<Problem>): DataTest => {
  const told = new Told(file, problems)
  if (!references.some(({ input }) => input.kind === "model"))
    told.add(
      1,
      "the test names no model, and would never be run",
      "Write {{ ref('model') }}: a test is run with the model that it looks at."
    )
  const entries = new Map<string, { readonly line: number; readonly value: Node }>()
  for (const [key, { value, line }] of text.config) {
    const node: Node | null = typeof value === "string" ? { kind: "scalar", line, value, text: value } : null
    if (node !== null && configNames.includes(key)) entries.set(key, { line, value: node })
    else told.add(line, `${key} is no setting of a test, or no text`, `There are ${configNames.join(", ")}.`)
  }
  const wrong = thisLine(text.pieces)
  if (wrong !== null) told.add(wrong, "a test has no table of its own", "Write {{ ref('model') }}.")
  if (text.pieces.some(({ kind }) => kind === "ifIncremental"))
    told.add(1, "a test is not incremental", "Write one SELECT, of the rows that should not be there.")
  return {
    name,
    model: null,
    column: null,
    check: { kind: "singular", text: text.pieces },
    ...conditionsOf({ kind: "map", line: 1, entries }, told),
    file,
    line: 1
  }
}

const checkDistinct = (
  what: string,
  all: ReadonlyArray<{ readonly name: string; readonly file: string; readonly line: number }>,
  problems: Array<Problem>
): void => {
  for (const { name, file, line } of all) {
    const first = all.find((other) => other.name === name)
    if (first !== undefined && (first.file !== file || first.line !== line))
      problems.push({
        file,
        line,
        problem: `two ${what} are called ${name}: ${first.file}:${first.line}`,
        hint: "Give it a name of its own: name: …."
      })
  }
}
