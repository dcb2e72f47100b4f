import { Schema } from "effect"
import type { Value } from "../record/column.ts"
import { consumablePartitions, stagePartitions } from "../record/system-columns.ts"
import { type DropRule, type DropState, Drops, parsePath } from "./drops.ts"
import { type Field, type Fields, recordSchema, type Shape, shapeOf } from "./field.ts"
import { fold, snakeCase } from "./names.ts"

export type { DropRule } from "./drops.ts"

/** What must hold of a row. */
export interface Expectation {
  readonly name: string
  readonly description: string
  /** Path of the column it speaks of, for lineage and documentation: `items`, `shipping_data.address.city`. */
  readonly column?: string
  /** `warn` counts the row; `reject` makes the record a dead letter. */
  readonly severity: "warn" | "reject"
  /** Paths of the columns that it looks at, lists without brackets: `items.selling_price`. It is given these and nothing else. */
  readonly reads: ReadonlyArray<string>
  /** Given the row's data columns by name, with what `reads` names. Any value may be null. */
  readonly holds: (row: { readonly [column: string]: Value }) => boolean
}

export interface ContractDefinition {
  /** Name of the dataset: lower case, part of table paths. */
  readonly name: string
  readonly title: string
  readonly owner: string
  readonly sensitivity: "public" | "internal" | "personal"
  readonly description: string
  readonly fields: Fields
  /** camelCase key of the field that identifies an order. */
  readonly key: string
  /** camelCase key of the field that tells versions of one order apart. */
  readonly version: string
  /** camelCase keys of the timestamp that says when this version happened, and of the one that stands in where it is missing. */
  readonly eventTime: { readonly field: string; readonly fallback?: string }
  readonly drops: ReadonlyArray<DropRule>
  readonly expectations: ReadonlyArray<Expectation>
  /** Keep fields that the contract does not know in `_rescued`. */
  readonly keepUnknown: boolean
  readonly tags?: { readonly [tag: string]: string }
}

/** What a dataset is, said once. Made by `defineContract`, which has checked it. */
export interface Contract extends ContractDefinition {
  /** Effect Schema of the whole record, keys as the contract spells them. */
  readonly schema: Schema.Codec<{ readonly [key: string]: unknown }, { readonly [key: string]: unknown }>
}

/** A contract contradicts itself. Thrown when its module is loaded: the program must not start with it. */
export class ContractError extends Schema.TaggedError<ContractError>()("ContractError", {
  contract: Schema.String,
  reason: Schema.Literal("Invalid"),
  problems: Schema.Array(Schema.String),
  hint: Schema.String
}) {
  override get message() {
    return `Contract ${this.contract}: ${this.problems.join(" ")} ${this.hint}`
  }
}

/** Checks a contract and gives it its schema. @throws ContractError naming every problem */
export const defineContract = (definition: ContractDefinition): Contract => {
  const problems = problemsOf(definition)
  if (problems.length > 0)
    throw new ContractError({ contract: definition.name, reason: "Invalid", problems, hint: "Correct the contract's file under schemas/." })
  return {
    ...definition,
    schema: recordSchema(definition.fields).annotate({
      identifier: definition.name,
      title: definition.title,
      description: definition.description
    })
  }
}

const partitions: ReadonlySet<string> = new Set([...stagePartitions, ...consumablePartitions].map(({ name }) => name))

