import { type SensitivePolicy, sensitivePolicies } from "../record/column.ts"
import { isBoolean, isOneOf, isRecord, isText, isTexts, optional } from "./input-rules.ts"
import { isNumbered, type Numbered } from "./numbered.ts"
import { isBytesForm, isDecimalSign, isTimeForm, type TimeForm } from "./reading.ts"

/** What fields may be given beside their description, and what must hold of it. */

/** What people want to know of values beside what they mean. It becomes part of the description, wherever that goes. */
export interface Told {
  /** In what it is measured: `°C`, `USD`, `mm`. */
  readonly unit?: string
  /** What values look like, where the type does not say it: `five digits`. */
  readonly format?: string
  /** A value, made up where values are sensitive. */
  readonly example?: string
}

/** The same as sentences. */
export const toldWords = ({ unit, format, example }: Told): ReadonlyArray<string> => [
  ...(unit === undefined ? [] : [`Unit: ${unit}.`]),
  ...(format === undefined ? [] : [`Format: ${format}.`]),
  ...(example === undefined ? [] : [`Example: \`${example}\`.`])
]

/** What options say of it, as far as they are of the right kind. */
export const toldIn = (options: unknown): Told => {
  const { unit, format, example }: { readonly [key: string]: unknown } = isRecord(options) ? options : {}
  return Object.fromEntries(Object.entries({ unit, format, example }).filter(([, text]) => isText.holds(text)))
}

export interface NestedOptions extends Told {
  /** Keys that the field had before: records that still have one fill it, and so do files that were written then. */
  readonly formerly?: ReadonlyArray<string>
}

export interface FieldOptions extends NestedOptions {
  /** What becomes of the value. Absent: the value is not sensitive. */
  readonly sensitive?: SensitivePolicy
}

export interface TextOptions extends FieldOptions {
  /** Does case count in the hash of a sensitive text? Without it spellings of a name meet in one hash; ids of which case is a part must not. */
  readonly caseCounts?: boolean
}

export interface ListOptions extends NestedOptions {
  /** Of the format `form`: the parameters that its elements are made of. */
  readonly numbered?: Numbered
}

export interface DateOptions extends FieldOptions {
  /** How days are written; default `iso`. Of a time it is the day: where it has an offset, and of a number, the UTC day. */
  readonly from?: TimeForm
}

export interface TimestampOptions extends FieldOptions {
  /** How times are written; default `iso`. */
  readonly from?: TimeForm
  /** Zone of times that are written without an offset: `UTC`, the default, `-03:00`, `America/Sao_Paulo`. */
  readonly zone?: string
}

export interface DecimalOptions extends FieldOptions {
  /** What stands before the fraction of a number that is a text; default `.`. Nothing stands between thousands. */
  readonly decimalSign?: "." | ","
}

export interface BinaryOptions extends FieldOptions {
  /** How bytes are written; default `base64`. */
  readonly from?: "base64" | "hex"
}

export const nestedRules = { formerly: optional(isTexts), unit: optional(isText), format: optional(isText), example: optional(isText) }
export const leafRules = { ...nestedRules, sensitive: optional(isOneOf(...sensitivePolicies)) }
export const textRules = { ...leafRules, caseCounts: optional(isBoolean) }
export const listRules = { ...nestedRules, numbered: optional(isNumbered) }
export const dateRules = { ...leafRules, from: optional(isTimeForm) }
export const timestampRules = { ...dateRules, zone: optional(isText) }
export const decimalRules = { ...leafRules, decimalSign: optional(isDecimalSign) }
export const binaryRules = { ...leafRules, from: optional(isBytesForm) }
