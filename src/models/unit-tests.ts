import { isObject } from "./config.ts"
import type { Literal, UnitTest } from "./model.ts"
import { type Reference, referenceOf } from "./references.ts"
import { itemsOf, literalOf, mapOf, type Node, type NodeMap, neededText, type Told, textOf } from "./yaml.ts"

type Row = { readonly [column: string]: Literal }

const overrideHints = { env_vars: "There are none: write vars." }

/** Reads an entry of `unit_tests`. Null: it cannot be used, which is told. */
export const readUnitTest = (
  node: Node,
  project: string,
  told: Told
): { readonly test: UnitTest; readonly references: ReadonlyArray<Reference> } | null => {
  const map = mapOf(node, "a unit test", ["name", "description", "model", "given", "expect", "overrides", "config"], told)
  if (map === null) return null
  const [name, model] = [neededText(map, "name", "a unit test", told), neededText(map, "model", "a unit test", told)]
  if (name === null || model === null) return null
  const references: Array<Reference> = [{ input: { kind: "model", name: model }, file: told.file, line: map.line }]
  const given = itemsOf(map, "given", told).flatMap((item): UnitTest["given"] => {
    const entry = mapOf(item, "given", ["input", "format", "rows"], told)
    const text = entry === null ? null : neededText(entry, "input", "given", told)
    if (entry === null || text === null) return []
    const rows = rowsOf(entry, told)
    if (text.trim() === "this") return [{ input: "this", rows }]
    const reference = referenceOf(text, told.file, entry.line, project, told.problems)
    if (reference === null) return []
    references.push(reference)
    return [{ input: reference.input, rows }]
  })
  const expected = map.entries.get("expect")?.value
  if (expected === undefined) return told.add(map.line, "expect of a unit test is missing", "Write expect: { rows: [ … ] }.")
  const expect = mapOf(expected, "expect", ["format", "rows"], told)
  const overrides = overridesOf(map.entries.get("overrides")?.value, told)
  if (expect === null) return null
  return { test: { name, model, given, expect: rowsOf(expect, told), ...overrides, file: told.file, line: map.line }, references }
}

const rowsOf = (map: NodeMap, told: Told): ReadonlyArray<Row> => {
  const format = textOf(map, "format", told)
  if (format !== null && format !== "dict")
    told.add(map.line, `rows are written as ${format}`, "Write a list of mappings: rows: [{ a: 1 }].")
  return itemsOf(map, "rows", told).flatMap((item) => {
    const row = literalOf(item)
    if (isObject(row)) return [row]
    told.add(item.line, "a row is no mapping", "Write its columns: - { a: 1 }.")
    return []
  })
}

const overridesOf = (node: Node | undefined, told: Told): Pick<UnitTest, "isIncremental" | "vars"> => {
  const map = node === undefined ? null : mapOf(node, "overrides", ["macros", "vars"], told, overrideHints)
  const given = map?.entries.get("macros")?.value
  const macros = given === undefined ? null : mapOf(given, "macros", ["is_incremental"], told)
  const entry = macros?.entries.get("is_incremental")
  const isIncremental = entry === undefined ? false : literalOf(entry.value)
  if (entry !== undefined && typeof isIncremental !== "boolean")
    told.add(entry.line, "is_incremental is not true or false", "Write is_incremental: true.")
  const values = map?.entries.get("vars")?.value
  const vars = values === undefined ? {} : literalOf(values)
  if (values !== undefined && !isObject(vars)) told.add(values.line, "vars is no mapping", "Write vars: { name: value }.")
  return { isIncremental: isIncremental === true, vars: isObject(vars) ? vars : {} }
}
