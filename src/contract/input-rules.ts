import { isDay as isDayText } from "../record/day.ts"
import { didYouMean } from "../record/nearest.ts"

/** What a value must be, in a contract that nobody has checked: types are gone at run time, and a file may be written without them. */
export interface Rule<A = unknown> {
  readonly holds: (value: unknown) => value is A
  /** What is right, for people. */
  readonly accepts: string
  readonly isOptional?: boolean
  /** Words of which a misspelt value is probably one. */
  readonly words?: ReadonlyArray<string>
}

const rule = <A>(accepts: string, holds: (value: unknown) => value is A): Rule<A> => ({ accepts, holds })

export const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const isAnything = rule("anything", (value): value is unknown => value !== undefined)
export const isText = rule("text", (value): value is string => typeof value === "string")
export const isBoolean = rule("true or false", (value): value is boolean => typeof value === "boolean")
export const isFunction = rule("a function", (value): value is () => unknown => typeof value === "function")
export const isObjectOf = (what: string) => rule(`an object of ${what}`, isRecord)
/** What one of some functions gives: which, is looked at by whoever knows it. @param calls `a(…) or b(…)` */
export const isMade = (calls: string) => rule(calls, isRecord)
export const isInterval = rule(
  'an interval such as "5 minutes", "1 hour" or "1 day"',
  (value): value is string => typeof value === "string" && /^[1-9]\d* (?:minute|hour|day)s?$/.test(value)
)
export const isDay = rule('a day such as "2026-11-20"', (value): value is string => typeof value === "string" && isDayText(value))
/** A whole number, both included. */
export const isWhole = (least: number, most: number) =>
  rule(
    `a whole number from ${least} to ${most}`,
    (value): value is number => typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
  )
export const isList = (what: string) =>
  rule(`a list of ${what}, [] for none`, (value): value is ReadonlyArray<unknown> => Array.isArray(value))
export const isTexts = rule(
  'a list of texts, such as ["a"]',
  (value): value is ReadonlyArray<string> => Array.isArray(value) && value.every((each) => typeof each === "string")
)
export const isOneOf = <const W extends string>(...words: ReadonlyArray<W>): Rule<W> => ({
  accepts: words.map((word) => JSON.stringify(word)).join(" or "),
  holds: (value): value is W => words.some((word) => word === value),
  words
})
export const optional = <A>(rule: Rule<A>): Rule<A> => ({ ...rule, isOptional: true })

/** A value as a message shows it. Contracts hold no data of users. */
export const shown = (value: unknown): string =>
  typeof value === "string"
    ? JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value)
    : value === null || ["number", "boolean", "undefined"].includes(typeof value)
      ? String(value)
      : Array.isArray(value)
        ? "a list"
        : typeof value === "function"
          ? "a function"
          : "an object"

/** What is wrong with a value, as a sentence; null for nothing. @param name of the value: `drops[2].from` */
export const problemOf = (name: string, value: unknown, { holds, accepts, isOptional, words }: Rule): string | null => {
  if (value === undefined) return isOptional === true ? null : `${name} is missing: give ${accepts}.`
  if (holds(value)) return null
  return `${name} is ${shown(value)}: give ${accepts}.${typeof value === "string" ? didYouMean(value, words ?? []) : ""}`
}

/** What is wrong with an object: values that are missing or do not fit, and keys that mean nothing. @param path before its keys: `drops[2].` */
export const problemsOfObject = (path: string, object: object, rules: { readonly [key: string]: Rule }): ReadonlyArray<string> => [
  ...Object.entries(rules).flatMap(([key, rule]) => problemOf(path + key, Reflect.get(object, key), rule) ?? []),
  ...Object.keys(object).flatMap((key) =>
    Object.hasOwn(rules, key) ? [] : [`${path}${key} means nothing here.${didYouMean(key, Object.keys(rules))}`]
  )
]
