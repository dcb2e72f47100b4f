/** Patterns of EventBridge, as far as rules here have them. */
import { membersOf } from "../../../src/record/members.ts"

/** Does an event fit a pattern? What a pattern has beyond values and prefixes is an error by name. */
export const matches = (pattern: { readonly [name: string]: unknown }, event: unknown): boolean =>
  Object.entries(pattern).every(([name, wanted]) => {
    const given = membersOf(event)[name]
    if (!Array.isArray(wanted)) return given !== undefined && matches(membersOf(wanted), given)
    return wanted.some((each: unknown) => fitsOne(each, given))
  })

const fitsOne = (wanted: unknown, given: unknown): boolean => {
  if (typeof wanted !== "object" || wanted === null) return wanted === given
  const { prefix, ...rest } = membersOf(wanted)
  if (typeof prefix !== "string" || Object.keys(rest).length > 0) throw new Error(`${JSON.stringify(wanted)} is not known here`)
  return typeof given === "string" && given.startsWith(prefix)
}
