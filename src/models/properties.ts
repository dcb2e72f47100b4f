import { nearestOr } from "../record/nearest.ts"
import { checkNames, type Settings } from "./config.ts"
import { type ReadTest, readTest } from "./data-tests.ts"
import type { Exposure, Freshness, Literal, ModelColumn, UnitTest } from "./model.ts"
import { distinctInputs, type Reference, referenceOf } from "./references.ts"
import type { Setting } from "./text.ts"
import { readUnitTest } from "./unit-tests.ts"
import { isNothing, itemsOf, literalOf, mapOf, type Node, type NodeMap, neededText, parseYaml, type Told, textOf } from "./yaml.ts"

/** What YAML says of a model. */
export interface ModelProperties {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly description: string
  readonly config: Settings
  readonly columns: ReadonlyArray<ModelColumn & { readonly line: number }>
  readonly tests: ReadonlyArray<ReadTest>
}

/** What the YAML files of a project say, put together. */
export interface Properties {
  readonly models: Array<ModelProperties>
  readonly freshness: Array<Freshness>
  readonly exposures: Array<Exposure & { readonly file: string; readonly line: number }>
  readonly unitTests: Array<UnitTest>
  readonly references: Array<Reference>
}

export const noProperties = (): Properties => ({ models: [], freshness: [], exposures: [], unitTests: [], references: [] })

const topHints = {
  snapshots: "Write a model with config(materialized='history').",
  seeds: "Data comes in by a contract: write a dataset.",
  macros: "Write the SQL out, or make a model of it.",
  groups: "Write meta: { owner: … } below config of the model."
}
const modelHints = {
  tags: "Write config: { tags: [ … ] }.",
  constraints: "Write data_tests: [not_null].",
  versions: "A model has no versions: give each its own name.",
  owner: "Write config: { meta: { owner: … } }."
}

/** Reads a YAML file of a models folder into what the files before it said. What cannot be read is told. */
export const readProperties = (text: string, project: string, told: Told, into: Properties): void => {
  const node = parseYaml(text, told)
  if (node === null) return
  const file = mapOf(node, "a properties file", ["version", "models", "sources", "exposures", "unit_tests"], told, topHints)
  if (file === null) return
  const version = file.entries.get("version")
  if (version !== undefined && literalOf(version.value) !== 2) told.add(version.line, "version is not 2", "Write version: 2.")
  for (const item of itemsOf(file, "models", told)) {
    const model = readModel(item, project, told)
    if (model === null) continue
    into.models.push(model)
    into.references.push(...model.tests.flatMap(({ references }) => references))
  }
  for (const item of itemsOf(file, "sources", told)) readSource(item, told, into)
  for (const item of itemsOf(file, "exposures", told)) readExposure(item, project, told, into)
  for (const item of itemsOf(file, "unit_tests", told)) {
    const found = readUnitTest(item, project, told)
    if (found === null) continue
    into.unitTests.push(found.test)
    into.references.push(...found.references)
  }
}

const readModel = (node: Node, project: string, told: Told): ModelProperties | null => {
  const map = mapOf(node, "a model", ["name", "description", "config", "meta", "columns", "data_tests", "tests"], told, modelHints)
  const name = map === null ? null : neededText(map, "name", "a model", told)
  if (map === null || name === null) return null
  const config = new Map(settingsOf(map.entries.get("config")?.value, told))
  const meta = map.entries.get("meta")
  if (meta !== undefined && !config.has("meta")) config.set("meta", { value: literalOf(meta.value), file: told.file, line: meta.line })
  const columns: Array<ModelColumn & { readonly line: number }> = []
  const tests = testsOf(map, name, null, project, told)
  for (const item of itemsOf(map, "columns", told)) {
    const column = readColumn(item, told)
    if (column === null) continue
    if (columns.some((other) => other.name === column.name))
      told.add(column.line, `the column ${column.name} stands twice`, "Write all of it in one place.")
    columns.push(column)
    if (item.kind === "map") tests.push(...testsOf(item, name, column.name, project, told))
  }
  return { name, file: told.file, line: map.line, description: textOf(map, "description", told) ?? "", config, columns, tests }
}

const testsOf = (map: NodeMap, model: string, column: string | null, project: string, told: Told): Array<ReadTest> =>
  ["data_tests", "tests"].flatMap((key) => itemsOf(map, key, told).flatMap((entry) => readTest(entry, model, column, project, told) ?? []))

/** Settings of a `config:`. */
export const settingsOf = (node: Node | undefined, told: Told): Settings => {
  if (isNothing(node)) return new Map()
  if (node.kind !== "map") {
    told.add(node.line, "config is no mapping", "Write config: { materialized: table }.")
    return new Map()
  }
  const settings = new Map<string, Setting>(
    [...node.entries].map(([name, { line, value }]) => [name, { value: literalOf(value), file: told.file, line }])
  )
  checkNames(settings, told.problems)
  return settings
}

const columnHints = { constraints: "Write data_tests: [not_null].", quote: "Write names of lower case letters, digits and _." }