const problemsOf = (c: ContractDefinition): ReadonlyArray<string> => {
  const problems: Array<string> = []
  if (!/^[a-z][a-z0-9_]*$/.test(c.name))
    problems.push(`Its name must be lower case letters, digits and "_", got ${JSON.stringify(c.name)}.`)
  const top = checkFields(c.fields, "", problems)
  for (const column of top)
    if (column.startsWith("_") || partitions.has(column)) problems.push(`Column ${column} is the name of a system column.`)

  const leafOf = (role: string, key: string, types: ReadonlyArray<string>) => {
    // The key is the object's own.
    const shape = Object.hasOwn(c.fields, key) ? shapeOf(c.fields[key] as Field) : undefined
    if (shape?.kind !== "leaf" || !types.includes(shape.leaf.type))
      problems.push(`The ${role} ${key} must be a field of type ${types.join(" or ")}.`)
    else if (shape.sensitive !== undefined && shape.sensitive !== "keep") problems.push(`The ${role} ${key} cannot be sensitive.`)
  }
  leafOf("key", c.key, ["text", "long", "integer"])
  leafOf("version", c.version, ["text", "long", "integer", "timestamp"])
  leafOf("event time", c.eventTime.field, ["timestamp"])
  if (c.eventTime.fallback !== undefined) leafOf("fallback of the event time", c.eventTime.fallback, ["timestamp"])

  unique(
    "drop rule",
    c.drops.map((rule) => rule.name),
    problems
  )
  for (const rule of c.drops) checkDrop(rule, problems)
  const needed = new Set([c.key, c.version, c.eventTime.field, c.eventTime.fallback ?? c.key].map(fold))
  const rules = (from: DropRule["from"]) =>
    new Drops(c.drops.filter((rule) => rule.from === from && (rule.path === undefined || parsePath(rule.path) !== null)))
  for (const [path, rule] of droppedFields(c.fields, rules("stage")))
    problems.push(`Field ${path} is declared and dropped by rule ${rule}.`)
  const hidden = droppedFields(c.fields, rules("consumable"))
  for (const [path, rule] of hidden) if (needed.has(fold(path))) problems.push(`Rule ${rule} drops ${path}, which the contract needs.`)
  const hiding = new Set(hidden.map(([, rule]) => rule))
  for (const rule of c.drops)
    if (rule.from === "consumable" && !hiding.has(rule.name))
      problems.push(`Rule ${rule.name} leaves out nothing: no declared field is at ${rule.path ?? rule.keyContains}.`)

  unique(
    "expectation",
    c.expectations.map((e) => e.name),
    problems
  )
  const columns = columnPaths(c.fields, "")
  for (const e of c.expectations)
    if (e.column !== undefined && !columns.has(e.column.replaceAll("[]", "")))
      problems.push(`Expectation ${e.name} speaks of ${e.column}, which is no column.`)
  for (const e of c.expectations)
    for (const path of e.reads) if (!columns.has(path)) problems.push(`Expectation ${e.name} reads ${path}, which is no column.`)
  return problems
}

const unique = (what: string, names: ReadonlyArray<string>, problems: Array<string>) => {
  for (const [i, name] of names.entries())
    if (names.indexOf(name) !== i || name === "") problems.push(`There are several of, or an unnamed, ${what} ${JSON.stringify(name)}.`)
}

const checkDrop = (rule: DropRule, problems: Array<string>) => {
  if ((rule.keyContains === undefined) === (rule.path === undefined)) problems.push(`Rule ${rule.name} needs either keyContains or path.`)
  if (rule.keyContains?.trim() === "") problems.push(`Rule ${rule.name} would drop every key.`)
  if (rule.path !== undefined && parsePath(rule.path) === null) problems.push(`Rule ${rule.name}: ${rule.path} is not a path of keys.`)
}

/** Checks the names below a document, and returns the column names of its own fields. */
const checkFields = (fields: Fields, path: string, problems: Array<string>): ReadonlyArray<string> => {
  const seen = new Map<string, string>()
  const names: Array<string> = []
  for (const [key, field] of Object.entries(fields)) {
    const name = snakeCase(key)
    const clash = seen.get(fold(key)) ?? seen.get(name)
    if (clash !== undefined) problems.push(`Fields ${path}${clash} and ${path}${key} have the same name.`)
    seen.set(fold(key), key).set(name, key)
    if (!/^_?[a-z][a-z0-9_]*$/.test(name)) problems.push(`Field ${path}${key} gives no column name.`)
    names.push(name)
    for (const [below, child] of childrenOf(shapeOf(field))) checkFields(child, `${path}${key}${below}.`, problems)
  }
  if (names.length === 0) problems.push(`Document ${path === "" ? "itself" : path.slice(0, -1)} has no fields.`)
  return names
}

/** Documents below a field, with what stands between in a path. */
const childrenOf = (shape: Shape): ReadonlyArray<readonly [between: string, fields: Fields]> => {
  switch (shape.kind) {
    case "leaf":
      return []
    case "document":
      return [["", shape.fields]]
    case "list":
      return childrenOf(shapeOf(shape.element)).map(([between, fields]) => [`[]${between}`, fields] as const)
    case "entries":
      return [["[]", { [shape.key[0]]: shape.key[1], [shape.value[0]]: shape.value[1] }]]
  }
}

/** Declared fields that a rule leaves out: path and rule. */
const droppedFields = (fields: Fields, drops: Drops): ReadonlyArray<readonly [path: string, rule: string]> => {
  const out: Array<readonly [string, string]> = []
  const walk = (fields: Fields, state: DropState, path: string) => {
    for (const [key, field] of Object.entries(fields)) {
      const rule = drops.ruleFor(state, key)
      if (rule !== null) out.push([path + key, rule])
      for (const [between, below] of childrenOf(shapeOf(field))) {
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
const columnPaths = (fields: Fields, path: string): Set<string> => {
  const out = new Set<string>()
  for (const [key, field] of Object.entries(fields)) {
    const own = path + snakeCase(key)
    out.add(own)
    for (const [, below] of childrenOf(shapeOf(field))) for (const deeper of columnPaths(below, `${own}.`)) out.add(deeper)
  }
  return out
}
