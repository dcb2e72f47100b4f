import { nearestOr } from "../record/nearest.ts"
import { lint } from "./lint.ts"
import type { Check, DataTest, Literal, Severity } from "./model.ts"
import { type Reference, referenceOf } from "./references.ts"
import { isNothing, literalOf, mapOf, type Node, type NodeMap, type Told, textOf } from "./yaml.ts"

/** Arguments of each test, by its name: where it may stand, and which of them it must have. */
const tests: {
  readonly [name: string]: {
    readonly of: "column" | "model"
    readonly needed: ReadonlyArray<string>
    readonly optional: ReadonlyArray<string>
  }
} = {
  unique: { of: "column", needed: [], optional: [] },
  not_null: { of: "column", needed: [], optional: [] },
  accepted_values: { of: "column", needed: ["values"], optional: ["quote"] },
  relationships: { of: "column", needed: ["to", "field"], optional: [] },
  range: { of: "column", needed: [], optional: ["min", "max"] },
  expression: { of: "model", needed: ["expression"], optional: [] }
}

/** Settings of a test. */
export const configNames = ["severity", "where", "warn_if", "error_if"]
const testHints = {
  test_name: "Write the test's name as the key: - accepted_values: { name: … }.",
  limit: "All failing rows are counted; at most five are shown.",
  store_failures: "Failing keys are shown where the test is told.",
  enabled: "Take the test away."
}

/** A test of a model in YAML, and what it names. */
export interface ReadTest {
  readonly test: DataTest
  readonly references: ReadonlyArray<Reference>
}

/**
 * Reads an entry of `data_tests`. Null: it cannot be used, which is told.
 *
 * @param column whose test it is; null: the model's
 */
export const readTest = (entry: Node, model: string, column: string | null, project: string, told: Told): ReadTest | null => {
  const { line } = entry
  const first = entry.kind === "map" && entry.entries.size === 1 ? [...entry.entries][0] : undefined
  const name = entry.kind === "scalar" && typeof entry.value === "string" ? entry.value : first?.[0]
  if (name === undefined)
    return told.add(
      line,
      "the test is no name and no mapping of one name",
      "Write - unique, or - accepted_values: { arguments: { values: [ … ] } }."
    )
  const known = Object.hasOwn(tests, name) ? tests[name] : undefined
  if (known === undefined) {
    const names = Object.keys(tests)
    const hint = nearestOr(name, names, `There are ${names.join(", ")}, and SELECTs in tests/.`)
    return told.add(first?.[1].line ?? line, `there is no test ${name}`, hint)
  }
  if ((known.of === "column") !== (column !== null))
    return told.add(
      line,
      `${name} is a test of a ${known.of}`,
      known.of === "column" ? "Write it below the column." : "Write it below the model."
    )
  const nothing: Node = { kind: "map", line, entries: new Map() }
  const given = first?.[1].value
  const body = isNothing(given) ? nothing : given
  const names = [...known.needed, ...known.optional]
  const map = mapOf(body, `the test ${name}`, ["name", "description", "arguments", "config", ...configNames, ...names], told, testHints)
  if (map === null) return null
  const nested = map.entries.get("arguments")?.value
  const args = nested === undefined ? nothing : mapOf(nested, `arguments of ${name}`, names, told)
  const entries = new Map([...map.entries, ...(args?.entries ?? [])].filter(([key]) => names.includes(key)))
  const missing = known.needed.filter((key) => !entries.has(key))
  if (missing.length > 0)
    return told.add(
      line,
      `${missing.join(" and ")} of ${name} ${missing.length > 1 ? "are" : "is"} missing`,
      `Write ${name}: { arguments: { ${missing[0]}: … } }.`
    )
  const found = checkOf(name, { kind: "map", line, entries }, project, told)
  if (found === null) return null
  const where = map.entries.get("config")?.value
  const config = where === undefined ? nothing : mapOf(where, "config of a test", configNames, told, testHints)
  const conditions: NodeMap = {
    kind: "map",
    line,
    entries: new Map([...map.entries, ...(config?.entries ?? [])].filter(([key]) => configNames.includes(key)))
  }
  const test = {
    name: textOf(map, "name", told) ?? nameOf(name, model, column, entries.entries()),
    model,
    column,
    check: found.check,
    ...conditionsOf(conditions, told),
    file: told.file,
    line
  }
  return { test, references: found.references }
}