const readColumn = (node: Node, told: Told): (ModelColumn & { readonly line: number }) | null => {
  const map = mapOf(
    node,
    "a column",
    ["name", "description", "data_type", "meta", "tags", "config", "data_tests", "tests"],
    told,
    columnHints
  )
  const name = map === null ? null : neededText(map, "name", "a column", told)
  if (map === null || name === null) return null
  const config = map.entries.get("config")?.value
  const nested = config === undefined ? null : mapOf(config, "config of a column", ["meta", "tags"], told)
  const meta = map.entries.get("meta")?.value ?? nested?.entries.get("meta")?.value
  const sensitive = meta?.kind === "map" ? meta.entries.get("sensitive") : undefined
  const isSensitive: Literal = sensitive === undefined ? false : literalOf(sensitive.value)
  if (sensitive !== undefined && typeof isSensitive !== "boolean")
    told.add(sensitive.line, `sensitive of ${name} is not true or false`, "Write meta: { sensitive: true }.")
  // What is not read as false is kept from being shown.
  return {
    name,
    description: textOf(map, "description", told) ?? "",
    isSensitive: isSensitive !== false,
    dataType: textOf(map, "data_type", told),
    line: map.line
  }
}

const sourceKeys = ["name", "description", "schema", "database", "tables", "loaded_at_field", "freshness", "meta", "tags", "config"]
const tableKeys = [...sourceKeys.filter((key) => !["schema", "database", "tables"].includes(key)), "identifier", "external", "columns"]
const sourceHints = {
  data_tests: "The contract's expectations say what holds of a dataset.",
  tests: "The contract's expectations say what holds of a dataset."
}

const readSource = (node: Node, told: Told, into: Properties): void => {
  const map = mapOf(node, "a source", sourceKeys, told, sourceHints)
  const source = map === null ? null : neededText(map, "name", "a source", told)
  if (map === null || source === null) return
  for (const item of itemsOf(map, "tables", told)) {
    const table = mapOf(item, "a table", tableKeys, told, sourceHints)
    const name = table === null ? null : neededText(table, "name", "a table", told)
    if (table === null || name === null) continue
    const call = `source(${quoted(source)}, ${quoted(name)})`
    const reference = referenceOf(call, told.file, table.line, "", told.problems)
    if (reference === null) continue
    into.references.push(reference)
    const found = freshnessOf(
      said(table, "freshness") ?? said(map, "freshness"),
      said(table, "loaded_at_field") ?? said(map, "loaded_at_field"),
      told
    )
    if (found !== null) into.freshness.push({ input: reference.input, ...found, file: told.file, line: table.line })
  }
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`

/** A property, or the same of `config`, where newer projects have it. */
const said = (map: NodeMap, key: string): Node | undefined => {
  const config = map.entries.get("config")?.value
  return map.entries.get(key)?.value ?? (config?.kind === "map" ? config.entries.get(key)?.value : undefined)
}

const millis: ReadonlyMap<Literal | undefined, number> = new Map([
  ["minute", 60_000],
  ["hour", 3_600_000],
  ["day", 86_400_000]
])

const freshnessOf = (
  node: Node | undefined,
  field: Node | undefined,
  told: Told
): Pick<Freshness, "loadedAt" | "warnAfterMillis" | "errorAfterMillis"> | null => {
  if (isNothing(node)) return null
  const map = mapOf(node, "freshness", ["warn_after", "error_after"], told, { filter: "All rows are looked at." })
  if (map === null) return null
  const loadedAt = field === undefined ? null : literalOf(field)
  if (typeof loadedAt !== "string")
    return told.add(
      map.line,
      "loaded_at_field is missing, by which the age is known",
      "Write loaded_at_field: the column with the time at which a row came."
    )
  const after = (key: string): number | null => {
    const entry = map.entries.get(key)
    if (entry === undefined || literalOf(entry.value) === null) return null
    const age = mapOf(entry.value, key, ["count", "period"], told)
    if (age === null) return null
    const [count, period] = ["count", "period"].map((name) => {
      const value = age.entries.get(name)?.value
      return value === undefined ? undefined : literalOf(value)
    })
    const unit = millis.get(period)
    if (typeof count === "number" && Number.isInteger(count) && count > 0 && unit !== undefined) return count * unit
    return told.add(entry.line, `${key} is no count of a period`, `Write ${key}: { count: 12, period: hour }, or minute or day.`)
  }
  return { loadedAt, warnAfterMillis: after("warn_after"), errorAfterMillis: after("error_after") }
}

const exposureKeys = ["name", "type", "label", "maturity", "url", "description", "owner", "depends_on", "meta", "tags", "config"]
const exposureTypes = ["dashboard", "notebook", "analysis", "ml", "application"]

const readExposure = (node: Node, project: string, told: Told, into: Properties): void => {
  const map = mapOf(node, "an exposure", exposureKeys, told)
  const name = map === null ? null : neededText(map, "name", "an exposure", told)
  const type = map === null ? null : neededText(map, "type", "an exposure", told)
  if (map === null || name === null || type === null) return
  if (!exposureTypes.includes(type))
    told.add(map.entries.get("type")?.line ?? map.line, `type of an exposure is ${type}`, nearestOr(type, exposureTypes))
  const given = map.entries.get("owner")?.value
  const owner = given === undefined ? null : mapOf(given, "owner", ["name", "email"], told)
  const references = itemsOf(map, "depends_on", told).flatMap((item) => {
    if (item.kind === "scalar" && typeof item.value === "string")
      return referenceOf(item.value, told.file, item.line, project, told.problems) ?? []
    told.add(item.line, "depends_on does not name a model or a source", "Write - ref('model').")
    return []
  })
  into.references.push(...references)
  into.exposures.push({
    name,
    type,
    owner: owner === null ? null : (textOf(owner, "name", told) ?? textOf(owner, "email", told)),
    url: textOf(map, "url", told),
    description: textOf(map, "description", told) ?? "",
    inputs: distinctInputs(references),
    file: told.file,
    line: map.line
  })
}
