import { isUtf8 } from "node:buffer"
import type { Fields } from "../../contract/field.ts"
import type { AccessLogFormat } from "../../contract/format.ts"
import { Members } from "../../contract/json.ts"
import { notUtf8 } from "../fault.ts"
import { keysByName } from "../fields/names.ts"
import type { ReadFields } from "../fields/read-fields.ts"
import { type LogField, readLine } from "./line.ts"

/** The definition of access logs: a line → the fields that the contract declares, and what stands behind those of the format. */
export const accessLogFields = ({ layout }: AccessLogFormat, fields: Fields): ReadFields => {
  const keyOf = keysByName(fields)
  return (raw) => {
    if (!isUtf8(raw)) return notUtf8(raw)
    const line = readLine(layout, raw.toString("utf8"))
    if (line === null || "reason" in line) return line
    const record = new Members()
    for (const name of Object.keys(line) as ReadonlyArray<LogField>) {
      const key = keyOf(name)
      // Fields of the format are known: a contract that declares some leaves out the others.
      if (key !== undefined) record.put(key, line[name])
      else if (name === "rest" && line.rest !== null) record.put(name, line.rest)
    }
    return record
  }
}
