import { nearestOr } from "../record/nearest.ts"
import { checkNames, isObject, type Settings } from "./config.ts"
import type { Literal, Problem } from "./model.ts"
import type { Setting } from "./text.ts"
import { itemsOf, literalOf, mapOf, type Node, type NodeMap, parseYaml, Told, textOf } from "./yaml.ts"

/** What `dbt_project.yml` says. */
export interface ProjectFile {
  readonly name: string
  readonly modelPaths: ReadonlyArray<string>
  readonly testPaths: ReadonlyArray<string>
  readonly vars: { readonly [name: string]: Literal }
  /** Settings of folders and models, from the root. */
  readonly settings: SettingsTree
}

/** Settings of a folder, and what lies in it, by name. */
export interface SettingsTree {
  readonly settings: Settings
  readonly below: ReadonlyMap<string, SettingsTree>
  readonly line: number
}

/** Folder of the files that dbt alone reads. They are made anew whenever the lake has changed, and no model lies there. */
export const dbtFolder = "dbt"

const file = "dbt_project.yml"
/** What dbt needs and nothing here reads. */
const ofDbt = [
  "version",
  "config-version",
  "profile",
  "macro-paths",
  "seed-paths",
  "snapshot-paths",
  "analysis-paths",
  "asset-paths",
  "docs-paths",
  "target-path",
  "clean-targets",
  "packages-install-path",
  "log-path",
  "require-dbt-version",
  "flags"
]
const keys = ["name", "model-paths", "test-paths", "vars", "models", ...ofDbt]
const hints = {
  "source-paths": "Write model-paths.",
  "data-paths": "Write seed-paths.",
  "on-run-start": "A model is its SELECT and nothing else.",
  "on-run-end": "A model is its SELECT and nothing else.",
  snapshots: "Write a model with config(materialized='history').",
  seeds: "Data comes in by a contract: write a dataset."
}

/** What holds where there is no `dbt_project.yml`. @param name of the project */
export const defaultProjectFile = (name: string): ProjectFile => ({
  name,
  modelPaths: ["models"],
  testPaths: ["tests"],
  vars: {},
  settings: { settings: new Map(), below: new Map(), line: 1 }
})

/** Reads `dbt_project.yml`. What cannot be read is told, and is as if it were not there. */
export const readProjectFile = (text: string, name: string, problems: Array<Problem>): ProjectFile => {
  const told = new Told(file, problems)
  const defaults = defaultProjectFile(name)
  const node = parseYaml(text, told)
  const map = node === null ? null : mapOf(node, file, keys, told, hints)
  if (map === null) return defaults
  const given = textOf(map, "name", told)
  const project = given ?? name
  if (given === null || !/^[a-z_][a-z0-9_]*$/.test(given))
    told.add(
      map.entries.get("name")?.line ?? map.line,
      given === null ? "name is missing" : `name is ${given}`,
      "Give lower case letters, digits and _."
    )
  return {
    name: project,
    modelPaths: paths(map, "model-paths", told) ?? defaults.modelPaths,
    testPaths: paths(map, "test-paths", told) ?? defaults.testPaths,
    vars: varsOf(map.entries.get("vars")?.value, project, told),
    settings: treeOf(map.entries.get("models")?.value, project, told)
  }
}

const paths = (map: NodeMap, key: string, told: Told): ReadonlyArray<string> | null => {
  if (!map.entries.has(key)) return null
  return itemsOf(map, key, told).flatMap((item) => {
    const value = literalOf(item)
    if (typeof value === "string" && /^[^/\\]/.test(value) && !value.split("/").includes("..")) return [value.replace(/\/+$/, "")]
    told.add(item.line, `${key} has what is no folder of the project`, `Write ${key}: ["${key.replace("-paths", "s")}"].`)
    return []
  })
}

/** Variables of all projects and, which are stronger, of this one. */
const varsOf = (node: Node | undefined, project: string, told: Told): { readonly [name: string]: Literal } => {
  if (node === undefined || literalOf(node) === null) return {}
  if (node.kind !== "map") return told.add(node.line, "vars is no mapping", "Write vars: { name: value }.") ?? {}
  const values = literalOf(node)
  if (!isObject(values)) return {}
  const { [project]: own, ...rest } = values
  return isObject(own) ? { ...rest, ...own } : values
}

const treeOf = (node: Node | undefined, project: string, told: Told): SettingsTree => {
  const all = node === undefined ? null : branchOf(node, told)
  if (all === null) return { settings: new Map(), below: new Map(), line: 1 }
  for (const [name, { line }] of all.below)
    if (name !== project) {
      const hint = nearestOr(name, [project], `Write models: { ${project}: { … } }, settings with a + before them.`)
      told.add(line, `models has ${name}, which is not the project ${project}`, hint)
    }
  const own = all.below.get(project)
  // What is said of all projects is weaker than what is said of this one.
  return { settings: all.settings, below: own === undefined ? new Map() : new Map([[project, own]]), line: all.line }
}

const branchOf = (node: Node, told: Told): SettingsTree | null => {
  if (node.kind !== "map")
    return literalOf(node) === null ? null : told.add(node.line, "settings are no mapping", "Write +materialized: table.")
  const settings = new Map<string, Setting>()
  const below = new Map<string, SettingsTree>()
  for (const [key, { line, value }] of node.entries) {
    if (key.startsWith("+")) settings.set(key.slice(1), { value: literalOf(value), file, line })
    else if (value.kind !== "map") told.add(line, `${key} is a setting without +, or no folder`, `Write +${key}, or its settings below it.`)
    else {
      const branch = branchOf(value, told)
      if (branch !== null) below.set(key, { ...branch, line })
    }
  }
  checkNames(settings, told.problems)
  return { settings, below, line: node.line }
}

/**
 * The settings of a model, by weight, the weakest first.
 *
 * @param path names from the project's to the model's: `["shop", "marts", "orders"]`
 */
export const settingsBelow = (tree: SettingsTree, path: ReadonlyArray<string>): ReadonlyArray<Settings> => {
  const [first, ...rest] = path
  const next = first === undefined ? undefined : tree.below.get(first)
  return [tree.settings, ...(next === undefined ? [] : settingsBelow(next, rest))]
}

/** Folders and models that have settings, and are not there. @param known their paths: `["shop/marts", "shop/marts/orders"]` */
export const unusedSettings = (tree: SettingsTree, known: ReadonlySet<string>, above = ""): ReadonlyArray<Problem> =>
  [...tree.below].flatMap(([name, branch]) => {
    const path = `${above}${name}`
    if (known.has(path)) return unusedSettings(branch, known, `${path}/`)
    const names = [...known].flatMap((each) =>
      each.startsWith(above) && !each.slice(above.length).includes("/") ? [each.slice(above.length)] : []
    )
    const problem = `there is no folder and no model ${path.slice(path.indexOf("/") + 1)}`
    return [{ file, line: branch.line, problem, hint: nearestOr(name, names, "Take its settings away.") }]
  })
