import { type Fields, findShape } from "./field.ts"
import { isFunction, isObjectOf, isRecord, isText, problemsOfObject, type Rule, shown } from "./input-rules.ts"
import { snakeCase } from "./names.ts"

/**
 * A table of what a program makes of values, where SQL cannot: one row for each key, made once, when the key first comes. Models read it as
 * `source('lookups', 'user_agents')`.
 */
export interface LookupDefinition {
  /** Name of its table: lower case. */
  readonly name: string
  readonly description: string
  /** Its columns, by key in camelCase: texts, numbers, truths. */
  readonly columns: Fields
  /** Which of them is the key, a text. */
  readonly key: string
  /** The SELECT of the keys, in the words of a model: a column of the key's name, each once. */
  readonly keys: string
  /** Tells what `row` makes from what it made before: with another one all rows are made anew. Such as the versions of the packages that it uses. */
  readonly version: string
  /** The other columns of a key. What it does not name is null. It must make the same of a key each time. */
  readonly row: (key: string) => { readonly [column: string]: unknown }
}

/** Made by `lookup`. */
export interface Lookup extends LookupDefinition {
  readonly problems: ReadonlyArray<string>
}

const rules: { readonly [key in keyof LookupDefinition]-?: Rule } = {
  name: isText,
  description: isText,
  keys: isText,
  key: isText,
  columns: isObjectOf("fields"),
  version: isText,
  row: isFunction
}

/** Types whose values stand in JSON as they are. */
const types: ReadonlyArray<string> = ["text", "integer", "double", "boolean"]

const made = new WeakSet<object>()

export const isLookup = (value: unknown): value is Lookup => typeof value === "object" && value !== null && made.has(value)

/** Checks a lookup. Never throws: what is wrong stands in `problems`, and is told with what is wrong with its project. */
export const lookup = (definition: LookupDefinition): Lookup => {
  const checked: Lookup = { ...definition, problems: problemsOf(definition) }
  made.add(checked)
  return checked
}

const problemsOf = (given: unknown): ReadonlyArray<string> => {
  if (!isRecord(given)) return [`it is ${shown(given)}: give an object.`]
  const problems = [...problemsOfObject("", given, rules)]
  const { name, columns } = given
  if (isText.holds(name) && !/^[a-z][a-z0-9_]*$/.test(name))
    problems.push(`name is ${shown(name)}: give lower case letters, digits and "_", a letter first.`)
  for (const [key, field] of Object.entries(isRecord(columns) ? columns : {})) {
    const shape = findShape(field)
    if (shape?.kind !== "leaf" || !types.includes(shape.leaf.type) || shape.sensitive !== undefined)
      problems.push(
        `column ${snakeCase(key)} is ${shape === null ? shown(field) : `a field of another kind`}: make it by text, integer, double or boolean.`
      )
    else problems.push(...shape.problems.map((problem) => `column ${snakeCase(key)}: ${problem}`))
  }
  const { key } = given
  const shape = isRecord(columns) && isText.holds(key) ? findShape(columns[key]) : null
  if (shape?.kind !== "leaf" || shape.leaf.type !== "text") problems.push(`key is ${shown(key)}: give a column that is a text.`)
  return problems
}
