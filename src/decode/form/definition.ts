import { isUtf8 } from "node:buffer"
import type { Fields } from "../../contract/field.ts"
import { Members } from "../../contract/json.ts"
import { notUtf8 } from "../fault.ts"
import type { ReadFields } from "../fields/read-fields.ts"
import { putterOf } from "./numbered.ts"

/**
 * The definition of form data (`application/x-www-form-urlencoded`, a query string): `a=1&b=x+y%21`. Of a name that comes twice the last counts.
 * Parameters with numbers become lists where the contract says so. What is not escaped as it should be stays as it was written: no pair is so damaged that it could not be read.
 */
export const formFields = (fields: Fields): ReadFields => {
  const { put, finish } = putterOf(fields)
  return (raw) => {
    if (!isUtf8(raw)) return notUtf8(raw)
    const text = raw.toString("utf8").replace(/\r?\n$/, "")
    const record = new Members()
    for (const pair of (text.startsWith("?") ? text.slice(1) : text).split("&")) {
      if (pair === "") continue
      const sign = pair.indexOf("=")
      const name = unescaped(sign < 0 ? pair : pair.slice(0, sign))
      put(record, name, sign < 0 ? "" : unescaped(pair.slice(sign + 1)))
    }
    finish(record)
    return record.size === 0 ? null : record
  }
}

const unescaped = (text: string): string => {
  const spaced = text.replaceAll("+", " ")
  if (!spaced.includes("%")) return spaced
  // A run of escapes at a time: the bytes of one character stand together.
  return spaced.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = Buffer.from(run.replaceAll("%", ""), "hex")
    return isUtf8(bytes) ? bytes.toString("utf8") : run
  })
}
