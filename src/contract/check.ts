import { didYouMean } from "../record/nearest.ts"
import { stageColumns, stagePartitions } from "../record/system-columns.ts"
import { problemOfPattern } from "./arrives.ts"
import { checkTable } from "./check-table.ts"
import {
  type Approval,
  type Contract,
  type ContractDefinition,
  type Conventions,
  type Expectation,
  sensitivities,
  sourceTypes,
  statuses
} from "./definition.ts"
import { type DropRule, type DropState, Drops, parsePath } from "./drops.ts"
import { type Fields, findShape, type Shape } from "./field.ts"
import { problemsOfFormat } from "./format.ts"
import {
  isAnything,
  isBoolean,
  isDay,
  isFunction,
  isInterval,
  isList,
  isMade,
  isObjectOf,
  isOneOf,
  isRecord,
  isText,
  isTexts,
  optional,
  problemOf,
  problemsOfObject,
  type Rule,
  shown
} from "./input-rules.ts"
import { fold, snakeCase } from "./names.ts"
import type { Numbered } from "./numbered.ts"

const contractRules: { readonly [key in keyof ContractDefinition]-?: Rule } = {
  name: isText,
  title: isText,
  owner: isText,
  steward: optional(isText),
  sourceSystem: optional(isText),
  systemOwner: optional(isText),
  sourceType: optional(isOneOf(...sourceTypes)),
  loadFrequency: optional(isInterval),
  legalBasis: optional(isText),
  retention: optional(isInterval),
  domain: optional(isText),
  grain: optional(isText),
  status: optional(isOneOf(...statuses)),
  contact: optional(isText),
  glossary: optional(isTexts),
  approval: optional(isObjectOf("by and on")),
  costTag: optional(isText),
  refreshEvery: optional(isInterval),
  sensitivity: isOneOf(...sensitivities),
  description: isText,
  format: optional(isAnything),
  fields: isObjectOf("fields"),
  table: isMade("versions(…), events(…) or latest(…)"),
  eventTime: optional(isObjectOf("field, and fallback where there is one")),
  conventions: optional(isObjectOf("nullText, anyCase or both")),
  commonFields: optional(isTexts),
  arrives: optional(isTexts),
  announced: optional(isTexts),
  collected: optional(isBoolean),
  drops: isList("drop rules"),
  expectations: isList("expectations"),
  keepUnknown: isBoolean,
  tags: optional(isObjectOf("texts")),
  retired: optional(isTexts)
}

/** What a contract has beside its definition: another one may be made from it. */
const madeRules: { readonly [key in Exclude<keyof Contract, keyof ContractDefinition>]-?: Rule } = {
  schema: optional(isAnything),
  problems: optional(isAnything),
  file: optional(isAnything)
}

const conventionRules: { readonly [key in keyof Conventions]-?: Rule } = { nullText: optional(isBoolean), anyCase: optional(isBoolean) }

const approvalRules: { readonly [key in keyof Approval]-?: Rule } = { by: isText, on: isDay }

const dropRules: { readonly [key in keyof DropRule]-?: Rule } = {
  name: isText,
  reason: isText,
  keyContains: optional(isText),
  path: optional(isText),
  from: isOneOf("stage", "consumable")
}

const expectationRules: { readonly [key in keyof Expectation]-?: Rule } = {
  name: isText,
  description: isText,
  column: optional(isText),
  severity: isOneOf("warn", "reject", "stop"),
  reads: isTexts,
  holds: isFunction
}

/** What no column may be called: partitions of stage, and what DuckDB calls the file and the place that a row comes from. */
const reserved: ReadonlyArray<string> = [...stagePartitions.map(({ name }) => name), "filename", "file_index", "file_row_number"]

/** What no column was ever called, as files of tables show. */
const systemNames: ReadonlySet<string> = new Set([...stageColumns([]).map(({ name }) => name), ...reserved])

/** Longest name of a dataset: tables, views and files are called after it. */
const maxNameLength = 100

