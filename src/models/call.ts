import { nearestOr } from "../record/nearest.ts"
import type { Literal } from "./model.ts"
import type { Refusal, Segment, Token } from "./template.ts"

/** The calls that a tag `{{ … }}` may be, with literal arguments. */

export type Tag = Extract<Segment, { readonly kind: "print" | "block" }>

const calls = ["ref", "source", "var", "config", "this"]

/** What there is of Jinja, for people. */
export const allowed =
  "Of Jinja there are {{ ref('model') }}, {{ source('consumable', 'dataset') }}, {{ var('name', default) }}, {{ this }}, {{ config(…) }}, {% if is_incremental() %} … {% else %} … {% endif %} and {# … #}."

export interface Argument {
  readonly name: string | null
  readonly value: Literal
  readonly at: number
}

export interface Call {
  readonly name: string
  readonly at: number
  readonly positional: ReadonlyArray<Argument>
  readonly named: ReadonlyArray<Argument & { readonly name: string }>
}

/** Tokens of a tag, taken one by one. */
interface Cursor {
  readonly tokens: ReadonlyArray<Token>
  readonly end: number
  at: number
}

const take = (cursor: Cursor, mark: string): boolean => {
  const token = cursor.tokens[cursor.at]
  const isThere = token?.kind === "mark" && token.text === mark
  if (isThere) cursor.at++
  return isThere
}

/** The call that a tag is: of `this` without arguments. */
export const callOf = ({ tokens, start, end }: Tag): Call | Refusal => {
  const first = tokens[0]
  if (first === undefined) return { at: start, problem: "{{ }} is empty", hint: allowed }
  if (first.kind !== "name" || !calls.includes(first.text)) {
    const hint = first.kind === "name" ? nearestOr(first.text, calls, allowed) : allowed
    return { at: first.at, problem: `{{ ${first.kind === "text" ? "'…'" : first.text} }} is not read here`, hint }
  }
  const cursor: Cursor = { tokens, end: end - 2, at: 1 }
  const found = take(cursor, "(") ? argumentsOf(cursor) : []
  if ("problem" in found) return found
  const after = tokens[cursor.at]
  if (after !== undefined)
    return { at: after.at, problem: `nothing may follow ${first.text}${first.text === "this" ? "" : "(…)"}`, hint: allowed }
  if ((first.text === "this") !== (tokens.length === 1))
    return { at: first.at, problem: `${first.text} is ${first.text === "this" ? "no function" : "a function"}`, hint: allowed }
  return {
    name: first.text,
    at: first.at,
    positional: found.filter(({ name }) => name === null),
    named: found.flatMap(({ name, value, at }) => (name === null ? [] : [{ name, value, at }]))
  }
}

const argumentsOf = (cursor: Cursor): ReadonlyArray<Argument> | Refusal => {
  const found: Array<Argument> = []
  while (!take(cursor, ")")) {
    const token = cursor.tokens[cursor.at]
    const after = cursor.tokens[cursor.at + 1]
    const isNamed = token?.kind === "name" && after?.kind === "mark" && after.text === "="
    if (isNamed) cursor.at += 2
    const value = literalOf(cursor)
    if (value instanceof Unread) return value
    const at = token?.at ?? cursor.end
    const name = isNamed ? token.text : null
    if (name !== null && found.some((other) => other.name === name)) return { at, problem: `${name} is given twice`, hint: "Give it once." }
    if (name === null && found.some((other) => other.name !== null))
      return { at, problem: "a value without a name follows one with a name", hint: "Write it first, or give its name." }
    found.push({ name, value, at })
    if (!take(cursor, ",") && cursor.tokens[cursor.at]?.text !== ")") return expected(cursor, "a comma or )")
  }
  return found
}

/** A literal may be an object with any keys: so that a refusal is none, it is of a class. */
class Unread implements Refusal {
  readonly at: number
  readonly problem: string
  readonly hint: string
  constructor(at: number, problem: string, hint: string) {
    this.at = at
    this.problem = problem
    this.hint = hint
  }
}

const expected = (cursor: Cursor, what: string): Unread => {
  const token = cursor.tokens[cursor.at]
  const shown = token === undefined ? "the tag ends" : `there is ${token.kind === "text" ? "a text" : token.text}`
  return new Unread(
    token?.at ?? cursor.end,
    `${shown} where ${what} is expected`,
    "Values are texts, numbers, true, false, none, [ … ] and { 'key': … }."
  )
}

const words: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ...["true", "True"].map((word) => [word, true] as const),
  ...["false", "False"].map((word) => [word, false] as const),
  ...["none", "None"].map((word) => [word, null] as const)
])

const literalOf = (cursor: Cursor): Literal | Unread => {
  const token = cursor.tokens[cursor.at]
  if (take(cursor, "[")) return listOf(cursor)
  if (take(cursor, "{")) return objectOf(cursor)
  const isNegative = take(cursor, "-")
  const value = cursor.tokens[cursor.at]
  if (value?.kind === "number") {
    const number = Number(`${isNegative ? "-" : ""}${value.text}`)
    // What is written here must come out as it was written: of 1.0 and 1e3 the two languages make different texts.
    if (String(Math.abs(number)) !== value.text || Object.is(number, -0))
      return new Unread(
        value.at,
        `${value.text} would not come out as it is written`,
        `Write '${isNegative ? "-" : ""}${value.text}', as text.`
      )
    cursor.at++
    return number
  }
  if (isNegative || token === undefined) return expected(cursor, "a value")
  const word = token.kind === "name" ? words.get(token.text) : undefined
  if (token.kind !== "text" && word === undefined) return expected(cursor, "a value")
  cursor.at++
  return word === undefined ? token.text : word
}

const listOf = (cursor: Cursor): Literal | Unread => {
  const list: Array<Literal> = []
  while (!take(cursor, "]")) {
    const value = literalOf(cursor)
    if (value instanceof Unread) return value
    list.push(value)
    if (!take(cursor, ",") && cursor.tokens[cursor.at]?.text !== "]") return expected(cursor, "a comma or ]")
  }
  return list
}

const objectOf = (cursor: Cursor): Literal | Unread => {
  const entries = new Map<string, Literal>()
  while (!take(cursor, "}")) {
    const key = cursor.tokens[cursor.at]
    if (key?.kind !== "text") return expected(cursor, "a key in quotes")
    if (entries.has(key.text)) return new Unread(key.at, `the key '${key.text}' stands twice`, "Give it once.")
    cursor.at++
    if (!take(cursor, ":")) return expected(cursor, "a colon")
    const value = literalOf(cursor)
    if (value instanceof Unread) return value
    entries.set(key.text, value)
    if (!take(cursor, ",") && cursor.tokens[cursor.at]?.text !== "}") return expected(cursor, "a comma or }")
  }
  return Object.fromEntries(entries)
}
