import { isUtf8 } from "node:buffer"
import type { Fields } from "../../contract/field.ts"
import { type AccessLogFormat, isUsualLayout, type UsualLayout } from "../../contract/format.ts"
import { Members } from "../../contract/json.ts"
import { type Fault, notUtf8 } from "../fault.ts"
import { keysByName } from "../fields/names.ts"
import type { ReadFields } from "../fields/read-fields.ts"
import { isCarried, readCarried } from "./carried.ts"
import { readLine } from "./line.ts"
import { logFormatReader } from "./log-format.ts"

/** The definition of access logs: a line → the fields that the contract declares, and what stands behind those of the format. */
export const accessLogFields = ({ layout, carried = false, others = [] }: AccessLogFormat, fields: Fields): ReadFields => {
  const keyOf = keysByName(fields)
  const readers = [layout, ...others].map((each) => (isUsualLayout(each) ? usualReader(each) : logFormatReader(each)))
  /** By the first layout that a line is of; where it is of none, why it is not of the first one. */
  const read = (text: string): Line | Fault | null => {
    const found = readers[0]?.(text) ?? null
    if (found === null || !("reason" in found)) return found
    for (let i = 1; i < readers.length; i++) {
      const other = readers[i]?.(text) ?? null
      if (other !== null && !("reason" in other)) return other
    }
    return found
  }
  return (raw) => {
    if (!isUtf8(raw)) return notUtf8(raw)
    const text = raw.toString("utf8")
    const found = carried && isCarried(raw) ? readCarried(text) : null
    if (found !== null && "reason" in found) return found
    const line = found === null ? read(text) : "fields" in found ? new Map<string, string | null>() : read(found.line)
    if (line === null || "reason" in line) return line
    const record = new Members()
    for (const [name, value] of line) {
      const key = keyOf(name)
      // Fields of the format are known: a contract that declares some leaves out the others.
      if (key !== undefined) record.put(key, value)
      else if (name === "rest" && value !== null) record.put(name, value)
    }
    // What an agent says beside a line is its user's to choose: it is known where the contract declares it, and else no more known than other fields.
    for (const [name, value] of found === null ? [] : "fields" in found ? found.fields : found.about) {
      const key = keyOf(name)
      if (key !== undefined && !record.has(key)) record.put(key, value)
      else if (key === undefined && value !== null && !known.has(name)) record.put(name, value)
    }
    return record
  }
}

type Line = ReadonlyMap<string, string | null>

const usualReader = (layout: UsualLayout) => (text: string) => {
  const line = readLine(layout, text)
  return line === null || "reason" in line ? line : new Map<string, string | null>(Object.entries(line))
}

/** What an agent has of a line by itself, so that it is no news where a contract leaves it out. */
const known: ReadonlySet<string> = new Set([
  ...["host", "ident", "authuser", "datetime", "request", "response", "bytes", "referer", "agent"],
  ...["method", "path", "query", "protocol", "ts"]
])