/** All that is wrong with a contract, whatever it is, each as a sentence that says where and what is right. */
export const problemsOfContract = (given: unknown): ReadonlyArray<string> => {
  if (!isRecord(given)) return [`it is ${shown(given)}: give an object.`]
  const problems = [...problemsOfObject("", given, { ...contractRules, ...madeRules })]
  const { name } = given
  if (isText.holds(name) && (!/^[a-z][a-z0-9_]*$/.test(name) || name.length > maxNameLength))
    problems.push(`name is ${shown(name)}: give at most ${maxNameLength} lower case letters, digits and "_", a letter first.`)
  problems.push(...problemsOfFormat(given["format"]))
  // What is not of the right kind has been told; the rest is checked as far as it goes.
  const fields: { readonly [key: string]: unknown } = isRecord(given["fields"]) ? given["fields"] : {}
  const drops = sound<DropRule>("drops", given["drops"], dropRules, problems)
  const expectations = sound<Expectation>("expectations", given["expectations"], expectationRules, problems)
  if (isRecord(given["conventions"])) problems.push(...problemsOfObject("conventions.", given["conventions"], conventionRules))
  if (isRecord(given["approval"])) problems.push(...problemsOfObject("approval.", given["approval"], approvalRules))
  if (isRecord(given["tags"]))
    for (const [tag, value] of Object.entries(given["tags"])) problems.push(...(told(`tags.${tag}`, value) ?? []))

  const top = checkFields(fields, "", problems)
  if (!isRecord(given["format"]) || given["format"]["kind"] !== "form")
    for (const [key, field] of Object.entries(fields))
      if (isNumbered(field)) problems.push(`field ${key}: numbered is of the format form: give the contract format: form, or leave it out.`)
  const { needed, partitions } = checkTable(given, fields, problems)
  for (const column of top)
    if (column.startsWith("_") || [...reserved, ...partitions].includes(column))
      problems.push(`field ${column}: column ${column} is the name of a system column.`)
  for (const [key, field] of Object.entries(fields))
    for (const name of findShape(field)?.formerly ?? [])
      if (systemNames.has(snakeCase(name)))
        problems.push(`field ${key}: formerly has ${shown(name)}, which is the name of a system column, and no field was called so.`)
  checkDrops(drops, fields, needed, problems)
  const columns = columnPaths(fields, "")
  for (const { name, column, reads } of expectations) {
    const paths = [
      ...(column === undefined ? [] : [["column", column.replaceAll("[]", "")] as const]),
      ...reads.map((path) => ["reads", path] as const)
    ]
    for (const [what, path] of paths)
      if (!columns.has(path)) problems.push(`expectation ${name}: ${what} has ${path}, which is no column.${didYouMean(path, columns)}`)
  }
  unique("expectation", expectations, problems)
  for (const key of isTexts.holds(given["commonFields"]) ? given["commonFields"] : [])
    if (!Object.hasOwn(fields, key)) problems.push(`commonFields has ${key}, which is no field.${didYouMean(key, Object.keys(fields))}`)
  for (const name of ["arrives", "announced"]) {
    const patterns = given[name]
    if (Array.isArray(patterns) && patterns.length === 0)
      problems.push(`${name} is an empty list, by which no file is of the dataset: leave it out.`)
    for (const pattern of isTexts.holds(patterns) ? patterns : [])
      problems.push(...[problemOfPattern(pattern, name)].filter((each) => each !== null))
  }
  for (const path of isTexts.holds(given["retired"]) ? given["retired"] : [])
    if (columns.has(path)) problems.push(`retired has ${path}, which is a column: leave it out.`)
  return problems
}

const told = (name: string, value: unknown): ReadonlyArray<string> | null => {
  const problem = problemOf(name, value, isText)
  return problem === null ? null : [problem]
}

/** The items of a list that have what they must; what is wrong with the others is told. */
const sound = <A>(list: string, given: unknown, rules: { readonly [key: string]: Rule }, problems: Array<string>): ReadonlyArray<A> =>
  (Array.isArray(given) ? given : []).flatMap((item: unknown, i) => {
    const where = `${list}[${i}]`
    const found = isRecord(item) ? problemsOfObject(`${where}.`, item, rules) : [`${where} is ${shown(item)}: give an object.`]
    problems.push(...found)
    // Every rule of `A` holds.
    return found.length > 0 ? [] : [item as A]
  })

const checkDrops = (drops: ReadonlyArray<DropRule>, fields: object, needed: ReadonlySet<string>, problems: Array<string>) => {
  unique("drop rule", drops, problems)
  for (const { name, keyContains, path } of drops) {
    if ((keyContains === undefined) === (path === undefined)) problems.push(`drop rule ${name}: give either keyContains or path.`)
    if (keyContains?.trim() === "") problems.push(`drop rule ${name}: keyContains is blank, and would drop every key.`)
    if (path !== undefined && parsePath(path) === null)
      problems.push(`drop rule ${name}: ${shown(path)} is not a path of keys, such as "items[].note".`)
  }
  const rules = (from: DropRule["from"]) =>
    new Drops(drops.filter((rule) => rule.from === from && (rule.path === undefined || parsePath(rule.path) !== null)))
  for (const [path, rule] of droppedFields(fields, rules("stage"), keysInRecords))
    problems.push(`field ${path} is declared and dropped by rule ${rule}: leave one of them out.`)
  const hidden = droppedFields(fields, rules("consumable"), (key) => [key])
  for (const [path, rule] of hidden) if (needed.has(fold(path))) problems.push(`drop rule ${rule} drops ${path}, which the contract needs.`)
  const hiding = new Set(hidden.map(([, rule]) => rule))
  for (const rule of drops)
    if (rule.from === "consumable" && !hiding.has(rule.name))
      problems.push(`drop rule ${rule.name} leaves out nothing: no declared field is at ${rule.path ?? rule.keyContains}.`)
}

const unique = (what: string, named: ReadonlyArray<{ readonly name: string }>, problems: Array<string>) => {
  const names = named.map(({ name }) => name)
  for (const [i, name] of names.entries()) {
    if (name === "") problems.push(`${what} ${i + 1} has an empty name.`)
    else if (names.indexOf(name) !== i) problems.push(`there are several of ${what} ${shown(name)}: names must differ.`)
  }
}

