import { isOneOf, isText, type Rule, shown } from "./input-rules.ts"
import { timePattern } from "./time-pattern.ts"
import { zoneOf } from "./zone.ts"

/** How times are written: ISO 8601, a number of units since 1970 UTC, or by a pattern such as `dd/MM/yyyy HH:mm:ss`. */
export type TimeForm = "iso" | keyof typeof epochScales | { readonly pattern: string }

/** Digits of microseconds in a unit. */
export const epochScales = { epochSeconds: 6, epochMillis: 3, epochMicros: 0 } as const

/** How values of a field are written, where its type can be written in several ways. Absent: the first of each. */
export interface Reading {
  readonly from?: TimeForm | undefined
  /** Zone of times without an offset: `UTC`, `-03:00`, `America/Sao_Paulo`. */
  readonly zone?: string | undefined
  /** What stands before the fraction of a number in a text. */
  readonly decimalSign?: "." | "," | undefined
  /** Does case count in the hash of a text? */
  readonly caseCounts?: boolean | undefined
  /** How bytes stand in a text. */
  readonly bytes?: "base64" | "hex" | undefined
}

/** Are values written as those of their type usually are? */
export const isUsual = ({ from = "iso", zone = "UTC", decimalSign = ".", caseCounts = false, bytes }: Reading): boolean =>
  from === "iso" && zone === "UTC" && decimalSign === "." && !caseCounts && bytes === undefined

/** Does a value need a number's very text, which a float may not give back? */
export const needsNumberText = ({ from }: Reading): boolean => typeof from === "string" && from !== "iso"

/** Every sign is as near to another. */
export const isDecimalSign = { ...isOneOf(".", ","), words: [] }
export const isBytesForm = isOneOf("base64", "hex")
const isForm = isOneOf("iso", "epochSeconds", "epochMillis", "epochMicros")

const isPattern = (value: unknown): value is { readonly pattern: string } =>
  typeof value === "object" && value !== null && Object.keys(value).join() === "pattern" && isText.holds(Reflect.get(value, "pattern"))

export const isTimeForm: Rule<TimeForm> = {
  ...isForm,
  accepts: `${isForm.accepts} or { pattern: "dd/MM/yyyy HH:mm:ss" }`,
  holds: (value): value is TimeForm => isForm.holds(value) || isPattern(value)
}

/** What is wrong with how a time is written, beside its parts being none, each as a sentence. */
export const problemsOfTime = ({ from, zone }: Reading): ReadonlyArray<string> => {
  const pattern = typeof from === "object" ? timePattern(from.pattern) : null
  return [
    typeof pattern === "string" && typeof from === "object" ? `from.pattern is ${shown(from.pattern)}, which ${pattern}` : [],
    zone !== undefined && zoneOf(zone) === null
      ? `zone is ${shown(zone)}: give "UTC", an offset such as "-03:00", or a name such as "America/Sao_Paulo".`
      : [],
    zone !== undefined && typeof from === "string" && from !== "iso"
      ? `zone means nothing with ${from}: what is counted since 1970 is UTC.`
      : []
  ].flat()
}
