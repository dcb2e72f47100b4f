import { isRecord, isText, problemsOfObject, type Rule } from "./input-rules.ts"

/**
 * How the elements of a list stand among the pairs of a form: each as parameters with its number, `pr1id=A&pr1nm=Beer&pr2id=B` with the prefix `pr`.
 * The rest of a name is that of a field of the element, or of a list in it: `il1pi2id`. Elements stand in the order of their numbers, without gaps.
 */
export interface Numbered {
  /** What names begin with, before the number: letters, `_` and `-`. */
  readonly prefix: string
  /** Field of the element that has its number. */
  readonly number: string
  /** Field of the element that has the value of a parameter whose name ends with the number: `cd3=blue`. */
  readonly value?: string
}

const isPrefix: Rule<string> = {
  accepts: 'letters, "_" and "-", such as "pr"',
  holds: (value): value is string => isText.holds(value) && /^[A-Za-z_-]+$/.test(value)
}
const rules = { prefix: isPrefix, number: isText, value: { ...isText, isOptional: true } }

export const isNumbered: Rule<Numbered> = {
  accepts: 'an object such as { prefix: "pr", number: "slot" }',
  holds: (value): value is Numbered => isRecord(value) && problemsOfObject("", value, rules).length === 0
}

/** A name of a parameter, behind its prefix: its number, from 1, without leading zeros, and the rest. */
export const numberedName = (name: string, { prefix }: Numbered): { readonly number: number; readonly rest: string } | null => {
  if (!name.startsWith(prefix)) return null
  const found = /^([1-9][0-9]{0,8})(?![0-9])/.exec(name.slice(prefix.length))?.[1]
  return found === undefined ? null : { number: Number(found), rest: name.slice(prefix.length + found.length) }
}