/** Checks the fields of a document, and gives the column names of its own. */
const checkFields = (fields: object, path: string, problems: Array<string>): ReadonlyArray<string> => {
  const seen = new Map<string, string>()
  const names: Array<string> = []
  for (const [key, field] of Object.entries(fields)) {
    const name = snakeCase(key)
    const shape = findShape(field)
    for (const spelling of keysInRecords(key, field)) {
      const clash = seen.get(fold(spelling)) ?? seen.get(snakeCase(spelling))
      if (clash !== undefined && clash !== key)
        problems.push(`fields ${path}${clash} and ${path}${key} have the same name: column ${snakeCase(spelling)}.`)
      seen.set(fold(spelling), key).set(snakeCase(spelling), key)
    }
    if (!/^_?[a-z][a-z0-9_]*$/.test(name)) problems.push(`field ${path}${key} gives no column name: begin it with a letter.`)
    names.push(name)
    if (shape === null)
      problems.push(`field ${path}${key} is ${shown(field)}: it must be made by a field constructor (text, long, document, …).`)
    else checkShape(shape, path + key, problems)
  }
  if (names.length === 0 && (path !== "" || Object.keys(fields).length === 0))
    problems.push(`${path === "" ? "the contract" : `document ${path.slice(0, -1)}`} has no fields.`)
  return names
}

const checkShape = (shape: Shape, path: string, problems: Array<string>): void => {
  for (const problem of shape.problems) problems.push(`field ${path}: ${problem}`)
  switch (shape.kind) {
    case "leaf":
      return
    case "document":
      // Fields that are none have been told.
      if (shape.problems.length === 0 || Object.keys(shape.fields).length > 0) checkFields(shape.fields, `${path}.`, problems)
      return
    case "list": {
      const element = findShape(shape.element)
      if (element === null) return
      if (element.formerly.length > 0) problems.push(`field ${path}: its element says formerly: say it of the list.`)
      checkShape(element, `${path}[]`, problems)
      if (shape.numbered !== undefined)
        problems.push(...problemsOfNumbered(shape.numbered, element).map((problem) => `field ${path}: ${problem}`))
      return
    }
    case "entries":
      checkFields(pairOf(shape), `${path}[].`, problems)
  }
}

const problemsOfNumbered = ({ number, value }: Numbered, element: Shape): ReadonlyArray<string> => {
  if (element.kind !== "document") return ["numbered parameters make documents: give the list an element of document(…)."]
  const { fields } = element
  const isOf = (key: string) =>
    Object.hasOwn(fields, key) ? [] : [`numbered names ${key}, which is no field of its element.${didYouMean(key, Object.keys(fields))}`]
  return [...isOf(number), ...(value === undefined ? [] : isOf(value))]
}

const isNumbered = (field: unknown): boolean => {
  const shape = findShape(field)
  return shape?.kind === "list" && shape.numbered !== undefined
}

const pairOf = ({ key, value }: Extract<Shape, { readonly kind: "entries" }>): Fields => ({ [key[0]]: key[1], [value[0]]: value[1] })

/** Documents below a field, with what stands between in a path. */
const childrenOf = (field: unknown): ReadonlyArray<readonly [between: string, fields: Fields]> => {
  const shape = findShape(field)
  switch (shape?.kind) {
    case "document":
      return [["", shape.fields]]
    case "list":
      return childrenOf(shape.element).map(([between, fields]) => [`[]${between}`, fields] as const)
    case "entries":
      return [["[]", pairOf(shape)]]
    default:
      return []
  }
}

type KeysOf = (key: string, field: unknown) => ReadonlyArray<string>
/** Records may have a field under keys that it had before. */
const keysInRecords: KeysOf = (key, field) => [key, ...(findShape(field)?.formerly ?? [])]

/** Declared fields that a rule leaves out: path and rule. */
const droppedFields = (fields: object, drops: Drops, keysOf: KeysOf): ReadonlyArray<readonly [path: string, rule: string]> => {
  const out: Array<readonly [string, string]> = []
  const walk = (fields: object, state: DropState, path: string) => {
    for (const [key, field] of Object.entries(fields)) {
      const rule = keysOf(key, field).flatMap((each) => drops.ruleFor(state, each) ?? [])[0]
      if (rule !== undefined) out.push([path + key, rule])
      for (const [between, below] of childrenOf(field)) {
        let next = drops.child(state, key)
        for (let i = 0; i < between.length; i += 2) next = drops.element(next)
        walk(below, next, `${path}${key}${between}.`)
      }
    }
  }
  walk(fields, drops.root, "")
  return out
}

/** Every column path, lists without brackets. */
const columnPaths = (fields: object, path: string): Set<string> => {
  const out = new Set<string>()
  for (const [key, field] of Object.entries(fields)) {
    const own = path + snakeCase(key)
    out.add(own)
    for (const [, below] of childrenOf(field)) for (const deeper of columnPaths(below, `${own}.`)) out.add(deeper)
  }
  return out
}