const checkOf = (
  name: string,
  args: NodeMap,
  project: string,
  told: Told
): { readonly check: Check; readonly references: ReadonlyArray<Reference> } | null => {
  const literal = (key: string): Literal | undefined => {
    const node = args.entries.get(key)?.value
    return node === undefined ? undefined : literalOf(node)
  }
  const without = (check: Check) => ({ check, references: [] })
  if (name === "unique" || name === "not_null") return without({ kind: name })
  if (name === "accepted_values") {
    const [values, quote] = [literal("values"), literal("quote") ?? true]
    if (!Array.isArray(values) || values.length === 0)
      return told.add(args.line, "values of accepted_values is no list of values", "Write values: ['a', 'b'].")
    if (typeof quote !== "boolean")
      return told.add(args.line, "quote of accepted_values is not true or false", "Write quote: false for numbers.")
    return without({ kind: name, values, quote })
  }
  if (name === "range") {
    const [min, max] = [literal("min"), literal("max")]
    const isEnd = (end: Literal | undefined) => end === undefined || typeof end === "number" || typeof end === "string"
    if ((min === undefined && max === undefined) || !isEnd(min) || !isEnd(max))
      return told.add(args.line, "range has no end that is a number, a date or a time", "Write range: { arguments: { min: 0 } }.")
    return without({ kind: name, min, max })
  }
  if (name === "expression") {
    const expression = textOf(args, "expression", told)
    if (expression === null) return null
    told.problems.push(...lint(expression, told.file, "condition", args.entries.get("expression")?.value.line ?? args.line))
    return without({ kind: name, expression })
  }
  const [to, field] = [textOf(args, "to", told), textOf(args, "field", told)]
  const reference = to === null ? null : referenceOf(to, told.file, args.entries.get("to")?.line ?? args.line, project, told.problems)
  return reference === null || field === null
    ? null
    : { check: { kind: "relationships", to: reference.input, field }, references: [reference] }
}

/** Severity and conditions, of tests in YAML and of `config(…)` of a SELECT in `tests/`. */
export const conditionsOf = (
  map: NodeMap,
  told: Told
): { readonly severity: Severity; readonly where: string | null; readonly warnIf: string | null; readonly errorIf: string | null } => {
  const severity = (textOf(map, "severity", told) ?? "error").toLowerCase()
  const lineOf = (key: string): number => map.entries.get(key)?.value.line ?? map.line
  if (severity !== "error" && severity !== "warn") told.add(lineOf("severity"), `severity is ${severity}`, "Write error or warn.")
  const where = textOf(map, "where", told)
  if (where !== null) told.problems.push(...lint(where, told.file, "condition", lineOf("where")))
  const [warnIf = null, errorIf = null] = ["warn_if", "error_if"].map((key) => {
    const condition = textOf(map, key, told)
    return condition === null || /^\s*(?:!=|=|>=|<=|>|<)\s*[0-9]+\s*$/.test(condition)
      ? condition
      : told.add(lineOf(key), `${key} is ${JSON.stringify(condition)}`, `Write a condition on the number of failing rows: ${key}: ">10".`)
  })
  return { severity: severity === "warn" ? "warn" : "error", where, warnIf, errorIf }
}

/** The name that dbt makes: test, model, and the arguments by the alphabet of their names. */
const nameOf = (
  name: string,
  model: string,
  column: string | null,
  args: Iterable<readonly [string, { readonly value: Node }]>
): string => {
  const byName = [...args].map(([key, { value }]) => [key, partsOf(value)] as const)
  const all = [...(column === null ? [] : [["column_name", [column]] as const]), ...byName].sort(([a], [b]) => (a < b ? -1 : 1))
  return `${name}_${model}_${all.flatMap(([, parts]) => parts.map((part) => part.replaceAll(/[^0-9a-zA-Z_]+/g, "_"))).join("__")}`
}

const partsOf = (node: Node): ReadonlyArray<string> => {
  if (node.kind === "list") return node.items.flatMap(partsOf)
  return node.kind === "map" ? [...node.entries.values()].flatMap(({ value }) => partsOf(value)) : [node.text]
}
