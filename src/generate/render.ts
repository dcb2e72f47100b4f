import type { Random } from "../record/seeded.ts"
import { weighted } from "../record/seeded.ts"
import type { Json } from "./shipping.ts"

/** How the raw feeds write the same order. */
export type Form =
  /** PascalCase keys, every value a string; documents as JSON text. */
  | "stringified"
  /** The same with everything beyond ASCII escaped, in the inner documents. */
  | "stringified, inner escaped"
  /** The same with everything beyond ASCII escaped, in the record. */
  | "stringified, outer escaped"
  /** A nested document with camelCase keys. */
  | "document"
  /** A nested document with PascalCase keys at every depth. */
  | "document, PascalCase"

export const drawForm: (random: Random) => Form = weighted<Form>([
  ["stringified", 80],
  ["stringified, inner escaped", 5],
  ["stringified, outer escaped", 5],
  ["document", 8],
  ["document, PascalCase", 2]
])

export const isStringified = (form: Form): boolean => form.startsWith("stringified")

/** The order as one line of JSON. */
export const render = (document: Json, form: Form): string => {
  switch (form) {
    case "stringified":
      return stringified(document, (text) => text)
    case "stringified, inner escaped":
      return stringified(document, escaped)
    case "stringified, outer escaped":
      return escaped(stringified(document, (text) => text))
    case "document":
      return JSON.stringify(document)
    case "document, PascalCase":
      return JSON.stringify(pascal(document))
  }
}

/** A key as this form spells it. */
export const keyIn = (form: Form, camelCaseKey: string): string => (form === "document" ? camelCaseKey : capital(camelCaseKey))

const stringified = (document: Json, inner: (json: string) => string): string => {
  let out = "{"
  for (const key in document) {
    const value = document[key]
    const text = typeof value === "string" ? value : inner(JSON.stringify(value))
    out += `${out.length > 1 ? "," : ""}"${capital(key)}":${JSON.stringify(text)}`
  }
  return `${out}}`
}

const capital = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1)

const escaped = (json: string): string => json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

const pascal = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(pascal)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [capital(key), pascal(member)]))
}
